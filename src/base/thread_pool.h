#pragma once
// The one pool of threads of a process. Nothing else in Sonde starts threads, apart from the few
// named ones that a class documents.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sonde {

/// A fixed number of named threads over one bounded queue. Threads: safe.
class ThreadPool {
 public:
  /// @param threads   1 to 256; the names are "<name>-0", "<name>-1", ... (15 characters at most)
  /// @param capacity  tasks that may wait; submit() blocks beyond it
  ThreadPool(std::size_t threads, std::string name, std::size_t capacity = 1024);
  /// Runs what was submitted, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Runs `task` on some thread. It must not throw, and must not wait for another task.
  void submit(std::function<void()> task);
  /// Calls body(i) for every i in [0, count), on the pool and on the calling thread, and returns
  /// when all have ended; the pool helps as far as it has threads to spare and room in its queue.
  /// Must not be called from a task of this pool.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& body);
  /// Returns when no task waits or runs.
  void wait_idle();

  [[nodiscard]] std::size_t size() const { return threads_.size(); }

 private:
  void run(std::size_t index);
  bool submit_if_room(const std::function<void()>& task);

  const std::string name_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::condition_variable idle_;
  std::deque<std::function<void()>> queue_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Calls body(begin, end) for parts of [0, count), `per_part` long but for the last.
/// @param pool  null: on the calling thread alone
void for_each_part(ThreadPool* pool, std::size_t count, std::size_t per_part,
                   const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace sonde
