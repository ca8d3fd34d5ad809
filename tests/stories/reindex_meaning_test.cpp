// The reindex story with a model loaded: after every round of edits, deletes and moves the vectors
// are those of a fresh library, answers by meaning are those of a brute force over the truth, and
// nothing that was edited away is shown.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "index/embed_text.h"
#include "index/vector_code.h"
#include "store/store.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

const std::vector<std::string> kQueries = {"retry request", "session token", "invoice payment",
                                           "decode buffer cursor", "marker ledger"};
constexpr std::size_t kBest = 50;
constexpr std::size_t kEvery = 5'000;

struct LiveChunk {
  std::string path;
  std::uint32_t start_line = 0;
  std::string text;
  ContentHash hash;  // of what the model is fed
  std::string fed;
};

using Vectors = std::map<std::string, std::string>;  // hash in hex to packed code

std::vector<LiveChunk> read_chunks(const std::string& directory) {
  store::StoreOptions options;
  options.directory = directory;
  const auto store = std::move(store::Store::open(options)).value();
  const auto snapshot = std::move(store->snapshot()).value();
  std::vector<LiveChunk> live;
  const auto sources = std::move(snapshot->sources()).value();
  for (const store::SourceRow& source : sources) {
    std::vector<std::string> paths;
    EXPECT_TRUE(snapshot
                    ->for_each_file(source.id,
                                    [&](const auto& file) -> Status {
                                      paths.push_back(file.path);
                                      return {};
                                    })
                    .ok());
    for (const std::string& path : paths) {
      const auto row = std::move(snapshot->file(source.id, path)).value();
      const auto chunks = std::move(snapshot->chunks(row->id)).value();
      for (const store::ChunkRecord& chunk : chunks) {
        std::string fed =
            index::embed_text(row->language, path, chunk.scope, chunk.symbol, chunk.text);
        live.push_back({path, chunk.start_line, chunk.text, content_hash(fed), fed});
      }
    }
  }
  return live;
}

/// The vector of every chunk, embedded here and now: by the text.
Vectors embed_all(embed::Encoder& encoder, const std::vector<LiveChunk>& chunks) {
  std::vector<std::string_view> texts;
  for (const LiveChunk& chunk : chunks) {
    texts.push_back(chunk.fed);
  }
  const std::size_t dimensions = encoder.id().dimensions;
  std::vector<float> values(texts.size() * dimensions);
  EXPECT_TRUE(encoder.embed_documents(texts, values, {}).ok());
  Vectors vectors;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto code =
        index::encode_vector(std::span(values).subspan(i * dimensions, dimensions)).value();
    vectors[chunks[i].hash.hex()] = index::pack_code(code);
  }
  return vectors;
}

/// How near a file is.
struct Nearness {
  double first = 0;  // the cosine of its best chunk
  double second = 0;
  std::size_t chunks = 0;
  std::uint32_t line = 0;  // of its best chunk

  [[nodiscard]] double mean() const { return chunks > 1 ? (first + second) / 2 : first; }
};

/// Every file with something near to the query, from all its chunks.
std::map<std::string, Nearness> brute_force(embed::Encoder& encoder,
                                            const std::vector<LiveChunk>& chunks,
                                            const Vectors& vectors, const std::string& query) {
  const std::uint32_t dimensions = encoder.id().dimensions;
  const auto asked = index::encode_query(encoder.embed_query(query, {}).value()).value();
  std::map<std::string, Nearness> files;
  for (const LiveChunk& chunk : chunks) {
    const auto code = index::unpack_code(vectors.at(chunk.hash.hex()), dimensions).value();
    std::int64_t products = 0;
    for (std::size_t i = 0; i < dimensions; ++i) {
      products += std::int64_t{asked.wide[i]} * std::int64_t{code.codes[i]};
    }
    const double cosine = static_cast<double>(products) * static_cast<double>(asked.scale) *
                          static_cast<double>(code.scale);
    Nearness& file = files[chunk.path];
    ++file.chunks;
    if (cosine > file.first) {
      file.second = file.first;
      file.first = cosine;
      file.line = chunk.start_line;
    } else {
      file.second = std::max(file.second, cosine);
    }
  }
  std::erase_if(files, [](const auto& file) { return file.second.mean() <= 0; });
  return files;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<library::SearchHit> ask_meaning(library::Library& library, const std::string& query,
                                            std::size_t limit) {
  library::SearchRequest request;
  request.query = query;
  request.mode = library::SearchMode::Meaning;
  request.limit = limit;
  request.explain = true;
  request.refresh = false;
  auto answer = library.search(request, {});
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
  return answer.ok() ? std::move(answer->results) : std::vector<library::SearchHit>{};
}

/// What the ranking makes of the kind and the place of the file.
double factor_of(const library::SearchHit& hit) {
  double factor = 1;
  for (const auto& [name, value] : hit.boosts) {
    factor *= name == "kind of file" || name == "depth" ? value : 1;
  }
  return factor;
}

void expect_answers_of_brute_force(library::Library& library, embed::Encoder& encoder,
                                   const std::vector<LiveChunk>& chunks, const Vectors& vectors,
                                   const std::string& root) {
  for (const std::string& query : kQueries) {
    const std::map<std::string, Nearness> expected = brute_force(encoder, chunks, vectors, query);
    const std::vector<library::SearchHit> hits = ask_meaning(library, query, kEvery);
    ASSERT_EQ(hits.size(), expected.size());
    for (const library::SearchHit& hit : hits) {
      const auto file = expected.find(hit.path);
      ASSERT_NE(file, expected.end()) << hit.path;
      ASSERT_NEAR(hit.meaning, file->second.first, 1e-6) << query << " " << hit.path;
      ASSERT_NEAR(hit.score, file->second.mean() * factor_of(hit), 1e-6) << query << hit.path;
      ASSERT_EQ(hit.start_line, file->second.line);
      ASSERT_NE(content_of(root + "/" + hit.path).find(hit.text), std::string::npos)
          << "old text of " << hit.path << ": " << hit.text;
    }
    ASSERT_TRUE(std::is_sorted(hits.begin(), hits.end(), [](const auto& a, const auto& b) {
      return std::tuple(-a.score, a.path) < std::tuple(-b.score, b.path);
    }));
    const std::vector<library::SearchHit> best = ask_meaning(library, query, kBest);
    ASSERT_EQ(best.size(), kBest);
    for (std::size_t i = 0; i < kBest; ++i) {
      ASSERT_EQ(best[i].id, hits[i].id) << query << " " << i;
    }
  }
}

TEST(ReindexMeaning,
     vectors_equal_a_fresh_library_and_answers_a_brute_force_after_every_round) {  // INV-1, INV-10
  const ScratchFolder scratch("reindex-meaning");
  Corpus corpus(scratch.path() + "/tree", 21);
  corpus.add_files(story_size(2'000));
  const auto encoder = write_and_open(words_model(3), scratch.path() + "/model");
  ASSERT_NE(encoder, nullptr);
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}, encoder};
  const auto library = open_or_create(setup);
  index_all(*library);

  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    corpus.edit_files(story_size(692));
    corpus.delete_files(story_size(100));
    corpus.move_files(story_size(100));
    corpus.add_files(story_size(100));
    const Vectors before = dump_vectors(setup.directory);
    const std::uint64_t texts_before = encoder->counters().texts;
    const library::IndexReport report = index_all(*library);
    ASSERT_GT(report.moved, 0U);
    ASSERT_EQ(report.pending_chunks, 0U);
    const std::uint64_t texts = encoder->counters().texts - texts_before;

    const std::vector<LiveChunk> chunks = read_chunks(setup.directory);
    const Vectors kept = dump_vectors(setup.directory);
    const Vectors expected = embed_all(*encoder, chunks);
    const auto added = static_cast<std::uint64_t>(
        std::count_if(expected.begin(), expected.end(),
                      [&](const auto& row) { return !before.contains(row.first); }));
    ASSERT_EQ(report.embedded, added);
    ASSERT_EQ(texts, added) << "only what is new is embedded";
    for (const auto& [hash, code] : expected) {
      const auto found = kept.find(hash);
      ASSERT_TRUE(found != kept.end() && found->second == code) << hash;
    }
    expect_answers_of_brute_force(*library, *encoder, chunks, expected, corpus.root());

    const LibrarySetup fresh_setup{corpus.root(), scratch.path() + "/fresh", 2, {}, encoder};
    const auto fresh = open_or_create(fresh_setup);
    index_all(*fresh);
    ASSERT_EQ(dump_vectors(fresh_setup.directory), expected) << "round " << round;
    ASSERT_EQ(dump_answers(*library, kQueries, 300), dump_answers(*fresh, kQueries, 300))
        << "hybrid, round " << round;
    std::filesystem::remove_all(fresh_setup.directory);
  }
}

}  // namespace
}  // namespace sonde::testing
