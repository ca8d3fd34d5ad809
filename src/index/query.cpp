#include "index/query.h"

#include <algorithm>
#include <array>

#include "text/analyzer.h"

namespace sonde::index {
namespace {

constexpr std::size_t kFilterLimit = 256;  // filters, phrases and exclusions of a query, together

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string language_name(std::string_view value) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kAliases{
      {{"c++", "cpp"},
       {"cxx", "cpp"},
       {"c#", "csharp"},
       {"cs", "csharp"},
       {"js", "javascript"},
       {"ts", "typescript"},
       {"py", "python"},
       {"rs", "rust"},
       {"golang", "go"},
       {"rb", "ruby"},
       {"kt", "kotlin"},
       {"sh", "bash"},
       {"shell", "bash"},
       {"md", "markdown"},
       {"hs", "haskell"},
       {"yml", "yaml"},
       {"ipynb", "notebook"}}};
  std::string name = lower_ascii(value);
  for (const auto& [alias, language] : kAliases) {
    if (name == alias) {
      return std::string(language);
    }
  }
  return name;
}

bool has_words(std::string_view text) {
  text::Analyzer analyzer;
  return !analyzer.analyze(text).empty();
}

enum class Key { None, Language, Path, Kind, Symbol };

Key key_of(std::string_view name) {
  if (name == "lang" || name == "language") {
    return Key::Language;
  }
  return name == "path"     ? Key::Path
         : name == "kind"   ? Key::Kind
         : name == "symbol" ? Key::Symbol
                            : Key::None;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { query_.text = text; }

  Result<Query> parse() {
    Mentions mentions = read_mentions(text_);
    query_.mentions = std::move(mentions.paths);
    if (mentions.pasted) {
      query_.words = std::move(mentions.words);
      at_ = text_.size();
    }
    while (skip_space()) {
      if (query_.phrases.size() + query_.excluded.size() + query_.languages.size() +
              query_.paths.size() + query_.kinds.size() + query_.symbols.size() >
          kFilterLimit) {
        return Error{Code::Limit, "the query has more than 256 phrases, exclusions and filters"};
      }
      TRY(item());
    }
    if (!has_words(query_.words) && query_.phrases.empty() && query_.symbols.empty()) {
      return Error{Code::InvalidArgument,
                   "nothing to search for: give at least one word, a \"phrase\" or symbol:NAME"};
    }
    return std::move(query_);
  }

 private:
  bool skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) {
      ++at_;
    }
    return at_ < text_.size();
  }
  /// What is in quotes (at_ stands behind the opening one), or up to the next space.
  std::string_view quoted() {
    const std::size_t begin = at_;
    const std::size_t end = std::min(text_.find('"', begin), text_.size());
    at_ = std::min(end + 1, text_.size());
    return text_.substr(begin, end - begin);
  }
  std::string_view bare() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_])) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  std::string_view value() {
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      return quoted();
    }
    return bare();
  }

  Status item() {
    if (text_[at_] == '"') {
      ++at_;
      const std::string_view phrase = quoted();
      if (has_words(phrase)) {
        query_.phrases.emplace_back(phrase);
      }
      return {};
    }
    if (text_[at_] == '-' && excludes(at_ + 1)) {
      return exclusion();
    }
    const Key key = filter_key(at_);
    if (key != Key::None) {
      return filter(key);
    }
    if (!query_.words.empty()) {
      query_.words += ' ';
    }
    query_.words += bare();
    return {};
  }

  /// A minus sign excludes when a word or a quote follows: "-v2" does, "->", "--flag", "-1" do not.
  [[nodiscard]] bool excludes(std::size_t next) const {
    if (next >= text_.size()) {
      return false;
    }
    const auto c = static_cast<unsigned char>(text_[next]);
    return c == '"' || c == '_' || c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  Status exclusion() {
    ++at_;
    if (filter_key(at_) != Key::None) {
      return Error{Code::InvalidArgument,
                   "a filter cannot be negated; exclude words with -word or -\"a phrase\""};
    }
    const std::string_view excluded = value();
    if (has_words(excluded)) {
      query_.excluded.emplace_back(excluded);
    }
    return {};
  }

  /// The key of "key:" at `at`; a second colon makes it code ("path::join").
  [[nodiscard]] Key filter_key(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && text_[end] >= 'a' && text_[end] <= 'z') {
      ++end;
    }
    if (end >= text_.size() || text_[end] != ':' ||
        (end + 1 < text_.size() && text_[end + 1] == ':')) {
      return Key::None;
    }
    return key_of(text_.substr(at, end - at));
  }
  Status filter(Key key) {
    const std::size_t begin = at_;
    at_ = text_.find(':', at_) + 1;
    const std::string name(text_.substr(begin, at_ - begin));
    const std::string_view text = value();
    if (text.empty()) {
      return Error{Code::InvalidArgument,
                   name + " needs a value, as in " + name + std::string(example(key))};
    }
    switch (key) {
      case Key::Path: query_.paths.emplace_back(text); return {};
      case Key::Symbol:
        if (!has_words(text)) {
          return Error{Code::InvalidArgument, "symbol: needs a name, as in symbol:Session.get"};
        }
        query_.symbols.emplace_back(text);
        return {};
      default: return list(key, text);
    }
  }
  /// "lang:c,cpp" is lang:c lang:cpp.
  Status list(Key key, std::string_view text) {
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view one = text.substr(begin, end - begin);
      begin = end + 1;
      if (one.empty()) {
        continue;
      }
      if (key == Key::Language) {
        query_.languages.push_back(language_name(one));
      } else {
        TRY_ASSIGN(const text::ChunkKind kind, text::kind_from_name(lower_ascii(one)));
        query_.kinds.push_back(kind);
      }
    }
    return {};
  }
  static std::string_view example(Key key) {
    switch (key) {
      case Key::Language: return "python";
      case Key::Path: return "src/**/*.py";
      case Key::Kind: return "function";
      default: return "Session.get";
    }
  }

  std::string_view text_;  // the caller's
  std::size_t at_ = 0;
  Query query_;
};

}  // namespace

Result<Query> parse_query(std::string_view text) {
  if (text.size() > kQueryLimitBytes) {
    return Error{Code::Limit, "the query is longer than 64 KiB"};
  }
  return Parser(text).parse();
}

}  // namespace sonde::index
