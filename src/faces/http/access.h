#pragma once
// Who may ask. Any page in a browser can send requests to this machine, and can make its own name
// lead here (DNS rebinding): so Host and Origin must be names of ours, and a token that pages
// cannot know is asked everywhere, on loopback too.

#include <optional>
#include <string>
#include <vector>

#include "faces/http/message.h"

namespace sonde::faces::http {

enum class Door {
  Open,  // says nothing that anybody may not know
  Token,
};

struct AccessRules {
  std::string token;
  std::vector<std::string> hosts;  // lower case: "localhost:8811", or "name" with any port
};

/// What requests to this address are addressed to, and further names that the user allows.
/// @param address  as it is listened on
std::vector<std::string> own_hosts(const std::string& address, std::uint16_t port,
                                   const std::vector<std::string>& allowed);

/// The answer to a request that is not let in.
std::optional<Response> refusal_of(const Request& request, Door door, const AccessRules& rules);

}  // namespace sonde::faces::http
