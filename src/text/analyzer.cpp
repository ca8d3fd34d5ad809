#include "text/analyzer.h"

#include <libstemmer.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/utf8.h"
#include "text/fold.h"

namespace sonde::text {
namespace {

constexpr std::size_t kStemLengthMin = 3;
constexpr std::size_t kStemLengthMax = 22;  // longer words are no English words

enum Class : std::uint8_t { kSeparator, kLower, kUpper, kDigit, kJoiner, kHigh };

constexpr std::array<Class, 256> make_classes() {
  std::array<Class, 256> classes{};
  for (std::size_t i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    classes[i] = c >= 'a' && c <= 'z'   ? kLower
                 : c >= 'A' && c <= 'Z' ? kUpper
                 : c >= '0' && c <= '9' ? kDigit
                 : c == '_' || c == '-' ? kJoiner
                 : c >= 0x80            ? kHigh
                                        : kSeparator;
  }
  return classes;
}
constexpr std::array<Class, 256> kClasses = make_classes();

Class class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool is_word(Class c) { return c == kLower || c == kUpper || c == kDigit; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Whether a part ends between a and b; `after` is the class behind b, `upper_run` how many capitals
// end at a.
bool splits(Class a, Class b, Class after, std::size_t upper_run, bool plural) {
  if (a == kDigit || b == kDigit) {
    return a != b;
  }
  if (a == kLower) {
    return b == kUpper;
  }
  // "HTTPServer": the last capital of a run belongs to the word it begins; but "URLs" is one.
  return b == kUpper && after == kLower && upper_run >= 1 && !plural;
}

std::string_view cut_term(std::string_view term, std::string& scratch) {
  if (term.size() <= kTermLimitBytes) {
    return term;
  }
  const std::uint64_t hash = checksum64(term);
  std::array<char, 8> raw{};
  std::memcpy(raw.data(), &hash, raw.size());
  const std::size_t keep = utf8_boundary_before(term, kTermLimitBytes - 17);
  scratch.assign(term.substr(0, keep));
  scratch += '#';
  scratch += to_hex({raw.data(), raw.size()});
  return scratch;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return class_of(c) == kHigh; });
}

}  // namespace

Analyzer::Analyzer(std::size_t stem_cache)
    : stemmer_(sb_stemmer_new("english", "UTF_8"), sb_stemmer_delete),
      stems_(std::max<std::size_t>(1, stem_cache)) {}
Analyzer::~Analyzer() = default;

const std::vector<Word>& Analyzer::analyze(std::string_view text) {
  words_.clear();
  buffer_.clear();
  position_ = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    const Class c = class_of(text[i]);
    if (is_word(c)) {
      i = ascii_token(text, i);
    } else if (c == kHigh) {
      i = unicode_run(text, i);
    } else {
      ++i;
    }
  }
  return words_;
}

/// Reads the token that begins at `begin`; it turns out to be Unicode when a high byte touches it.
std::size_t Analyzer::ascii_token(std::string_view text, std::size_t begin) {
  std::size_t end = begin + 1;
  for (; end < text.size(); ++end) {
    const Class c = class_of(text[end]);
    if (is_word(c)) {
      continue;
    }
    if (c == kHigh) {
      return unicode_run(text, begin);
    }
    if (c != kJoiner) {
      break;
    }
    // A hyphen joins only what it stands between: "keep-alive", not "a->b" or "--flag".
    if (text[end] == '-' && (end + 1 >= text.size() || !is_word(class_of(text[end + 1])) ||
                             !is_word(class_of(text[end - 1])))) {
      break;
    }
  }
  emit_parts(text.substr(begin, end - begin));
  return end;
}

/// Folds `token` (ASCII) into lower_ and marks where its parts end. False when it has too many.
bool Analyzer::mark_parts(std::string_view token) {
  lower_.clear();
  parts_.clear();
  std::size_t upper_run = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const Class a = class_of(token[i]);
    if (a == kJoiner) {
      continue;
    }
    lower_ += to_lower(token[i]);
    const Class b = i + 1 < token.size() ? class_of(token[i + 1]) : kSeparator;
    const Class after = i + 2 < token.size() ? class_of(token[i + 2]) : kSeparator;
    const bool plural = after == kLower && token[i + 2] == 's' &&
                        (i + 3 >= token.size() || class_of(token[i + 3]) != kLower);
    upper_run = a == kUpper ? upper_run + 1 : 0;
    if (!is_word(b) || splits(a, b, after, upper_run, plural)) {
      parts_.push_back(static_cast<std::uint32_t>(lower_.size()));
    }
  }
  return parts_.size() <= kPartLimit;
}

void Analyzer::emit_parts(std::string_view token) {
  if (!mark_parts(token)) {  // a hash, base64: its parts mean nothing
    emit(lower_, WordKind::Part, position_++);
    return;
  }
  const std::uint32_t first = position_;
  std::uint32_t begin = 0;
  for (const std::uint32_t end : parts_) {
    emit_stemmed(std::string_view(lower_).substr(begin, end - begin), WordKind::Part, position_++);
    begin = end;
  }
  if (parts_.size() > 1) {
    emit_stemmed(lower_, WordKind::Whole, first);
  }
}

/// Reads code points from `begin` as far as they belong to words, and emits those.
std::size_t Analyzer::unicode_run(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  CharClass last = CharClass::Separator;
  code_points_.clear();
  while (i < text.size()) {
    const std::size_t at = i;
    const char32_t c = next_code_point(text, i);
    const bool joiner = c < 0x80 && class_of(text[at]) == kJoiner;
    CharClass kind = c == U'_' ? CharClass::Lower : char_class(c);
    if (joiner && c == U'-') {
      const bool inside =
          i < text.size() && (is_word(class_of(text[i])) || class_of(text[i]) == kHigh);
      kind = inside ? CharClass::Lower : CharClass::Separator;
    }
    if (kind == CharClass::Mark && last == CharClass::Separator) {
      kind = CharClass::Separator;
    }
    if (kind == CharClass::Mark) {
      kind = last;
    }
    const bool same_run =
        last == CharClass::Separator || (kind == CharClass::Cjk) == (last == CharClass::Cjk);
    if (kind == CharClass::Symbol) {
      if (code_points_.empty()) {
        emit(fold({&c, 1}), WordKind::Part, position_++);
        return i;
      }
      i = at;
      break;
    }
    if (kind == CharClass::Separator || !same_run) {
      i = code_points_.empty() ? i : at;
      break;
    }
    code_points_ += c;
    last = kind;
  }
  if (code_points_.empty()) {
    return i;
  }
  if (last == CharClass::Cjk) {
    cjk_run(code_points_);
  } else if (is_ascii(text.substr(begin, i - begin))) {  // only the byte behind it was high
    emit_parts(text.substr(begin, i - begin));
  } else {
    unicode_token(code_points_);
  }
  return i;
}

void Analyzer::unicode_token(std::u32string_view token) {
  std::string whole;
  const std::uint32_t first = position_;
  std::size_t parts = 0;
  std::size_t begin = 0;
  const auto flush = [&](std::size_t end) {
    if (end > begin) {
      const std::string folded = fold(token.substr(begin, end - begin));
      if (!folded.empty()) {
        emit_stemmed(folded, WordKind::Part, position_++);
        whole += folded;
        ++parts;
      }
    }
    begin = end;
  };
  CharClass last = CharClass::Separator;
  for (std::size_t i = 0; i < token.size() && parts < kPartLimit; ++i) {
    const char32_t c = token[i];
    if (c == U'_' || c == U'-') {
      flush(i);
      begin = i + 1;
      last = CharClass::Separator;
      continue;
    }
    const CharClass kind = char_class(c);
    if (kind == CharClass::Mark) {
      continue;
    }
    const bool digit_edge = (kind == CharClass::Digit) != (last == CharClass::Digit);
    if (i > begin && last != CharClass::Separator &&
        (digit_edge || (last == CharClass::Lower && kind == CharClass::Upper))) {
      flush(i);
    }
    last = kind;
  }
  flush(token.size());
  if (parts > 1) {
    emit_stemmed(whole, WordKind::Whole, first);
  }
}

void Analyzer::cjk_run(const std::u32string& run) {
  const std::string folded = fold(run);
  std::u32string characters;
  for (std::size_t i = 0; i < folded.size();) {
    characters += next_code_point(folded, i);
  }
  std::string term;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    term.clear();
    append_utf8(term, characters[i]);
    if (i + 1 < characters.size()) {
      emit(term, WordKind::Unigram, position_);
      append_utf8(term, characters[i + 1]);
      emit(term, WordKind::Part, position_++);
    } else if (characters.size() == 1) {
      emit(term, WordKind::Part, position_++);
    } else {
      emit(term, WordKind::Unigram, position_++);
    }
  }
}

void Analyzer::emit(std::string_view folded, WordKind kind, std::uint32_t position) {
  std::string scratch;
  const std::string_view term = cut_term(folded, scratch);
  if (term.empty()) {
    return;
  }
  words_.push_back({static_cast<std::uint32_t>(buffer_.size()),
                    static_cast<std::uint32_t>(term.size()), position, kind});
  buffer_ += term;
}

void Analyzer::emit_stemmed(std::string_view folded, WordKind kind, std::uint32_t position) {
  if (folded.size() < kStemLengthMin || folded.size() > kStemLengthMax ||
      class_of(folded.back()) == kDigit) {
    emit(folded, kind, position);
    return;
  }
  emit(stem(folded), kind, position);
}

std::string_view Analyzer::stem(std::string_view word) {
  CachedStem& cached = stems_[checksum64(word) % stems_.size()];
  if (cached.word_size == word.size() &&
      std::memcmp(cached.word.data(), word.data(), word.size()) == 0) {
    return {cached.stem.data(), cached.stem_size};
  }
  if (stemmer_ == nullptr || !is_ascii(word)) {
    return word;
  }
  const sb_symbol* stemmed =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  const int size = sb_stemmer_length(stemmer_.get());
  if (stemmed == nullptr || size <= 0 || static_cast<std::size_t>(size) > cached.stem.size()) {
    return word;
  }
  cached.word_size = static_cast<std::uint8_t>(word.size());
  std::memcpy(cached.word.data(), word.data(), word.size());
  cached.stem_size = static_cast<std::uint8_t>(size);
  std::memcpy(cached.stem.data(), stemmed, static_cast<std::size_t>(size));
  return {cached.stem.data(), cached.stem_size};
}

std::string fold_symbol(std::string_view name) {
  std::string folded;
  if (is_ascii(name)) {
    folded.assign(name);
    std::transform(folded.begin(), folded.end(), folded.begin(), to_lower);
  } else {
    std::u32string code_points;
    for (std::size_t i = 0; i < name.size();) {
      code_points += next_code_point(name, i);
    }
    folded = fold(code_points);
  }
  // Scopes are written in many ways: Session::get, Session#get.
  for (std::size_t at = 0; (at = folded.find("::", at)) != std::string::npos;) {
    folded.replace(at, 2, ".");
  }
  std::replace(folded.begin(), folded.end(), '#', '.');
  std::string scratch;
  return std::string(cut_term(folded, scratch));
}

std::string squeeze_symbol(std::string_view name) {
  std::string folded = fold_symbol(name);
  std::erase_if(folded, [](char c) { return c == '_' || c == '-'; });
  return folded;
}

}  // namespace sonde::text
