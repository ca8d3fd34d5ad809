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
  double cosine_most = 0;  // it is no more than this, where not all docs were compared
  double factor = 1;       // for its kind and its depth
  std::uint32_t named_line = 0;  // that the query names of this file; 0: none
  FileMeta meta;
  double score = 0;              // everything, in units of idf
  std::vector<ScorePart> parts;  // what `score` is made of
};

inline constexpr std::size_t kCandidateLimit = 300;  // files that are looked at more closely

/// A file with a match, before anything is read about it.
struct FileMatch {
  double chunks = 0;       // from its best chunks
  double cosine_most = 0;  // as in Candidate
  std::uint64_t mask = 0;
  std::uint32_t segment = 0;
  std::uint32_t file = 0;
};

/// The files with a word or a name of the query in their allowed docs.
struct WordMatches {
  std::vector<FileMatch> files;
  std::uint64_t docs = 0;  // allowed ones that hold a term or a name
};
WordMatches match_words(const std::vector<SegmentScan>& scans, const WordScores& scores,
                        const Ranking& ranking);

struct Candidates {
  std::vector<Candidate> files;
  double left_out = 0;  // no file that is left out is nearer; 0: none is
};

/// The best files by the words of their chunks, and those by their meaning, up to `limit` of each
/// kind, with their metas and the most that their cosines can be. Errors: those of the segments.
/// @param meaning  null: by words alone
Result<Candidates> collect_candidates(const std::vector<SegmentScan>& scans, WordMatches matches,
                                      const MeaningScores* meaning, Mode mode, std::size_t limit);

/// The mean of the two best cosines of a file's docs. @param unseen  taken for docs that were not
/// compared
double cosine_of_file(const SegmentScan& scan, const std::vector<float>& cosines,
                      std::uint32_t file, double unseen);

/// Scores the candidates by everything else that is known of them and sorts them, best first, ties
/// by (source, path).
void rank_candidates(const Query& query, const QueryPlan& plan, const WordScores& scores,
                     const Ranking& ranking, std::vector<Candidate>& candidates);

/// Words (already scored) and meaning together, on the scale of 0 to 1. Mode::Meaning leaves the
/// words out. @param cosine  of the candidate
double fused_score(const Candidate& candidate, double cosine, double ideal, Mode mode,
                   const Ranking& ranking);
/// Sets that score and its parts, and sorts again.
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
