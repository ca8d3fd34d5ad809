#pragma once
// A BERT encoder: its description, its weights, and the pass from tokens to vectors.
// Source: Devlin et al. 2019, section 3; pooling as in sentence-transformers.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/large_buffer.h"
#include "base/result.h"
#include "embed/precision.h"
#include "embed/word_rows.h"
#include "io/file_system.h"
#include "kernel/int8.h"
#include "kernel/kernels.h"

namespace sonde::embed {

enum class Pooling { Mean, Cls };

/// The functions that a model is computed with.
struct Arithmetic {
  Precision precision = Precision::F32;
  const kernel::Kernels* f32 = nullptr;
  const kernel::Int8Kernels* int8 = nullptr;

  /// Must be available here.
  static Arithmetic of(Precision precision, kernel::InstructionSet set) {
    return {precision, &kernel::kernels_for(set),
            &kernel::int8_kernels_for(kernel::int8_set_of(set))};
  }
  /// Of the panels that weights are laid out in.
  [[nodiscard]] std::size_t panel_width() const {
    return precision == Precision::Int8 ? kernel::kInt8Panel : f32->panel_width;
  }
};

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
  /// Room for rows of int8, 64-byte aligned, in two more of them.
  kernel::Int8Rows rows(std::size_t buffer, std::size_t count, std::size_t width);
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kBuffers = 7;
  std::vector<float> buffers_[kBuffers];
};

/// Where each part of the weights that every text goes through begins in one array of floats. It
/// depends on the numbers alone, so that the array may be kept in a file.
class BertLayout {
 public:
  BertLayout(const BertConfig& config, const Arithmetic& arithmetic);

  struct Matrix {
    std::size_t weights = 0, bias = 0;  // as pack() has them; all of pack_int8() is in weights
    std::size_t outputs = 0, inputs = 0;
  };
  struct Layer {
    Matrix qkv;     // [3 * width, width]; with int8 each head's three parts side by side
    Matrix output;  // [width, width]
    Matrix up;      // [inner, width]
    Matrix down;    // [width, inner]
    std::size_t attention_gamma = 0, attention_beta = 0, output_gamma = 0, output_beta = 0;
  };

  std::size_t positions = 0;  // [positions, width], the first token type added
  std::size_t gamma = 0, beta = 0;
  std::vector<Layer> layers;
  std::size_t floats = 0;  // in all

 private:
  std::size_t place(std::size_t count);
  Matrix place_matrix(std::size_t outputs, std::size_t inputs, const Arithmetic& arithmetic);
};

/// Weights, immutable once loaded. Threads: safe; each thread brings its own scratch.
class BertModel {
 public:
  /// Loads model.safetensors of `folder`. Errors: those of Safetensors, with file and tensor.
  /// Cost: 90 ms for 90 MB.
  static Result<std::shared_ptr<const BertModel>> load(io::FileSystem& fs,
                                                       const std::string& folder,
                                                       const BertConfig& config,
                                                       const Arithmetic& arithmetic);
  /// The same model from what load() made of it.
  /// @param weights    as weights() gave it for the same layout; BertLayout's size
  /// @param checksums  as word_checksums() gave it
  /// Errors: those of Safetensors; InvalidArgument (sizes).
  static Result<std::shared_ptr<const BertModel>> restore(
      io::FileSystem& fs, const std::string& folder, const BertConfig& config,
      const Arithmetic& arithmetic, LargeBuffer weights, std::vector<std::uint64_t> checksums);

  [[nodiscard]] const BertConfig& config() const { return config_; }
  /// Bytes of weights in memory; grows with the words that texts have.
  [[nodiscard]] std::size_t weight_bytes() const;
  /// All but the word embeddings, as BertLayout has them.
  [[nodiscard]] std::span<const float> weights() const { return weights_.view(); }
  [[nodiscard]] std::span<const std::uint64_t> word_checksums() const {
    return words_->checksums();
  }

  /// Embeds packed token sequences: no padding, one after the other.
  /// @param ids      [t] token ids; each below config().vocabulary
  /// @param offsets  [n + 1] where each sequence begins in ids; 1 <= length <= config().positions
  /// @param out      [n, width] float32, row-major; each row of unit length within 1e-4
  /// Errors: InvalidArgument (shape, id), Cancelled (between layers), Corruption (weights so far
  /// off that a vector has no length). On error nothing in `out` is to be read. A row depends on
  /// its sequence alone, bit for bit. Errors also: those of WordRows::row. Cost: O(t * width^2 +
  /// sum length^2 * width).
  Status embed(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
               std::span<float> out, BertScratch& scratch, const CancelToken& cancel) const;

 private:
  BertModel(const BertConfig& config, const Arithmetic& arithmetic, LargeBuffer weights,
            std::unique_ptr<const WordRows> words)
      : config_(config),
        arithmetic_(arithmetic),
        layout_(config, arithmetic),
        weights_(std::move(weights)),
        words_(std::move(words)) {}
  [[nodiscard]] const float* at(std::size_t place) const { return weights_.data() + place; }
  [[nodiscard]] kernel::PackedMatrix matrix(const BertLayout::Matrix& matrix) const;
  [[nodiscard]] kernel::PackedInt8 int8_matrix(const BertLayout::Matrix& matrix) const;
  Status look_up(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
                 float* hidden) const;
  void run_layer(const BertLayout::Layer& layer, std::span<const std::uint32_t> offsets,
                 float* hidden, BertScratch& scratch) const;
  /// The same with int8 weights; the first layer quantises what comes from the embeddings.
  void run_int8_layer(const BertLayout::Layer& layer, std::span<const std::uint32_t> offsets,
                      float* hidden, BertScratch& scratch) const;
  void attend_int8(const BertLayout::Layer& layer, std::span<const std::uint32_t> offsets,
                   const kernel::Int8Rows& bytes, float* context, BertScratch& scratch) const;
  Status pool(const float* hidden, std::span<const std::uint32_t> offsets,
              std::span<float> out) const;

  const BertConfig config_;
  const Arithmetic arithmetic_;
  const BertLayout layout_;
  const LargeBuffer weights_;
  const std::unique_ptr<const WordRows> words_;
};

}  // namespace sonde::embed
