#pragma once
// One client: what it says, and what is answered. Knows nothing of where the messages come from.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "faces/mcp/calls.h"
#include "faces/mcp/channel.h"
#include "faces/mcp/dialect.h"
#include "faces/mcp/tools.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kListenLimit = 64;  // subscriptions/listen that are open

struct SessionOptions {
  std::vector<std::string> roots;  // given at the start; empty: the client's, else `fallback_root`
  std::string fallback_root;
  std::string home;
  Door door;
  /// Of several sessions, its roots set already; then of the above only `roots` is looked at, which
  /// must not be empty. Null: the session has one of its own.
  std::shared_ptr<Workspace> workspace;
  /// What calls of tools run on, shared by several sessions. Null: threads of its own.
  std::shared_ptr<ThreadPool> call_threads;
  /// Lines for people, beside what the client is told. May be called from any thread.
  std::function<void(Level, const std::string&)> log;
  /// How long the client may take to name its roots.
  std::chrono::milliseconds roots_patience{3'000};
};

/// handle_*() and tick() are called by one thread; calls of tools run on others.
class Session {
 public:
  /// @param channel  outlives it
  Session(SessionOptions options, Channel& channel);
  /// Cancels what runs and waits for its end.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// @param line  at most kMessageLimitBytes
  void handle_line(std::string_view line);
  void handle_too_long();
  /// What is due by time; called some times a second.
  void tick();
  /// No call waits or runs.
  [[nodiscard]] bool idle() { return calls_.idle(); }
  void cancel_all() { calls_.cancel_all(); }

 private:
  struct Request {
    const Message& message;
    const RequestMeta& meta;
    Dialect dialect;
  };

  void handle(const Message& message);
  void handle_request(const Message& message);
  void handle_notification(const Message& message);
  void handle_response(const Message& message);
  bool serve_session(const Request& request);
  bool serve_stateless(const Request& request);
  bool serve_any(const Request& request);

  void initialize(const Request& request);
  void discover(const Request& request);
  void listen(const Request& request);
  void set_level(const Request& request);
  void list_tools(const Request& request);
  void call_tool(const Request& request);
  void get_prompt(const Request& request);
  void read_resource(const Request& request);
  void answer(const Request& request, Object result, Keep keep = Keep::No);
  void refuse(const Message& message, int code, const std::string& why);

  void ask_roots();
  void use_roots(std::vector<std::string> roots);
  std::vector<std::string> named_roots(const Json& list);
  bool has_roots_for(const Request& request);
  void log(Level level, const std::string& text);

  const SessionOptions options_;
  Channel& channel_;
  const std::vector<Tool> tools_;
  std::string version_;  // of the session; empty: none was opened
  bool client_has_roots_ = false;
  bool roots_set_ = false;
  std::string roots_request_;  // id of the one that waits for its answer
  int roots_requests_ = 0;
  std::chrono::steady_clock::time_point roots_asked_{};
  std::set<std::string> listening_;  // ids as JSON
  std::atomic<bool> ready_{false};   // the client said that its session is initialized
  std::atomic<int> level_;
  std::shared_ptr<Workspace> workspace_;
  Calls calls_;  // last: uses all of the above
};

}  // namespace sonde::faces::mcp
