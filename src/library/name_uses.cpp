#include "library/name_uses.h"

#include <algorithm>
#include <initializer_list>

#include "library/code_names.h"
#include "text/language.h"

namespace sonde::library {

namespace {

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Languages whose structure is read, and what is code beside them.
bool is_read_as_code(std::string_view language) {
  return is_any(language, {"bash",  "c",       "cpp",        "csharp",     "dart", "elixir",
                           "go",    "haskell", "java",       "javascript", "jsx",  "kotlin",
                           "lua",   "php",     "python",     "ruby",       "rust", "scala",
                           "swift", "tsx",     "typescript", "zig",        "vue",  "svelte",
                           "objc",  "cuda",    "cython",     "assembly",   "perl"});
}

bool has_hash_comments(std::string_view language) {
  return is_any(language, {"bash", "elixir", "perl", "php", "python", "ruby", "cython"});
}

bool has_dash_comments(std::string_view language) { return is_any(language, {"haskell", "lua"}); }

/// @param before  the line up to the name
NameUse use_in_line(std::string_view before, std::string_view language) {
  const std::size_t begin = before.find_first_not_of(" \t");
  const std::string_view head = begin == std::string_view::npos ? before : before.substr(begin);
  if (head.starts_with("* ") || head.starts_with("/*") || head.starts_with("<!--")) {
    return NameUse::Comment;
  }
  char open = '\0';
  for (std::size_t i = 0; i < before.size(); ++i) {
    const char c = before[i];
    if (open != '\0') {
      open = c == open ? '\0' : open;
      i += c == '\\' ? 1 : 0;
      continue;
    }
    const std::string_view rest = before.substr(i);
    const bool comment = (rest.starts_with("//") && language != "python") ||
                         rest.starts_with("/*") || (c == '#' && has_hash_comments(language)) ||
                         (rest.starts_with("--") && has_dash_comments(language));
    if (comment) {
      return NameUse::Comment;
    }
    // Rust's lifetimes and Haskell's primes are no quotes.
    const bool quote =
        c == '"' || c == '`' || (c == '\'' && language != "rust" && language != "haskell");
    open = quote ? c : '\0';
  }
  return open == '\0' ? NameUse::Code : open == '`' ? NameUse::Code : NameUse::String;
}

}  // namespace

void for_each_name(std::string_view text, std::uint32_t line,
                   const std::function<void(std::string_view, std::uint32_t, std::size_t)>& visit) {
  for (std::size_t i = 0; i < text.size();) {
    if (!names_character(text[i])) {
      line += text[i] == '\n' ? 1 : 0;
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && names_character(text[i])) {
      ++i;
    }
    visit(text.substr(begin, i - begin), line, begin);
  }
}

NameUse use_at(std::string_view text, std::size_t byte, std::string_view language) {
  if (text::is_prose(language)) {
    return NameUse::Comment;
  }
  if (!is_read_as_code(language)) {
    return NameUse::Other;
  }
  const std::size_t feed = byte == 0 ? std::string_view::npos : text.rfind('\n', byte - 1);
  const std::size_t start = feed == std::string_view::npos ? 0 : feed + 1;
  return use_in_line(text.substr(start, byte - start), language);
}

}  // namespace sonde::library
