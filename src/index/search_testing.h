#pragma once
// Small corpora for tests of search.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "index/analyze.h"
#include "index/memory_segment_testing.h"
#include "index/search.h"
#include "text/chunk.h"

namespace sonde::index::search_testing {

/// A doc of a test file.
struct TestDoc {
  std::string text;
  std::string symbol = {};
  text::ChunkKind kind = text::ChunkKind::Text;
};

struct TestFile {
  std::string path;
  std::vector<TestDoc> docs;
  std::string language = "python";
  std::uint32_t traits = 0;
  std::string source = "s";
};

inline AnalyzedFile analyzed(const TestFile& file) {
  FileInput input;
  input.source = file.source;
  input.path = file.path;
  input.language = file.language;
  input.traits = file.traits;
  std::uint32_t at = 0;
  for (const TestDoc& each : file.docs) {
    DocInput doc;
    doc.kind = static_cast<std::uint8_t>(each.kind);
    doc.symbol = each.symbol;
    doc.start_byte = at;
    at += static_cast<std::uint32_t>(each.text.size()) + 1;
    doc.end_byte = at - 1;
    doc.text = each.text;
    input.docs.push_back(doc);
  }
  return analyze_file(input);
}

inline std::shared_ptr<const Segment> segment_of(const std::vector<TestFile>& files) {
  std::vector<AnalyzedFile> all;
  for (const TestFile& file : files) {
    all.push_back(analyzed(file));
  }
  return make_memory_segment(std::move(all), "test").value();
}

class BytesSink final : public io::BlockSink {
 public:
  Status append(std::string_view more) override {
    bytes += more;
    return {};
  }
  std::string bytes;
};

/// The same in the compact format.
inline std::shared_ptr<const Segment> compact_segment_of(const std::vector<TestFile>& files) {
  SegmentBuilder builder;
  for (const TestFile& file : files) {
    EXPECT_TRUE(builder.add(analyzed(file)).ok());
  }
  BytesSink sink;
  EXPECT_TRUE(builder.write(sink).ok());
  return Segment::open(io::open_block_bytes(sink.bytes, "test").value()).value();
}

inline IndexView view_of(const std::vector<TestFile>& files) { return {{segment_of(files), {}}}; }

/// Words that follow Zipf's law, a few of them identifiers.
inline std::string random_text(std::mt19937& random, std::size_t words) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) {
    const auto rank =
        static_cast<unsigned>(1.0 / (0.002 + static_cast<double>(random() % 10'000) / 10'000.0));
    text += (i == 0 ? "" : " ") + std::string("w") + static_cast<char>('a' + rank % 26) +
            static_cast<char>('a' + rank / 26 % 26) + "q";
  }
  return text;
}

inline std::vector<TestFile> random_files(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<TestFile> files;
  for (std::size_t f = 0; f < count; ++f) {
    TestFile file{"dir" + std::to_string(random() % 7) + "/f" + std::to_string(f) + ".py", {}};
    file.language = random() % 3 == 0 ? "c" : "python";
    file.traits = random() % 5 == 0 ? std::uint32_t{kTest} : 0U;
    for (std::size_t d = 0; d <= random() % 6; ++d) {
      TestDoc doc{random_text(random, 5 + random() % 60)};
      if (random() % 2 == 0) {
        doc.symbol = random_text(random, 1);
        doc.kind = text::ChunkKind::Function;
      }
      file.docs.push_back(std::move(doc));
    }
    files.push_back(std::move(file));
  }
  return files;
}

inline SearchResult found(const IndexView& view, std::string_view text,
                          const SearchOptions& options = {}) {
  return search(view, parse_query(text).value(), options, {}).value();
}

inline std::vector<std::string> paths(const SearchResult& result) {
  std::vector<std::string> paths;
  for (const FileHit& file : result.files) {
    paths.push_back(file.path);
  }
  return paths;
}

/// Everything an answer says, exactly.
inline std::string dump(const SearchResult& result) {
  std::string text = std::to_string(result.matched_docs) + "\n";
  for (const FileHit& file : result.files) {
    text += file.source + ":" + file.path + " " + std::to_string(file.traits);
    const auto number = [&text](double value) {
      text.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    number(file.score);
    for (const ScorePart& part : file.parts) {
      text += part.name;
      number(part.value);
    }
    for (const ChunkHit& chunk : file.chunks) {
      text += " " + std::to_string(chunk.ordinal) + chunk.symbol + std::to_string(chunk.start_byte);
      number(chunk.score);
      number(chunk.words);
    }
    text += "\n";
  }
  return text;
}

}  // namespace sonde::index::search_testing
