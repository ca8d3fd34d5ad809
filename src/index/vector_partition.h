#pragma once
// Divides vectors into lists of neighbours, so that a search looks at a few lists. Spherical
// k-means over the 8-bit codes: all comparisons are of integer products, and sums run in the order
// of the rows, so the same rows give the same lists with any instruction set and any threads
// [INV-10].

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "kernel/panels_i8.h"

namespace sonde::index {

/// Vectors of the caller, by ascending hash: an order that has nothing to do with what they say.
struct CodeRows {
  std::uint32_t dimensions = 0;
  std::vector<const std::int8_t*> codes;  // [size], each [dimensions]
  std::vector<float> scales;              // [size]

  [[nodiscard]] std::size_t size() const { return codes.size(); }
};

/// The centres of lists: value i of centre c is values[c * dimensions + i] * scales[c].
struct Centres {
  std::uint32_t dimensions = 0;
  std::vector<std::int8_t> values;  // [lists, dimensions]
  std::vector<float> scales;        // [lists]

  [[nodiscard]] std::size_t lists() const { return scales.size(); }
};

/// Beyond this many vectors they are divided.
inline constexpr std::size_t kWholeLimit = 50'000;

/// How many lists so many vectors get: 1 up to kWholeLimit.
std::size_t lists_for(std::size_t vectors);
/// How many of them choose the centres; row i of the sample is number i * vectors / sample_for().
/// Never more bytes than a fixed bound, unless there are more lists than fit into it.
std::size_t sample_for(std::size_t vectors, std::size_t lists, std::uint32_t dimensions);

/// The centres that a sample gives.
/// @param lists  at least 1, at most the number of rows (1 for no rows)
/// @param pool   null: the calling thread alone
/// Cost: about 0.4 core-seconds for the sample of 100,000 rows of 384 dimensions with AVX-512.
Centres train(const CodeRows& sample, std::size_t lists, ThreadPool* pool);

/// Finds the list whose centre has the greatest cosine with a vector, the lowest of equal ones.
/// Threads: safe.
class ListFinder {
 public:
  explicit ListFinder(const Centres& centres);
  /// Of each stride-th row. @param lists  [rows / stride, rounded up]
  void find_all(const CodeRows& rows, std::size_t stride, ThreadPool* pool,
                std::vector<std::uint32_t>& lists) const;

 private:
  void find(const CodeRows& rows, std::size_t first, std::size_t stride, std::size_t count,
            std::uint32_t* lists) const;

  kernel::Panels panels_;
  std::vector<float> inverse_lengths_;
};

}  // namespace sonde::index
