// A chunk to terms, and a query over 100,000 chunks in memory.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>

#include "index/analyze.h"
#include "index/search.h"
#include "io/block_file.h"

namespace {

using namespace sonde;

std::string word_of(std::mt19937& random) {
  // Zipf: the r-th word of 200,000 has weight 1/r.
  const double u = static_cast<double>(random() % 1'000'000) / 1e6;
  auto rank = static_cast<std::uint64_t>(std::pow(200'000.0, u));
  std::string word;
  for (std::uint64_t hash = rank * 0x9E3779B97F4A7C15ULL; word.size() < 3 + rank % 6; hash /= 26) {
    word += static_cast<char>('a' + hash % 26);
  }
  return word;
}

std::string chunk_text(std::mt19937& random) {
  std::string text;
  while (text.size() < 750) {
    text += word_of(random) + (random() % 9 == 0 ? "\n" : " ");
  }
  return text;
}

index::AnalyzedFile file_of(std::mt19937& random, std::size_t number) {
  std::vector<std::string> texts(10);
  index::FileInput file;
  const std::string path = "src/" + word_of(random) + "/" + std::to_string(number) + ".py";
  file.source = "s";
  file.path = path;
  file.language = "python";
  for (std::string& text : texts) {
    text = chunk_text(random);
    index::DocInput doc;
    doc.text = text;
    file.docs.push_back(doc);
  }
  return index::analyze_file(file);
}

void analyze_file(benchmark::State& state) {
  std::mt19937 random(2);
  std::vector<std::string> texts(1'000);
  index::FileInput file;
  std::size_t bytes = 0;
  for (std::string& text : texts) {
    text = chunk_text(random);
    bytes += text.size();
    index::DocInput doc;
    doc.text = text;
    file.docs.push_back(doc);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(index::analyze_file(file));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(analyze_file);

class BytesSink final : public io::BlockSink {
 public:
  Status append(std::string_view more) override {
    bytes += more;
    return {};
  }
  std::string bytes;
};

void search_100k(benchmark::State& state) {
  std::mt19937 random(3);
  index::SegmentBuilder builder;
  for (std::size_t file = 0; file < 10'000; ++file) {
    if (!builder.add(file_of(random, file)).ok()) {
      return state.SkipWithError("cannot add a file");
    }
  }
  BytesSink sink;
  if (!builder.write(sink).ok()) {
    return state.SkipWithError("cannot write the segment");
  }
  auto source = io::open_block_bytes(std::move(sink.bytes), "bench");
  const index::IndexView view = {{index::Segment::open(std::move(source).value()).value(), {}}};
  std::uint64_t postings = 0;
  for (auto _ : state) {
    std::string text;
    for (int i = 0; i < 5; ++i) {
      text += word_of(random) + " ";
    }
    auto result = index::search(view, index::parse_query(text).value(), {}, {});
    postings += result.value().postings_read;
  }
  state.counters["postings"] =
      benchmark::Counter(static_cast<double>(postings), benchmark::Counter::kAvgIterations);
}
BENCHMARK(search_100k)->Unit(benchmark::kMillisecond);

}  // namespace
