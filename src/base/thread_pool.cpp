#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace sonde {

namespace {

/// What the helpers of one for_each share. It outlives the call, since a helper may start late.
struct Loop {
  std::atomic<std::size_t> next{0};
  std::size_t count = 0;
  const std::function<void(std::size_t)>* body = nullptr;
  std::mutex mutex;
  std::condition_variable done;
  std::size_t finished = 0;
};

void work_on(Loop& loop) {
  std::size_t finished = 0;
  for (;;) {
    const std::size_t i = loop.next.fetch_add(1);
    if (i >= loop.count) {
      break;
    }
    (*loop.body)(i);
    ++finished;
  }
  if (finished > 0) {
    const std::lock_guard lock(loop.mutex);
    loop.finished += finished;
    if (loop.finished == loop.count) {
      loop.done.notify_all();
    }
  }
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads, std::string name, std::size_t capacity)
    : name_(std::move(name)), capacity_(std::max<std::size_t>(capacity, 1)) {
  const std::size_t count = std::clamp<std::size_t>(threads, 1, 256);
  threads_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads_.emplace_back([this, i] { run(i); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadPool::submit(std::function<void()> task) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return queue_.size() < capacity_; });
    queue_.push_back(std::move(task));
  }
  work_.notify_one();
}

bool ThreadPool::submit_if_room(const std::function<void()>& task) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= capacity_) {
      return false;
    }
    queue_.push_back(task);
  }
  work_.notify_one();
  return true;
}

void ThreadPool::for_each(std::size_t count, const std::function<void(std::size_t)>& body) {
  if (count == 0) {
    return;
  }
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  loop->body = &body;
  const std::size_t helpers = std::min(threads_.size(), count - 1);
  // Help is welcome, not needed: a full queue must not hold the caller up.
  for (std::size_t i = 0; i < helpers && submit_if_room([loop] { work_on(*loop); }); ++i) {
  }
  work_on(*loop);
  std::unique_lock lock(loop->mutex);
  loop->done.wait(lock, [&] { return loop->finished == loop->count; });
}

void ThreadPool::wait_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && running_ == 0; });
}

void ThreadPool::run(std::size_t index) {
  const std::string name = (name_ + "-" + std::to_string(index)).substr(0, 15);
  pthread_setname_np(pthread_self(), name.c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) {
      return;
    }
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();
    room_.notify_one();
    task();
    task = nullptr;
    lock.lock();
    --running_;
    if (queue_.empty() && running_ == 0) {
      idle_.notify_all();
    }
  }
}

void for_each_part(ThreadPool* pool, std::size_t count, std::size_t per_part,
                   const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t parts = (count + per_part - 1) / per_part;
  const auto part = [&](std::size_t i) { body(i * per_part, std::min(count, (i + 1) * per_part)); };
  if (pool != nullptr) {
    pool->for_each(parts, part);
    return;
  }
  for (std::size_t i = 0; i < parts; ++i) {
    part(i);
  }
}

}  // namespace sonde
