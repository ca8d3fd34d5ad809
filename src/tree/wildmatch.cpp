#include "tree/wildmatch.h"

#include <array>
#include <optional>

namespace sonde::tree {
namespace {

using std::uint8_t;

// A pattern made to be slow (many stars against a long path) matches nothing instead.
constexpr std::size_t kMaxSteps = std::size_t{1} << 20;

constexpr bool is_lower(uint8_t b) { return b >= 'a' && b <= 'z'; }
constexpr bool is_upper(uint8_t b) { return b >= 'A' && b <= 'Z'; }
constexpr bool is_digit(uint8_t b) { return b >= '0' && b <= '9'; }
constexpr bool is_alpha(uint8_t b) { return is_lower(b) || is_upper(b); }
constexpr bool is_alnum(uint8_t b) { return is_alpha(b) || is_digit(b); }
constexpr bool is_blank(uint8_t b) { return b == ' ' || b == '\t'; }
constexpr bool is_space(uint8_t b) { return is_blank(b) || b == '\n' || b == '\r'; }
constexpr bool is_graph(uint8_t b) { return b > 0x20 && b < 0x7f; }
constexpr bool is_print(uint8_t b) { return b >= 0x20 && b < 0x7f; }
constexpr bool is_cntrl(uint8_t b) { return b < 0x20 || b == 0x7f; }
constexpr bool is_punct(uint8_t b) { return is_graph(b) && !is_alnum(b); }
constexpr bool is_xdigit(uint8_t b) {
  return is_digit(b) || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

struct NamedClass {
  std::string_view name;
  bool (*contains)(uint8_t);
};

// ASCII only, whatever the locale: git's own tables know no other letters.
constexpr std::array<NamedClass, 12> kClasses{{{"alnum", is_alnum},
                                               {"alpha", is_alpha},
                                               {"blank", is_blank},
                                               {"cntrl", is_cntrl},
                                               {"digit", is_digit},
                                               {"graph", is_graph},
                                               {"lower", is_lower},
                                               {"print", is_print},
                                               {"punct", is_punct},
                                               {"space", is_space},
                                               {"upper", is_upper},
                                               {"xdigit", is_xdigit}}};

}  // namespace

class WildPattern::Compiler {
 public:
  Compiler(WildPattern& out, std::string_view pattern) : out_(out), pattern_(pattern) {}

  bool run() {
    while (at_ < pattern_.size()) {
      switch (pattern_[at_]) {
        case '*': stars(); break;
        case '?': put(Op::AnyByte); break;
        case '[':
          if (!set()) {
            return false;
          }
          break;
        case '\\':
          if (at_ + 1 == pattern_.size()) {
            return false;
          }
          ++at_;
          put(Op::Byte, byte_at(at_));
          break;
        default: put(Op::Byte, folded(byte_at(at_))); break;
      }
    }
    return true;
  }

 private:
  // Ranges and classes are kept apart from single bytes because folding treats them differently.
  struct SetParts {
    ByteSet singles;
    ByteSet spans;  // ranges and classes
  };

  [[nodiscard]] uint8_t byte_at(std::size_t position) const {
    return static_cast<uint8_t>(pattern_[position]);
  }
  [[nodiscard]] bool ends_at(std::size_t position) const { return position >= pattern_.size(); }
  [[nodiscard]] bool is_at(std::size_t position, char c) const {
    return position < pattern_.size() && pattern_[position] == c;
  }

  // The text is folded, and so is the pattern, but for escaped letters: with case ignored "\\A"
  // matches nothing, in git and so here.
  [[nodiscard]] uint8_t folded(uint8_t byte) const {
    return out_.letter_case_ == LetterCase::Ignored ? ascii_lower(byte) : byte;
  }

  void put(Op op, uint8_t byte = 0, std::uint32_t index = 0) {
    out_.tokens_.push_back({op, byte, index});
    ++at_;
  }

  // "**" crosses folders only when it fills whole components: after '/' or the start, and before
  // '/' or the end. Elsewhere it is a '*'. An escaped slash behind it bounds it as well, but then
  // the slash itself is needed.
  void stars() {
    const std::size_t begin = at_;
    while (is_at(at_, '*')) {
      ++at_;
    }
    const bool bounded_before = begin == 0 || pattern_[begin - 1] == '/';
    const bool escaped_slash = is_at(at_, '\\') && is_at(at_ + 1, '/');
    const bool bounded_after = ends_at(at_) || is_at(at_, '/') || escaped_slash;
    const bool crosses = at_ - begin > 1 && bounded_before && bounded_after;
    Op op = Op::Star;
    if (out_.mode_ == WildMode::Name) {
      op = Op::DoubleStar;
    } else if (crosses && is_at(at_, '/')) {
      op = Op::Folders;
      ++at_;
    } else if (crosses) {
      op = Op::DoubleStar;
    }
    out_.tokens_.push_back({op});
  }

  bool set() {
    ++at_;
    const bool negated = is_at(at_, '!') || is_at(at_, '^');
    if (negated) {
      ++at_;
    }
    SetParts parts;
    std::optional<uint8_t> previous;  // the byte that a '-' would make a range from
    bool first = true;
    while (first || !is_at(at_, ']')) {
      first = false;
      if (ends_at(at_) || !member(parts, previous)) {
        return false;
      }
    }
    out_.sets_.push_back(finish(parts, negated));
    put(Op::Set, 0, static_cast<std::uint32_t>(out_.sets_.size() - 1));
    return true;
  }

  bool member(SetParts& parts, std::optional<uint8_t>& previous) {
    const char c = pattern_[at_];
    if (c == '\\') {
      if (ends_at(at_ + 1)) {
        return false;
      }
      ++at_;
      return single(parts, previous);
    }
    if (c == '-' && previous && !ends_at(at_ + 1) && !is_at(at_ + 1, ']')) {
      return range(parts, previous);
    }
    if (c == '[' && is_at(at_ + 1, ':')) {
      return named_class(parts, previous);
    }
    return single(parts, previous);
  }

  bool single(SetParts& parts, std::optional<uint8_t>& previous) {
    previous = byte_at(at_);
    parts.singles.set(*previous);
    ++at_;
    return true;
  }

  bool range(SetParts& parts, std::optional<uint8_t>& previous) {
    ++at_;
    if (is_at(at_, '\\')) {
      ++at_;
      if (ends_at(at_)) {
        return false;
      }
    }
    for (unsigned b = *previous; b <= byte_at(at_); ++b) {
      parts.spans.set(b);
    }
    previous.reset();
    ++at_;
    return true;
  }

  bool named_class(SetParts& parts, std::optional<uint8_t>& previous) {
    const std::size_t name_begin = at_ + 2;
    const std::size_t close = pattern_.find(']', name_begin);
    if (close == std::string_view::npos) {
      return false;
    }
    if (close == name_begin || pattern_[close - 1] != ':') {
      return single(parts, previous);  // no ":]": the '[' stands for itself
    }
    const auto name = pattern_.substr(name_begin, close - 1 - name_begin);
    for (const auto& known : kClasses) {
      if (known.name == name) {
        for (unsigned b = 0; b < 256; ++b) {
          if (known.contains(static_cast<uint8_t>(b))) {
            parts.spans.set(b);
          }
        }
        previous.reset();
        at_ = close + 1;
        return true;
      }
    }
    return false;
  }

  // git folds the text to lower case but leaves the letters inside a set as they are, and tries the
  // upper case only for ranges and [:upper:]: "[A]" matches neither 'a' nor 'A' there.
  [[nodiscard]] ByteSet finish(const SetParts& parts, bool negated) const {
    ByteSet result;
    for (unsigned b = 0; b < 256; ++b) {
      unsigned text = b;
      bool in = false;
      if (out_.letter_case_ == LetterCase::Ignored) {
        text = ascii_lower(static_cast<uint8_t>(b));
        in = is_lower(static_cast<uint8_t>(text)) && parts.spans.test(text - ('a' - 'A'));
      }
      in = in || parts.singles.test(text) || parts.spans.test(text);
      const bool slash = b == '/' && out_.mode_ == WildMode::Path;
      result.set(b, in != negated && !slash);
    }
    return result;
  }

  WildPattern& out_;
  std::string_view pattern_;
  std::size_t at_ = 0;
};

WildPattern::WildPattern(std::string_view pattern, WildMode mode, LetterCase letter_case)
    : mode_(mode), letter_case_(letter_case) {
  malformed_ = !Compiler(*this, pattern).run();
}

// Where matching stands, and the two places to go back to. A later star can take whatever an
// earlier one of the same reach would, so the latest of each reach is enough.
struct WildPattern::Cursor {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t token = 0;
  std::size_t text = 0;
  std::size_t star_token = kNone, star_text = 0;  // resume behind the last Star
  std::size_t far_token = kNone, far_text = 0;    // resume behind the last DoubleStar or Folders
};

bool WildPattern::takes(const Token& token, std::uint8_t byte) const {
  switch (token.op) {
    case Op::Byte:
      return token.byte == (letter_case_ == LetterCase::Ignored ? ascii_lower(byte) : byte);
    case Op::AnyByte: return mode_ == WildMode::Name || byte != '/';
    case Op::Set: return sets_[token.index].test(byte);
    default: return false;
  }
}

bool WildPattern::back_up(Cursor& cursor, std::string_view text) const {
  if (cursor.star_token != Cursor::kNone) {
    if (cursor.star_text < text.size() && text[cursor.star_text] != '/') {
      cursor.text = ++cursor.star_text;
      cursor.token = cursor.star_token;
      return true;
    }
    cursor.star_token = Cursor::kNone;
  }
  if (cursor.far_token == Cursor::kNone) {
    return false;
  }
  if (tokens_[cursor.far_token - 1].op == Op::Folders) {
    const std::size_t slash = text.find('/', cursor.far_text);
    cursor.far_text = slash == std::string_view::npos ? text.size() + 1 : slash + 1;
  } else {
    ++cursor.far_text;
  }
  cursor.text = cursor.far_text;
  cursor.token = cursor.far_token;
  return cursor.far_text <= text.size();
}

bool WildPattern::matches(std::string_view text) const {
  if (malformed_) {
    return false;
  }
  Cursor cursor;
  for (std::size_t step = 0; step < kMaxSteps; ++step) {
    if (cursor.token == tokens_.size()) {
      if (cursor.text == text.size()) {
        return true;
      }
      if (!back_up(cursor, text)) {
        return false;
      }
      continue;
    }
    const Token& token = tokens_[cursor.token];
    if (token.op == Op::Star) {
      cursor.star_token = ++cursor.token;
      cursor.star_text = cursor.text;
    } else if (token.op == Op::DoubleStar || token.op == Op::Folders) {
      cursor.far_token = ++cursor.token;
      cursor.far_text = cursor.text;
      cursor.star_token = Cursor::kNone;
    } else if (cursor.text < text.size() &&
               takes(token, static_cast<std::uint8_t>(text[cursor.text]))) {
      ++cursor.token;
      ++cursor.text;
    } else if (!back_up(cursor, text)) {
      return false;
    }
  }
  return false;
}

}  // namespace sonde::tree
