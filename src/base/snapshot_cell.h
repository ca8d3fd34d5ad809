#pragma once
// Publishes immutable snapshots: one writer replaces the value, many readers take it.

#include <memory>
#include <mutex>
#include <utility>

namespace sonde {

/// A mutex-guarded shared_ptr<const T>. (g++ 12's std::atomic<std::shared_ptr> trips TSan.)
/// Threads: safe. Cost: one uncontended lock.
template <typename T>
class SnapshotCell {
 public:
  SnapshotCell() = default;
  explicit SnapshotCell(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
    // The old snapshot, which may be the last of its kind, is destroyed outside the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace sonde
