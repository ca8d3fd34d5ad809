#pragma once
// Divides vectors into lists of neighbours, so that a search looks at a few lists. Spherical
// k-means over the 8-bit codes: all comparisons are of integer products, and sums run in the order
// of the rows, so the same rows give the same lists with any instruction set and any threads
// [INV-10].

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace sonde::index {

/// Vectors of the caller, by ascending hash: an order that has nothing to do with what they say.
struct CodeRows {
  std::uint32_t dimensions = 0;
  std::vector<const std::int8_t*> codes;  // [size], each [dimensions]
  std::vector<float> scales;              // [size]

  [[nodiscard]] std::size_t size() const { return codes.size(); }
};

struct Partition {
  /// Value i of centre c is values[c * dimensions + i] * scales[c]: the mean of its list's vectors.
  std::vector<std::int8_t> values;     // [lists, dimensions]
  std::vector<float> scales;           // [lists]
  std::vector<std::uint32_t> list_of;  // [rows]

  [[nodiscard]] std::size_t lists() const { return scales.size(); }
};

/// Beyond this many vectors they are divided.
inline constexpr std::size_t kWholeLimit = 50'000;

/// How many lists so many vectors get: 1 up to kWholeLimit.
std::size_t lists_for(std::size_t vectors);

/// @param lists  at least 1, at most the number of rows (1 for no rows)
/// @param pool   null: the calling thread alone
/// Cost: about 0.5 core-seconds for 100,000 rows of 384 dimensions in 1,024 lists with AVX-512.
Partition divide(const CodeRows& rows, std::size_t lists, ThreadPool* pool);

}  // namespace sonde::index
