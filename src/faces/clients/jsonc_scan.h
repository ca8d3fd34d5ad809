#pragma once
// Where the members of an object stand in a text of JSON with comments.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::faces::clients {

inline constexpr std::size_t kNestingLimit = 500;
inline constexpr std::size_t kMemberLimit = 100'000;

/// Bytes of the text.
struct MemberSpan {
  std::string key;  // without quotes, escapes as they are written
  std::size_t key_begin = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
  std::size_t comma = std::string::npos;  // after it
};

struct ObjectSpan {
  std::size_t open = 0;   // of "{"
  std::size_t close = 0;  // of "}"
  std::vector<MemberSpan> members;
};

/// The object that begins at `at`, or behind white space and comments there.
/// Errors: InvalidArgument (there is none, or it is not well formed; says in which line).
Result<ObjectSpan> scan_object(std::string_view text, std::size_t at);

/// Where the next token begins: behind white space and comments.
std::size_t next_token(std::string_view text, std::size_t at);

/// The text without comments and without commas after the last element: plain JSON if it was JSON
/// with these.
std::string plain_json(std::string_view text);

}  // namespace sonde::faces::clients
