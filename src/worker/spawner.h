#pragma once
// Starts processes on a thread of its own. PR_SET_PDEATHSIG ends a child together with the thread
// that started it, so children must not be started by threads that may end before them.

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "io/subprocess.h"

namespace sonde::worker {

/// One thread named "sonde-spawner". Threads: safe.
class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  /// As io::Subprocess::start; waits for its turn.
  Result<io::Subprocess> start(const io::SubprocessOptions& options);

 private:
  using Task = std::packaged_task<Result<io::Subprocess>()>;
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  Task* task_ = nullptr;  // of the caller that has its turn; owned by it
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sonde::worker
