#pragma once
// The vectors of a set that are nearest to a query: by the codes of its lists and an exact product
// for those that may be among the nearest, or by exact products of all.

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "index/vectors.h"
#include "kernel/bit_codes.h"

namespace sonde::index {

/// Which places may be found: one bit each.
class PlaceFilter {
 public:
  explicit PlaceFilter(std::size_t places) : words_((places + 63) / 64, 0) {}
  void allow(std::uint32_t place) { words_[place / 64] |= 1ULL << (place % 64); }
  [[nodiscard]] bool allows(std::uint32_t place) const {
    return (words_[place / 64] >> (place % 64) & 1) != 0;
  }
  /// The bits of 32 places from `first` on, which is one of them; behind the last, zeroes.
  [[nodiscard]] std::uint32_t from(std::uint32_t first) const {
    const std::size_t word = first / 64;
    const unsigned shift = first % 64;
    std::uint64_t bits = words_[word] >> shift;
    if (shift > 32 && word + 1 < words_.size()) {
      bits |= words_[word + 1] << (64 - shift);
    }
    return static_cast<std::uint32_t>(bits);
  }
  /// How many of [begin, end) may be found.
  [[nodiscard]] std::size_t count(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }

 private:
  std::vector<std::uint64_t> words_;
};

/// Calls visit(place) for each of [begin, end) that may be found, ascending; ends at the first
/// error.
template <typename Visit>
Status for_each_place(const PlaceFilter& filter, std::uint32_t begin, std::uint32_t end,
                      const Visit& visit) {
  constexpr std::uint32_t kBits = 64;
  for (std::uint32_t word = begin / kBits; std::uint64_t{word} * kBits < end; ++word) {
    std::uint64_t left = filter.words()[word];
    if (word == begin / kBits) {
      left &= ~0ULL << (begin % kBits);
    }
    if (word == end / kBits) {
      left &= (1ULL << (end % kBits)) - 1;
    }
    for (; left != 0; left &= left - 1) {
      TRY(visit(word * kBits + static_cast<std::uint32_t>(std::countr_zero(left))));
    }
  }
  return {};
}

struct Near {
  std::uint32_t place = 0;
  float similarity = 0;  // the product of the two vectors
};

struct NearestOptions {
  std::size_t count = 10;
  /// Vectors whose codes are looked at, about: whole lists, the nearest ones first. Kept codes of
  /// what `allowed` leaves out do not count. 0: every vector by an exact product.
  std::size_t effort = 4'000;
  const PlaceFilter* allowed = nullptr;                   // null: all
  std::size_t allowed_count = 0;                          // of `allowed`
  float above = -std::numeric_limits<float>::infinity();  // less similar ones do not count
};

/// So that cost is testable.
struct NearestCost {
  std::uint64_t lists = 0;
  std::uint64_t codes = 0;     // looked at
  std::uint64_t products = 0;  // computed exactly
};

/// A query and what is computed of it once for all sets.
class NearestQuery {
 public:
  explicit NearestQuery(VectorQuery query);
  [[nodiscard]] const VectorQuery& vector() const { return query_; }
  [[nodiscard]] std::size_t dimensions() const { return query_.wide.size(); }
  [[nodiscard]] const kernel::SumTable& table() const { return table_; }
  /// Its length, squared.
  [[nodiscard]] float square() const { return square_; }
  /// The product with a row, from integers alone but for its scales.
  [[nodiscard]] float product(const VectorRow& row) const {
    return static_cast<float>(
        static_cast<double>(dot_(query_.wide.data(), row.codes, query_.wide.size())) *
        static_cast<double>(query_.scale) * static_cast<double>(row.scale));
  }

 private:
  VectorQuery query_;
  kernel::SumTable table_;
  float square_ = 0;
  kernel::DotWide dot_;
};

/// The nearest, best first; of equal ones those of lower hashes.
/// Errors: those of the set, InvalidArgument (another number of dimensions), Cancelled.
Result<std::vector<Near>> nearest(const VectorSet& set, const NearestQuery& query,
                                  const NearestOptions& options, NearestCost& cost,
                                  const CancelToken& cancel);

}  // namespace sonde::index
