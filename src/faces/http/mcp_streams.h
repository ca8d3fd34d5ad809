#pragma once
// Where the messages of one session go: each to the HTTP answer of the request that it is about.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "faces/http/exchange.h"
#include "faces/mcp/channel.h"

namespace sonde::faces::http {

/// One POST with requests in it, or with messages that need no answer.
struct McpPost {
  std::shared_ptr<Exchange> exchange;
  std::vector<Header> headers;  // of its answer
  bool stateless = false;       // errors are told by the status too
  bool takes_stream = false;
  std::set<std::string> open;  // ids as JSON, without an answer yet
  bool several = false;
  bool streaming = false;
  bool done = false;
};

/// Threads: safe.
class McpStreams final : public mcp::Channel {
 public:
  /// Takes a post in whose answers are to come. False: one of its ids is in use.
  bool add(const std::shared_ptr<McpPost>& post);
  /// The post whose messages are handled now: it hears of messages that cannot be read.
  void set_current(std::shared_ptr<McpPost> post);
  /// No answer comes for this id any more.
  void give_up(const std::string& id);
  /// Ends a post of which nothing is to come; answers it when it was not.
  void finish(McpPost& post);
  /// The stream for what belongs to no request. False: there is one.
  bool listen(const std::shared_ptr<Exchange>& exchange);
  void stop_listening();
  /// Ends everything.
  void end();
  /// No answer is owed and nobody listens.
  [[nodiscard]] bool quiet();

  void answer(const mcp::Json& id, std::string line) override;
  void tell(const mcp::Json& id, std::string line) override;
  void ask(std::string line) override;

 private:
  void finish_locked(McpPost& post);
  void stream(McpPost& post, const std::string& line, Importance importance);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<McpPost>> posts_;  // by the ids that are open
  std::shared_ptr<McpPost> current_;
  std::shared_ptr<Exchange> listener_;
};

/// The HTTP status of a JSON-RPC error in the version without sessions; 200 for what is no error.
int status_of_answer(const std::string& line);
/// A JSON-RPC error, as the answer to a message that no session has seen.
Response rpc_refusal(int status, const mcp::Json& id, int code, const std::string& message);

}  // namespace sonde::faces::http
