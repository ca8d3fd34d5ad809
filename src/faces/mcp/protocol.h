#pragma once
// JSON-RPC 2.0 as the Model Context Protocol uses it: what a message is, and how one is written.
// Specification: modelcontextprotocol.io/specification/2025-11-25, "Base protocol".

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::faces::mcp {

using Json = nlohmann::json;            // what comes in: lookups by name are cheap
using Object = nlohmann::ordered_json;  // what goes out, in the order that is written here

namespace rpc {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kResourceNotFound = -32002;  // until 2025-11-25; then kInvalidParams
inline constexpr int kUnsupportedVersion = -32022;
}  // namespace rpc

inline constexpr std::size_t kDepthLimit = 64;       // of brackets in a message
inline constexpr std::size_t kValueLimit = 200'000;  // values in a message
inline constexpr std::size_t kBatchLimit = 100;      // messages in an array

struct Message {
  enum class Kind { Request, Notification, Response, Broken } kind = Kind::Broken;
  Json id;             // string or integer; null where there is none
  std::string method;  // Request, Notification
  Json params = Json::object();
  Json result;         // Response; null when it is an error
  int error_code = 0;  // Broken: what is answered
  std::string error;   // Broken, and a Response that is an error
};

/// Reads a line: one message, or the messages of an array. Never fails: what is no message is a
/// Broken one. @param line  at most kMessageLimitBytes
std::vector<Message> parse_messages(std::string_view line);

/// Of an object: the text called `name`, "" when there is none.
std::string text_at(const Json& object, const char* name);
/// The object called `name`; null when there is none.
const Json* object_at(const Json& object, const char* name);

/// Each is one line with its line feed. Bytes that are not UTF-8 are replaced.
std::string result_text(const Json& id, Object result);
/// @param data  null: none
std::string error_text(const Json& id, int code, const std::string& message, Object data = nullptr);
std::string notification_text(const std::string& method, Object params);
std::string request_text(const std::string& id, const std::string& method);

}  // namespace sonde::faces::mcp
