#pragma once
// What the headers of a request to /mcp say, and that they say the same as its body.

#include <optional>
#include <vector>

#include "faces/http/message.h"
#include "faces/mcp/dialect.h"

namespace sonde::faces::http {

/// Whether a POST belongs to no session: it, or its header, names a version that has none.
bool is_stateless(const Request& request, const std::vector<mcp::Message>& messages);

/// The answer to a request whose protocol version is not spoken, or whose headers are not those of
/// its messages. @param messages  of the body; none: it has no body
std::optional<Response> refusal_of_headers(const Request& request,
                                           const std::vector<mcp::Message>& messages);

}  // namespace sonde::faces::http
