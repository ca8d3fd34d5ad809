#pragma once
// /mcp: the Model Context Protocol's streamable HTTP. Until 2025-11-25 `initialize` opens a session
// that a header names from then on; from 2026-07-28 on each request stands alone.
// Specification: modelcontextprotocol.io/specification/2025-11-25/basic/transports and
// .../2026-07-28/basic/transports/streamable-http.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "faces/http/mcp_session.h"

namespace sonde::faces::http {

inline constexpr std::size_t kSessionLimit = 64;
inline constexpr std::size_t kMcpBodyLimitBytes = 4U << 20;

/// Threads: safe.
class McpEndpoint {
 public:
  /// @param options  of every session: a workspace, call threads and roots
  explicit McpEndpoint(mcp::SessionOptions options) : options_(std::move(options)) {}
  ~McpEndpoint() { end(); }
  McpEndpoint(const McpEndpoint&) = delete;
  McpEndpoint& operator=(const McpEndpoint&) = delete;

  void post(const std::shared_ptr<Exchange>& exchange);
  void get(const std::shared_ptr<Exchange>& exchange);
  void remove(const std::shared_ptr<Exchange>& exchange);

  /// Lets go of what has ended and of sessions that nobody uses; called some times a second.
  void tick();
  /// Ends what has no end of its own: streams that wait for something to tell.
  void stop_listening();
  /// Cancels and ends everything, and waits for that.
  void end();

 private:
  using Sessions = std::map<std::string, std::shared_ptr<McpSession>>;

  void take_alone(const std::shared_ptr<McpPost>& post, const std::vector<mcp::Message>& messages);
  void open_session(const std::shared_ptr<McpPost>& post,
                    const std::vector<mcp::Message>& messages);
  /// The session that a request names; answers it when there is none.
  std::shared_ptr<McpSession> session_of(const std::shared_ptr<Exchange>& exchange);
  bool make_room();
  std::vector<std::shared_ptr<McpSession>> all();

  const mcp::SessionOptions options_;
  std::mutex mutex_;
  Sessions sessions_;
  std::vector<std::shared_ptr<McpSession>> ending_;  // closed, or of one request
};

}  // namespace sonde::faces::http
