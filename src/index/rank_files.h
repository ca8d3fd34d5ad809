#pragma once
// From scores of chunks to an order of files.

#include <string>
#include <vector>

#include "index/meaning_scores.h"
#include "index/search.h"
#include "index/word_scores.h"

namespace sonde::index {

/// A file that may be an answer.
struct Candidate {
  std::uint32_t segment = 0;
  std::uint32_t file = 0;
  std::uint64_t mask = 0;  // terms in its allowed docs
  double chunks = 0;       // from its best chunks
  double cosine = 0;       // mean of the two best of its allowed docs; 0 where none has a vector
  double factor = 1;       // for its kind and its depth
  std::uint32_t named_line = 0;  // that the query names of this file; 0: none
  FileMeta meta;
  double score = 0;              // everything, in units of idf
  std::vector<ScorePart> parts;  // what `score` is made of
};

inline constexpr std::size_t kCandidateLimit = 300;  // files that are looked at more closely

/// The best files by the words of their chunks, and those by their meaning, up to `limit` of each
/// kind, with their metas. Errors: those of the segments.
/// @param meaning       null: by words alone
/// @param matched_docs  set to the number of allowed docs that hold a term or a name
Result<std::vector<Candidate>> collect_candidates(const std::vector<SegmentScan>& scans,
                                                  const WordScores& scores,
                                                  const MeaningScores* meaning, Mode mode,
                                                  const Ranking& ranking, std::size_t limit,
                                                  std::uint64_t& matched_docs);

/// The files that collect_candidates() takes for their words, up to `limit` and those that tie.
std::vector<FilePlace> best_files_by_words(const std::vector<SegmentScan>& scans,
                                           const WordScores& scores, const Ranking& ranking,
                                           std::size_t limit);

/// Scores the candidates by everything else that is known of them and sorts them, best first, ties
/// by (source, path).
void rank_candidates(const Query& query, const QueryPlan& plan, const WordScores& scores,
                     const Ranking& ranking, std::vector<Candidate>& candidates);

/// Puts words (already scored) and meaning together, on the scale of 0 to 1, and sorts again.
/// Mode::Meaning leaves the words out.
void fuse_candidates(double ideal, Mode mode, const Ranking& ranking,
                     std::vector<Candidate>& candidates);

/// A score in units of idf on the scale of 0 to 1: what a chunk that has every word, well, and is
/// named by them in a file of that name comes near to.
double scaled_words(double score, double ideal, const Ranking& ranking);

/// A doc's score, or 0 where it holds nothing of the query.
inline double doc_score(const SegmentScores& scores, std::uint32_t doc) {
  const double names = scores.names.empty() ? 0.0 : static_cast<double>(scores.names[doc]);
  return static_cast<double>(scores.words[doc]) + names;
}

}  // namespace sonde::index
