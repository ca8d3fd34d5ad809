#pragma once
// Requests that take time, each on a thread of a pool: started, told of, cancelled, answered.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "faces/mcp/channel.h"
#include "faces/mcp/dialect.h"
#include "faces/mcp/tools.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kCallLimit = 64;  // that wait or run
inline constexpr std::size_t kCallThreads = 8;

/// One of them. `run` gives the whole answer.
struct CallRequest {
  Json id;
  Json progress_token;  // null: the client wants no progress
  Dialect dialect;
  std::function<std::string(const ToolCall&)> run;
};

/// Threads: safe.
class Calls {
 public:
  /// Both outlive this. @param pool  with room for every call of all that share it; null: its own
  Calls(Workspace& workspace, Channel& channel, std::shared_ptr<ThreadPool> pool = nullptr);
  ~Calls() { end(); }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  /// Answers through the channel, at once when it cannot be started.
  void start(CallRequest request);
  /// The client does not want it any more: it ends without an answer.
  void cancel(const Json& id);
  void cancel_all();
  /// Cancels what runs and waits for its end.
  void end();
  [[nodiscard]] bool idle();

 private:
  struct Call {
    CallRequest request;
    CancelSource source;
    std::atomic<bool> silent{false};  // cancelled by the client: no answer
    std::chrono::steady_clock::time_point last_progress{};
    double last_value = -1;
  };

  void run(const std::shared_ptr<Call>& call);
  void finish(const std::shared_ptr<Call>& call, const std::string& answer);
  void tell_progress(Call& call, const library::Progress& progress);

  Workspace& workspace_;
  Channel& channel_;
  std::mutex mutex_;
  std::condition_variable ended_;                       // one of calls_
  std::map<std::string, std::shared_ptr<Call>> calls_;  // by their id as JSON
  std::shared_ptr<ThreadPool> pool_;                    // last: its tasks use all of the above
};

/// What a tool answers to a call, or why it does not.
Object run_tool(const Tool& tool, const Json& arguments, const Dialect& dialect,
                const ToolCall& call);
/// The result of a call that failed: what went wrong, and what to do next.
Object failed_result(const std::string& message);

}  // namespace sonde::faces::mcp
