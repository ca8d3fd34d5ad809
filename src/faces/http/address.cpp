#include "faces/http/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace sonde::faces::http {

bool Address::loopback() const { return host.starts_with("127.") || host == "::1"; }

std::string Address::url() const {
  const bool six = host.find(':') != std::string::npos;
  return "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(const std::string& text) {
  const Error wrong{Code::InvalidArgument,
                    "an address to listen on is written 127.0.0.1:8811 or [::1]:8811, not " + text};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return wrong;
  }
  Address address;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end) {
    return wrong;
  }
  std::string host = text.substr(0, colon);
  const bool six = host.size() > 2 && host.front() == '[' && host.back() == ']';
  host = six ? host.substr(1, host.size() - 2) : host == "localhost" ? "127.0.0.1" : host;
  in6_addr bytes{};
  if (::inet_pton(six ? AF_INET6 : AF_INET, host.c_str(), &bytes) != 1) {
    return wrong;
  }
  address.host = std::move(host);
  return address;
}

}  // namespace sonde::faces::http
