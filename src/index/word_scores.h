#pragma once
// BM25 of every doc of a view, term at a time, into dense arrays.

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "index/doc_filter.h"
#include "index/query_plan.h"
#include "index/ranking.h"

namespace sonde::index {

/// A query's term as it scores: those of the plan that occur, the rarest kQueryTermLimit of them,
/// in the plan's order. Bit t of a mask below is scored[t].
struct ScoredTerm {
  std::uint32_t plan_term = 0;
  std::uint64_t df = 0;  // live docs that hold it in their text or their path
  double idf = 0;
};

struct SegmentScores {
  std::vector<float> words;         // [docs] BM25
  std::vector<float> names;         // [docs] for the names it defines; empty: none
  std::vector<std::uint64_t> mask;  // [docs] which terms it holds, path words included
};

struct WordScores {
  std::vector<ScoredTerm> terms;
  std::vector<double> plan_idf;  // [plan terms] 0 where it occurs nowhere or does not score
  double ideal = 0;              // sum of idf x weight of the query's words
  std::vector<SegmentScores> segments;
  std::uint64_t postings_read = 0;
};

/// @param scans  `allowed` must hold the dead files alone (statistics know no filters)
/// Errors: those of the segments, Cancelled.
/// Every doc's sum is taken in the order of the query's terms, so it does not depend on segments.
Result<WordScores> score_words(const std::vector<SegmentScan>& scans, const QueryPlan& plan,
                               const Ranking& ranking, const CancelToken& cancel);

}  // namespace sonde::index
