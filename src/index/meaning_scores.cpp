#include "index/meaning_scores.h"

#include <algorithm>

namespace sonde::index {
namespace {

constexpr std::size_t kPlacesPerCancelCheck = 65'536;
// Up to so many a product with every vector is fast enough, and exact.
constexpr std::size_t kExactUpTo = 50'000;
// As many as make up the files that ranking looks at. 1,000 and four times the effort took 2.7 ms
// longer at 70,000 vectors; with these the ten best files are those of --exact, but for 6 of 1,000.
constexpr std::size_t kNearestDocs = 400;
// Codes looked at: the nearest hundreds lie in more lists than the nearest ten.
constexpr std::size_t kLeastEffort = 8'192;
constexpr std::size_t kEffortShare = 8;  // of larger sets, one in so many
// With more of a page's vectors wanted, reading on is faster than looking them up one by one.
constexpr std::size_t kSparse = 8;
constexpr std::size_t kRememberedColumns = 64;

std::uint32_t place_of(const VectorSets& sets, const ContentHash& hash) {
  std::uint32_t first = 0;
  for (const auto& set : sets) {
    if (const auto at = set->find(hash)) {
      return first + *at;
    }
    first += static_cast<std::uint32_t>(set->size());
  }
  return DocVectors::kNone;
}

std::size_t size_of(const VectorSets& sets) {
  std::size_t size = 0;
  for (const auto& set : sets) {
    size += set->size();
  }
  return size;
}

Result<std::vector<std::uint32_t>> look_up(const Segment& segment, const VectorSets& sets) {
  TRY_ASSIGN(const auto hashes, segment.embedded());
  std::vector<std::uint32_t> places;
  places.reserve(hashes->size());
  for (const ContentHash& hash : *hashes) {
    places.push_back(place_of(sets, hash));
  }
  return places;
}

/// Where sets stay open, what is in them, and the rest: rows of the truth.
struct SplitSets {
  VectorSets lasting;
  VectorSets passing;
};

SplitSets split(const VectorSets& sets) {
  SplitSets parts;
  for (const auto& set : sets) {
    // Only sets that lead count: a place is a number among all.
    const bool lasting = set->lists() != nullptr && parts.passing.empty();
    (lasting ? parts.lasting : parts.passing).push_back(set);
  }
  return parts;
}

/// Scores docs one by one, each vector read once where neighbours share it.
class DocScorer {
 public:
  DocScorer(const VectorSets& sets, const NearestQuery& query) : sets_(sets), query_(query) {
    for (const auto& set : sets) {
      readers_.emplace_back(*set);
      ends_.push_back(size_of_first_ += set->size());
    }
  }
  /// @param place  among all sets
  Result<float> cosine(std::uint32_t place) {
    const auto set = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), place) -
                                              ends_.begin());
    const std::size_t first = ends_[set] - sets_[set]->size();
    TRY_ASSIGN(const VectorRow row, readers_[set].row(static_cast<std::uint32_t>(place - first)));
    return query_.product(row);
  }

 private:
  const VectorSets& sets_;
  const NearestQuery& query_;
  std::vector<VectorReader> readers_;
  std::vector<std::size_t> ends_;
  std::size_t size_of_first_ = 0;
};

class Scoring {
 public:
  Scoring(const std::vector<SegmentScan>& scans, const DocVectors& vectors, const VectorSets& sets,
          const VectorQuery& query, const CancelToken& cancel)
      : scans_(scans), vectors_(vectors), sets_(sets), query_(query), cancel_(cancel) {}

  Result<MeaningScores> run(Nearness nearness) {
    for (const auto& set : sets_) {
      if (set->dimensions() != query_.dimensions()) {
        return Error{Code::InvalidArgument, "the query's vector is of another model"};
      }
      filters_.emplace_back(set->size());
    }
    allow();
    std::size_t allowed = 0;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      counts_.push_back(filters_[i].count(0, static_cast<std::uint32_t>(sets_[i]->size())));
      allowed += counts_.back();
    }
    scores_.partial =
        nearness == Nearness::Codes || (nearness == Nearness::Auto && allowed > kExactUpTo);
    cosines_.assign(size_of(sets_), MeaningScores::kNone);
    TRY(scores_.partial ? find_nearest() : compare_all());
    spread();
    if (scores_.partial) {
      TRY(complete_files());
    }
    return std::move(scores_);
  }

 private:
  void allow() {
    for_each_allowed([&](std::uint32_t place) {
      std::size_t set = 0;
      while (place >= sets_[set]->size()) {
        place -= static_cast<std::uint32_t>(sets_[set++]->size());
      }
      filters_[set].allow(place);
    });
  }

  template <typename Visit>
  void for_each_allowed(const Visit& visit) const {
    for (std::size_t s = 0; s < scans_.size(); ++s) {
      const std::vector<std::uint32_t>& places = *vectors_.places[s];
      for (std::size_t doc = 0; doc < places.size(); ++doc) {
        if (scans_[s].allowed[doc] != 0 && places[doc] != DocVectors::kNone) {
          visit(places[doc]);
        }
      }
    }
  }

  Status compare_all() {
    std::size_t first = 0;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      VectorReader reader(*sets_[i]);
      const auto compare = [&, first](std::uint32_t place, const VectorRow& row) {
        cosines_[first + place] = query_.product(row);
        ++scores_.vectors_scanned;
      };
      const auto look_up_one = [&](std::uint32_t place) -> Status {
        TRY_ASSIGN(const VectorRow row, reader.row(place));
        compare(place, row);
        return {};
      };
      const auto read_on = [&](std::uint32_t place, const VectorRow& row) -> Status {
        if (filters_[i].allows(place)) {
          compare(place, row);
        }
        return place % kPlacesPerCancelCheck == 0 ? cancel_.check() : Status();
      };
      TRY(counts_[i] * kSparse < sets_[i]->size()
              ? for_each_place(filters_[i], look_up_one)
              : reader.for_each(VectorReader::Keep::WhileThereIsRoom, read_on));
      first += sets_[i]->size();
    }
    return {};
  }

  Status find_nearest() {
    std::size_t first = 0;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      NearestOptions options;
      options.count = kNearestDocs;
      options.effort = std::max(kLeastEffort, sets_[i]->size() / kEffortShare);
      options.allowed = &filters_[i];
      options.allowed_count = counts_[i];
      NearestCost cost;
      TRY_ASSIGN(const std::vector<Near> found, nearest(*sets_[i], query_, options, cost, cancel_));
      for (const Near& near : found) {
        cosines_[first + near.place] = near.similarity;
      }
      scores_.vectors_scanned += cost.codes + cost.products;
      first += sets_[i]->size();
    }
    return {};
  }

  /// From vectors to the docs that have them.
  void spread() {
    for (std::size_t s = 0; s < scans_.size(); ++s) {
      const std::vector<std::uint32_t>& places = *vectors_.places[s];
      std::vector<float>& similarity = scores_.similarity.emplace_back();
      similarity.assign(places.size(), MeaningScores::kNone);
      for (std::size_t doc = 0; doc < similarity.size(); ++doc) {
        if (scans_[s].allowed[doc] != 0 && places[doc] != DocVectors::kNone) {
          similarity[doc] = cosines_[places[doc]];
        }
      }
    }
  }

  /// A file is judged by its two best docs: all of those that have one among the nearest.
  Status complete_files() {
    std::vector<FilePlace> files;
    for (std::uint32_t s = 0; s < scans_.size(); ++s) {
      const std::vector<float>& similarity = scores_.similarity[s];
      for (std::uint32_t file = 0; file < scans_[s].segment().files(); ++file) {
        const auto begin = similarity.begin() + scans_[s].first_doc(file);
        const auto end = similarity.begin() + scans_[s].first_doc(file + 1);
        if (std::any_of(begin, end, [](float near) { return near != MeaningScores::kNone; })) {
          files.push_back({s, file});
        }
      }
    }
    return add_files(scans_, vectors_, sets_, query_.vector(), files, scores_);
  }

  const std::vector<SegmentScan>& scans_;
  const DocVectors& vectors_;
  const VectorSets& sets_;
  const NearestQuery query_;
  const CancelToken& cancel_;
  std::vector<PlaceFilter> filters_;  // of each set
  std::vector<std::size_t> counts_;   // that they allow
  std::vector<float> cosines_;        // of all sets, end to end
  MeaningScores scores_;
};

}  // namespace

bool DocPlaces::is_of(const Entry& entry, const std::shared_ptr<const Segment>& segment,
                      const VectorSets& sets) {
  return entry.segment.lock() == segment &&
         std::equal(entry.sets.begin(), entry.sets.end(), sets.begin(), sets.end(),
                    [](const auto& a, const auto& b) { return a.lock() == b; });
}

Result<DocPlaces::Column> DocPlaces::find(const std::shared_ptr<const Segment>& segment,
                                          const VectorSets& sets) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return is_of(entry, segment, sets);
    });
    if (found != entries_.end()) {
      std::rotate(entries_.begin(), found, found + 1);
      return entries_.front().column;
    }
  }
  TRY_ASSIGN(std::vector<std::uint32_t> places, look_up(*segment, sets));
  Entry entry{segment, {sets.begin(), sets.end()}, nullptr};
  entry.column = std::make_shared<const std::vector<std::uint32_t>>(std::move(places));
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const Entry& old) { return old.segment.expired(); });
  entries_.insert(entries_.begin(), std::move(entry));
  entries_.resize(std::min(entries_.size(), kRememberedColumns));
  return entries_.front().column;
}

Result<DocVectors> find_vectors(const std::vector<SegmentScan>& scans, const VectorSets& sets,
                                DocPlaces* remembered) {
  DocVectors found;
  const SplitSets parts = split(sets);
  const auto first_passing = static_cast<std::uint32_t>(size_of(parts.lasting));
  for (const SegmentScan& scan : scans) {
    DocPlaces::Column column;
    if (remembered == nullptr) {
      TRY_ASSIGN(std::vector<std::uint32_t> places, look_up(scan.segment(), sets));
      column = std::make_shared<const std::vector<std::uint32_t>>(std::move(places));
    } else {
      TRY_ASSIGN(column, remembered->find(scan.live->segment, parts.lasting));
    }
    if (column->size() != scan.allowed.size()) {
      return Error{Code::Corruption,
                   scan.segment().name() + ": its docs and their hashes are not as many"};
    }
    if (remembered != nullptr && !parts.passing.empty()) {
      TRY_ASSIGN(const auto hashes, scan.segment().embedded());
      auto places = std::make_shared<std::vector<std::uint32_t>>(*column);
      for (std::size_t doc = 0; doc < places->size(); ++doc) {
        if ((*places)[doc] == DocVectors::kNone && scan.allowed[doc] != 0) {
          const std::uint32_t place = place_of(parts.passing, (*hashes)[doc]);
          (*places)[doc] = place == DocVectors::kNone ? place : first_passing + place;
        }
      }
      column = std::move(places);
    }
    for (std::size_t doc = 0; doc < column->size(); ++doc) {
      found.pending_docs += scan.allowed[doc] != 0 && (*column)[doc] == DocVectors::kNone ? 1 : 0;
    }
    found.places.push_back(std::move(column));
  }
  return found;
}

Result<MeaningScores> score_meaning(const std::vector<SegmentScan>& scans,
                                    const DocVectors& vectors, const VectorSets& sets,
                                    const VectorQuery& query, Nearness nearness,
                                    const CancelToken& cancel) {
  return Scoring(scans, vectors, sets, query, cancel).run(nearness);
}

Status add_files(const std::vector<SegmentScan>& scans, const DocVectors& vectors,
                 const VectorSets& sets, const VectorQuery& query,
                 const std::vector<FilePlace>& files, MeaningScores& scores) {
  const NearestQuery prepared(query);
  DocScorer scorer(sets, prepared);
  for (const FilePlace& place : files) {
    const SegmentScan& scan = scans[place.segment];
    std::vector<float>& similarity = scores.similarity[place.segment];
    for (std::uint32_t doc = scan.first_doc(place.file); doc < scan.first_doc(place.file + 1);
         ++doc) {
      const std::uint32_t at = (*vectors.places[place.segment])[doc];
      if (scan.allowed[doc] != 0 && at != DocVectors::kNone &&
          similarity[doc] == MeaningScores::kNone) {
        TRY_ASSIGN(similarity[doc], scorer.cosine(at));
        ++scores.vectors_scanned;
      }
    }
  }
  return {};
}

}  // namespace sonde::index
