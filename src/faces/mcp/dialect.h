#pragma once
// Which version of the protocol a request is spoken in, and what that means for its answer.
//
// Until 2025-11-25 a session is opened by `initialize`, and its version holds from then on. From
// 2026-07-28 on nothing is opened: each request names its version and what the client can do.
// Specification: modelcontextprotocol.io/specification/2026-07-28, "Versioning".

#include <optional>
#include <string>
#include <vector>

#include "faces/mcp/protocol.h"

namespace sonde::faces::mcp {

/// Newest first. Without structured content before 2025-06-18, in batches only in 2025-03-26.
const std::vector<std::string>& session_versions();
/// Those that need no session, and then these.
std::vector<std::string> all_versions();
/// What is answered to a client whose `initialize` asks for `asked`.
std::string negotiated_version(const std::string& asked);

/// How long a client may keep a result of a request that is asked again and again.
enum class Keep {
  No,       // not such a request
  Briefly,  // it must ask again to be sure
  Long,     // it is the same as long as the program runs
};

struct Dialect {
  std::string version;

  /// Nothing is known but what the request says.
  [[nodiscard]] bool stateless() const { return version >= "2026-07-28"; }
  [[nodiscard]] bool structured() const { return version >= "2025-06-18"; }
  [[nodiscard]] bool annotated() const { return version >= "2025-03-26"; }
  /// The result with what this version wants to see in each.
  [[nodiscard]] Object dressed(Object result, Keep keep = Keep::No) const;
};

/// What a request says of itself in `_meta`.
struct RequestMeta {
  std::string version;  // empty: it belongs to a session
  bool tells_capabilities = false;
  bool client_has_roots = false;
  Json progress_token;  // null: no progress is wanted
};
RequestMeta meta_of(const Message& message);

/// The answer that refuses a stateless request; nothing when it can be served.
std::optional<std::string> refusal_of(const Message& message, const RequestMeta& meta);

/// {"name", "title", "version"} of this program.
Object server_info();

}  // namespace sonde::faces::mcp
