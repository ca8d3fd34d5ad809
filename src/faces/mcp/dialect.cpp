#include "faces/mcp/dialect.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace sonde::faces::mcp {

namespace {

constexpr const char* kStateless = "2026-07-28";
constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kServerKey = "io.modelcontextprotocol/serverInfo";
constexpr int kKeepMs = 3'600'000;

}  // namespace

const std::vector<std::string>& session_versions() {
  static const std::vector<std::string> versions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                    "2024-11-05"};
  return versions;
}

std::vector<std::string> all_versions() {
  std::vector<std::string> versions = {kStateless};
  versions.insert(versions.end(), session_versions().begin(), session_versions().end());
  return versions;
}

std::string negotiated_version(const std::string& asked) {
  const auto& versions = session_versions();
  const auto found = std::find(versions.begin(), versions.end(), asked);
  return found == versions.end() ? versions.front() : *found;
}

Object server_info() {
  Object info;
  info["name"] = "sonde";
  info["title"] = "Sonde";
  info["version"] = SONDE_VERSION;
  return info;
}

Object Dialect::dressed(Object result, Keep keep) const {
  if (!stateless()) {
    return result;
  }
  if (!result.contains("resultType")) {
    result["resultType"] = "complete";
  }
  if (keep != Keep::No) {
    result["ttlMs"] = keep == Keep::Long ? kKeepMs : 0;
    result["cacheScope"] = keep == Keep::Long ? "public" : "private";
  }
  result["_meta"][kServerKey] = server_info();
  return result;
}

RequestMeta meta_of(const Message& message) {
  RequestMeta meta;
  const Json* const fields = object_at(message.params, "_meta");
  if (fields == nullptr) {
    return meta;
  }
  meta.version = text_at(*fields, kVersionKey);
  if (const Json* const capabilities = object_at(*fields, kCapabilitiesKey)) {
    meta.tells_capabilities = true;
    meta.client_has_roots = object_at(*capabilities, "roots") != nullptr;
  }
  const auto token = fields->find("progressToken");
  if (token != fields->end() && (token->is_string() || token->is_number_integer())) {
    meta.progress_token = *token;
  }
  return meta;
}

std::optional<std::string> refusal_of(const Message& message, const RequestMeta& meta) {
  if (meta.version != kStateless) {
    Object data;
    data["supported"] = all_versions();
    data["requested"] = to_valid_utf8(meta.version);
    return error_text(message.id, rpc::kUnsupportedVersion, "this protocol version is not spoken",
                      std::move(data));
  }
  if (!meta.tells_capabilities) {
    return error_text(message.id, rpc::kInvalidParams,
                      std::string("`_meta` must say \"") + kCapabilitiesKey + "\"");
  }
  return std::nullopt;
}

}  // namespace sonde::faces::mcp
