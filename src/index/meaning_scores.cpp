#include "index/meaning_scores.h"

#include "kernel/dot_i8.h"

namespace sonde::index {
namespace {

constexpr std::size_t kVectorsPerCancelCheck = 65'536;

using Sets = std::vector<std::shared_ptr<const VectorSet>>;

std::uint32_t place_of(const Sets& sets, const ContentHash& hash) {
  std::uint32_t first = 0;
  for (const auto& set : sets) {
    if (const auto at = set->find(hash)) {
      return first + *at;
    }
    first += static_cast<std::uint32_t>(set->size());
  }
  return DocVectors::kNone;
}

}  // namespace

Result<DocVectors> find_vectors(const std::vector<SegmentScan>& scans, const Sets& sets) {
  DocVectors found;
  for (const SegmentScan& scan : scans) {
    TRY_ASSIGN(const auto hashes, scan.segment().embedded());
    std::vector<std::uint32_t>& places = found.places.emplace_back();
    places.assign(scan.allowed.size(), DocVectors::kNone);
    for (std::size_t doc = 0; doc < places.size() && doc < hashes->size(); ++doc) {
      if (scan.allowed[doc] != 0) {
        places[doc] = place_of(sets, (*hashes)[doc]);
        found.pending_docs += places[doc] == DocVectors::kNone ? 1 : 0;
      }
    }
  }
  return found;
}

Result<MeaningScores> score_meaning(const std::vector<SegmentScan>& scans,
                                    const DocVectors& vectors, const Sets& sets,
                                    const VectorCode& query, const CancelToken& cancel) {
  std::size_t total = 0;
  for (const auto& set : sets) {
    if (set->dimensions() != query.codes.size()) {
      return Error{Code::InvalidArgument, "the query's vector is of another model"};
    }
    total += set->size();
  }
  std::vector<char> wanted(total, 0);
  for (std::size_t s = 0; s < scans.size(); ++s) {
    for (std::size_t doc = 0; doc < vectors.places[s].size(); ++doc) {
      if (scans[s].allowed[doc] != 0 && vectors.places[s][doc] != DocVectors::kNone) {
        wanted[vectors.places[s][doc]] = 1;
      }
    }
  }
  MeaningScores scores;
  std::vector<float> cosines(total, MeaningScores::kNone);
  const kernel::DotI8 dot = kernel::dot_i8_of(kernel::best_dot_set());
  const std::size_t dimensions = query.codes.size();
  std::size_t first = 0;
  for (const auto& set : sets) {
    TRY_ASSIGN(const auto codes, set->codes());
    for (std::size_t i = 0; i < set->size(); ++i) {
      if (i % kVectorsPerCancelCheck == 0) {
        TRY(cancel.check());
      }
      if (wanted[first + i] == 0) {
        continue;
      }
      const std::int32_t products =
          dot(query.codes.data(), codes->values.data() + i * dimensions, dimensions);
      cosines[first + i] =
          static_cast<float>(static_cast<double>(products) * static_cast<double>(query.scale) *
                             static_cast<double>(codes->scales[i]));
      ++scores.vectors_scanned;
    }
    first += set->size();
  }
  for (std::size_t s = 0; s < scans.size(); ++s) {
    std::vector<float>& similarity = scores.similarity.emplace_back();
    similarity.assign(vectors.places[s].size(), MeaningScores::kNone);
    for (std::size_t doc = 0; doc < similarity.size(); ++doc) {
      if (scans[s].allowed[doc] != 0 && vectors.places[s][doc] != DocVectors::kNone) {
        similarity[doc] = cosines[vectors.places[s][doc]];
      }
    }
  }
  return scores;
}

}  // namespace sonde::index
