#include "index/search.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "index/doc_filter.h"
#include "index/greatest.h"
#include "index/meaning_scores.h"
#include "index/query_plan.h"
#include "index/rank_files.h"
#include "index/search_ranked.h"
#include "index/spelling.h"
#include "index/word_scores.h"

namespace sonde::index {
namespace {

constexpr std::size_t kResultLimit = 10'000;

struct ScoredDoc {
  std::uint32_t doc = 0;
  double score = 0;
};

/// The allowed docs of a file that match, best first, at most `limit`.
/// @param score_of  of a doc; what is not above 0 does not match
template <typename ScoreOf>
std::vector<ScoredDoc> best_docs(const SegmentScan& scan, std::uint32_t file, std::size_t limit,
                                 const ScoreOf& score_of) {
  std::vector<ScoredDoc> docs;
  for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
    const double score = scan.allowed[doc] == 0 ? 0.0 : score_of(doc);
    if (score > 0) {
      docs.push_back({doc, score});
    }
  }
  std::stable_sort(docs.begin(), docs.end(),
                   [](const ScoredDoc& a, const ScoredDoc& b) { return a.score > b.score; });
  docs.resize(std::min(docs.size(), limit));
  return docs;
}

Result<ChunkHit> chunk_hit(const Segment& segment, std::uint32_t doc) {
  TRY_ASSIGN(DocMeta meta, segment.doc(doc));
  ChunkHit hit;
  hit.ordinal = meta.ordinal;
  hit.kind = meta.kind;
  hit.symbol = std::move(meta.symbol);
  hit.scope = std::move(meta.scope);
  hit.start_byte = meta.start_byte;
  hit.end_byte = meta.end_byte;
  hit.start_line = meta.start_line;
  hit.end_line = meta.end_line;
  return hit;
}

class Searcher {
 public:
  Searcher(const IndexView& view, const Query& query, const SearchOptions& options,
           const Ranking& ranking, const CancelToken& cancel)
      : view_(view), query_(query), options_(options), ranking_(ranking), cancel_(cancel) {}

  Result<SearchResult> run() {
    TRY_ASSIGN(plan_, plan_query(query_, ranking_));
    for (const LiveSegment& live : view_) {
      TRY(cancel_.check());
      TRY_ASSIGN(SegmentScan scan, scan_segment(live));
      scans_.push_back(std::move(scan));
    }
    const std::size_t limit = std::min(options_.limit, kResultLimit);
    DocVectors vectors;
    if (options_.meaning != nullptr) {
      TRY_ASSIGN(vectors, find_vectors(scans_, options_.meaning->sets, options_.meaning->places));
      result_.pending_docs = vectors.pending_docs;
    } else if (options_.mode != Mode::Words) {
      return Error{Code::InvalidArgument, "a search by meaning without vectors"};
    }
    TRY_ASSIGN(result_.corrections, correct_plan(scans_, plan_));
    // Statistics first: they count live docs, whatever the filters.
    TRY_ASSIGN(scores_, score_words(scans_, plan_, ranking_, cancel_));
    result_.postings_read = scores_.postings_read;
    for (SegmentScan& scan : scans_) {
      TRY(cancel_.check());
      TRY(filter_docs(query_, plan_, scan, result_.postings_read));
    }
    std::size_t candidates = std::max(kCandidateLimit, 2 * limit);
    const WordMatches matches = match_words(scans_, scores_, ranking_);
    result_.matched_docs = matches.docs;
    if (options_.mode != Mode::Words) {
      query_vector_.emplace(options_.meaning->query);
      TRY_ASSIGN(meaning_, score_meaning(scans_, vectors, options_.meaning->sets, *query_vector_,
                                         options_.nearness, cancel_));
    }
    for (bool enough = false; !enough; candidates *= 4) {
      TRY_ASSIGN(enough, rank(vectors, matches, candidates, limit));
    }
    if (options_.by_chunk) {
      TRY(answer_by_chunk(limit));
    } else {
      TRY(answer_by_file(limit));
    }
    return std::move(result_);
  }

 private:
  /// Fills candidates_, best first.
  /// @param count  files that are looked at
  /// @return whether the `limit` best are sure to be among them
  Result<bool> rank(const DocVectors& vectors, const WordMatches& matches, std::size_t count,
                    std::size_t limit) {
    const MeaningScores* meaning = options_.mode == Mode::Words ? nullptr : &meaning_;
    TRY_ASSIGN(Candidates found,
               collect_candidates(scans_, matches, meaning, options_.mode, count));
    candidates_ = std::move(found.files);
    rank_candidates(query_, plan_, scores_, ranking_, candidates_);
    if (options_.mode == Mode::Words) {
      return true;
    }
    TRY(keep_best(vectors, limit));
    fuse_candidates(scores_.ideal, options_.mode, ranking_, candidates_);
    result_.vectors_scanned = meaning_.vectors_scanned;
    // By meaning alone a file's kind and depth take from its cosine and never add.
    const double last = limit > 0 && candidates_.size() >= limit ? candidates_[limit - 1].score : 0;
    return options_.mode != Mode::Meaning || limit == 0 || found.left_out <= last;
  }

  [[nodiscard]] double fused(const Candidate& candidate, double cosine) const {
    return fused_score(candidate, cosine, scores_.ideal, options_.mode, ranking_);
  }

  /// Finds the cosines of the candidates that may be among the `limit` best, and keeps only those:
  /// looking at every doc of every candidate would take longer than all the rest.
  Status keep_best(const DocVectors& vectors, std::size_t limit) {
    std::sort(candidates_.begin(), candidates_.end(), [this](const auto& a, const auto& b) {
      return fused(a, a.cosine_most) > fused(b, b.cosine_most);
    });
    Greatest<double> best(std::max<std::size_t>(limit, 1));
    std::size_t kept = 0;
    for (Candidate& candidate : candidates_) {
      if (fused(candidate, candidate.cosine_most) < best.least()) {
        break;
      }
      TRY(cancel_.check());
      if (meaning_.partial) {
        TRY(complete_file(scans_, vectors, options_.meaning->sets, *query_vector_,
                          {candidate.segment, candidate.file}, meaning_));
      }
      candidate.cosine = cosine_of_file(scans_[candidate.segment],
                                        meaning_.similarity[candidate.segment], candidate.file, 0);
      best.add(fused(candidate, candidate.cosine));
      ++kept;
    }
    candidates_.resize(kept);
    return {};
  }

  /// A candidate's score on the scale of 0 to 1; with meaning it is there already.
  [[nodiscard]] double scaled(double score) const {
    return options_.mode == Mode::Words ? scaled_words(score, scores_.ideal, ranking_) : score;
  }

  [[nodiscard]] double cosine(std::uint32_t segment, std::uint32_t doc) const {
    const float found =
        options_.mode == Mode::Words ? MeaningScores::kNone : meaning_.similarity[segment][doc];
    return found <= MeaningScores::kUnseen ? 0.0 : static_cast<double>(found);
  }

  std::vector<ScoredDoc> docs_of(const Candidate& candidate, std::size_t limit) const {
    const std::uint32_t segment = candidate.segment;
    const SegmentScores& scores = scores_.segments[segment];
    return best_docs(scans_[segment], candidate.file, limit, [&](std::uint32_t doc) {
      const double near = std::max(0.0, cosine(segment, doc));
      switch (options_.mode) {
        case Mode::Words: return doc_score(scores, doc);
        case Mode::Meaning: return near;
        case Mode::Hybrid:
          return scaled_words(doc_score(scores, doc), scores_.ideal, ranking_) +
                 ranking_.meaning * near;
      }
      return 0.0;
    });
  }

  /// The place that the query names comes first, whatever its words.
  Status put_named_first(const Candidate& candidate, std::vector<ScoredDoc>& docs) const {
    if (candidate.named_line == 0 || docs.empty()) {
      return {};
    }
    const SegmentScan& scan = scans_[candidate.segment];
    for (std::uint32_t doc = scan.first_doc(candidate.file);
         doc < scan.first_doc(candidate.file + 1); ++doc) {
      TRY_ASSIGN(const DocMeta meta, scan.segment().doc(doc));
      if (scan.allowed[doc] == 0 || candidate.named_line < meta.start_line ||
          candidate.named_line > meta.end_line) {
        continue;
      }
      const ScoredDoc named{doc, docs.front().score};
      std::erase_if(docs, [doc](const ScoredDoc& each) { return each.doc == doc; });
      docs.insert(docs.begin(), named);
      docs.resize(std::min(docs.size(), options_.more_per_file + 1));
      break;
    }
    return {};
  }

  FileHit file_hit(const Candidate& candidate) const {
    FileHit hit;
    hit.source = candidate.meta.source;
    hit.path = candidate.meta.path;
    hit.language = candidate.meta.language;
    hit.traits = candidate.meta.traits;
    hit.hash = candidate.meta.hash;
    hit.score = scaled(candidate.score);
    if (options_.explain) {
      hit.parts = candidate.parts;
    }
    return hit;
  }

  Status answer_by_file(std::size_t limit) {
    for (const Candidate& candidate : candidates_) {
      if (result_.files.size() == limit || scaled(candidate.score) < options_.min_score) {
        break;
      }
      TRY(cancel_.check());
      FileHit hit = file_hit(candidate);
      std::vector<ScoredDoc> docs = docs_of(candidate, options_.more_per_file + 1);
      TRY(put_named_first(candidate, docs));
      for (const ScoredDoc& doc : docs) {
        TRY_ASSIGN(ChunkHit chunk, scored_chunk(candidate, doc, docs.front().score));
        hit.chunks.push_back(std::move(chunk));
      }
      result_.files.push_back(std::move(hit));
    }
    return {};
  }
  /// A chunk shares the score of its file as far as it keeps up with the file's best.
  Result<ChunkHit> scored_chunk(const Candidate& candidate, const ScoredDoc& doc,
                                double best) const {
    TRY_ASSIGN(ChunkHit chunk, chunk_hit(scans_[candidate.segment].segment(), doc.doc));
    chunk.score = scaled(candidate.score * (doc.score / best));
    chunk.words = static_cast<double>(scores_.segments[candidate.segment].words[doc.doc]);
    chunk.meaning = cosine(candidate.segment, doc.doc);
    return chunk;
  }

  Status answer_by_chunk(std::size_t limit) {
    struct Place {
      const Candidate* candidate = nullptr;
      ScoredDoc doc;
      double best = 0;
      double score = 0;
    };
    std::vector<Place> places;
    for (const Candidate& candidate : candidates_) {
      const std::vector<ScoredDoc> docs = docs_of(candidate, limit);
      for (const ScoredDoc& doc : docs) {
        const double best = docs.front().score;
        places.push_back({&candidate, doc, best, candidate.score * (doc.score / best)});
      }
    }
    // Candidates are in order of (score, source, path) and docs in order of bytes: ties stay so.
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return a.score != b.score
                 ? a.score > b.score
                 : std::tie(a.candidate->meta.source, a.candidate->meta.path, a.doc.doc) <
                       std::tie(b.candidate->meta.source, b.candidate->meta.path, b.doc.doc);
    });
    for (const Place& place : places) {
      if (result_.files.size() == limit || scaled(place.score) < options_.min_score) {
        break;
      }
      FileHit hit = file_hit(*place.candidate);
      TRY_ASSIGN(ChunkHit chunk, scored_chunk(*place.candidate, place.doc, place.best));
      hit.score = chunk.score;
      hit.chunks.push_back(std::move(chunk));
      result_.files.push_back(std::move(hit));
    }
    return {};
  }

  const IndexView& view_;
  const Query& query_;
  const SearchOptions& options_;
  const Ranking& ranking_;
  const CancelToken& cancel_;
  QueryPlan plan_;
  std::vector<SegmentScan> scans_;
  WordScores scores_;
  std::optional<NearestQuery> query_vector_;
  MeaningScores meaning_;
  std::vector<Candidate> candidates_;
  SearchResult result_;
};

}  // namespace

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::Words: return "words";
    case Mode::Meaning: return "meaning";
    case Mode::Hybrid: return "hybrid";
  }
  return "words";
}

Result<SearchResult> search_ranked(const IndexView& view, const Query& query,
                                   const SearchOptions& options, const Ranking& ranking,
                                   const CancelToken& cancel) {
  return Searcher(view, query, options, ranking, cancel).run();
}

Result<SearchResult> search(const IndexView& view, const Query& query, const SearchOptions& options,
                            const CancelToken& cancel) {
  return search_ranked(view, query, options, Ranking{}, cancel);
}

}  // namespace sonde::index
