#include "index/mentions.h"

#include <algorithm>
#include <charconv>

#include "index/symbols.h"
#include "text/language.h"

namespace sonde::index {
namespace {

constexpr std::size_t kPathBytesLimit = 1024;
constexpr std::size_t kExtensionMax = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_path(char c) {
  return is_word(c) || c == '.' || c == '/' || c == '\\' || c == '-' || c == '+' || c == '@' ||
         c == '~';
}

/// "tcp.c", "types.d.ts"; not "e.g.", "1.5", "...".
bool has_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || !is_word(name[dot - 1])) {
    return false;
  }
  const std::string_view extension = name.substr(dot + 1);
  return !extension.empty() && extension.size() <= kExtensionMax && is_letter(extension[0]) &&
         std::all_of(extension.begin(), extension.end(),
                     [](char c) { return is_letter(c) || is_digit(c); });
}

/// Only '/', without what leads nowhere ("./", "../", "C:/") and without a slash at an end.
std::string normal_path(std::string_view written) {
  std::string path(written);
  std::replace(path.begin(), path.end(), '\\', '/');
  while (path.starts_with("./") || path.starts_with("../") || path.starts_with("~/") ||
         path.starts_with("/")) {
    path.erase(0, path.find('/') + 1);
  }
  while (path.ends_with('/') || path.ends_with('.')) {
    path.pop_back();
  }
  return path;
}

/// Reads a text once from its begin to its end.
class MentionReader {
 public:
  explicit MentionReader(std::string_view text) : text_(text) {}

  Mentions read() {
    bool python = false;
    std::size_t frames = 0;
    while (at_ < text_.size()) {
      if (!is_path(text_[at_])) {
        take(text_[at_++]);
        continue;
      }
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_path(text_[at_])) {
        ++at_;
      }
      const std::string_view token = text_.substr(begin, at_ - begin);
      if (!names_file(token, begin)) {
        add_words(token);
        continue;
      }
      const bool quoted = begin >= 6 && text_.substr(begin - 6, 6) == "File \"";
      const std::uint32_t line = line_behind();
      if (line == 0 && !names_known_file(token)) {
        add_words(token);
        continue;
      }
      python = python || (quoted && line > 0);
      frames += line > 0 ? 1U : 0U;
      add_path(token, line);
    }
    if (python) {
      std::reverse(found_.paths.begin(), found_.paths.end());
    }
    const bool lines =
        std::count(text_.begin(), text_.end(), '\n') > 0 &&
        text_.find_first_not_of(" \t\r\n", text_.find('\n')) != std::string_view::npos;
    found_.pasted = lines || python || frames > 1;
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool names_file(std::string_view token, std::size_t begin) const {
    const bool of_url = begin >= 1 && text_[begin - 1] == ':' && token.starts_with("//");
    if (token.size() > kPathBytesLimit || of_url) {
      return false;
    }
    const std::string path = normal_path(token);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
      return has_extension(path);
    }
    return is_word(path[slash + 1]) && std::any_of(path.begin(), path.end(), is_letter);
  }

  /// Without a folder or a line: "tcp.c", but not "Session.get".
  static bool names_known_file(std::string_view token) {
    return normal_path(token).find('/') != std::string::npos ||
           text::language_of(token, "") != "text" || token.ends_with(".txt");
  }

  bool skip(std::string_view expected) {
    const bool there = text_.substr(at_, expected.size()) == expected;
    at_ += there ? expected.size() : 0;
    return there;
  }
  /// The number of a line that follows a path; at_ is moved behind it.
  std::uint32_t line_behind() {
    const std::size_t begin = at_;
    bool led = false;
    for (const std::string_view lead : {"\", line ", ":line ", " on line ", " line ", ":", "("}) {
      if ((led = skip(lead))) {
        break;
      }
    }
    std::uint32_t line = 0;
    const char* end = text_.data() + text_.size();
    const auto parsed = std::from_chars(text_.data() + at_, end, line);
    if (!led || parsed.ec != std::errc()) {
      at_ = begin;
      return 0;
    }
    at_ = static_cast<std::size_t>(parsed.ptr - text_.data());
    while (at_ + 1 < text_.size() && (text_[at_] == ':' || text_[at_] == ',') &&
           is_digit(text_[at_ + 1])) {
      for (++at_; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      }
    }
    return line;
  }

  void add_path(std::string_view token, std::uint32_t line) {
    PathMention mention{normal_path(token), line};
    const bool known =
        std::any_of(found_.paths.begin(), found_.paths.end(), [&](const PathMention& other) {
          return other.path == mention.path && other.line == mention.line;
        });
    take(' ');
    found_.words += file_stem(mention.path);
    take(' ');
    if (!known && found_.paths.size() < kMentionLimit) {
      found_.paths.push_back(std::move(mention));
    }
  }
  void add_words(std::string_view token) {
    const bool number = is_digit(token[0]);  // a line, a size, an address
    found_.words += number ? std::string_view(" ") : token;
  }
  void take(char c) { found_.words += c == '\n' || c == '\r' ? ' ' : c; }

  std::string_view text_;
  std::size_t at_ = 0;
  Mentions found_;
};

/// True when `path` is `end` or ends with "/end".
bool ends_with_path(std::string_view path, std::string_view end) {
  return path.ends_with(end) &&
         (path.size() == end.size() || path[path.size() - end.size() - 1] == '/');
}

}  // namespace

Mentions read_mentions(std::string_view text) { return MentionReader(text).read(); }

double mention_match(const PathMention& mention, std::string_view path) {
  const std::string_view named = mention.path;
  if (named.empty()) {
    return 0;
  }
  if (ends_with_path(path, named) || ends_with_path(without_extension(path), named)) {
    return 1;
  }
  if (ends_with_path(named, path)) {
    return path.find('/') == std::string_view::npos ? 0.5 : 1;
  }
  const std::string folder = std::string(named) + '/';
  const std::size_t at =
      named.find('/') == std::string_view::npos ? std::string_view::npos : path.find(folder);
  return at != std::string_view::npos && (at == 0 || path[at - 1] == '/') ? 1 : 0;
}

}  // namespace sonde::index
