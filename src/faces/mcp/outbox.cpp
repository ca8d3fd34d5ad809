#include "faces/mcp/outbox.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <limits.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace sonde::faces::mcp {

namespace {

// A pipe that poll() calls writable takes this much without blocking.
constexpr std::size_t kPieceBytes = PIPE_BUF;
constexpr int kLookMs = 100;
constexpr std::size_t kTellLimitBytes = 1U << 20;

}  // namespace

Outbox::Outbox(int descriptor) : descriptor_(descriptor), thread_([this] { run(); }) {}

Outbox::~Outbox() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Outbox::answer(const Json& /*id*/, std::string line) { put(std::move(line), SIZE_MAX); }

void Outbox::tell(const Json& /*id*/, std::string line) { put(std::move(line), kTellLimitBytes); }

void Outbox::ask(std::string line) { put(std::move(line), SIZE_MAX); }

void Outbox::put(std::string line, std::size_t limit_bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (broken_ || waiting_bytes_ > limit_bytes) {
      return;
    }
    waiting_bytes_ += line.size();
    queue_.push_back(std::move(line));
  }
  changed_.notify_all();
}

bool Outbox::full() {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_ > kOutboxLimitBytes;
}

bool Outbox::broken() {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void Outbox::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return broken_ || (queue_.empty() && !writing_); });
}

void Outbox::run() {
  pthread_setname_np(pthread_self(), "sonde-out");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) {
      return;
    }
    const std::string line = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    lock.unlock();
    const bool written = write_all(line);
    lock.lock();
    writing_ = false;
    waiting_bytes_ -= line.size();
    if (!written) {
      broken_ = true;
      queue_.clear();
      waiting_bytes_ = 0;
    }
    changed_.notify_all();
  }
}

bool Outbox::write_all(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    pollfd entry{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&entry, 1, kLookMs);
    if (ready < 0 && errno != EINTR) {
      return false;
    }
    if (ready <= 0) {
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        return false;
      }
      continue;
    }
    const ssize_t written =
        ::write(descriptor_, text.data() + done, std::min(kPieceBytes, text.size() - done));
    if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return false;
    }
    done += written > 0 ? static_cast<std::size_t>(written) : 0;
  }
  return true;
}

}  // namespace sonde::faces::mcp
