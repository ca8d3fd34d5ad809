#pragma once
// Files that a query names: paths ("net/tcp.c:120"), and what is pasted: a stack trace, a
// compiler's message, a piece of code.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::index {

inline constexpr std::size_t kMentionLimit = 64;  // of a query

/// A path as it was written, with '/' between its components.
struct PathMention {
  std::string path;
  std::uint32_t line = 0;  // 0: none
};

struct Mentions {
  std::vector<PathMention> paths;  // what matters most first: the innermost frame of a trace
  /// Text of several lines, or a frame of a trace: not the query language.
  bool pasted = false;
  /// Of what was pasted: its words without paths, addresses and line numbers.
  std::string words;
};

/// Understands the frames of Python, Java and what writes "path:line" (C and C++ compilers, gdb,
/// Go, Rust, Ruby, JavaScript, Elixir), "path(line)" and "path on line N".
Mentions read_mentions(std::string_view text);

/// How well `path` (of a file, relative to its source) is what the mention names: 1 when one ends
/// with the other or the mention names a folder of it, a half when only the file's name agrees with
/// the end of a longer mention, else 0.
double mention_match(const PathMention& mention, std::string_view path);

}  // namespace sonde::index
