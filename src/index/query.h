#pragma once
// What a person or an agent asks, parsed.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "index/mentions.h"
#include "text/chunk.h"

namespace sonde::index {

inline constexpr std::size_t kQueryLimitBytes = 64 * 1024;

/// A part of a source: a folder or file in it ("" is the whole source).
struct PathScope {
  std::string source;  // uid
  std::string prefix;  // relative path without a slash at its end
};

/// A query: words, "phrases", -not, and filters. Filters of one kind are alternatives (lang:c
/// lang:cpp); filters of different kinds all hold.
struct Query {
  std::string text;                    // as it was typed
  std::string words;                   // what is left when phrases, exclusions and filters are out
  std::vector<std::string> phrases;    // must occur, in order
  std::vector<std::string> excluded;   // words or phrases that must not occur in the chunk
  std::vector<std::string> languages;  // lang:python
  std::vector<std::string> paths;      // path:src/**/x.py; globs, or a folder or part of a path
  std::vector<text::ChunkKind> kinds;  // kind:function
  std::vector<std::string> symbols;    // symbol:Session.get
  std::vector<PathMention> mentions;   // files that the words name; those that matter most first
  std::vector<PathScope> scopes;       // only these parts; set by the caller, not by the parser
};

/// Parses the query language. What was pasted (several lines, the frames of a stack trace) is words
/// alone. `key:value` of an unknown key is words ("std::vector", "http://x"
/// are). A quote that is not closed is closed at the end. Errors: InvalidArgument (nothing to
/// search for, a filter without value, an unknown kind; the message says what would be right),
/// Limit.
Result<Query> parse_query(std::string_view text);

/// True when `path` fits the pattern: a glob with *, ?, [..] and ** over the whole path or any
/// trailing part of it that starts at a component, or a plain folder or file name that is a prefix
/// or component.
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace sonde::index
