#pragma once
// Parts of a file of vectors in memory: each is read and checked when it is first needed, and then
// found without a lock.

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sonde::index {

inline constexpr std::size_t kPageAlignment = 64;

struct FreePage {
  void operator()(char* bytes) const { std::free(bytes); }  // NOLINT: aligned_alloc's other half
};
using PageBytes = std::unique_ptr<char[], FreePage>;

/// `size` bytes, aligned to kPageAlignment or more; null when there is no memory.
inline PageBytes make_page(std::size_t size, std::size_t alignment = kPageAlignment) {
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  return PageBytes(static_cast<char*>(std::aligned_alloc(alignment, whole)));
}

/// A fixed number of places for pages, filled once each. Pages live as long as this does: a search
/// holds it by a shared_ptr. They stand side by side in large pages of the kernel: a query reads a
/// thousand rows here and there, and with small ones most of its time goes into finding them.
/// Threads: safe.
class VectorPages {
 public:
  explicit VectorPages(std::size_t count) : pages_(count) {}
  VectorPages(const VectorPages&) = delete;
  VectorPages& operator=(const VectorPages&) = delete;

  /// Null: not there yet.
  [[nodiscard]] const char* find(std::size_t at) const {
    return pages_[at].load(std::memory_order_acquire);
  }
  /// Room for a page that will be put, aligned to kPageAlignment; null when there is no memory.
  char* room(std::size_t size) {
    const std::size_t whole = (size + kPageAlignment - 1) / kPageAlignment * kPageAlignment;
    const std::lock_guard lock(mutex_);
    if (whole > kSlabBytes / 4) {
      return new_slab(whole, kPageAlignment);
    }
    if (left_ < whole) {
      next_ = new_slab(kSlabBytes, kSlabBytes);
      left_ = next_ == nullptr ? 0 : kSlabBytes;
      if (next_ == nullptr) {
        return nullptr;
      }
      static_cast<void>(::madvise(next_, kSlabBytes, MADV_HUGEPAGE));  // a wish
    }
    char* const found = next_;
    next_ += whole;
    left_ -= whole;
    return found;
  }
  /// @param page  room() of it, filled
  /// @return what is there now: another thread may have been faster.
  const char* put(std::size_t at, char* page, std::size_t size) {
    char* nothing = nullptr;
    if (pages_[at].compare_exchange_strong(nothing, page, std::memory_order_acq_rel)) {
      bytes_.fetch_add(size, std::memory_order_relaxed);
      return page;
    }
    return nothing;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kSlabBytes = 2U << 20;

  char* new_slab(std::size_t size, std::size_t alignment) {
    PageBytes bytes = make_page(size, alignment);
    return bytes == nullptr ? nullptr : slabs_.emplace_back(std::move(bytes)).get();
  }

  std::vector<std::atomic<char*>> pages_;
  std::atomic<std::size_t> bytes_{0};
  std::mutex mutex_;  // guards what follows; never held during I/O
  std::vector<PageBytes> slabs_;
  char* next_ = nullptr;  // in the slab that pages are taken from
  std::size_t left_ = 0;
};

}  // namespace sonde::index
