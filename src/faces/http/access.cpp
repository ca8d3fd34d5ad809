#include "faces/http/access.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace sonde::faces::http {

namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "name" of "name:port"; what has no port is itself.
std::string_view without_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && is_digits(authority.substr(colon + 1))
             ? authority.substr(0, colon)
             : authority;
}

/// @param port  what stands for none
bool is_ours(std::string_view authority, std::string_view port,
             const std::vector<std::string>& hosts) {
  const std::string asked = lower_case(authority);
  const std::string_view name = without_port(asked);
  const std::string whole = name.size() == asked.size() ? asked + ":" + std::string(port) : asked;
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
    return host == whole || (without_port(host) == host && host == name);
  });
}

bool origin_is_ours(std::string_view origin, const std::vector<std::string>& hosts) {
  for (const auto& [scheme, port] : {std::pair("http://", "80"), std::pair("https://", "443")}) {
    if (origin.starts_with(scheme)) {
      return is_ours(origin.substr(std::string_view(scheme).size()), port, hosts);
    }
  }
  return false;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Response unauthorized(const char* challenge, const char* message) {
  Response response = error_response(401, {Code::InvalidArgument, message});
  response.headers.push_back({"WWW-Authenticate", challenge});
  return response;
}

std::optional<Response> refusal_of_token(const Request& request, const std::string& token) {
  const std::string_view given = request.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (given.empty()) {
    return unauthorized("Bearer realm=\"sonde\"",
                        "this needs the header `Authorization: Bearer TOKEN`; the server said at "
                        "its start in which file the token is");
  }
  if (request.count("authorization") == 1 && given.size() > kScheme.size() &&
      same_letters(given.substr(0, kScheme.size()), kScheme) &&
      same_secret(trimmed(given.substr(kScheme.size())), token)) {
    return std::nullopt;
  }
  return unauthorized("Bearer realm=\"sonde\", error=\"invalid_token\"",
                      "this is not the server's token; the server said at its start in which "
                      "file it is");
}

}  // namespace

std::vector<std::string> own_hosts(const std::string& address, std::uint16_t port,
                                   const std::vector<std::string>& allowed) {
  const std::string end = ":" + std::to_string(port);
  std::vector<std::string> hosts = {"localhost" + end, "127.0.0.1" + end, "[::1]" + end};
  const bool any = address == "0.0.0.0" || address == "::";
  if (!any) {
    hosts.push_back(
        lower_case(address.find(':') == std::string::npos ? address : "[" + address + "]") + end);
  }
  std::transform(allowed.begin(), allowed.end(), std::back_inserter(hosts), lower_case);
  return hosts;
}

std::optional<Response> refusal_of(const Request& request, Door door, const AccessRules& rules) {
  if (request.count("host") != 1) {
    return error_response(400, {Code::InvalidArgument, "a request has one header `Host`"});
  }
  if (!is_ours(request.header("host"), "80", rules.hosts)) {
    return error_response(421, {Code::InvalidArgument,
                                "this server is not known by the name in the header `Host`; "
                                "`sonde serve --allow-host NAME` allows one"});
  }
  const std::size_t origins = request.count("origin");
  if (origins > 1 || (origins == 1 && !origin_is_ours(request.header("origin"), rules.hosts))) {
    return error_response(403, {Code::InvalidArgument,
                                "pages of another origin may not ask this server; `sonde serve "
                                "--allow-host NAME` allows the pages of a name"});
  }
  return door == Door::Token ? refusal_of_token(request, rules.token) : std::nullopt;
}

}  // namespace sonde::faces::http
