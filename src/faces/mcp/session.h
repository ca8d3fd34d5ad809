#pragma once
// One client: what it says, and what is answered. Knows nothing of where the messages come from.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "faces/mcp/outbox.h"
#include "faces/mcp/tools.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kCallLimit = 64;  // calls that wait or run
inline constexpr std::size_t kCallThreads = 8;

struct SessionOptions {
  std::vector<std::string> roots;  // given at the start; empty: the client's, else `fallback_root`
  std::string fallback_root;
  std::string home;
  Door door;
  /// Lines for people, beside what the client is told. May be called from any thread.
  std::function<void(Level, const std::string&)> log;
  /// How long the client may take to name its roots.
  std::chrono::milliseconds roots_patience{3'000};
};

/// handle_*() and tick() are called by one thread; calls of tools run on others.
class Session {
 public:
  Session(SessionOptions options, Outbox& outbox);
  /// Cancels what runs and waits for its end.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void handle_line(std::string_view line);
  void handle_too_long();
  /// What is due by time; called some times a second.
  void tick();
  /// No call waits or runs.
  [[nodiscard]] bool idle();
  void cancel_all();

 private:
  struct Call {
    CancelSource source;
    Json id;
    Json progress_token;              // null: the client wants no progress
    std::atomic<bool> silent{false};  // cancelled by the client: no answer
    std::chrono::steady_clock::time_point last_progress{};
    double last_value = -1;
  };

  void handle(const Message& message);
  void handle_request(const Message& message);
  void handle_notification(const Message& message);
  void handle_response(const Message& message);
  void initialize(const Message& message);
  void set_level(const Message& message);
  void list_tools(const Message& message);
  void call_tool(const Message& message);
  void list_prompts(const Message& message);
  void get_prompt(const Message& message);
  void run_call(const std::shared_ptr<Call>& call, const Tool& tool, const Json& arguments);
  void finish_call(const std::shared_ptr<Call>& call, const std::string& answer);
  void cancel_call(const Json& id);
  void ask_roots();
  void use_roots(std::vector<std::string> roots);
  void tell_progress(Call& call, const library::Progress& progress);
  void log(Level level, const std::string& text);
  [[nodiscard]] bool structured() const { return version_ >= "2025-06-18"; }
  [[nodiscard]] bool annotated() const { return version_ >= "2025-03-26"; }

  const SessionOptions options_;
  Outbox& outbox_;
  const std::vector<Tool> tools_;
  std::string version_;  // negotiated; empty before initialize. Not changed while calls run
  bool client_has_roots_ = false;
  bool roots_set_ = false;
  std::string roots_request_;  // id of the one that waits for its answer
  int roots_requests_ = 0;
  std::chrono::steady_clock::time_point roots_asked_{};
  std::atomic<bool> ready_{false};  // the client said that it is initialized
  std::atomic<int> level_;
  std::mutex mutex_;                                    // guards calls_
  std::map<std::string, std::shared_ptr<Call>> calls_;  // by their id as JSON
  Workspace workspace_;
  ThreadPool pool_;  // last: its tasks use all of the above
};

}  // namespace sonde::faces::mcp
