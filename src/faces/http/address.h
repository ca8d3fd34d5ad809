#pragma once
// Where a server listens.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sonde::faces::http {

struct Address {
  std::string host;  // "127.0.0.1", "::1": never a name
  std::uint16_t port = 0;

  [[nodiscard]] bool loopback() const;
  /// "http://127.0.0.1:8811".
  [[nodiscard]] std::string url() const;
};

/// "127.0.0.1:8811", "[::1]:0", "localhost:8811"; port 0: any that is free.
/// Errors: InvalidArgument.
Result<Address> parse_address(const std::string& text);

}  // namespace sonde::faces::http
