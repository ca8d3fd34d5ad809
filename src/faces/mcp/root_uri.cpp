#include "faces/mcp/root_uri.h"

#include <charconv>

namespace sonde::faces::mcp {

Result<std::string> path_of_uri(const std::string& uri) {
  constexpr std::string_view kScheme = "file://";
  const Error wrong{Code::InvalidArgument, "a root that is no folder of this machine: " + uri};
  if (!uri.starts_with(kScheme)) {
    return wrong;
  }
  std::string rest = uri.substr(kScheme.size());
  if (rest.starts_with("localhost/")) {
    rest.erase(0, std::string_view("localhost").size());
  }
  if (!rest.starts_with('/')) {
    return wrong;
  }
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != '%') {
      path += rest[i];
      continue;
    }
    unsigned value = 0;
    const char* const digits = rest.data() + i + 1;
    const bool whole = i + 2 < rest.size();
    const auto [stop, error] = std::from_chars(digits, whole ? digits + 2 : digits, value, 16);
    if (error != std::errc() || stop != digits + 2 || value == 0) {
      return wrong;
    }
    path += static_cast<char>(value);
    i += 2;
  }
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

}  // namespace sonde::faces::mcp
