// What reading costs before anything is understood: hashing and checking bytes.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "base/hash.h"
#include "base/utf8.h"

namespace {

std::string sample(std::size_t size) {
  std::string text;
  while (text.size() < size) {
    text += "for (const auto& entry : entries) { total += entry.size_bytes; }\n";
  }
  text.resize(size);
  return text;
}

void report(benchmark::State& state, const std::string& text) {
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void content_hash_bytes(benchmark::State& state) {
  const std::string text = sample(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(sonde::content_hash(text));
  }
  report(state, text);
}
BENCHMARK(content_hash_bytes)->Arg(750)->Arg(64 << 10);

void checksum64_bytes(benchmark::State& state) {
  const std::string text = sample(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(sonde::checksum64(text));
  }
  report(state, text);
}
BENCHMARK(checksum64_bytes)->Arg(4 << 10)->Arg(64 << 10);

void is_valid_utf8_bytes(benchmark::State& state) {
  const std::string text = sample(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(sonde::is_valid_utf8(text));
  }
  report(state, text);
}
BENCHMARK(is_valid_utf8_bytes)->Arg(64 << 10);

}  // namespace
