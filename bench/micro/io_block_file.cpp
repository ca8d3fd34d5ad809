// What a checked read costs: from the cache, and from the file with its checksum.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "io/block_file.h"

namespace {

using namespace sonde::io;

constexpr std::size_t kBlocks = 4096;  // 64 MiB

class StringSink final : public BlockSink {
 public:
  sonde::Status append(std::string_view bytes) override {
    content += bytes;
    return {};
  }
  std::string content;
};

/// A file of kBlocks blocks that is gone with the object.
class SampleFile {
 public:
  SampleFile() {
    StringSink sink;
    BlockWriter writer(sink);
    const std::string block(kBlockPayloadBytes, 'x');
    for (std::size_t i = 0; i < kBlocks; ++i) {
      static_cast<void>(writer.append(block));
    }
    static_cast<void>(writer.finish());
    static_cast<void>(replace_file(real_file_system(), path, sink.content));
  }
  ~SampleFile() { std::filesystem::remove(path); }
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;

  const std::string path = (std::filesystem::temp_directory_path() / "sonde-bench-blocks").string();
};

void read_randomly(benchmark::State& state, std::size_t cache_bytes) {
  const SampleFile file;
  BlockCache cache(cache_bytes);
  auto opened = open_block_file(real_file_system(), file.path, &cache);
  if (!opened.ok()) {
    state.SkipWithError(opened.error().message.c_str());
    return;
  }
  auto& source = *opened.value();
  static_cast<void>(source.check_all());
  const auto length = static_cast<std::size_t>(state.range(0));
  std::string buffer(length, '\0');
  std::mt19937_64 random(1);
  for (auto _ : state) {
    const std::uint64_t offset = random() % (source.size() - length);
    if (!source.read(offset, length, buffer.data()).ok()) {
      state.SkipWithError("a block does not check");
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void block_read_cached(benchmark::State& state) { read_randomly(state, 2 * kBlocks * kBlockBytes); }
BENCHMARK(block_read_cached)->Arg(16)->Arg(1 << 10)->Arg(128 << 10);

void block_read_from_file(benchmark::State& state) { read_randomly(state, 0); }
BENCHMARK(block_read_from_file)->Arg(16)->Arg(1 << 10)->Arg(128 << 10);

}  // namespace
