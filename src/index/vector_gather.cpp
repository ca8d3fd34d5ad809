#include "index/vector_gather.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace sonde::index {

Result<GatheredVectors> GatheredVectors::of(std::vector<std::shared_ptr<const VectorSet>> sets,
                                            std::uint32_t dimensions,
                                            const std::function<bool(const ContentHash&)>& keep) {
  struct Found {
    ContentHash hash;
    std::uint32_t set = 0;
    std::uint32_t rank = 0;
  };
  GatheredVectors gathered;
  gathered.dimensions_ = dimensions;
  std::vector<Found> found;
  for (std::uint32_t number = 0; number < sets.size(); ++number) {
    const VectorSet& set = *sets[number];
    if (set.dimensions() != dimensions) {
      return Error{Code::InvalidArgument, "vectors of other dimensions cannot be merged"};
    }
    gathered.ranks_.emplace_back(set.size(), kLeftOut);
    const auto middle = static_cast<std::ptrdiff_t>(found.size());
    for (std::uint32_t rank = 0; rank < set.size(); ++rank) {
      if (!keep || keep(set.hashes()[rank])) {
        found.push_back({set.hashes()[rank], number, rank});
      }
    }
    std::inplace_merge(found.begin(), found.begin() + middle, found.end(),
                       [](const Found& a, const Found& b) { return a.hash < b.hash; });
  }
  if (found.size() > kVectorsLimit) {
    return Error{Code::Limit, "too many vectors for one file"};
  }
  gathered.hashes_.reserve(found.size());
  for (const Found& each : found) {
    if (gathered.hashes_.empty() || gathered.hashes_.back() != each.hash) {
      gathered.ranks_[each.set][each.rank] = static_cast<std::uint32_t>(gathered.hashes_.size());
      gathered.hashes_.push_back(each.hash);
    }
  }
  gathered.sets_ = std::move(sets);
  return gathered;
}

Status GatheredVectors::for_each(
    const std::function<Status(std::uint32_t, const VectorRow&)>& visit) const {
  for (std::size_t number = 0; number < sets_.size(); ++number) {
    const VectorSet& set = *sets_[number];
    const std::vector<std::uint32_t>& ranks = ranks_[number];
    VectorReader reader(set);
    TRY(reader.for_each(VectorReader::Keep::No, [&](std::uint32_t place, VectorRow row) -> Status {
      const std::uint32_t rank = ranks[set.rank(place)];
      return rank == kLeftOut ? Status() : visit(rank, row);
    }));
  }
  return {};
}

void HeldRows::put(std::size_t at, const VectorRow& row) {
  std::memcpy(values_.data() + at * dimensions_, row.codes, dimensions_);
  scales_[at] = row.scale;
}

}  // namespace sonde::index
