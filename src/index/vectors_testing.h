#pragma once
// For tests: vectors that lie in clumps as those of texts do, and files of them.

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "index/segment_testing.h"
#include "index/vectors.h"

namespace sonde::index::vectors_testing {

inline const ContentHash kModel = content_hash("a model");

inline void make_unit(std::vector<float>& vector) {
  float length = 0;
  for (const float value : vector) {
    length += value * value;
  }
  for (float& value : vector) {
    value /= std::sqrt(length);
  }
}

inline std::vector<float> random_vector(std::mt19937& random, std::uint32_t dimensions) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimensions);
  for (float& value : vector) {
    value = normal(random);
  }
  make_unit(vector);
  return vector;
}

/// Vectors about random topics.
class Clumps {
 public:
  Clumps(std::uint32_t seed, std::size_t topics, std::uint32_t dimensions) : random_(seed) {
    for (std::size_t i = 0; i < topics; ++i) {
      topics_.push_back(random_vector(random_, dimensions));
    }
  }
  std::vector<float> next() {
    constexpr float kSpread = 0.6F;
    const std::vector<float>& topic = topics_[random_() % topics_.size()];
    std::vector<float> vector = random_vector(random_, static_cast<std::uint32_t>(topic.size()));
    for (std::size_t i = 0; i < vector.size(); ++i) {
      vector[i] = topic[i] + kSpread * vector[i];
    }
    make_unit(vector);
    return vector;
  }

 private:
  std::mt19937 random_;
  std::vector<std::vector<float>> topics_;
};

inline std::shared_ptr<const VectorSet> set_of(std::vector<VectorSet::Row> rows,
                                               std::uint32_t dimensions) {
  return VectorSet::from_rows(dimensions, std::move(rows)).value();
}

inline std::string written(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                           std::uint32_t dimensions, ThreadPool* pool = nullptr) {
  testing::StringSink sink;
  const auto summary = write_vectors(sets, kModel, dimensions, {}, sink, pool);
  return summary.ok() ? sink.bytes() : std::string();
}

inline Result<std::shared_ptr<const VectorSet>> opened(std::string bytes,
                                                       std::uint32_t dimensions) {
  TRY_ASSIGN(std::shared_ptr<io::ByteSource> source,
             io::open_block_bytes(std::move(bytes), "test.vec"));
  return VectorSet::open(std::move(source), kModel, dimensions);
}

}  // namespace sonde::index::vectors_testing
