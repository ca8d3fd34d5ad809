#pragma once
// The text of a file, and some lines of a text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::faces::mcp {

inline constexpr std::uint64_t kFileLimitBytes = 16ULL << 20;
inline constexpr std::size_t kTextLimitBytes = 512 * 1024;

struct Lines {
  std::uint64_t first = 1;
  std::uint64_t last = 0;  // inclusive
  std::uint64_t total = 0;
  std::string text;
};

/// Lines first..last of a text, at most kTextLimitBytes of them.
Lines cut_lines(std::string_view text, std::uint64_t first, std::uint64_t last);

/// A file as text. Errors: InvalidArgument (no file, no text), Limit, Io.
Result<std::string> text_of_file(const std::string& path);

}  // namespace sonde::faces::mcp
