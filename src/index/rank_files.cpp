#include "index/rank_files.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "index/path_signals.h"
#include "index/stop_words.h"
#include "index/symbols.h"
#include "text/analyzer.h"
#include "text/language.h"

namespace sonde::index {
namespace {

constexpr std::size_t kChunksOfFile = 4;
constexpr const char* kKindPart = "kind of file";
constexpr const char* kDepthPart = "depth";

/// The best scores of a file's chunks, as one.
class FileScore {
 public:
  void add(double score) {
    if (score <= best_.back()) {
      return;
    }
    best_.back() = score;
    for (std::size_t i = best_.size() - 1; i > 0 && best_[i] > best_[i - 1]; --i) {
      std::swap(best_[i], best_[i - 1]);
    }
  }
  [[nodiscard]] double value(const Ranking& ranking) const {
    double value = best_[0];
    double weight = ranking.more_chunks;
    for (std::size_t i = 1; i < best_.size(); ++i) {
      value += weight * best_[i];
      weight *= ranking.more_decay;
    }
    return value;
  }

 private:
  std::array<double, kChunksOfFile> best_{};
};

bool before(const Candidate& a, const Candidate& b) {
  return std::tie(a.meta.source, a.meta.path) < std::tie(b.meta.source, b.meta.path);
}

/// The two best cosines of a file.
class FileCosines {
 public:
  void add(double cosine) {
    if (cosine > best_) {
      second_ = std::exchange(best_, cosine);
    } else if (cosine > second_) {
      second_ = cosine;
    }
    ++count_;
  }
  [[nodiscard]] double mean() const { return count_ > 1 ? (best_ + second_) / 2 : best_; }

 private:
  double best_ = 0;  // what is no nearer than nothing counts as nothing
  double second_ = 0;
  std::size_t count_ = 0;
};

/// Sets what the cosines of matches can be, and adds the files that have nothing but one.
class CosineMatches {
 public:
  CosineMatches(const std::vector<SegmentScan>& scans, const MeaningScores& meaning,
                std::vector<FileMatch>& matches)
      : scans_(scans), meaning_(meaning), matches_(matches) {
    for (const SegmentScan& scan : scans) {
      places_.emplace_back(scan.segment().files(), kNowhere);
    }
    for (std::uint32_t i = 0; i < matches.size(); ++i) {
      places_[matches[i].segment][matches[i].file] = i;
    }
  }
  void run() {
    for (const FilePlace& place : meaning_.files) {
      add(place);
    }
    for (std::uint32_t s = 0; s < scans_.size() && !meaning_.partial; ++s) {
      for (std::uint32_t file = 0; file < scans_[s].segment().files(); ++file) {
        add({s, file});
      }
    }
  }

 private:
  static constexpr std::uint32_t kNowhere = ~0U;

  void add(const FilePlace& file) {
    const double most = cosine_of_file(scans_[file.segment], meaning_.similarity[file.segment],
                                       file.file, static_cast<double>(meaning_.unseen));
    if (most <= 0) {
      return;
    }
    std::uint32_t& place = places_[file.segment][file.file];
    if (place == kNowhere) {
      place = static_cast<std::uint32_t>(matches_.size());
      matches_.push_back({0, 0, 0, file.segment, file.file});
    }
    matches_[place].cosine_most = most;
  }

  const std::vector<SegmentScan>& scans_;
  const MeaningScores& meaning_;
  std::vector<FileMatch>& matches_;
  std::vector<std::vector<std::uint32_t>> places_;  // [segments][files] in matches_
};

/// Every file of a segment with a word of the query.
void match_segment(std::uint32_t s, const SegmentScan& scan, const SegmentScores& scores,
                   const Ranking& ranking, WordMatches& found) {
  for (std::uint32_t file = 0; file < scan.segment().files(); ++file) {
    FileScore file_score;
    std::uint64_t mask = 0;
    std::uint64_t docs = 0;
    for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
      const double score = doc_score(scores, doc);
      if (score > 0 && scan.allowed[doc] != 0) {
        file_score.add(score);
        mask |= scores.mask[doc];
        ++docs;
      }
    }
    if (docs > 0) {
      found.files.push_back({file_score.value(ranking), 0, mask, s, file});
      found.docs += docs;
    }
  }
}

/// Stems of the words of `name`, and the whole.
struct NameWords {
  std::vector<std::string> parts;
  std::vector<std::string> wholes;
};

NameWords words_of(text::Analyzer& analyzer, std::string_view name) {
  NameWords words;
  for (const text::Word& word : analyzer.analyze(name)) {
    (word.kind == text::WordKind::Part ? words.parts : words.wholes)
        .emplace_back(analyzer.term(word));
  }
  return words;
}

/// True when one word grows out of the other: route and router, load and loader. Porter2 keeps
/// agents ("loader") and their verbs apart.
bool akin(std::string_view a, std::string_view b) {
  constexpr std::size_t kCommonMin = 4;
  constexpr std::size_t kEndingMax = 4;
  const std::size_t shorter = std::min(a.size(), b.size());
  const std::size_t longer = std::max(a.size(), b.size());
  return shorter >= kCommonMin && longer - shorter <= kEndingMax && a.front() == b.front() &&
         a.substr(0, shorter) == b.substr(0, shorter);
}

class FileRanker {
 public:
  FileRanker(const Query& query, const QueryPlan& plan, const WordScores& scores,
             const Ranking& ranking, const std::vector<Candidate>& candidates)
      : query_(query), plan_(plan), scores_(scores), ranking_(ranking) {
    for (const Candidate& candidate : candidates) {
      if (!is_header(candidate.meta.path)) {
        implemented_.emplace(file_stem(candidate.meta.path));
      }
      if (const auto folder = version_folder(candidate.meta.path)) {
        unsigned& newest = newest_[std::string(folder->parent)];
        newest = std::max(newest, folder->version);
      }
    }
  }

  void rank(Candidate& candidate) {
    const std::string_view path = candidate.meta.path;
    const auto folders = static_cast<double>(std::count(path.begin(), path.end(), '/'));
    candidate.parts.clear();
    double sum = 0;
    const auto add = [&](const char* name, double value) {
      candidate.parts.push_back({name, value});
      sum += value;
    };
    add("chunks", candidate.chunks);
    add("coverage", ranking_.coverage * idf_of(candidate.mask));
    const NameMatch& stem = match_of(file_stem(path));
    add("path", ranking_.path_match * path_idf(path, stem));
    add("file name", ranking_.stem_match * scores_.ideal * stem.share);
    if (!query_.mentions.empty()) {
      add("named file", ranking_.mention * scores_.ideal * mentioned(candidate));
    }
    const double kind = kind_factor(candidate.meta);
    const double depth = 1 / (1 + ranking_.depth * folders);
    candidate.parts.push_back({kKindPart, kind});
    candidate.parts.push_back({kDepthPart, depth});
    candidate.factor = kind * depth;
    candidate.score = sum * candidate.factor;
  }

 private:
  /// How much the query names the file, 0 to 1, and which line of it.
  [[nodiscard]] double mentioned(Candidate& candidate) const {
    double most = 0;
    double worth = 1;
    for (const PathMention& mention : query_.mentions) {
      const double here = worth * mention_match(mention, candidate.meta.path);
      if (here > most) {
        most = here;
        candidate.named_line = mention.line;
      }
      worth *= ranking_.mention_decay;
    }
    return most;
  }
  [[nodiscard]] bool asks(std::string_view term) const {
    return std::any_of(plan_.terms.begin(), plan_.terms.end(),
                       [&](const PlanTerm& each) { return each.weight > 0 && each.term == term; });
  }
  [[nodiscard]] bool asks_akin(std::string_view term) const {
    return std::any_of(plan_.terms.begin(), plan_.terms.end(), [&](const PlanTerm& each) {
      return each.weight > 0 && !each.joined && akin(each.term, term);
    });
  }
  [[nodiscard]] double idf_of(std::uint64_t mask) const {
    double sum = 0;
    for (std::size_t bit = 0; bit < scores_.terms.size(); ++bit) {
      const PlanTerm& term = plan_.terms[scores_.terms[bit].plan_term];
      sum += (mask >> bit & 1) != 0 && !term.joined ? scores_.terms[bit].idf : 0;
    }
    return sum;
  }
  /// What the name of a folder or of a file has of the query.
  struct NameMatch {
    std::vector<double> terms;  // [plan terms] 0 to 1
    double share = 0;           // how much of the name the query says, 0 to 1
  };
  /// Candidates share folders, and files of many folders share names.
  const NameMatch& match_of(std::string_view name) {
    const auto known = matches_.find(name);
    if (known != matches_.end()) {
      return known->second;
    }
    const NameWords words = words_of(analyzer_, name);
    NameMatch match;
    match.terms.assign(plan_.terms.size(), 0);
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      if (scores_.plan_idf[t] > 0) {
        match.terms[t] = match_term(words, plan_.terms[t].term);
      }
    }
    match.share = share_of(words);
    return matches_.emplace(std::string(name), std::move(match)).first->second;
  }
  [[nodiscard]] double match_term(const NameWords& words, std::string_view term) const {
    const auto has = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), term) != list.end();
    };
    if (has(words.parts) || has(words.wholes)) {
      return 1;
    }
    return std::any_of(words.parts.begin(), words.parts.end(),
                       [&](const std::string& part) { return akin(part, term); })
               ? ranking_.path_akin
               : 0;
  }
  [[nodiscard]] double share_of(const NameWords& words) const {
    if (std::any_of(words.wholes.begin(), words.wholes.end(),
                    [this](const std::string& whole) { return asks(whole); })) {
      return 1;
    }
    double covered = 0;
    for (const std::string& part : words.parts) {
      covered += asks(part) ? 1 : asks_akin(part) ? ranking_.akin : 0;
    }
    return words.parts.empty() ? 0 : covered / static_cast<double>(words.parts.size());
  }
  /// idf of the query's words that the path has.
  double path_idf(std::string_view path, const NameMatch& stem) {
    const NameMatch& folder = match_of(path.substr(0, path.rfind('/') + 1));
    double sum = 0;
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      const PlanTerm& term = plan_.terms[t];
      const double counts = term.whole ? ranking_.path_whole : term.joined ? 0 : 1;
      sum += std::max(folder.terms[t], stem.terms[t]) * counts * scores_.plan_idf[t];
    }
    return sum;
  }
  [[nodiscard]] double kind_factor(const FileMeta& file) {
    double factor = text::is_code(file.language) ? 1 : ranking_.not_code;
    const auto apply = [&](std::uint32_t bit, double value, std::string_view asked) {
      factor *= (file.traits & bit) != 0 && !asks(asked) ? value : 1;
    };
    apply(kTest, ranking_.test, "test");
    apply(kExample, ranking_.example, "exampl");
    apply(kCompat, ranking_.compat, "compat");
    apply(kGenerated, ranking_.generated, "generat");
    apply(kVendored, ranking_.vendored, "vendor");
    const std::string_view platform = foreign_platform(file.path);
    factor *= !platform.empty() && !asks(platform) && !asks("window") ? ranking_.foreign : 1;
    factor *= superseded(file.path) ? ranking_.superseded : 1;
    const bool header = is_header(file.path) && implemented_.contains(header_stem(file.path));
    return factor * (header ? ranking_.header : (file.traits & kStub) != 0 ? ranking_.stub : 1);
  }

  [[nodiscard]] bool superseded(std::string_view path) {
    const auto folder = version_folder(path);
    if (!folder || folder->version >= newest_[std::string(folder->parent)]) {
      return false;
    }
    const NameWords words = words_of(analyzer_, folder->name);
    const auto asked = [this](const std::string& word) { return asks(word); };
    return !std::any_of(words.wholes.begin(), words.wholes.end(), asked) &&
           !(words.wholes.empty() && std::any_of(words.parts.begin(), words.parts.end(), asked));
  }

  const Query& query_;
  const QueryPlan& plan_;
  const WordScores& scores_;
  const Ranking& ranking_;
  std::map<std::string, unsigned> newest_;          // version by the folder that holds it
  std::set<std::string, std::less<>> implemented_;  // stems of files that are no headers
  text::Analyzer analyzer_;
  std::map<std::string, NameMatch, std::less<>> matches_;  // references stay valid
};

}  // namespace

namespace {

/// The `limit`-th greatest value, 0 where there are fewer: all that tie with it are kept, so that
/// the cut does not depend on segments; then the names decide.
double least_kept(const std::vector<FileMatch>& found, std::size_t limit,
                  const std::function<double(const FileMatch&)>& value) {
  if (found.size() <= limit) {
    return 0;
  }
  std::vector<double> values;
  values.reserve(found.size());
  for (const FileMatch& each : found) {
    values.push_back(value(each));
  }
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(limit) - 1;
  std::nth_element(values.begin(), place, values.end(), std::greater<>());
  return *place;
}

/// Marks the first `limit` candidates by a value, ties by name.
void mark_best(const std::vector<Candidate>& candidates, std::size_t limit,
               const std::function<double(const Candidate&)>& value, std::vector<char>& marked) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (value(candidates[i]) > 0) {
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double x = value(candidates[a]);
    const double y = value(candidates[b]);
    return x != y ? x > y : before(candidates[a], candidates[b]);
  });
  for (std::size_t i = 0; i < std::min(order.size(), limit); ++i) {
    marked[order[i]] = 1;
  }
}

}  // namespace

double scaled_words(double score, double ideal, const Ranking& ranking) {
  return score <= 0 ? 0 : score / (score + ranking.half_score * std::max(ideal, 1e-9));
}

WordMatches match_words(const std::vector<SegmentScan>& scans, const WordScores& scores,
                        const Ranking& ranking) {
  WordMatches matches;
  for (std::uint32_t s = 0; s < scans.size(); ++s) {
    match_segment(s, scans[s], scores.segments[s], ranking, matches);
  }
  return matches;
}

double cosine_of_file(const SegmentScan& scan, const std::vector<float>& cosines,
                      std::uint32_t file, double unseen) {
  FileCosines best;
  for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
    if (cosines[doc] != MeaningScores::kNone) {
      const bool seen = cosines[doc] != MeaningScores::kUnseen;
      best.add(seen ? static_cast<double>(cosines[doc]) : unseen);
    }
  }
  return best.mean();
}

Result<Candidates> collect_candidates(const std::vector<SegmentScan>& scans, WordMatches matches,
                                      const MeaningScores* meaning, Mode mode, std::size_t limit) {
  std::vector<FileMatch>& found = matches.files;
  if (meaning != nullptr) {
    CosineMatches(scans, *meaning, found).run();
  }
  const bool by_words = mode != Mode::Meaning;
  const double least_words = least_kept(found, limit, [](const FileMatch& m) { return m.chunks; });
  const double least_meaning =
      least_kept(found, limit, [](const FileMatch& m) { return m.cosine_most; });
  std::erase_if(found, [&](const FileMatch& each) {
    const bool words = by_words && each.chunks > 0 && each.chunks >= least_words;
    return !words && (each.cosine_most <= 0 || each.cosine_most < least_meaning);
  });
  std::vector<Candidate> candidates;
  candidates.reserve(found.size());
  for (const FileMatch& match : found) {
    Candidate& candidate = candidates.emplace_back();
    candidate.segment = match.segment;
    candidate.file = match.file;
    candidate.mask = match.mask;
    candidate.chunks = match.chunks;
    candidate.cosine_most = match.cosine_most;
    TRY_ASSIGN(candidate.meta, scans[match.segment].segment().file(match.file));
  }
  std::vector<char> marked(candidates.size(), 0);
  if (by_words) {
    mark_best(
        candidates, limit, [](const Candidate& c) { return c.chunks; }, marked);
  }
  mark_best(
      candidates, limit, [](const Candidate& c) { return c.cosine_most; }, marked);
  Candidates kept;
  kept.left_out = std::max(0.0, least_meaning);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (marked[i] != 0) {
      if (meaning != nullptr && candidates[i].cosine_most <= 0) {
        candidates[i].cosine_most = static_cast<double>(meaning->unseen);
      }
      kept.files.push_back(std::move(candidates[i]));
    }
  }
  return kept;
}

double fused_score(const Candidate& candidate, double cosine, double ideal, Mode mode,
                   const Ranking& ranking) {
  if (mode == Mode::Meaning) {
    return cosine * candidate.factor;
  }
  const double words = scaled_words(candidate.score, ideal, ranking);
  return (words + ranking.meaning * cosine * candidate.factor) / (1 + ranking.meaning);
}

void fuse_candidates(double ideal, Mode mode, const Ranking& ranking,
                     std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    if (mode == Mode::Hybrid) {
      candidate.parts.push_back({"words", scaled_words(candidate.score, ideal, ranking)});
    } else {
      std::erase_if(candidate.parts, [](const ScorePart& part) {
        return part.name != kKindPart && part.name != kDepthPart;
      });
    }
    candidate.parts.push_back({"meaning", candidate.cosine});
    candidate.score = fused_score(candidate, candidate.cosine, ideal, mode, ranking);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : before(a, b);
  });
}

void rank_candidates(const Query& query, const QueryPlan& plan, const WordScores& scores,
                     const Ranking& ranking, std::vector<Candidate>& candidates) {
  FileRanker ranker(query, plan, scores, ranking, candidates);
  for (Candidate& candidate : candidates) {
    ranker.rank(candidate);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : before(a, b);
  });
}

}  // namespace sonde::index
