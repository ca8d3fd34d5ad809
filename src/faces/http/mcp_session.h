#pragma once
// A client of /mcp: a session of the protocol whose messages come in POSTs.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faces/http/mcp_streams.h"
#include "faces/mcp/session.h"

namespace sonde::faces::http {

/// Threads: safe.
class McpSession : public std::enable_shared_from_this<McpSession> {
 public:
  /// @param id       what its client names it by; "" for one that serves a single request
  /// @param version  that it speaks
  McpSession(mcp::SessionOptions options, std::string id, std::string version)
      : id_(std::move(id)), version_(std::move(version)), session_(std::move(options), streams_) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  /// Handles a POST's messages; answers come as they are ready.
  /// @param body  what `messages` were read from
  void take(const std::shared_ptr<McpPost>& post, const std::vector<mcp::Message>& messages,
            const std::string& body);
  /// GET: the stream for what belongs to no request.
  void listen(const std::shared_ptr<Exchange>& exchange);
  /// Ends that stream, and all that no call is going to answer.
  void settle();
  /// Cancels what runs; settle() ends it when that is done.
  void end();
  /// Nothing runs and nobody waits: it can be let go without waiting.
  [[nodiscard]] bool idle() { return session_.idle() && streams_.quiet(); }
  [[nodiscard]] bool working() { return !session_.idle(); }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::chrono::steady_clock::time_point last_used() const { return last_used_; }

 private:
  void cancel(const std::set<std::string>& ids);
  void touch() { last_used_ = std::chrono::steady_clock::now(); }

  const std::string id_;
  const std::string version_;
  std::atomic<bool> ended_{false};
  std::atomic<std::chrono::steady_clock::time_point> last_used_{std::chrono::steady_clock::now()};
  McpStreams streams_;
  std::mutex mutex_;      // of session_, which one thread at a time may use
  mcp::Session session_;  // last: answers into streams_ until its end
};

}  // namespace sonde::faces::http
