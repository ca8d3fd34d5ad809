#include "embed/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "embed/model_files.h"
#include "embed/safetensors.h"

namespace sonde::embed {

namespace {

constexpr std::size_t kAlignment = 64 / sizeof(float);
/// Rows that go through the feed-forward part together: its inner rows (6 KiB each for MiniLM) stay
/// in the second-level cache between the two products.
constexpr std::size_t kInnerRows = 96;

enum Buffer : std::size_t { kHidden, kQkv, kContext, kInner, kAttention, kBytes, kInnerBytes };

/// Names differ by what a model was saved from: with "bert." before them, or without.
class Names {
 public:
  explicit Names(const Safetensors& file)
      : prefix_(file.tensors().contains("bert.embeddings.word_embeddings.weight") ? "bert." : "") {}
  [[nodiscard]] std::string operator()(const std::string& name) const { return prefix_ + name; }

 private:
  std::string prefix_;
};

constexpr const char* kWordTensor = "embeddings.word_embeddings.weight";

/// Reads a model's tensors to their places.
class Loader {
 public:
  Loader(const Safetensors& file, const Arithmetic& arithmetic, std::size_t heads, float* weights)
      : file_(file), named_(file), arithmetic_(arithmetic), heads_(heads), weights_(weights) {}

  Status embeddings(const BertConfig& config, const BertLayout& layout) {
    const std::uint64_t width = config.width;
    TRY(copy("embeddings.position_embeddings.weight", {config.positions, width}, layout.positions));
    TRY_ASSIGN(
        const std::vector<float> types,
        file_.read(named_("embeddings.token_type_embeddings.weight"), {config.token_types, width}));
    float* const positions = weights_ + layout.positions;
    for (std::size_t i = 0; i < config.positions * width; ++i) {
      positions[i] += types[i % width];
    }
    TRY(copy("embeddings.LayerNorm.weight", {width}, layout.gamma));
    return copy("embeddings.LayerNorm.bias", {width}, layout.beta);
  }

  Status layer(std::uint32_t index, std::uint64_t width, const BertLayout::Layer& layer) {
    const std::string at = fmt::format("encoder.layer.{}.", index);
    const std::string self = at + "attention.self.";
    TRY(dense({self + "query", self + "key", self + "value"}, layer.qkv, heads_));
    TRY(dense({at + "attention.output.dense"}, layer.output));
    TRY(dense({at + "intermediate.dense"}, layer.up));
    TRY(dense({at + "output.dense"}, layer.down));
    TRY(copy(at + "attention.output.LayerNorm.weight", {width}, layer.attention_gamma));
    TRY(copy(at + "attention.output.LayerNorm.bias", {width}, layer.attention_beta));
    TRY(copy(at + "output.LayerNorm.weight", {width}, layer.output_gamma));
    return copy(at + "output.LayerNorm.bias", {width}, layer.output_beta);
  }

 private:
  Status copy(const std::string& name, const std::vector<std::uint64_t>& shape, std::size_t place) {
    TRY_ASSIGN(const std::vector<float> values, file_.read(named_(name), shape));
    std::copy(values.begin(), values.end(), weights_ + place);
    return {};
  }

  /// The outputs of several matrices as one: one after the other, or with int8 a head's of each.
  Status dense(const std::vector<std::string>& names, const BertLayout::Matrix& matrix,
               std::size_t heads = 1) {
    const std::uint64_t outputs = matrix.outputs / names.size();
    std::vector<float> weights;
    std::vector<float> bias;
    for (const std::string& name : names) {
      TRY_ASSIGN(const std::vector<float> weight,
                 file_.read(named_(name + ".weight"), {outputs, matrix.inputs}));
      TRY_ASSIGN(const std::vector<float> part, file_.read(named_(name + ".bias"), {outputs}));
      weights.insert(weights.end(), weight.begin(), weight.end());
      bias.insert(bias.end(), part.begin(), part.end());
    }
    if (arithmetic_.precision == Precision::Int8) {
      weights = by_head(weights, names.size(), heads);
      bias = by_head(bias, names.size(), heads);
      const kernel::PackedInt8 packed = kernel::pack_int8(
          weights.data(), bias.data(), matrix.outputs, matrix.inputs, weights_ + matrix.weights);
      // In bytes it would be a number like any other.
      if (!std::all_of(packed.scales, packed.scales + matrix.outputs,
                       [](float scale) { return std::isfinite(scale); })) {
        return Error{Code::Corruption, "the model's weights " + named_(names.front()) +
                                           " hold what is no number, or beyond any use"};
      }
    } else {
      kernel::pack(weights.data(), bias.data(), matrix.outputs, matrix.inputs,
                   arithmetic_.panel_width(), weights_ + matrix.weights, weights_ + matrix.bias);
    }
    return {};
  }

  /// [parts, heads, n] to [heads, parts, n].
  static std::vector<float> by_head(const std::vector<float>& from, std::size_t parts,
                                    std::size_t heads) {
    std::vector<float> to(from.size());
    const std::size_t count = from.size() / parts / heads;
    for (std::size_t i = 0; i < parts * heads; ++i) {
      std::copy_n(&from[i * count], count, &to[(i % heads * parts + i / heads) * count]);
    }
    return to;
  }

  const Safetensors& file_;
  const Names named_;
  const Arithmetic arithmetic_;
  const std::size_t heads_;
  float* const weights_;
};

}  // namespace

float* BertScratch::room(std::size_t buffer, std::size_t count) {
  std::vector<float>& storage = buffers_[buffer];
  if (storage.size() < count + kAlignment) {
    storage = {};  // freed before the larger one is taken
    storage.resize(count + kAlignment);
  }
  const auto address = reinterpret_cast<std::uintptr_t>(storage.data()) / sizeof(float);
  return storage.data() + (kAlignment - address % kAlignment) % kAlignment;
}

kernel::Int8Rows BertScratch::rows(std::size_t buffer, std::size_t count, std::size_t width) {
  const std::size_t stride = kernel::int8_row_bytes(width);
  float* const begin = room(buffer, count * (stride / sizeof(float) + 2));
  float* const scales = begin + count * stride / sizeof(float);
  return {reinterpret_cast<std::uint8_t*>(begin), stride, scales, scales + count};
}

std::size_t BertScratch::bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<float>& buffer : buffers_) {
    bytes += buffer.capacity() * sizeof(float);
  }
  return bytes;
}

BertLayout::BertLayout(const BertConfig& config, const Arithmetic& arithmetic) {
  const std::size_t width = config.width;
  positions = place(config.positions * width);
  gamma = place(width);
  beta = place(width);
  layers.resize(config.layers);
  for (Layer& layer : layers) {
    layer.qkv = place_matrix(3 * width, width, arithmetic);
    layer.output = place_matrix(width, width, arithmetic);
    layer.up = place_matrix(config.inner_width, width, arithmetic);
    layer.down = place_matrix(width, config.inner_width, arithmetic);
    for (std::size_t* const part :
         {&layer.attention_gamma, &layer.attention_beta, &layer.output_gamma, &layer.output_beta}) {
      *part = place(width);
    }
  }
}

/// Each part begins on a line of the cache.
std::size_t BertLayout::place(std::size_t count) {
  const std::size_t begin = floats;
  floats += (count + kAlignment - 1) / kAlignment * kAlignment;
  return begin;
}

BertLayout::Matrix BertLayout::place_matrix(std::size_t outputs, std::size_t inputs,
                                            const Arithmetic& arithmetic) {
  if (arithmetic.precision == Precision::Int8) {
    return {place(kernel::packed_int8_floats(outputs, inputs)), 0, outputs, inputs};
  }
  const std::size_t padded = kernel::padded_outputs(outputs, arithmetic.panel_width());
  const std::size_t weights = place(padded * inputs);
  return {weights, place(padded), outputs, inputs};
}

Result<std::shared_ptr<const BertModel>> BertModel::load(io::FileSystem& fs,
                                                         const std::string& folder,
                                                         const BertConfig& config,
                                                         const Arithmetic& arithmetic) {
  TRY_ASSIGN(Safetensors file, Safetensors::open(fs, io::join_path(folder, kWeightsFile)));
  const BertLayout layout(config, arithmetic);
  const std::string word_tensor = Names(file)(kWordTensor);
  TRY(file.check(word_tensor, {config.vocabulary, config.width}));
  LargeBuffer weights(layout.floats);
  std::fill_n(weights.data(), layout.floats, 0.0F);  // what lies between the parts too
  Loader loader(file, arithmetic, config.heads, weights.data());
  TRY(loader.embeddings(config, layout));
  for (std::uint32_t index = 0; index < config.layers; ++index) {
    TRY(loader.layer(index, config.width, layout.layers[index]));
  }
  TRY_ASSIGN(auto words,
             WordRows::create(std::move(file), word_tensor, config.vocabulary, config.width));
  return std::shared_ptr<const BertModel>(
      new BertModel(config, arithmetic, std::move(weights), std::move(words)));
}

Result<std::shared_ptr<const BertModel>> BertModel::restore(
    io::FileSystem& fs, const std::string& folder, const BertConfig& config,
    const Arithmetic& arithmetic, LargeBuffer weights, std::vector<std::uint64_t> checksums) {
  if (weights.size() != BertLayout(config, arithmetic).floats ||
      checksums.size() != config.vocabulary) {
    return Error{Code::InvalidArgument, "prepared weights of another shape"};
  }
  TRY_ASSIGN(Safetensors file, Safetensors::open(fs, io::join_path(folder, kWeightsFile)));
  const std::string word_tensor = Names(file)(kWordTensor);
  TRY_ASSIGN(auto words,
             WordRows::open(std::move(file), word_tensor, config.width, std::move(checksums)));
  return std::shared_ptr<const BertModel>(
      new BertModel(config, arithmetic, std::move(weights), std::move(words)));
}

std::size_t BertModel::weight_bytes() const {
  return weights_.size() * sizeof(float) + words_->bytes();
}

kernel::PackedMatrix BertModel::matrix(const BertLayout::Matrix& matrix) const {
  return {matrix.outputs, matrix.inputs, arithmetic_.panel_width(), at(matrix.weights),
          at(matrix.bias)};
}

kernel::PackedInt8 BertModel::int8_matrix(const BertLayout::Matrix& matrix) const {
  return kernel::packed_int8(at(matrix.weights), matrix.outputs, matrix.inputs);
}

Status BertModel::look_up(std::span<const std::uint32_t> ids,
                          std::span<const std::uint32_t> offsets, float* hidden) const {
  const std::size_t width = config_.width;
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    for (std::size_t i = offsets[n]; i < offsets[n + 1]; ++i) {
      TRY_ASSIGN(const float* const word, words_->row(ids[i]));
      const float* const position = at(layout_.positions) + (i - offsets[n]) * width;
      float* const row = hidden + i * width;
      for (std::size_t d = 0; d < width; ++d) {
        row[d] = word[d] + position[d];
      }
    }
  }
  arithmetic_.f32->layer_norm(hidden, ids.size(), width, at(layout_.gamma), at(layout_.beta),
                              config_.norm_epsilon);
  return {};
}

void BertModel::run_layer(const BertLayout::Layer& layer, std::span<const std::uint32_t> offsets,
                          float* hidden, BertScratch& scratch) const {
  const std::size_t width = config_.width;
  const std::size_t inner = config_.inner_width;
  const std::size_t tokens = offsets.back();
  const std::size_t head_width = width / config_.heads;
  float* const qkv = scratch.room(kQkv, tokens * 3 * width);      // [t, 3 * width]
  float* const context = scratch.room(kContext, tokens * width);  // [t, width]
  arithmetic_.f32->matmul(hidden, tokens, width, matrix(layer.qkv), qkv, 3 * width,
                          kernel::Epilogue::None);
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    const std::size_t length = offsets[n + 1] - offsets[n];
    float* const room = scratch.room(kAttention, kernel::attention_scratch(length, head_width));
    arithmetic_.f32->attention(qkv + offsets[n] * 3 * width, length, config_.heads, head_width,
                               context + offsets[n] * width, room);
  }
  float* const rows = scratch.room(kInner, std::min(tokens, kInnerRows) * inner);  // [96, inner]
  for (std::size_t begin = 0; begin < tokens; begin += kInnerRows) {
    const std::size_t count = std::min(kInnerRows, tokens - begin);
    float* const block = hidden + begin * width;
    arithmetic_.f32->matmul(context + begin * width, count, width, matrix(layer.output), block,
                            width, kernel::Epilogue::AddResidual);
    arithmetic_.f32->layer_norm(block, count, width, at(layer.attention_gamma),
                                at(layer.attention_beta), config_.norm_epsilon);
    arithmetic_.f32->matmul(block, count, width, matrix(layer.up), rows, inner,
                            kernel::Epilogue::Gelu);
    arithmetic_.f32->matmul(rows, count, inner, matrix(layer.down), block, width,
                            kernel::Epilogue::AddResidual);
    arithmetic_.f32->layer_norm(block, count, width, at(layer.output_gamma), at(layer.output_beta),
                                config_.norm_epsilon);
  }
}

void BertModel::attend_int8(const BertLayout::Layer& layer, std::span<const std::uint32_t> offsets,
                            const kernel::Int8Rows& bytes, float* context,
                            BertScratch& scratch) const {
  const kernel::Int8Kernels& int8 = *arithmetic_.int8;
  const std::size_t width = config_.width;
  const std::size_t head_width = width / config_.heads;
  const std::size_t tokens = offsets.back();
  const kernel::PackedInt8 weights = int8_matrix(layer.qkv);
  // Head by head, so that what lies between product and attention stays in the second-level cache;
  // as many heads as fill whole panels.
  const std::size_t outputs = 3 * head_width;
  const std::size_t heads = kernel::kInt8Panel / std::gcd(outputs, kernel::kInt8Panel);
  for (std::size_t first = 0; first < config_.heads; first += heads) {
    const std::size_t count = std::min<std::size_t>(heads, config_.heads - first);
    const std::size_t stride = count * outputs;
    float* const qkv = scratch.room(kQkv, tokens * stride);  // [t, count, 3, head_width]
    int8.matmul(bytes, tokens, weights.part(first * outputs, stride), qkv, stride,
                kernel::Epilogue::None);
    for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
      const std::size_t length = offsets[n + 1] - offsets[n];
      float* const room = scratch.room(
          kAttention, kernel::int8_attention_scratch(length, head_width) / sizeof(float));
      for (std::size_t head = 0; head < count; ++head) {
        int8.attention(qkv + offsets[n] * stride + head * outputs, stride, length, head_width,
                       context + offsets[n] * width + (first + head) * head_width, width,
                       reinterpret_cast<std::byte*>(room));
      }
    }
  }
}

void BertModel::run_int8_layer(const BertLayout::Layer& layer,
                               std::span<const std::uint32_t> offsets, float* hidden,
                               BertScratch& scratch) const {
  const kernel::Int8Kernels& int8 = *arithmetic_.int8;
  const std::size_t width = config_.width;
  const std::size_t inner = config_.inner_width;
  const std::size_t tokens = offsets.back();
  const kernel::Int8Rows bytes = scratch.rows(kBytes, tokens, width);  // of `hidden` always
  float* const context = scratch.room(kContext, tokens * width);       // [t, width]
  if (&layer == layout_.layers.data()) {
    int8.quantise(hidden, tokens, width, bytes);
  }
  attend_int8(layer, offsets, bytes, context, scratch);
  const std::size_t together = std::min(tokens, kInnerRows);
  float* const rows = scratch.room(kInner, together * inner);  // [96, inner]
  const kernel::Int8Rows row_bytes = scratch.rows(kInnerBytes, together, inner);
  for (std::size_t begin = 0; begin < tokens; begin += kInnerRows) {
    const std::size_t count = std::min(kInnerRows, tokens - begin);
    float* const block = hidden + begin * width;
    const kernel::Int8Rows block_bytes = bytes.from(begin);
    int8.quantise(context + begin * width, count, width, block_bytes);
    int8.matmul(block_bytes, count, int8_matrix(layer.output), block, width,
                kernel::Epilogue::AddResidual);
    int8.normalise(block, count, width, at(layer.attention_gamma), at(layer.attention_beta),
                   config_.norm_epsilon, block_bytes);
    int8.matmul(block_bytes, count, int8_matrix(layer.up), rows, inner, kernel::Epilogue::Gelu);
    int8.quantise(rows, count, inner, row_bytes);
    int8.matmul(row_bytes, count, int8_matrix(layer.down), block, width,
                kernel::Epilogue::AddResidual);
    int8.normalise(block, count, width, at(layer.output_gamma), at(layer.output_beta),
                   config_.norm_epsilon, block_bytes);
  }
}

Status BertModel::pool(const float* hidden, std::span<const std::uint32_t> offsets,
                       std::span<float> out) const {
  const std::size_t width = config_.width;
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    float* const row = out.data() + n * width;
    const float* const first = hidden + offsets[n] * width;
    const std::size_t length = config_.pooling == Pooling::Cls ? 1 : offsets[n + 1] - offsets[n];
    std::copy_n(first, width, row);
    for (std::size_t i = 1; i < length; ++i) {
      for (std::size_t d = 0; d < width; ++d) {
        row[d] += first[i * width + d];
      }
    }
    // The mean's divisor falls out of the normalisation.
    const float norm = std::sqrt(arithmetic_.f32->dot(row, row, width));
    if (!std::isfinite(norm) || !(norm > 0)) {
      return Error{Code::Corruption, "the model's weights give a vector that has no length"};
    }
    const float scale = 1.0F / norm;
    for (std::size_t d = 0; d < width; ++d) {
      row[d] *= scale;
    }
  }
  return {};
}

Status BertModel::embed(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
                        std::span<float> out, BertScratch& scratch,
                        const CancelToken& cancel) const {
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != ids.size() ||
      out.size() != (offsets.size() - 1) * config_.width) {
    return Error{Code::InvalidArgument, "offsets do not cover the token ids"};
  }
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    if (offsets[n + 1] <= offsets[n] || offsets[n + 1] - offsets[n] > config_.positions) {
      return Error{Code::InvalidArgument,
                   fmt::format("a sequence has to have 1 to {} tokens", config_.positions)};
    }
  }
  if (std::any_of(ids.begin(), ids.end(),
                  [&](std::uint32_t id) { return id >= config_.vocabulary; })) {
    return Error{Code::InvalidArgument,
                 fmt::format("a token id is outside the vocabulary of {}", config_.vocabulary)};
  }
  if (ids.empty()) {
    return {};
  }
  float* const hidden = scratch.room(kHidden, ids.size() * config_.width);  // [t, width]
  TRY(look_up(ids, offsets, hidden));
  for (const BertLayout::Layer& layer : layout_.layers) {
    TRY(cancel.check());
    if (arithmetic_.precision == Precision::Int8) {
      run_int8_layer(layer, offsets, hidden, scratch);
    } else {
      run_layer(layer, offsets, hidden, scratch);
    }
  }
  return pool(hidden, offsets, out);
}

}  // namespace sonde::embed
