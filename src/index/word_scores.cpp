#include "index/word_scores.h"

#include <algorithm>
#include <cmath>

namespace sonde::index {
namespace {

/// What a term has in one segment.
struct TermPostings {
  Postings body;
  Postings defines;
  Postings path;  // files
};

class Scorer {
 public:
  Scorer(const std::vector<SegmentScan>& scans, const QueryPlan& plan, const Ranking& ranking,
         const CancelToken& cancel)
      : scans_(scans), plan_(plan), ranking_(ranking), cancel_(cancel) {}

  Result<WordScores> run() {
    count_docs();
    TRY(read_postings());
    choose_terms();
    for (std::size_t s = 0; s < scans_.size(); ++s) {
      TRY(cancel_.check());
      scores_.segments.push_back(score_segment(s));
      TRY(score_names(s));
    }
    return std::move(scores_);
  }

 private:
  void count_docs() {
    std::uint64_t length = 0;
    for (const SegmentScan& scan : scans_) {
      docs_ += scan.segment().docs();
      length += scan.segment().body_length();
      for (const std::uint32_t file : scan.live->dead_files) {
        docs_ -= scan.first_doc(file + 1) - scan.first_doc(file);
        for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
          length -= (*scan.lengths)[doc];
        }
      }
    }
    average_length_ =
        docs_ == 0 ? 1.0 : std::max(1.0, static_cast<double>(length) / static_cast<double>(docs_));
  }

  Status check_range(const Postings& postings, std::uint64_t limit, const Segment& segment) const {
    const bool fits = postings.docs.size() == postings.frequencies.size() &&
                      (postings.docs.empty() || postings.docs.back() < limit);
    return fits ? Status{}
                : Status{Error{Code::Corruption, segment.name() + ": postings name no doc"}};
  }

  Status read_postings() {
    postings_.resize(plan_.terms.size());
    df_.assign(plan_.terms.size(), 0);
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      TRY(cancel_.check());
      if (plan_.terms[t].weight <= 0) {
        continue;
      }
      postings_[t].resize(scans_.size());
      for (std::size_t s = 0; s < scans_.size(); ++s) {
        TermPostings& here = postings_[t][s];
        const Segment& segment = scans_[s].segment();
        const std::string& term = plan_.terms[t].term;
        TRY_ASSIGN(here.body, segment.postings(Field::Body, term));
        TRY_ASSIGN(here.defines, segment.postings(Field::Defines, term));
        TRY_ASSIGN(here.path, segment.postings(Field::Path, term));
        TRY(check_range(here.body, segment.docs(), segment));
        TRY(check_range(here.defines, segment.docs(), segment));
        TRY(check_range(here.path, segment.files(), segment));
        scores_.postings_read +=
            here.body.docs.size() + here.defines.docs.size() + here.path.docs.size();
        df_[t] += live_docs(scans_[s], here);
      }
    }
    return {};
  }

  /// Live docs that hold the term in their text or their path.
  static std::uint64_t live_docs(const SegmentScan& scan, const TermPostings& term) {
    std::uint64_t count = 0;
    std::size_t file = 0;
    for (const std::uint32_t doc : term.body.docs) {
      // Docs of files whose path has the term are counted below, all of them.
      while (file < term.path.docs.size() && scan.first_doc(term.path.docs[file] + 1) <= doc) {
        ++file;
      }
      const bool in_path =
          file < term.path.docs.size() && scan.first_doc(term.path.docs[file]) <= doc;
      count += !in_path && scan.allowed[doc] != 0 ? 1U : 0U;
    }
    for (const std::uint32_t path_file : term.path.docs) {
      const std::uint32_t begin = scan.first_doc(path_file);
      const std::uint32_t end = scan.first_doc(path_file + 1);
      count += begin < end && scan.allowed[begin] != 0 ? end - begin : 0;
    }
    return count;
  }

  void choose_terms() {
    for (std::uint32_t t = 0; t < plan_.terms.size(); ++t) {
      if (df_[t] == 0) {
        continue;
      }
      const auto total = static_cast<double>(docs_);
      const auto df = static_cast<double>(df_[t]);
      scores_.terms.push_back({t, df_[t], std::log(1 + (total - df + 0.5) / (df + 0.5))});
    }
    if (scores_.terms.size() > kQueryTermLimit) {
      std::stable_sort(scores_.terms.begin(), scores_.terms.end(),
                       [](const ScoredTerm& a, const ScoredTerm& b) { return a.df < b.df; });
      scores_.terms.resize(kQueryTermLimit);
      std::sort(scores_.terms.begin(), scores_.terms.end(),
                [](const auto& a, const auto& b) { return a.plan_term < b.plan_term; });
    }
    scores_.plan_idf.assign(plan_.terms.size(), 0);
    for (const ScoredTerm& term : scores_.terms) {
      scores_.plan_idf[term.plan_term] = term.idf;
    }
    // A word that occurs nowhere still is a part of what was asked: as rare as can be.
    const double rarest = std::log(1 + (static_cast<double>(docs_) + 0.5) / 0.5);
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      if (!plan_.terms[t].joined && plan_.terms[t].weight > 0) {
        scores_.ideal += plan_.terms[t].weight * (df_[t] == 0 ? rarest : scores_.plan_idf[t]);
      }
    }
  }

  SegmentScores score_segment(std::size_t s) {
    const SegmentScan& scan = scans_[s];
    SegmentScores scores;
    scores.words.assign(scan.segment().docs(), 0.0F);
    scores.mask.assign(scan.segment().docs(), 0);
    std::vector<float> frequency(scan.segment().docs(), 0.0F);
    const double norm_base = ranking_.k1 * (1 - ranking_.b);
    const double norm_slope = ranking_.k1 * ranking_.b / average_length_;
    const std::vector<std::uint32_t>& lengths = *scan.lengths;
    for (std::size_t bit = 0; bit < scores_.terms.size(); ++bit) {
      const ScoredTerm& term = scores_.terms[bit];
      const TermPostings& postings = postings_[term.plan_term][s];
      gather(scan, postings, frequency);
      const double weight = plan_.terms[term.plan_term].weight * term.idf * (ranking_.k1 + 1);
      const auto take = [&](std::uint32_t doc) {
        const double tf = static_cast<double>(frequency[doc]);
        if (tf <= 0) {
          return;  // taken already
        }
        frequency[doc] = 0;
        const double norm = norm_base + norm_slope * static_cast<double>(lengths[doc]);
        scores.words[doc] += static_cast<float>(weight * tf / (tf + norm));
        scores.mask[doc] |= std::uint64_t{1} << bit;
      };
      for_each_doc(scan, postings, take);
    }
    return scores;
  }
  void gather(const SegmentScan& scan, const TermPostings& postings,
              std::vector<float>& frequency) const {
    for (std::size_t i = 0; i < postings.body.docs.size(); ++i) {
      frequency[postings.body.docs[i]] = static_cast<float>(postings.body.frequencies[i]);
    }
    for (const std::uint32_t doc : postings.defines.docs) {
      frequency[doc] += static_cast<float>(ranking_.defines);
    }
    for (const std::uint32_t file : postings.path.docs) {
      for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
        frequency[doc] += static_cast<float>(ranking_.path_text);
      }
    }
  }
  template <typename Take>
  static void for_each_doc(const SegmentScan& scan, const TermPostings& postings,
                           const Take& take) {
    std::for_each(postings.body.docs.begin(), postings.body.docs.end(), take);
    std::for_each(postings.defines.docs.begin(), postings.defines.docs.end(), take);
    for (const std::uint32_t file : postings.path.docs) {
      for (std::uint32_t doc = scan.first_doc(file); doc < scan.first_doc(file + 1); ++doc) {
        take(doc);
      }
    }
  }

  Status score_names(std::size_t s) {
    const SegmentScan& scan = scans_[s];
    SegmentScores& scores = scores_.segments[s];
    for (const PlanName& name : plan_.names) {
      double worth = 0;
      for (const std::uint32_t term : name.words) {
        worth += plan_.terms[term].joined ? 0 : scores_.plan_idf[term];
      }
      worth *= name.explicit_name ? ranking_.name_explicit : ranking_.name;
      if (worth <= 0) {
        continue;
      }
      TRY_ASSIGN(const Postings postings, scan.segment().postings(Field::Symbol, name.form));
      TRY(check_range(postings, scan.segment().docs(), scan.segment()));
      scores_.postings_read += postings.docs.size();
      if (!postings.docs.empty() && scores.names.empty()) {
        scores.names.assign(scan.segment().docs(), 0.0F);
      }
      for (const std::uint32_t doc : postings.docs) {
        // The best name alone: one chunk that defines many of them is a list.
        scores.names[doc] = std::max(scores.names[doc], static_cast<float>(worth));
      }
    }
    return {};
  }

  const std::vector<SegmentScan>& scans_;
  const QueryPlan& plan_;
  const Ranking& ranking_;
  const CancelToken& cancel_;
  std::uint64_t docs_ = 0;
  double average_length_ = 1;
  std::vector<std::vector<TermPostings>> postings_;  // [plan terms][segments]
  std::vector<std::uint64_t> df_;                    // [plan terms]
  WordScores scores_;
};

}  // namespace

Result<WordScores> score_words(const std::vector<SegmentScan>& scans, const QueryPlan& plan,
                               const Ranking& ranking, const CancelToken& cancel) {
  return Scorer(scans, plan, ranking, cancel).run();
}

}  // namespace sonde::index
