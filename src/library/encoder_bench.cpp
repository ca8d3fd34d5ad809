#include "library/encoder_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/codec.h"
#include "io/file_system.h"
#include "io/own_process.h"

namespace sonde::library {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLineLimit = 1'000'000;
constexpr int kPasses = 5;
constexpr std::size_t kQueriesWanted = 400;  // asked again and again where there are fewer

struct Line {
  std::string text;
  bool is_query = false;
};

Result<std::vector<Line>> read_lines(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return Error{Code::NotFound, "cannot read " + path};
  }
  std::vector<Line> lines;
  for (std::string text; std::getline(in, text);) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const bool whole = json.is_object() && json.contains("text") && json["text"].is_string() &&
                       json.contains("kind") && (json["kind"] == "text" || json["kind"] == "query");
    if (!whole || lines.size() == kLineLimit) {
      return Error{whole ? Code::Limit : Code::InvalidArgument,
                   fmt::format("{}:{}: {}", path, lines.size() + 1,
                               whole ? "too many lines"
                                     : R"(not {"kind": "text" or "query", "text": "..."})")};
    }
    lines.push_back({json["text"].get<std::string>(), json["kind"] == "query"});
  }
  return lines;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// NumPy's format 1.0: a head of 64 bytes times some, then the numbers.
Status write_numpy(const std::string& path, std::size_t rows, std::size_t columns,
                   const std::vector<float>& values) {
  std::string about =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr std::size_t kBefore = 10;
  constexpr std::size_t kStep = 64;
  about.append(kStep - (kBefore + about.size() + 1) % kStep, ' ');
  about += '\n';
  ByteWriter head;
  head.raw("\x93NUMPY");
  head.u8(1);
  head.u8(0);
  head.u8(static_cast<std::uint8_t>(about.size() & 0xFFU));
  head.u8(static_cast<std::uint8_t>(about.size() >> 8U));
  head.raw(about);
  head.raw({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  return io::replace_file(io::real_file_system(), path, head.bytes());
}

/// Times of whole passes over the texts; the vectors of the last one.
Result<std::vector<double>> time_passes(embed::Encoder& encoder,
                                        const std::vector<std::string_view>& texts,
                                        std::vector<float>& vectors, const CancelToken& cancel) {
  vectors.resize(texts.size() * encoder.id().dimensions);
  TRY(encoder.embed_documents(texts, vectors, cancel));
  std::vector<double> seconds;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = Clock::now();
    TRY(encoder.embed_documents(texts, vectors, cancel));
    seconds.push_back(seconds_since(start));
  }
  return seconds;
}

Result<std::vector<double>> time_queries(embed::Encoder& encoder,
                                         const std::vector<std::string_view>& queries,
                                         std::vector<float>& vectors, const CancelToken& cancel) {
  std::vector<double> times_ms;
  while (!queries.empty() && times_ms.size() < kQueriesWanted) {
    vectors.clear();
    for (const std::string_view query : queries) {
      const auto start = Clock::now();
      TRY_ASSIGN(const std::vector<float> vector, encoder.embed_query(query, cancel));
      times_ms.push_back(1'000 * seconds_since(start));
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
  }
  return times_ms;
}

}  // namespace

Result<EncoderFigures> bench_encoder(const EncoderBench& bench, embed::Encoder& encoder,
                                     const CancelToken& cancel) {
  TRY_ASSIGN(const std::vector<Line> lines, read_lines(bench.texts));
  std::vector<std::string_view> texts;
  std::vector<std::string_view> queries;
  EncoderFigures figures;
  for (const Line& line : lines) {
    (line.is_query ? queries : texts).push_back(line.text);
    if (!line.is_query) {
      figures.tokens +=
          std::min<std::size_t>(encoder.count_tokens(line.text), encoder.id().max_tokens);
    }
  }
  if (texts.empty()) {
    return Error{Code::InvalidArgument, bench.texts + " has no text"};
  }
  std::vector<float> of_texts;
  std::vector<float> of_queries;
  TRY_ASSIGN(const std::vector<double> seconds, time_passes(encoder, texts, of_texts, cancel));
  TRY_ASSIGN(const std::vector<double> times_ms,
             time_queries(encoder, queries, of_queries, cancel));
  const double median = at_share(seconds, 0.5);
  figures.texts = texts.size();
  figures.tokens_per_second = static_cast<double>(figures.tokens) / median;
  figures.texts_per_second = static_cast<double>(texts.size()) / median;
  figures.spread = 1 - at_share(seconds, 0) / at_share(seconds, 1);
  figures.queries = times_ms.size();
  figures.query_p50_ms = at_share(times_ms, 0.5);
  figures.query_p99_ms = at_share(times_ms, 0.99);
  TRY_ASSIGN(const io::ResidentMemory memory, io::resident_memory());
  figures.peak_rss_mb = static_cast<double>(memory.peak_bytes) / 1e6;
  if (!bench.vectors.empty()) {
    const std::size_t width = encoder.id().dimensions;
    std::vector<float> all;
    std::size_t text = 0;
    std::size_t query = 0;
    for (const Line& line : lines) {
      const float* const row =
          line.is_query ? &of_queries[query++ * width] : &of_texts[text++ * width];
      all.insert(all.end(), row, row + width);
    }
    TRY(write_numpy(bench.vectors, lines.size(), width, all));
  }
  return figures;
}

}  // namespace sonde::library
