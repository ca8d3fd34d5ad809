#include "worker/spawner.h"

#include <pthread.h>

#include <utility>

namespace sonde::worker {

Spawner::Spawner() : thread_([this] { run(); }) {}

Spawner::~Spawner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<io::Subprocess> Spawner::start(const io::SubprocessOptions& options) {
  Task task([&options] { return io::Subprocess::start(options); });
  auto result = task.get_future();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return task_ == nullptr; });
    task_ = &task;
  }
  changed_.notify_all();
  return result.get();
}

void Spawner::run() {
  pthread_setname_np(pthread_self(), "sonde-spawner");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || task_ != nullptr; });
    if (task_ == nullptr) {
      return;
    }
    // Moved out: its owner may be gone as soon as the result is there.
    Task task = std::move(*std::exchange(task_, nullptr));
    lock.unlock();
    task();
    changed_.notify_all();
    lock.lock();
  }
}

}  // namespace sonde::worker
