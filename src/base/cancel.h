#pragma once
// Cancellation: a flag that one side sets and long work looks at, with an optional deadline.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"

namespace sonde {

/// A cheap, copyable view of a cancellation flag. The default one is never cancelled.
/// Threads: safe.
class CancelToken {
 public:
  CancelToken() = default;

  /// True once the source was cancelled or the deadline passed.
  [[nodiscard]] bool cancelled() const;
  /// Errors: Cancelled, when cancelled() is true.
  [[nodiscard]] Status check() const;
  /// The same token that is also cancelled at `deadline` (the earlier one counts).
  [[nodiscard]] CancelToken with_deadline(std::chrono::steady_clock::time_point deadline) const;
  /// The same token that is also cancelled when `other` is.
  [[nodiscard]] CancelToken or_when(const CancelToken& other) const;

 private:
  friend class CancelSource;
  std::shared_ptr<const std::atomic<bool>> flag_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::shared_ptr<const std::pair<CancelToken, CancelToken>> either_;
};

/// Owns the flag. cancel() is async-signal-safe. Threads: safe.
class CancelSource {
 public:
  CancelSource() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() noexcept { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }
  [[nodiscard]] CancelToken token() const;

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace sonde
