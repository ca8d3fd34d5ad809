#pragma once
// Parts of a file of vectors in memory: each is read and checked when it is first needed, and then
// found without a lock.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <vector>

namespace sonde::index {

inline constexpr std::size_t kPageAlignment = 64;

struct FreePage {
  void operator()(char* bytes) const { std::free(bytes); }  // NOLINT: aligned_alloc's other half
};
using PageBytes = std::unique_ptr<char[], FreePage>;

/// `size` bytes, aligned to kPageAlignment; null when there is no memory.
inline PageBytes make_page(std::size_t size) {
  const std::size_t whole = (size + kPageAlignment - 1) / kPageAlignment * kPageAlignment;
  return PageBytes(static_cast<char*>(std::aligned_alloc(kPageAlignment, whole)));
}

/// A fixed number of places for pages, filled once each. Pages live as long as this does: a search
/// holds it by a shared_ptr. Threads: safe.
class VectorPages {
 public:
  explicit VectorPages(std::size_t count) : pages_(count) {}
  ~VectorPages() {
    for (std::atomic<char*>& page : pages_) {
      FreePage()(page.load());
    }
  }
  VectorPages(const VectorPages&) = delete;
  VectorPages& operator=(const VectorPages&) = delete;

  /// Null: not there yet.
  [[nodiscard]] const char* find(std::size_t at) const {
    return pages_[at].load(std::memory_order_acquire);
  }
  /// @return what is there now: another thread may have been faster.
  const char* put(std::size_t at, PageBytes page, std::size_t size) {
    char* nothing = nullptr;
    if (pages_[at].compare_exchange_strong(nothing, page.get(), std::memory_order_acq_rel)) {
      bytes_.fetch_add(size, std::memory_order_relaxed);
      return page.release();
    }
    return nothing;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::vector<std::atomic<char*>> pages_;
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace sonde::index
