#include "index/meaning_scores.h"

#include <algorithm>
#include <numeric>

#include "index/greatest.h"

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
constexpr std::size_t kLeastEffortOfSet = 512;
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

/// Scores docs one by one.
class DocScorer {
 public:
  DocScorer(const VectorSets& sets, const NearestQuery& query) : query_(query) {
    for (const auto& set : sets) {
      readers_.emplace_back(*set);
      firsts_.push_back(end_);
      end_ += static_cast<std::uint32_t>(set->size());
    }
  }
  /// @param place  among all sets
  Result<float> cosine(std::uint32_t place) {
    const std::size_t set = set_of(place);
    TRY_ASSIGN(const VectorRow row, readers_[set].row(place - firsts_[set]));
    return query_.product(row);
  }
  /// Asks the processor for the vector that cosine() will need soon.
  void fetch(std::uint32_t place) const {
    const std::size_t set = set_of(place);
    readers_[set].fetch(place - firsts_[set]);
  }

 private:
  [[nodiscard]] std::size_t set_of(std::uint32_t place) const {
    std::size_t set = firsts_.size() - 1;
    while (place < firsts_[set]) {
      --set;
    }
    return set;
  }

  const NearestQuery& query_;
  std::vector<VectorReader> readers_;
  std::vector<std::uint32_t> firsts_;  // of each set: the place of its first vector
  std::uint32_t end_ = 0;
};

class Scoring {
 public:
  Scoring(const std::vector<SegmentScan>& scans, const DocVectors& vectors, const VectorSets& sets,
          const NearestQuery& query, const CancelToken& cancel)
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
    cosines_.assign(size_of(sets_), MeaningScores::kUnseen);
    TRY(scores_.partial ? find_nearest() : compare_all());
    spread();
    if (scores_.partial) {
      list_files();
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
              ? for_each_place(filters_[i], 0, static_cast<std::uint32_t>(sets_[i]->size()),
                               look_up_one)
              : reader.for_each(VectorReader::Keep::WhileThereIsRoom, read_on));
      first += sets_[i]->size();
    }
    return {};
  }

  Status find_nearest() {
    std::vector<std::size_t> order(sets_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return sets_[a]->size() > sets_[b]->size();
    });
    const std::size_t all = size_of(sets_);
    const std::size_t effort = std::max(kLeastEffort, all / kEffortShare);
    Greatest<float> best(kNearestDocs);
    for (const std::size_t i : order) {
      const std::size_t size = sets_[i]->size();
      NearestOptions options;
      options.count = kNearestDocs;
      options.effort = std::max(std::min(size, kLeastEffortOfSet),
                                effort * size / std::max<std::size_t>(all, 1));
      options.allowed = &filters_[i];
      options.allowed_count = counts_[i];
      options.above = best.least();
      NearestCost cost;
      TRY_ASSIGN(const std::vector<Near> found, nearest(*sets_[i], query_, options, cost, cancel_));
      const std::uint32_t first = first_of(i);
      for (const Near& near : found) {
        cosines_[first + near.place] = near.similarity;
        best.add(near.similarity);
      }
      scores_.vectors_scanned += cost.codes + cost.products;
    }
    scores_.unseen = std::max(0.0F, best.least());
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

  void list_files() {
    for (std::uint32_t s = 0; s < scans_.size(); ++s) {
      const std::vector<float>& similarity = scores_.similarity[s];
      const std::vector<std::uint32_t>& first_docs = *scans_[s].first_docs;
      std::uint32_t file = 0;
      for (std::uint32_t doc = 0; doc < similarity.size(); ++doc) {
        if (similarity[doc] > MeaningScores::kUnseen) {
          while (first_docs[file + 1] <= doc) {
            ++file;
          }
          scores_.files.push_back({s, file});
          doc = first_docs[file + 1] - 1;
        }
      }
    }
  }

  /// Place of a set's first vector among those of all sets.
  [[nodiscard]] std::uint32_t first_of(std::size_t set) const {
    std::size_t first = 0;
    for (std::size_t i = 0; i < set; ++i) {
      first += sets_[i]->size();
    }
    return static_cast<std::uint32_t>(first);
  }

  const std::vector<SegmentScan>& scans_;
  const DocVectors& vectors_;
  const VectorSets& sets_;
  const NearestQuery& query_;
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
  TRY_ASSIGN(std::vector<std::uint32_t> places, look_up_new(segment, sets));
  Entry entry{segment, {sets.begin(), sets.end()}, nullptr};
  entry.column = std::make_shared<const std::vector<std::uint32_t>>(std::move(places));
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const Entry& old) { return is_gone(old); });
  entries_.insert(entries_.begin(), std::move(entry));
  entries_.resize(std::min(entries_.size(), kRememberedColumns));
  return entries_.front().column;
}

Result<std::vector<std::uint32_t>> DocPlaces::look_up_new(
    const std::shared_ptr<const Segment>& segment, const VectorSets& sets) {
  if (sets.empty() || sets.back()->lists() != nullptr) {
    return look_up(*segment, sets);
  }
  // Rows of the truth change with every commit; what the files hold stays as it was.
  const VectorSets lasting(sets.begin(), sets.end() - 1);
  TRY_ASSIGN(const Column before, find(segment, lasting));
  std::vector<std::uint32_t> places = *before;
  TRY_ASSIGN(const auto hashes, segment->embedded());
  const auto first = static_cast<std::uint32_t>(size_of(lasting));
  for (std::size_t doc = 0; doc < std::min(places.size(), hashes->size()); ++doc) {
    if (places[doc] == DocVectors::kNone) {
      const auto at = sets.back()->find((*hashes)[doc]);
      places[doc] = at ? first + *at : DocVectors::kNone;
    }
  }
  return places;
}

bool DocPlaces::is_gone(const Entry& entry) {
  return entry.segment.expired() || std::any_of(entry.sets.begin(), entry.sets.end(),
                                                [](const auto& set) { return set.expired(); });
}

Result<DocVectors> find_vectors(const std::vector<SegmentScan>& scans, const VectorSets& sets,
                                DocPlaces* remembered) {
  DocVectors found;
  for (const SegmentScan& scan : scans) {
    DocPlaces::Column column;
    if (remembered == nullptr) {
      TRY_ASSIGN(std::vector<std::uint32_t> places, look_up(scan.segment(), sets));
      column = std::make_shared<const std::vector<std::uint32_t>>(std::move(places));
    } else {
      TRY_ASSIGN(column, remembered->find(scan.live->segment, sets));
    }
    if (column->size() != scan.allowed.size()) {
      return Error{Code::Corruption,
                   scan.segment().name() + ": its docs and their hashes are not as many"};
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
                                    const NearestQuery& query, Nearness nearness,
                                    const CancelToken& cancel) {
  return Scoring(scans, vectors, sets, query, cancel).run(nearness);
}

Status complete_file(const std::vector<SegmentScan>& scans, const DocVectors& vectors,
                     const VectorSets& sets, const NearestQuery& query, const FilePlace& file,
                     MeaningScores& scores) {
  const SegmentScan& scan = scans[file.segment];
  const std::vector<std::uint32_t>& places = *vectors.places[file.segment];
  std::vector<float>& similarity = scores.similarity[file.segment];
  const std::uint32_t end = scan.first_doc(file.file + 1);
  const auto missing = [&](std::uint32_t doc) { return similarity[doc] == MeaningScores::kUnseen; };
  DocScorer scorer(sets, query);
  for (std::uint32_t doc = scan.first_doc(file.file); doc < end; ++doc) {
    if (missing(doc)) {
      scorer.fetch(places[doc]);
    }
  }
  for (std::uint32_t doc = scan.first_doc(file.file); doc < end; ++doc) {
    if (missing(doc)) {
      TRY_ASSIGN(similarity[doc], scorer.cosine(places[doc]));
      ++scores.vectors_scanned;
    }
  }
  return {};
}

}  // namespace sonde::index
