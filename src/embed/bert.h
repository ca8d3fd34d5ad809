#pragma once
// A BERT encoder: its description, its weights, and the pass from tokens to vectors.
// Source: Devlin et al. 2019, section 3; pooling as in sentence-transformers.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "io/file_system.h"
#include "kernel/kernels.h"

namespace sonde::embed {

enum class Pooling { Mean, Cls };

/// What a model's files say of it; checked: every number is within these limits.
struct BertConfig {
  std::uint32_t layers = 0;       // 1 to 48
  std::uint32_t heads = 0;        // divides width
  std::uint32_t width = 0;        // 16 to 4096
  std::uint32_t inner_width = 0;  // of the feed-forward part; up to 16384
  std::uint32_t vocabulary = 0;   // 1 to 1,000,000
  std::uint32_t positions = 0;    // 1 to 8192
  std::uint32_t token_types = 0;  // 1 to 16
  float norm_epsilon = 1e-12F;
  Pooling pooling = Pooling::Mean;
  std::uint32_t max_tokens = 256;  // texts are cut here, [CLS] and [SEP] included
};

/// Reads config.json, and modules.json, 1_Pooling/config.json and sentence_bert_config.json where
/// they are. Errors: NotFound, InvalidArgument (names file and field), Unsupported (another
/// architecture, activation, position embedding, module or pooling, by name).
Result<BertConfig> read_bert_config(io::FileSystem& fs, const std::string& folder);

/// Scratch of one thread: grows to the largest batch and is kept.
class BertScratch {
 public:
  /// 64-byte aligned room for `count` floats, in one of the numbered buffers.
  float* room(std::size_t buffer, std::size_t count);
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kBuffers = 5;
  std::vector<float> buffers_[kBuffers];
};

/// Weights, immutable once loaded. Threads: safe; each thread brings its own scratch.
class BertModel {
 public:
  /// Loads model.safetensors of `folder`. Errors: those of Safetensors, with file and tensor.
  static Result<std::shared_ptr<const BertModel>> load(io::FileSystem& fs,
                                                       const std::string& folder,
                                                       const BertConfig& config,
                                                       const kernel::Kernels& kernels);

  [[nodiscard]] const BertConfig& config() const { return config_; }
  /// Bytes of weights in memory.
  [[nodiscard]] std::size_t weight_bytes() const;

  /// Embeds packed token sequences: no padding, one after the other.
  /// @param ids      [t] token ids; each below config().vocabulary
  /// @param offsets  [n + 1] where each sequence begins in ids; 1 <= length <= config().positions
  /// @param out      [n, width] float32, row-major; each row of unit length within 1e-4
  /// Errors: InvalidArgument (shape, id), Cancelled (between layers), Corruption (weights so far
  /// off that a vector has no length). On error nothing in `out` is to be read. A row depends on
  /// its sequence alone, bit for bit. Cost: O(t * width^2 + sum length^2 * width).
  Status embed(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
               std::span<float> out, BertScratch& scratch, const CancelToken& cancel) const;

 private:
  struct Layer {
    kernel::PackedMatrix qkv;                            // [3 * width, width]
    kernel::PackedMatrix output;                         // [width, width]
    kernel::PackedMatrix up;                             // [inner, width]
    kernel::PackedMatrix down;                           // [width, inner]
    std::vector<float> attention_gamma, attention_beta;  // [width]
    std::vector<float> output_gamma, output_beta;        // [width]
  };

  BertModel(BertConfig config, const kernel::Kernels& kernels)
      : config_(config), kernels_(kernels) {}
  void look_up(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
               float* hidden) const;
  void run_layer(const Layer& layer, std::span<const std::uint32_t> offsets, float* hidden,
                 BertScratch& scratch) const;
  Status pool(const float* hidden, std::span<const std::uint32_t> offsets,
              std::span<float> out) const;

  const BertConfig config_;
  const kernel::Kernels& kernels_;
  std::vector<float> words_;      // [vocabulary, width]
  std::vector<float> positions_;  // [positions, width], the first token type added
  std::vector<float> gamma_, beta_;
  std::vector<Layer> layers_;
};

}  // namespace sonde::embed
