#pragma once
// What a request is for: the path, and the parameters of its query.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sonde::faces::http {

inline constexpr std::size_t kTargetLimitBytes = 8'192;
inline constexpr std::size_t kParameterLimit = 100;

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// The parameters behind the "?", in their order, with %XX and + decoded.
/// @param target  "/path?name=value&..."; without "?" there are none
/// Errors: InvalidArgument (a broken %XX, a zero byte, not UTF-8), Limit.
Result<Parameters> query_parameters(std::string_view target);

}  // namespace sonde::faces::http
