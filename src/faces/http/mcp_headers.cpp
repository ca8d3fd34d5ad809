#include "faces/http/mcp_headers.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "faces/http/mcp_streams.h"
#include "faces/json/base64.h"

namespace sonde::faces::http {

namespace {

using mcp::Message;

constexpr int kHeaderMismatch = -32020;
constexpr const char* kVersionHeader = "MCP-Protocol-Version";

/// A header is the text, or its base64 between these.
bool says(std::string_view header, const std::string& text) {
  return header == text || header == "=?base64?" + json::base64(text) + "?=";
}

Response mismatch(const Message& message, const std::string& what) {
  return rpc_refusal(400, message.id, kHeaderMismatch, what);
}

std::optional<Response> refusal_of_stateless(const Request& request, const Message& message) {
  const std::string version = mcp::meta_of(message).version;
  if (request.header(kVersionHeader) != version) {
    return mismatch(message, "the header MCP-Protocol-Version and the version in `_meta` differ");
  }
  if (!mcp::Dialect{version}.stateless()) {
    return std::nullopt;  // the session says that it is not spoken in this way
  }
  if (!says(request.header("Mcp-Method"), message.method)) {
    return mismatch(message, "the header Mcp-Method is not the method of the body");
  }
  const bool read = message.method == "resources/read";
  if (read || message.method == "tools/call" || message.method == "prompts/get") {
    const std::string name = mcp::text_at(message.params, read ? "uri" : "name");
    if (!says(request.header("Mcp-Name"), name)) {
      return mismatch(message, "the header Mcp-Name is not the name in the body");
    }
  }
  return std::nullopt;
}

std::optional<Response> refusal_of_version(const Request& request, const mcp::Json& id) {
  const std::string version(request.header(kVersionHeader));
  const std::vector<std::string> spoken = mcp::all_versions();
  if (request.count(kVersionHeader) == 0 ||
      (request.count(kVersionHeader) == 1 &&
       std::find(spoken.begin(), spoken.end(), version) != spoken.end())) {
    return std::nullopt;
  }
  mcp::Object data;
  data["supported"] = spoken;
  data["requested"] = to_valid_utf8(version);
  Response response;
  response.status = 400;
  response.body = mcp::error_text(id, mcp::rpc::kUnsupportedVersion,
                                  "this protocol version is not spoken", std::move(data));
  return response;
}

}  // namespace

bool is_stateless(const Request& request, const std::vector<Message>& messages) {
  const std::string version(request.header(kVersionHeader));
  return mcp::Dialect{version}.stateless() ||
         (messages.size() == 1 && messages.front().kind == Message::Kind::Request &&
          !mcp::meta_of(messages.front()).version.empty());
}

std::optional<Response> refusal_of_headers(const Request& request,
                                           const std::vector<Message>& messages) {
  const bool one = messages.size() == 1;
  if (auto refusal = refusal_of_version(request, one ? messages.front().id : mcp::Json())) {
    return refusal;
  }
  if (!is_stateless(request, messages)) {
    return std::nullopt;
  }
  if (messages.size() > 1) {
    return rpc_refusal(400, nullptr, mcp::rpc::kInvalidRequest,
                       "this protocol version takes one message at a time");
  }
  return one && messages.front().kind == Message::Kind::Request
             ? refusal_of_stateless(request, messages.front())
             : std::nullopt;
}

}  // namespace sonde::faces::http
