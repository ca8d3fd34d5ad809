#include "embed/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "embed/safetensors.h"

namespace sonde::embed {

namespace {

constexpr std::size_t kAlignment = 64 / sizeof(float);
/// Rows that go through the feed-forward part together: its inner rows (6 KiB each for MiniLM) stay
/// in the second-level cache between the two products.
constexpr std::size_t kInnerRows = 96;

enum Buffer : std::size_t { kHidden, kQkv, kContext, kInner, kAttention };

/// Names differ by what a model was saved from: with "bert." before them, or without.
class Names {
 public:
  explicit Names(const Safetensors& file)
      : prefix_(file.tensors().contains("bert.embeddings.word_embeddings.weight") ? "bert." : "") {}
  [[nodiscard]] std::string operator()(const std::string& name) const { return prefix_ + name; }

 private:
  std::string prefix_;
};

struct Dense {
  std::vector<float> weight;
  std::vector<float> bias;
};

Result<Dense> read_dense(const Safetensors& file, const std::string& name, std::uint64_t outputs,
                         std::uint64_t inputs) {
  Dense dense;
  TRY_ASSIGN(dense.weight, file.read(name + ".weight", {outputs, inputs}));
  TRY_ASSIGN(dense.bias, file.read(name + ".bias", {outputs}));
  return dense;
}

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

std::size_t BertScratch::bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<float>& buffer : buffers_) {
    bytes += buffer.capacity() * sizeof(float);
  }
  return bytes;
}

Result<std::shared_ptr<const BertModel>> BertModel::load(io::FileSystem& fs,
                                                         const std::string& folder,
                                                         const BertConfig& config,
                                                         const kernel::Kernels& kernels) {
  TRY_ASSIGN(const Safetensors file,
             Safetensors::open(fs, io::join_path(folder, "model.safetensors")));
  const Names named(file);
  const std::uint64_t width = config.width;
  std::shared_ptr<BertModel> model(new BertModel(config, kernels));
  TRY_ASSIGN(model->words_,
             file.read(named("embeddings.word_embeddings.weight"), {config.vocabulary, width}));
  TRY_ASSIGN(model->positions_,
             file.read(named("embeddings.position_embeddings.weight"), {config.positions, width}));
  TRY_ASSIGN(
      const std::vector<float> types,
      file.read(named("embeddings.token_type_embeddings.weight"), {config.token_types, width}));
  for (std::size_t i = 0; i < model->positions_.size(); ++i) {
    model->positions_[i] += types[i % width];
  }
  TRY_ASSIGN(model->gamma_, file.read(named("embeddings.LayerNorm.weight"), {width}));
  TRY_ASSIGN(model->beta_, file.read(named("embeddings.LayerNorm.bias"), {width}));
  model->layers_.reserve(config.layers);
  for (std::uint32_t index = 0; index < config.layers; ++index) {
    const std::string at = named(fmt::format("encoder.layer.{}.", index));
    Layer layer;
    Dense qkv;
    for (const char* part : {"query", "key", "value"}) {
      TRY_ASSIGN(const Dense dense, read_dense(file, at + "attention.self." + part, width, width));
      qkv.weight.insert(qkv.weight.end(), dense.weight.begin(), dense.weight.end());
      qkv.bias.insert(qkv.bias.end(), dense.bias.begin(), dense.bias.end());
    }
    TRY_ASSIGN(const Dense output, read_dense(file, at + "attention.output.dense", width, width));
    TRY_ASSIGN(const Dense up,
               read_dense(file, at + "intermediate.dense", config.inner_width, width));
    TRY_ASSIGN(const Dense down, read_dense(file, at + "output.dense", width, config.inner_width));
    layer.qkv = kernels.pack(qkv.weight.data(), qkv.bias.data(), 3 * width, width);
    layer.output = kernels.pack(output.weight.data(), output.bias.data(), width, width);
    layer.up = kernels.pack(up.weight.data(), up.bias.data(), config.inner_width, width);
    layer.down = kernels.pack(down.weight.data(), down.bias.data(), width, config.inner_width);
    TRY_ASSIGN(layer.attention_gamma, file.read(at + "attention.output.LayerNorm.weight", {width}));
    TRY_ASSIGN(layer.attention_beta, file.read(at + "attention.output.LayerNorm.bias", {width}));
    TRY_ASSIGN(layer.output_gamma, file.read(at + "output.LayerNorm.weight", {width}));
    TRY_ASSIGN(layer.output_beta, file.read(at + "output.LayerNorm.bias", {width}));
    model->layers_.push_back(std::move(layer));
  }
  return std::shared_ptr<const BertModel>(std::move(model));
}

std::size_t BertModel::weight_bytes() const {
  std::size_t floats = words_.size() + positions_.size() + gamma_.size() + beta_.size();
  for (const Layer& layer : layers_) {
    for (const kernel::PackedMatrix* matrix : {&layer.qkv, &layer.output, &layer.up, &layer.down}) {
      floats += matrix->storage.size() + matrix->bias.size();
    }
    floats += 4 * config_.width;
  }
  return floats * sizeof(float);
}

void BertModel::look_up(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> offsets,
                        float* hidden) const {
  const std::size_t width = config_.width;
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    for (std::size_t i = offsets[n]; i < offsets[n + 1]; ++i) {
      const float* const word = words_.data() + ids[i] * width;
      const float* const position = positions_.data() + (i - offsets[n]) * width;
      float* const row = hidden + i * width;
      for (std::size_t d = 0; d < width; ++d) {
        row[d] = word[d] + position[d];
      }
    }
  }
  kernels_.layer_norm(hidden, ids.size(), width, gamma_.data(), beta_.data(), config_.norm_epsilon);
}

void BertModel::run_layer(const Layer& layer, std::span<const std::uint32_t> offsets, float* hidden,
                          BertScratch& scratch) const {
  const std::size_t width = config_.width;
  const std::size_t inner = config_.inner_width;
  const std::size_t tokens = offsets.back();
  const std::size_t head_width = width / config_.heads;
  float* const qkv = scratch.room(kQkv, tokens * 3 * width);      // [t, 3 * width]
  float* const context = scratch.room(kContext, tokens * width);  // [t, width]
  kernels_.matmul(hidden, tokens, width, layer.qkv, qkv, 3 * width, kernel::Epilogue::None);
  for (std::size_t n = 0; n + 1 < offsets.size(); ++n) {
    const std::size_t length = offsets[n + 1] - offsets[n];
    float* const room = scratch.room(kAttention, kernel::attention_scratch(length, head_width));
    kernels_.attention(qkv + offsets[n] * 3 * width, length, config_.heads, head_width,
                       context + offsets[n] * width, room);
  }
  float* const rows = scratch.room(kInner, std::min(tokens, kInnerRows) * inner);  // [96, inner]
  for (std::size_t begin = 0; begin < tokens; begin += kInnerRows) {
    const std::size_t count = std::min(kInnerRows, tokens - begin);
    float* const block = hidden + begin * width;
    kernels_.matmul(context + begin * width, count, width, layer.output, block, width,
                    kernel::Epilogue::AddResidual);
    kernels_.layer_norm(block, count, width, layer.attention_gamma.data(),
                        layer.attention_beta.data(), config_.norm_epsilon);
    kernels_.matmul(block, count, width, layer.up, rows, inner, kernel::Epilogue::Gelu);
    kernels_.matmul(rows, count, inner, layer.down, block, width, kernel::Epilogue::AddResidual);
    kernels_.layer_norm(block, count, width, layer.output_gamma.data(), layer.output_beta.data(),
                        config_.norm_epsilon);
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
    const float norm = std::sqrt(kernels_.dot(row, row, width));
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
  look_up(ids, offsets, hidden);
  for (const Layer& layer : layers_) {
    TRY(cancel.check());
    run_layer(layer, offsets, hidden, scratch);
  }
  return pool(hidden, offsets, out);
}

}  // namespace sonde::embed
