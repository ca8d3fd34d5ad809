#pragma once
// For tests and fuzzing: everything of a file of vectors asked for, and heads that check whatever
// they claim.

#include <string>
#include <string_view>

#include "base/hash.h"
#include "index/nearest.h"
#include "index/vectors.h"

namespace sonde::index::vectors_testing {

/// Makes the head of logical bytes check.
inline void repair_head(std::string& logical) {
  constexpr std::size_t kChecked = VectorHead::kBytes - sizeof(std::uint64_t);
  if (logical.size() >= VectorHead::kBytes) {
    std::uint64_t checksum = checksum64(std::string_view(logical).substr(0, kChecked));
    for (std::size_t i = kChecked; i < VectorHead::kBytes; ++i, checksum >>= 8) {
      logical[i] = static_cast<char>(checksum & 0xFF);
    }
  }
}

/// Every hash with its vector, and the nearest to the first of them, by codes and exactly.
inline Result<std::string> read_all(const VectorSet& set) {
  std::string all;
  VectorReader reader(set);
  for (const ContentHash& hash : set.hashes()) {
    const auto place = set.find(hash);
    if (!place || set.hash_at(*place) != hash) {
      return Error{Code::Internal, "a hash is not found at its place"};
    }
    TRY_ASSIGN(const VectorRow row, reader.row(*place));
    const VectorCode code{row.scale, {row.codes, row.codes + set.dimensions()}};
    all += hash.view();
    all += pack_code(code);
  }
  if (set.size() == 0) {
    return all;
  }
  TRY_ASSIGN(const VectorRow first, reader.row(0));
  const NearestQuery query(
      query_of(VectorCode{first.scale, {first.codes, first.codes + set.dimensions()}}));
  for (const std::size_t effort : {std::size_t{0}, set.size()}) {
    NearestOptions options;
    options.effort = effort;
    NearestCost cost;
    TRY_ASSIGN(const std::vector<Near> near, nearest(set, query, options, cost, {}));
    for (const Near& one : near) {
      all += set.hash_at(one.place).view();
    }
  }
  return all;
}

}  // namespace sonde::index::vectors_testing
