#pragma once
// Base64 (RFC 4648, section 4), for bytes that are not text in JSON.

#include <string>
#include <string_view>

namespace sonde::faces::json {

std::string base64(std::string_view bytes);

}  // namespace sonde::faces::json
