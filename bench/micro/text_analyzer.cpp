// Words of source text: ASCII (no ICU call) and mixed.
#include "text/analyzer.h"

#include <benchmark/benchmark.h>

#include <random>
#include <string>

namespace {

/// Code-like text: identifiers out of 4,000 words, punctuation, indentation.
std::string source_text(std::size_t bytes, const char* comment) {
  std::mt19937 random(1);
  std::vector<std::string> words;
  for (int i = 0; i < 4'000; ++i) {
    std::string word;
    for (std::size_t c = 0; c < 3 + random() % 7; ++c) {
      word += static_cast<char>('a' + random() % 26);
    }
    words.push_back(std::move(word));
  }
  const auto word = [&] { return words[random() % words.size() * (random() % 100) / 100]; };
  std::string text;
  while (text.size() < bytes) {
    text += "    " + word() + "_" + word() + " = self." + word() + "(" + word() + ", " + word() +
            ")  " + comment + " " + word() + " " + word() + " " + word() + "\n";
  }
  return text;
}

void analyze(benchmark::State& state, const char* comment) {
  const std::string text = source_text(1U << 20, comment);
  sonde::text::Analyzer analyzer(sonde::text::kStemCacheForCorpus);
  for (auto _ : state) {
    for (std::size_t at = 0; at < text.size(); at += 750) {
      benchmark::DoNotOptimize(analyzer.analyze(std::string_view(text).substr(at, 750)));
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(analyze, ascii, "#");
BENCHMARK_CAPTURE(analyze, mixed, "# für");

}  // namespace
