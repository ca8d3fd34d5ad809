#pragma once
// How near the docs of a view are to a query vector: of every doc up to some tens of thousands,
// beyond that of the nearest ones and of those that somebody asks for.

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "index/doc_filter.h"
#include "index/nearest.h"
#include "index/vectors.h"

namespace sonde::index {

using VectorSets = std::vector<std::shared_ptr<const VectorSet>>;

/// Remembers where the vectors of a segment's docs are: a look-up for each doc of a large library
/// takes longer than the search. Threads: safe.
class DocPlaces {
 public:
  using Column = std::shared_ptr<const std::vector<std::uint32_t>>;
  /// [docs] place among the vectors of the sets, end to end; DocVectors::kNone where there is none.
  /// Errors: those of the segment.
  Result<Column> find(const std::shared_ptr<const Segment>& segment, const VectorSets& sets);

 private:
  struct Entry {
    std::weak_ptr<const Segment> segment;
    std::vector<std::weak_ptr<const VectorSet>> sets;
    Column column;
  };
  static bool is_gone(const Entry& entry);
  Result<std::vector<std::uint32_t>> look_up_new(const std::shared_ptr<const Segment>& segment,
                                                 const VectorSets& sets);
  static bool is_of(const Entry& entry, const std::shared_ptr<const Segment>& segment,
                    const VectorSets& sets);
  std::mutex mutex_;            // guards entries_; never held during I/O
  std::vector<Entry> entries_;  // the last used first
};

/// Which vector each live doc has.
struct DocVectors {
  static constexpr std::uint32_t kNone = ~0U;
  /// [segments][docs] place among the vectors of all sets, end to end; kNone where there is none.
  std::vector<DocPlaces::Column> places;
  std::uint64_t pending_docs = 0;  // live docs without a vector
};

/// @param scans      `allowed` must hold the dead files alone: what is pending knows no filters
/// @param remembered null: every doc is looked up
/// Errors: those of the segments. Cost: about 50 ns a doc that is looked up.
Result<DocVectors> find_vectors(const std::vector<SegmentScan>& scans, const VectorSets& sets,
                                DocPlaces* remembered);

/// A file of a view.
struct FilePlace {
  std::uint32_t segment = 0;
  std::uint32_t file = 0;
  auto operator<=>(const FilePlace&) const = default;
};

struct MeaningScores {
  static constexpr float kUnseen = -2;  // not compared: not among the nearest
  static constexpr float kNone = -3;    // has no vector, or is not allowed
  /// [segments][docs] cosine.
  std::vector<std::vector<float>> similarity;
  bool partial = false;          // there are unseen ones
  std::vector<FilePlace> files;  // with `partial`: those with a doc that was compared
  /// No unseen doc is nearer, as far as the codes tell; not below 0.
  float unseen = 0;
  std::uint64_t vectors_scanned = 0;  // by codes or exactly; so that cost is testable
};

/// Cosines of the docs that `scans` allow; by codes those of the nearest ones.
/// Errors: those of the sets, InvalidArgument (another number of dimensions), Cancelled.
Result<MeaningScores> score_meaning(const std::vector<SegmentScan>& scans,
                                    const DocVectors& vectors, const VectorSets& sets,
                                    const NearestQuery& query, Nearness nearness,
                                    const CancelToken& cancel);

/// Compares the unseen docs of a file. Errors: as above.
Status complete_file(const std::vector<SegmentScan>& scans, const DocVectors& vectors,
                     const VectorSets& sets, const NearestQuery& query, const FilePlace& file,
                     MeaningScores& scores);

}  // namespace sonde::index
