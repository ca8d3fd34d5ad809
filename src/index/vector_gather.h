#pragma once
// The vectors of several sets as those of one, without holding their rows.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "index/vectors.h"

namespace sonde::index {

/// Vectors of sets, once each; a vector's rank is its number by ascending hash.
class GatheredVectors {
 public:
  /// @param keep  null: all of them
  /// Errors: InvalidArgument (sets of other dimensions), Limit.
  static Result<GatheredVectors> of(std::vector<std::shared_ptr<const VectorSet>> sets,
                                    std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep);

  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  [[nodiscard]] std::uint32_t dimensions() const { return dimensions_; }
  [[nodiscard]] const std::vector<ContentHash>& hashes() const { return hashes_; }
  /// Reads the sets one after the other and calls visit(rank, row) for every vector.
  /// Errors: those of the sets, those of visit.
  Status for_each(const std::function<Status(std::uint32_t, const VectorRow&)>& visit) const;

 private:
  static constexpr std::uint32_t kLeftOut = ~0U;

  std::vector<std::shared_ptr<const VectorSet>> sets_;
  std::uint32_t dimensions_ = 0;
  std::vector<ContentHash> hashes_;
  std::vector<std::vector<std::uint32_t>> ranks_;  // of each set, by its own ranks
};

/// Rows in memory, one behind the other.
class HeldRows {
 public:
  HeldRows(std::size_t count, std::uint32_t dimensions)
      : dimensions_(dimensions), values_(count * dimensions), scales_(count) {}
  void put(std::size_t at, const VectorRow& row);
  [[nodiscard]] VectorRow row(std::size_t at) const {
    return {values_.data() + at * dimensions_, scales_[at]};
  }

 private:
  std::size_t dimensions_;
  std::vector<std::int8_t> values_;
  std::vector<float> scales_;
};

}  // namespace sonde::index
