#pragma once
// The plain paths beside /mcp: /api/search and /api/status, /health and /ready.

#include <atomic>
#include <functional>
#include <memory>

#include "base/thread_pool.h"
#include "faces/http/exchange.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::http {

inline constexpr std::size_t kWorkLimit = 128;  // requests that wait or run
inline constexpr std::size_t kApiBodyLimitBytes = 64U << 10;

/// Threads: safe.
class Api {
 public:
  /// Both outlive it, and the pool ends before it does.
  Api(mcp::Workspace& workspace, ThreadPool& pool) : workspace_(workspace), pool_(pool) {}

  /// GET with the parameters in the query, POST with an object of them.
  void search(const std::shared_ptr<Exchange>& exchange);
  void status(const std::shared_ptr<Exchange>& exchange);
  void health(const std::shared_ptr<Exchange>& exchange) const;
  void ready(const std::shared_ptr<Exchange>& exchange);

 private:
  using Work = std::function<Result<std::string>(const CancelToken& cancel)>;
  /// Runs it on the pool and answers with the JSON that it gives.
  void answer(const std::shared_ptr<Exchange>& exchange, Work work);

  mcp::Workspace& workspace_;
  ThreadPool& pool_;
  std::atomic<std::size_t> under_way_{0};
};

}  // namespace sonde::faces::http
