#pragma once
// For tests: the promises every chunked text keeps.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "text/chunk.h"
#include "text/chunk_plan.h"

namespace sonde::text {

inline bool is_all_white(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

/// Spans ascend, leave out white space only, keep the limit, and count lines right.
inline void expect_sound(const ChunkedText& chunked, std::string_view text) {
  const Ruler ruler(text);
  std::size_t end = 0;
  for (const Chunk& chunk : chunked.chunks) {
    ASSERT_GE(chunk.start_byte, end);
    ASSERT_GT(chunk.end_byte, chunk.start_byte);
    ASSERT_LE(chunk.end_byte, text.size());
    EXPECT_TRUE(is_all_white(text.substr(end, chunk.start_byte - end)));
    EXPECT_LE(ruler.between(chunk.start_byte, chunk.end_byte), kChunkLimit);
    const auto lines_before = [&](std::size_t position) {
      return static_cast<std::uint32_t>(
          1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
    };
    if (text.size() < 200'000) {  // counting is quadratic
      EXPECT_EQ(chunk.start_line, lines_before(chunk.start_byte));
      EXPECT_EQ(chunk.end_line, lines_before(chunk.end_byte));
    }
    end = chunk.end_byte;
  }
  EXPECT_TRUE(is_all_white(text.substr(end)));
}

/// How many chunks of `before` are not in `after`, or the other way round: the larger number.
/// Chunks are compared by their text, symbol and defined names.
inline int changed_chunks(const ChunkedText& before, std::string_view old_text,
                          const ChunkedText& after, std::string_view new_text) {
  std::map<std::string, int> balance;
  const auto add = [&](const ChunkedText& chunked, std::string_view text, int weight) {
    for (const Chunk& chunk : chunked.chunks) {
      std::string key(text.substr(chunk.start_byte, chunk.end_byte - chunk.start_byte));
      key += '\x01' + chunk.symbol;
      for (const std::string& name : chunk.defines) {
        key += '\x01' + name;
      }
      balance[key] += weight;
    }
  };
  add(before, old_text, 1);
  add(after, new_text, -1);
  int gone = 0;
  int fresh = 0;
  for (const auto& [key, count] : balance) {
    gone += std::max(count, 0);
    fresh += std::max(-count, 0);
  }
  return std::max(gone, fresh);
}

}  // namespace sonde::text
