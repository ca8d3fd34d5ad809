#include "library/history_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "index/query.h"
#include "index/query_plan.h"
#include "index/rank_files.h"
#include "index/ranking.h"
#include "index/spelling.h"
#include "index/word_scores.h"
#include "text/fold.h"

namespace sonde::library {

namespace {

using history::Commit;
using history::CommitRow;

constexpr std::size_t kPathTermLimit = 1'000'000;  // paths of one part that a glob is held against
constexpr std::size_t kDocsCounted = 4;            // of a commit, as chunks of a file are
// A merge has the changes of all that it brings in, which are there themselves.
constexpr double kMergeFactor = 0.6;

struct Match {
  double score = 0;  // in units of idf
  std::int64_t time_s = 0;
  std::size_t scan = 0;
  std::uint32_t ordinal = 0;
};

struct ScoredDoc {
  std::uint32_t doc = 0;
  double score = 0;
};

std::string folded(std::string_view text) {
  std::u32string code_points;
  for (std::size_t at = 0; at < text.size();) {
    code_points += next_code_point(text, at);
  }
  return text::fold(code_points);
}

Result<index::Query> parse(const HistoryRequest& request) {
  index::Query query;
  if (request.query.find_first_not_of(" \t\r\n") != std::string::npos) {
    TRY_ASSIGN(query, index::parse_query(request.query));
  }
  if (!query.languages.empty() || !query.kinds.empty() || !query.symbols.empty()) {
    return Error{Code::InvalidArgument,
                 "of the filters of a query history knows path: alone; the author and dates are "
                 "options of their own"};
  }
  query.paths.insert(query.paths.end(), request.path_globs.begin(), request.path_globs.end());
  const bool anything = !query.words.empty() || !query.phrases.empty() || !query.paths.empty() ||
                        !request.author.empty() || request.since_s || request.until_s;
  if (!anything) {
    return Error{Code::InvalidArgument,
                 "nothing to search for: give words, a path, an author or a date"};
  }
  return query;
}

std::vector<std::string> left_out_of(std::uint8_t missing) {
  static constexpr std::pair<std::uint8_t, const char*> kReasons[] = {
      {history::kParentMissing, "its parent is not in the repository"},
      {history::kObjectMissing, "files that are not in the repository"},
      {history::kFilesLeftOut, "files beyond the first 300"},
      {history::kTextCut, "lines beyond the first 64 KiB"},
      {history::kLargeLeftOut, "files of more than 1 MiB"},
      {history::kBinaryLeftOut, "binary files"},
      {history::kUnreadable, "everything: the commit cannot be read"}};
  std::vector<std::string> reasons;
  for (const auto& [bit, reason] : kReasons) {
    if ((missing & bit) != 0) {
      reasons.emplace_back(reason);
    }
  }
  return reasons;
}

class HistorySearcher {
 public:
  HistorySearcher(const std::vector<SourceHistory>& histories, const HistoryRequest& request,
                  const CancelToken& cancel)
      : histories_(histories), request_(request), cancel_(cancel) {}

  Result<HistoryMatches> run() {
    TRY_ASSIGN(query_, parse(request_));
    words_ = !query_.words.empty() || !query_.phrases.empty();
    TRY(open_scans());
    if (words_) {
      TRY_ASSIGN(plan_, index::plan_query(query_, ranking_));
      TRY(score());
    }
    TRY(apply_filters());
    find_authors();
    std::vector<Match> matches = collect();
    result_.total = matches.size();
    const std::size_t count = std::min(request_.limit, matches.size());
    std::partial_sort(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(count),
                      matches.end(),
                      [this](const Match& a, const Match& b) { return before(a, b); });
    for (std::size_t i = 0; i < count; ++i) {
      TRY(cancel_.check());
      TRY_ASSIGN(HistoryHit hit, hit_of(matches[i]));
      result_.hits.push_back(std::move(hit));
    }
    return std::move(result_);
  }

 private:
  Status open_scans() {
    std::size_t parts = 0;
    for (const SourceHistory& history : histories_) {
      parts += history.parts.size();
    }
    lives_.reserve(parts);  // scans point into it
    for (std::size_t h = 0; h < histories_.size(); ++h) {
      for (const OpenHistoryPart& part : histories_[h].parts) {
        TRY(cancel_.check());
        lives_.push_back({part.segment, part.row.dead});
        TRY_ASSIGN(index::SegmentScan docs, index::scan_segment(lives_.back()));
        owners_.emplace_back(h, &part);
        scans_.push_back(std::move(docs));
      }
    }
    return {};
  }

  /// Statistics are over what lives, whatever the filters.
  Status score() {
    TRY_ASSIGN(const std::vector<index::Correction> corrections,
               index::correct_plan(scans_, plan_));
    for (const index::Correction& correction : corrections) {
      result_.notes.push_back(fmt::format("\"{}\" occurs nowhere; searched for \"{}\"",
                                          correction.written, correction.used));
    }
    TRY_ASSIGN(scores_, index::score_words(scans_, plan_, ranking_, cancel_));
    return {};
  }

  Status apply_filters() {
    // Paths are those of hunks here, not of files.
    index::Query others = query_;
    others.paths.clear();
    std::uint64_t postings_read = 0;
    for (index::SegmentScan& scan : scans_) {
      TRY(cancel_.check());
      if (words_) {
        TRY(index::filter_docs(others, plan_, scan, postings_read));
      }
      if (!query_.paths.empty()) {
        TRY(filter_paths(scan));
      }
    }
    return {};
  }

  /// Leaves the hunks of these paths, and the messages of commits that have one.
  Status filter_paths(index::SegmentScan& scan) const {
    const index::Segment& segment = scan.segment();
    TRY_ASSIGN(const std::vector<std::string> terms,
               segment.terms(index::Field::Symbol, "/", kPathTermLimit));
    std::vector<char> fits(segment.docs(), 0);
    for (const std::string& term : terms) {
      const std::string_view path = std::string_view(term).substr(1);
      const bool wanted = std::any_of(
          query_.paths.begin(), query_.paths.end(),
          [&](const std::string& pattern) { return index::path_matches(pattern, path); });
      if (!wanted) {
        continue;
      }
      TRY_ASSIGN(const index::Postings postings, segment.postings(index::Field::Symbol, term));
      for (const std::uint32_t doc : postings.docs) {
        if (doc < fits.size()) {
          fits[doc] = 1;
        }
      }
    }
    for (std::uint32_t file = 0; file < segment.files(); ++file) {
      const auto begin = fits.begin() + scan.first_doc(file);
      const auto end = fits.begin() + scan.first_doc(file + 1);
      if (begin != end && std::find(begin, end, 1) != end) {
        *begin = 1;
      }
    }
    for (std::size_t doc = 0; doc < fits.size(); ++doc) {
      scan.allowed[doc] = static_cast<char>(scan.allowed[doc] & fits[doc]);
    }
    return {};
  }

  /// [scans][authors] 1 where the author fits.
  void find_authors() {
    const std::string wanted = folded(request_.author);
    for (const auto& [history, part] : owners_) {
      std::vector<char> fits;
      for (const std::string& author : part->commits->authors()) {
        const bool has = wanted.empty() || folded(author).find(wanted) != std::string::npos;
        fits.push_back(static_cast<char>(has ? 1 : 0));
      }
      authors_.push_back(std::move(fits));
    }
  }

  [[nodiscard]] bool fits(std::size_t scan, const CommitRow& row) const {
    return authors_[scan][row.author] != 0 && !row.elsewhere &&
           (!request_.since_s || row.time_s >= *request_.since_s) &&
           (!request_.until_s || row.time_s < *request_.until_s);
  }

  std::vector<Match> collect() const {
    std::vector<Match> matches;
    for (std::size_t s = 0; s < scans_.size(); ++s) {
      const std::vector<CommitRow>& rows = owners_[s].second->commits->rows();
      for (std::uint32_t i = 0; i < rows.size(); ++i) {
        double score = fits(s, rows[i]) ? score_of(s, i) : 0;
        score *= words_ && rows[i].merge ? kMergeFactor : 1;
        if (score > 0) {
          matches.push_back({score, rows[i].time_s, s, i});
        }
      }
    }
    return matches;
  }

  /// The best docs count as chunks of a file do, then the words that the commit has anywhere.
  /// Without words: 1 where anything is left of it.
  [[nodiscard]] double score_of(std::size_t s, std::uint32_t ordinal) const {
    const index::SegmentScan& scan = scans_[s];
    double best[kDocsCounted] = {};
    std::uint64_t mask = 0;
    for (std::uint32_t doc = scan.first_doc(ordinal); doc < scan.first_doc(ordinal + 1); ++doc) {
      double score = doc_score(s, doc);
      if (score <= 0) {
        continue;
      }
      if (!words_) {
        return 1;
      }
      mask |= scores_.segments[s].mask[doc];
      for (double& place : best) {
        if (score > place) {
          std::swap(score, place);
        }
      }
    }
    double sum = best[0];
    double weight = ranking_.more_chunks;
    for (std::size_t i = 1; i < kDocsCounted; ++i) {
      sum += weight * best[i];
      weight *= ranking_.more_decay;
    }
    if (sum <= 0) {
      return 0;
    }
    for (std::size_t t = 0; t < scores_.terms.size(); ++t) {
      sum += (mask >> t & 1) != 0 ? ranking_.coverage * scores_.terms[t].idf : 0.0;
    }
    return sum;
  }

  [[nodiscard]] double doc_score(std::size_t s, std::uint32_t doc) const {
    if (scans_[s].allowed[doc] == 0) {
      return 0;
    }
    return words_ ? index::doc_score(scores_.segments[s], doc) : 1.0;
  }

  /// Better, then newer; ids settle the rest.
  [[nodiscard]] bool before(const Match& a, const Match& b) const {
    if (a.score != b.score) {
      return a.score > b.score;
    }
    return std::tie(b.time_s, id_of(a)) < std::tie(a.time_s, id_of(b));
  }
  [[nodiscard]] const history::CommitId& id_of(const Match& match) const {
    return owners_[match.scan].second->commits->rows()[match.ordinal].id;
  }

  Result<HistoryHit> hit_of(const Match& match) const {
    const auto& [history, part] = owners_[match.scan];
    TRY_ASSIGN(const Commit commit, part->commits->commit(match.ordinal));
    HistoryHit hit;
    hit.commit = commit.id.hex();
    hit.source = histories_[history].source;
    hit.source_path = histories_[history].source_path;
    hit.time_s = commit.time_s;
    hit.offset_min = commit.offset_min;
    hit.author = commit.author;
    hit.email = commit.email;
    hit.subject = commit.subject();
    hit.body = body_of(commit);
    hit.parents = commit.parents;
    hit.files = commit.files;
    hit.score = scaled(match.score);
    hit.left_out = left_out_of(commit.missing);
    TRY(add_hunks(match, commit, hit));
    return hit;
  }

  static std::string body_of(const Commit& commit) {
    const std::string_view all = commit.message;
    const std::string_view subject = commit.subject();
    const auto end = static_cast<std::size_t>(subject.data() + subject.size() - all.data());
    std::string_view rest = subject.empty() ? std::string_view() : all.substr(end);
    const std::size_t begin = std::min(rest.find_first_not_of(" \t\r\n"), rest.size());
    rest.remove_prefix(begin);
    return std::string(rest.substr(0, rest.find_last_not_of(" \t\r\n") + 1));
  }

  [[nodiscard]] double scaled(double score) const {
    return words_ ? index::scaled_words(score, scores_.ideal, ranking_) : 0;
  }

  Status add_hunks(const Match& match, const Commit& commit, HistoryHit& hit) const {
    const index::SegmentScan& scan = scans_[match.scan];
    const std::uint32_t message = scan.first_doc(match.ordinal);
    const std::uint32_t end = scan.first_doc(match.ordinal + 1);
    if (end - message != commit.hunks.size() + 1) {
      return Error{Code::Corruption, "the index of the history is damaged: words and hunks of " +
                                         hit.commit + " do not fit"};
    }
    std::vector<ScoredDoc> docs;
    for (std::uint32_t doc = message + 1; doc < end; ++doc) {
      if (const double score = doc_score(match.scan, doc); score > 0) {
        docs.push_back({doc, score});
      }
    }
    std::stable_sort(docs.begin(), docs.end(),
                     [](const ScoredDoc& a, const ScoredDoc& b) { return a.score > b.score; });
    // Without words all hunks fit, and none is better: only those that a path chose are told.
    const bool tell = words_ || !query_.paths.empty();
    const std::size_t shown = tell ? std::min(docs.size(), request_.hunks_per_commit) : 0;
    hit.more_hunks = tell ? docs.size() - shown : 0;
    for (std::size_t i = 0; i < shown; ++i) {
      const history::Hunk& hunk = commit.hunks[docs[i].doc - message - 1];
      hit.hunks.push_back({hunk.path, hunk.old_path, hunk.start_line, hunk.end_line, hunk.function,
                           hunk.text, scaled(docs[i].score)});
    }
    return {};
  }

  const std::vector<SourceHistory>& histories_;
  const HistoryRequest& request_;
  const CancelToken& cancel_;
  const index::Ranking ranking_;
  index::Query query_;
  bool words_ = false;
  index::QueryPlan plan_;
  index::IndexView lives_;
  std::vector<std::pair<std::size_t, const OpenHistoryPart*>> owners_;  // [scans] history, part
  std::vector<index::SegmentScan> scans_;
  std::vector<std::vector<char>> authors_;
  index::WordScores scores_;
  HistoryMatches result_;
};

}  // namespace

Result<HistoryMatches> search_history(const std::vector<SourceHistory>& histories,
                                      const HistoryRequest& request, const CancelToken& cancel) {
  return HistorySearcher(histories, request, cancel).run();
}

}  // namespace sonde::library
