// The forward pass of a BERT of MiniLM's shape, with weights at random: tokens a second, operations
// a second, a query's latency, and what loading costs. Set beside the machine's peak, which the
// first benchmark measures in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/codec.h"
#include "embed/bert.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using namespace sonde;

embed::BertConfig shape_of_minilm() {
  embed::BertConfig config;
  config.layers = 6;
  config.heads = 12;
  config.width = 384;
  config.inner_width = 1536;
  config.vocabulary = 30'522;
  config.positions = 512;
  config.token_types = 2;
  return config;
}

/// Writes model.safetensors with every tensor that the configuration names.
class RandomModel {
 public:
  explicit RandomModel(const embed::BertConfig& config)
      : folder_(std::filesystem::temp_directory_path() /
                ("sonde-bench-" + std::to_string(std::random_device()()))) {
    const std::uint64_t width = config.width;
    const std::uint64_t inner = config.inner_width;
    add("embeddings.word_embeddings.weight", config.vocabulary, width);
    add("embeddings.position_embeddings.weight", config.positions, width);
    add("embeddings.token_type_embeddings.weight", config.token_types, width);
    add_norm("embeddings", width);
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      const std::string at = "encoder.layer." + std::to_string(layer) + ".";
      for (const char* part : {"query", "key", "value"}) {
        add_dense(at + "attention.self." + part, width, width);
      }
      add_dense(at + "attention.output.dense", width, width);
      add_norm(at + "attention.output", width);
      add_dense(at + "intermediate.dense", inner, width);
      add_dense(at + "output.dense", width, inner);
      add_norm(at + "output", width);
    }
    write();
  }
  ~RandomModel() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  RandomModel(const RandomModel&) = delete;
  RandomModel& operator=(const RandomModel&) = delete;
  [[nodiscard]] std::string folder() const { return folder_.string(); }

 private:
  void add(const std::string& name, std::uint64_t rows, std::uint64_t columns) {
    const std::string shape =
        columns == 0 ? std::to_string(rows) : std::to_string(rows) + "," + std::to_string(columns);
    const std::uint64_t count = rows * std::max<std::uint64_t>(columns, 1);
    header_ += (header_.empty() ? "{\"" : ",\"") + name + R"(":{"dtype":"F32","shape":[)" + shape +
               "],\"data_offsets\":[" + std::to_string(4 * count_) + "," +
               std::to_string(4 * (count_ + count)) + "]}";
    count_ += count;
  }
  void add_dense(const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
    add(name + ".weight", outputs, inputs);
    add(name + ".bias", outputs, 0);
  }
  void add_norm(const std::string& name, std::uint64_t width) {
    add(name + ".LayerNorm.weight", width, 0);
    add(name + ".LayerNorm.bias", width, 0);
  }
  void write() const {
    std::filesystem::create_directories(folder_);
    std::ofstream out(folder_ / "model.safetensors", std::ios::binary);
    ByteWriter start;
    start.u64(header_.size() + 1);
    start.raw(header_ + "}");
    out.write(start.bytes().data(), static_cast<std::streamsize>(start.size()));
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-0.06F, 0.06F);
    std::vector<float> block(1U << 16);
    std::generate(block.begin(), block.end(), [&] { return uniform(random); });
    for (std::uint64_t at = 0; at < count_; at += block.size()) {
      const std::uint64_t count = std::min<std::uint64_t>(block.size(), count_ - at);
      out.write(reinterpret_cast<const char*>(block.data()),
                static_cast<std::streamsize>(4 * count));
    }
  }

  const std::filesystem::path folder_;
  std::string header_;
  std::uint64_t count_ = 0;
};

struct Loaded {
  RandomModel files{shape_of_minilm()};
  std::shared_ptr<const embed::BertModel> model;
};

Result<Loaded*> loaded(kernel::InstructionSet set) {
  static Loaded state;
  static kernel::InstructionSet current = kernel::InstructionSet::Serial;
  if (state.model == nullptr || current != set) {
    TRY_ASSIGN(state.model, embed::BertModel::load(
                                io::real_file_system(), state.files.folder(), shape_of_minilm(),
                                embed::Arithmetic::of(embed::Precision::F32, set)));
    current = set;
  }
  return &state;
}

/// Operations of one sequence: the matrices of every layer, and attention's two products.
double operations(const embed::BertConfig& config, std::size_t length) {
  const double width = config.width;
  const double matrices = 2.0 * (4.0 * width * width + 2.0 * width * config.inner_width);
  const double attention = 4.0 * static_cast<double>(length) * width;
  return config.layers * static_cast<double>(length) * (matrices + attention);
}

void forward(benchmark::State& state, kernel::InstructionSet set, std::size_t length) {
  if (!kernel::is_available(set)) {
    state.SkipWithError("not on this processor");
    return;
  }
  const auto bench = loaded(set);
  if (!bench.ok()) {
    state.SkipWithError(bench.error().message.c_str());
    return;
  }
  const auto sequences = static_cast<std::size_t>(state.range(0)) / length;
  std::mt19937 random(2);
  std::vector<std::uint32_t> ids(sequences * length);
  std::generate(ids.begin(), ids.end(),
                [&] { return static_cast<std::uint32_t>(random() % 30'000); });
  std::vector<std::uint32_t> offsets;
  for (std::size_t i = 0; i <= sequences; ++i) {
    offsets.push_back(static_cast<std::uint32_t>(i * length));
  }
  std::vector<float> out(sequences * 384);
  embed::BertScratch scratch;
  for (auto _ : state) {
    const Status status = (*bench)->model->embed(ids, offsets, out, scratch, {});
    if (!status.ok()) {
      state.SkipWithError(status.error().message.c_str());
      return;
    }
  }
  const double passes = static_cast<double>(state.iterations());
  state.counters["tokens/s"] =
      benchmark::Counter(passes * static_cast<double>(ids.size()), benchmark::Counter::kIsRate);
  state.counters["FLOP/s"] = benchmark::Counter(
      passes * static_cast<double>(sequences) * operations(shape_of_minilm(), length),
      benchmark::Counter::kIsRate);
  state.counters["scratch_MB"] = static_cast<double>(scratch.bytes()) / 1e6;
}

void load(benchmark::State& state) {
  const RandomModel files(shape_of_minilm());
  for (auto _ : state) {
    const auto model = embed::BertModel::load(
        io::real_file_system(), files.folder(), shape_of_minilm(),
        embed::Arithmetic::of(embed::Precision::F32, kernel::best_instruction_set()));
    if (!model.ok()) {
      state.SkipWithError(model.error().message.c_str());
      return;
    }
    state.counters["weights_MB"] = static_cast<double>((*model)->weight_bytes()) / 1e6;
  }
}

#if defined(__x86_64__)
/// Independent multiply-adds in registers: the most that this core gives at this moment.
__attribute__((target("avx512f"))) void peak_avx512(std::array<float, 16>& out,
                                                    std::size_t rounds) {
  __m512 sums[16];
  for (__m512& sum : sums) {
    sum = _mm512_set1_ps(1.0F);
  }
  const __m512 factor = _mm512_set1_ps(0.999F);
  for (std::size_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (__m512& sum : sums) {
      sum = _mm512_fmadd_ps(sum, factor, factor);
    }
  }
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = _mm512_cvtss_f32(sums[i]);
  }
}

void peak(benchmark::State& state) {
  if (!kernel::is_available(kernel::InstructionSet::Avx512)) {
    state.SkipWithError("not on this processor");
    return;
  }
  constexpr std::size_t kRounds = 1'000'000;
  std::array<float, 16> out{};
  for (auto _ : state) {
    peak_avx512(out, kRounds);
    benchmark::DoNotOptimize(out);
  }
  state.counters["FLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * kRounds * 16 * 16 * 2, benchmark::Counter::kIsRate);
}
BENCHMARK(peak)->Unit(benchmark::kMillisecond);
#endif

using kernel::InstructionSet;
BENCHMARK_CAPTURE(forward, avx512_documents_of_190, InstructionSet::Avx512, 190)
    ->Arg(190)
    ->Arg(512)
    ->Arg(1024)
    ->Arg(2048)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, avx512_documents_of_50, InstructionSet::Avx512, 50)
    ->Arg(1024)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, avx512_query_of_9, InstructionSet::Avx512, 9)
    ->Arg(9)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, avx2_documents_of_190, InstructionSet::Avx2, 190)
    ->Arg(1024)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, avx2_query_of_9, InstructionSet::Avx2, 9)
    ->Arg(9)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(load)->Unit(benchmark::kMillisecond);

}  // namespace
