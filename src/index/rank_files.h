#pragma once
// From scores of chunks to an order of files.

#include <string>
#include <vector>

#include "index/search.h"
#include "index/word_scores.h"

namespace sonde::index {

/// A file that may be an answer.
struct Candidate {
  std::uint32_t segment = 0;
  std::uint32_t file = 0;
  std::uint64_t mask = 0;  // terms in its allowed docs
  double chunks = 0;       // from its best chunks
  FileMeta meta;
  double score = 0;              // everything, in units of idf
  std::vector<ScorePart> parts;  // what `score` is made of
};

inline constexpr std::size_t kCandidateLimit = 300;  // files that are looked at more closely

/// The best files by their chunks alone, at least `limit` of them where there are, with their
/// metas. Errors: those of the segments.
/// @param matched_docs  set to the number of allowed docs that hold a term or a name
Result<std::vector<Candidate>> collect_candidates(const std::vector<SegmentScan>& scans,
                                                  const WordScores& scores, const Ranking& ranking,
                                                  std::size_t limit, std::uint64_t& matched_docs);

/// Scores the candidates by everything else that is known of them and sorts them, best first, ties
/// by (source, path).
void rank_candidates(const QueryPlan& plan, const WordScores& scores, const Ranking& ranking,
                     std::vector<Candidate>& candidates);

/// A doc's score, or 0 where it holds nothing of the query.
inline double doc_score(const SegmentScores& scores, std::uint32_t doc) {
  const double names = scores.names.empty() ? 0.0 : static_cast<double>(scores.names[doc]);
  return static_cast<double>(scores.words[doc]) + names;
}

}  // namespace sonde::index
