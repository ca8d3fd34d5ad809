#include "base/large_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <limits>
#include <new>

namespace sonde {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLargePage = 2U << 20;
/// Below this, the end of a last large page that is not needed would be a good part of the whole.
constexpr std::size_t kLargeFrom = 4 * kLargePage;

std::size_t round_up(std::size_t size, std::size_t step) { return (size + step - 1) / step * step; }

}  // namespace

LargeBuffer::LargeBuffer(std::size_t count) : size_(count) {
  if (count == 0) {
    return;
  }
  if (count > (std::numeric_limits<std::size_t>::max() - kLargePage) / sizeof(float)) {
    throw std::bad_alloc();
  }
  const std::size_t size_bytes = count * sizeof(float);
  const bool large = size_bytes >= kLargeFrom;
  const std::size_t alignment = large ? kLargePage : kAlignment;
  void* const memory = std::aligned_alloc(alignment, round_up(size_bytes, alignment));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  if (large) {
    // A wish: where it is not granted, the pages are small.
    static_cast<void>(::madvise(memory, size_bytes, MADV_HUGEPAGE));
  }
  floats_.reset(static_cast<float*>(memory));
}

void LargeBuffer::Free::operator()(float* floats) const { std::free(floats); }

}  // namespace sonde
