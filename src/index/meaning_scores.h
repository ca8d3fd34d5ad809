#pragma once
// How near every doc of a view is to a query vector: exhaustive, exact over the codes.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "index/doc_filter.h"
#include "index/vectors.h"

namespace sonde::index {

/// Which vector each live doc has.
struct DocVectors {
  static constexpr std::uint32_t kNone = ~0U;
  /// [segments][docs] place among the vectors of all sets, end to end; kNone where there is none.
  std::vector<std::vector<std::uint32_t>> places;
  std::uint64_t pending_docs = 0;  // live docs without a vector
};

/// @param scans  `allowed` must hold the dead files alone: what is pending knows no filters
/// Errors: those of the segments. Cost: about 50 ns a doc.
Result<DocVectors> find_vectors(const std::vector<SegmentScan>& scans,
                                const std::vector<std::shared_ptr<const VectorSet>>& sets);

struct MeaningScores {
  static constexpr float kNone = -2;
  std::vector<std::vector<float>> similarity;  // [segments][docs] cosine; kNone: no vector
  std::uint64_t vectors_scanned = 0;           // so that cost is testable
};

/// Cosines of the docs that `scans` allow: only their vectors are looked at, each once.
/// Errors: those of the sets, InvalidArgument (another number of dimensions), Cancelled.
Result<MeaningScores> score_meaning(const std::vector<SegmentScan>& scans,
                                    const DocVectors& vectors,
                                    const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const VectorCode& query, const CancelToken& cancel);

}  // namespace sonde::index
