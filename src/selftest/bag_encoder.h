#pragma once
// A model for tests: a bag of words hashed into 32 dimensions. Deterministic, near where words are
// shared, and needs no file.

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "embed/encoder.h"

namespace sonde::selftest {

/// Threads: safe.
class BagEncoder final : public embed::Encoder {
 public:
  static constexpr std::uint32_t kDimensions = 32;

  explicit BagEncoder(const std::string& name = "fake", const std::string& precision = "f32") {
    id_.name = name;
    id_.weights = content_hash(name).hex();
    id_.precision = precision;
    id_.pooling = "mean";
    id_.dimensions = kDimensions;
    id_.max_tokens = 256;
  }

  [[nodiscard]] const embed::ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view text,
                                         const CancelToken& cancel) override {
    TRY(cancel.check());
    const std::lock_guard lock(mutex_);
    ++counters_.queries;
    return vector_of(text);
  }
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken& cancel) override {
    TRY(cancel.check());
    if (before_batch) {
      TRY(before_batch());
    }
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::vector<float> vector = vector_of(texts[i]);
      std::copy(vector.begin(), vector.end(),
                out.begin() + static_cast<std::ptrdiff_t>(i * kDimensions));
      fed_.emplace_back(texts[i]);
    }
    counters_.texts += texts.size();
    return {};
  }
  /// A letter or digit each is a token, and two stand around a text.
  [[nodiscard]] std::size_t count_tokens(std::string_view text) const override {
    return 2 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0;
           }));
  }
  [[nodiscard]] embed::EncoderCounters counters() const override {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  /// Every text that was embedded, in order.
  [[nodiscard]] std::vector<std::string> fed() const {
    const std::lock_guard lock(mutex_);
    return fed_;
  }

  [[nodiscard]] std::vector<float> vector_of(std::string_view text) const {
    std::vector<float> vector(kDimensions, 0.0F);
    std::string word;
    const auto take = [&] {
      if (!word.empty()) {
        const std::uint64_t hash = checksum64(word, checksum64(id_.name));
        vector[hash % kDimensions] += (hash >> 32) % 2 == 0 ? 1.0F : -1.0F;
        vector[(hash >> 16) % kDimensions] += 0.5F;
      }
      word.clear();
    };
    for (const char c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else {
        take();
      }
    }
    take();
    float length = 0;
    for (const float value : vector) {
      length += value * value;
    }
    for (float& value : vector) {
      value = length > 0 ? value / std::sqrt(length) : 1.0F / std::sqrt(float{kDimensions});
    }
    return vector;
  }

  std::function<Status()> before_batch;  // its error is the batch's; set before use

 private:
  embed::ModelId id_;
  mutable std::mutex mutex_;
  embed::EncoderCounters counters_;
  std::vector<std::string> fed_;
};

}  // namespace sonde::selftest
