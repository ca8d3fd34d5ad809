#include "index/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "index/meaning_scores.h"
#include "index/search_testing.h"
#include "index/vectors_testing.h"
#include "index/vectors_walk.h"
#include "io/test_folder.h"

namespace sonde::index {
namespace {

using search_testing::TestFile;
using testing::StringSink;
using vectors_testing::kModel;
using vectors_testing::random_vector;
using vectors_testing::read_all;

constexpr std::uint32_t kDimensions = 48;

VectorSet::Row row_of(int i) {
  std::mt19937 random(static_cast<std::uint32_t>(i));
  return {content_hash("text " + std::to_string(i)),
          pack_code(encode_vector(random_vector(random, kDimensions)).value())};
}

std::shared_ptr<const VectorSet> set_of(int first, int count) {
  std::vector<VectorSet::Row> rows;
  for (int i = first; i < first + count; ++i) {
    rows.push_back(row_of(i));
  }
  return VectorSet::from_rows(kDimensions, std::move(rows)).value();
}

/// Every row, by its hash, packed as in the truth; in the order of hashes.
std::map<ContentHash, std::string> rows_of(const VectorSet& set) {
  std::map<ContentHash, std::string> rows;
  VectorReader reader(set);
  const Status read =
      reader.for_each(VectorReader::Keep::No, [&](std::uint32_t place, const VectorRow& row) {
        VectorCode code{row.scale, {row.codes, row.codes + set.dimensions()}};
        rows.emplace(set.hash_at(place), pack_code(code));
        return Status();
      });
  EXPECT_TRUE(read.ok());
  return rows;
}

std::string bytes_of(const std::vector<std::shared_ptr<const VectorSet>>& sets) {
  return vectors_testing::written(sets, kDimensions);
}

Result<std::shared_ptr<const VectorSet>> open_bytes(std::string bytes) {
  return vectors_testing::opened(std::move(bytes), kDimensions);
}

TEST(Vectors, are_read_as_they_were_written) {
  for (const int count : {0, 1, 3, 4, 5, 1'000}) {
    const auto written = set_of(0, count);
    const auto read = open_bytes(bytes_of({written})).value();
    ASSERT_EQ(read->size(), static_cast<std::size_t>(count));
    EXPECT_EQ(read->hashes(), written->hashes());
    EXPECT_TRUE(rows_of(*read) == rows_of(*written));
    for (int i = 0; i < count; ++i) {
      const auto place = read->find(row_of(i).first);
      ASSERT_TRUE(place.has_value());
      EXPECT_EQ(read->hash_at(*place), row_of(i).first);
    }
    EXPECT_FALSE(read->find(content_hash("another")).has_value());
  }
}

TEST(Vectors, merged_give_the_same_bytes_whatever_they_were_merged_from) {  // INV-10
  const std::string whole = bytes_of({set_of(0, 300)});
  EXPECT_TRUE(bytes_of({set_of(200, 100), set_of(0, 120), set_of(100, 150)}) == whole);
  StringSink sink;
  const auto without = [](const ContentHash& hash) { return hash != row_of(7).first; };
  ASSERT_TRUE(write_vectors({set_of(0, 300)}, kModel, kDimensions, without, sink).ok());
  const auto read = open_bytes(sink.bytes()).value();
  EXPECT_EQ(read->size(), 299U);
  EXPECT_FALSE(read->find(row_of(7).first).has_value());
}

TEST(Vectors, of_another_model_or_cut_or_lying_are_refused) {
  const std::string good = bytes_of({set_of(0, 700)});
  {
    auto source = io::open_block_bytes(good, "test.vec").value();
    EXPECT_EQ(VectorSet::open(source, content_hash("other"), kDimensions).error().code,
              Code::Corruption);
    EXPECT_EQ(VectorSet::open(source, kModel, kDimensions + 1).error().code, Code::Corruption);
  }
  for (std::size_t size = 0; size < good.size(); size += io::kBlockBytes) {
    EXPECT_FALSE(open_bytes(good.substr(0, size)).ok()) << size;
    EXPECT_FALSE(open_bytes(good.substr(0, size + 1)).ok()) << size;
  }
  // Blocks that check and say what is not so: every byte of the head, and two hashes exchanged.
  constexpr std::size_t kHeadBytes = VectorHead::kBytes;
  const auto source = io::open_block_bytes(good, "x").value();
  std::string logical(source->size(), '\0');
  ASSERT_TRUE(source->read(0, logical.size(), logical.data()).ok());
  for (std::size_t at = 0; at <= kHeadBytes; ++at) {
    std::string lie = logical;
    if (at < kHeadBytes) {
      lie[at] = static_cast<char>(lie[at] ^ 0xFF);
    } else {
      std::swap_ranges(lie.begin() + kHeadBytes, lie.begin() + kHeadBytes + 16,
                       lie.begin() + kHeadBytes + 16);
    }
    StringSink sink;
    io::BlockWriter writer(sink);
    ASSERT_TRUE(writer.append(lie).ok());
    ASSERT_TRUE(writer.finish().ok());
    EXPECT_FALSE(open_bytes(sink.bytes()).ok()) << at;
  }
}

TEST(Vectors, any_flipped_byte_of_a_file_is_an_error_that_names_it) {  // INV-3
  const io::TestFolder folder;
  std::string bytes = bytes_of({set_of(0, 700)});
  const std::string path = folder.path("x.vec");
  const auto read = [&]() -> Result<std::string> {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    TRY_ASSIGN(auto source, io::open_block_file(io::real_file_system(), path, nullptr));
    TRY_ASSIGN(const auto set, VectorSet::open(std::move(source), kModel, kDimensions));
    return read_all(*set);
  };
  ASSERT_TRUE(read().ok());
  for (std::size_t at = 0; at < bytes.size(); at += 611) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x04);
    const auto damaged = read();
    ASSERT_FALSE(damaged.ok()) << at;
    EXPECT_EQ(damaged.error().code, Code::Corruption);
    EXPECT_NE(damaged.error().message.find("x.vec"), std::string::npos);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x04);
  }
}

TEST(Vectors, that_lie_under_checksums_that_check_are_refused_or_read) {  // INV-3
  const auto source = io::open_block_bytes(bytes_of({set_of(0, 300)}), "x").value();
  std::string logical(source->size(), '\0');
  ASSERT_TRUE(source->read(0, logical.size(), logical.data()).ok());
  std::mt19937 random(9);
  std::size_t refused = 0;
  constexpr int kRounds = 400;
  for (int round = 0; round < kRounds; ++round) {
    std::string lie = logical;
    // Half of the lies are told in the head and its neighbours.
    const std::size_t at = random() % (round % 2 == 0 ? 128 : lie.size());
    lie[at] = static_cast<char>(random());
    vectors_testing::repair_head(lie);
    StringSink sink;
    io::BlockWriter writer(sink);
    ASSERT_TRUE(writer.append(lie).ok());
    ASSERT_TRUE(writer.finish().ok());
    const auto set = open_bytes(sink.bytes());
    const auto read = set.ok() ? read_all(**set) : Result<std::string>(set.error());
    if (!read.ok()) {
      EXPECT_TRUE(read.error().code == Code::Corruption || read.error().code == Code::Unsupported)
          << read.error().message;
      ++refused;
    }
  }
  EXPECT_GE(refused, kRounds / 5);
}

TEST(Vectors, as_codes_keep_their_length) {
  std::mt19937 random(33);
  for (int round = 0; round < 20; ++round) {
    const std::vector<float> vector = random_vector(random, kDimensions);
    const VectorCode code = encode_vector(vector).value();
    double square = 0;
    double product = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
      const auto value = static_cast<double>(vector[i]);
      square += value * value;
      product += value * code.codes[i] * static_cast<double>(code.scale);
    }
    EXPECT_NEAR(product / square, 1, 1e-6);
  }
}

TEST(Vectors, that_are_no_numbers_are_refused) {
  EXPECT_FALSE(encode_vector(std::vector<float>{}).ok());
  EXPECT_FALSE(encode_vector(std::vector<float>{1, std::nanf("")}).ok());
  EXPECT_FALSE(encode_vector(std::vector<float>{1, INFINITY}).ok());
  EXPECT_EQ(encode_vector(std::vector<float>(4, 0.0F)).value().scale, 0.0F);
  EXPECT_FALSE(unpack_code("1234567", 4).ok());
}

TEST(Vectors, as_codes_rank_as_the_floats_do) {
  constexpr std::uint32_t kWide = 384;
  constexpr std::size_t kVectors = 5'000;
  constexpr std::size_t kBest = 10;
  std::mt19937 random(21);
  std::vector<std::vector<float>> floats;
  std::vector<VectorCode> codes;
  for (std::size_t i = 0; i < kVectors; ++i) {
    floats.push_back(random_vector(random, kWide));
    codes.push_back(encode_vector(floats.back()).value());
  }
  const auto best = [](const std::vector<double>& scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0U);
    std::partial_sort(order.begin(), order.begin() + kBest, order.end(),
                      [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    return std::set<std::size_t>(order.begin(), order.begin() + kBest);
  };
  std::size_t found = 0;
  constexpr std::size_t kQueries = 50;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const std::vector<float> query = random_vector(random, kWide);
    const VectorCode code = encode_vector(query).value();
    std::vector<double> exact;
    std::vector<double> coded;
    for (std::size_t i = 0; i < kVectors; ++i) {
      double sum = 0;
      std::int64_t products = 0;
      for (std::size_t d = 0; d < kWide; ++d) {
        sum += static_cast<double>(query[d]) * static_cast<double>(floats[i][d]);
        products += code.codes[d] * codes[i].codes[d];
      }
      exact.push_back(sum);
      coded.push_back(static_cast<double>(products) * static_cast<double>(code.scale) *
                      static_cast<double>(codes[i].scale));
      ASSERT_NEAR(exact.back(), coded.back(), 0.005);
    }
    const auto truth = best(exact);
    for (const std::size_t i : best(coded)) {
      found += truth.contains(i) ? 1 : 0;
    }
  }
  // Random vectors lie as close together as vectors can: real ones are easier to tell apart.
  EXPECT_GE(static_cast<double>(found) / (kQueries * kBest), 0.97);
}

TEST(Meaning, scans_only_what_the_filters_let_through) {
  std::vector<TestFile> files = search_testing::random_files(5, 200);
  files[3].path = "only/here.py";
  const IndexView view = search_testing::view_of(files);
  std::mt19937 random(6);
  std::vector<VectorSet::Row> rows;
  const auto hashes = view[0].segment->embedded().value();
  for (const ContentHash& hash : *hashes) {
    rows.emplace_back(hash, pack_code(encode_vector(random_vector(random, kDimensions)).value()));
  }
  rows.pop_back();  // one is pending
  MeaningInput meaning;
  meaning.sets = {VectorSet::from_rows(kDimensions, rows).value()};
  meaning.query = encode_query(random_vector(random, kDimensions)).value();
  SearchOptions options;
  options.mode = Mode::Meaning;
  options.meaning = &meaning;
  const Query all = parse_query("anything").value();
  const SearchResult everything = search(view, all, options, {}).value();
  EXPECT_GT(everything.vectors_scanned, 150U);
  EXPECT_EQ(everything.pending_docs, 1U);
  const Query filtered = parse_query("anything path:only").value();
  const SearchResult result = search(view, filtered, options, {}).value();
  ASSERT_LE(result.files.size(), 1U);
  EXPECT_LE(result.vectors_scanned, 20U);
  EXPECT_EQ(result.pending_docs, 1U) << "what is pending knows no filters";
  // Spread over two sets, the answer is the same.
  const auto half = static_cast<std::ptrdiff_t>(rows.size() / 2);
  meaning.sets = {VectorSet::from_rows(kDimensions, {rows.begin(), rows.begin() + half}).value(),
                  VectorSet::from_rows(kDimensions, {rows.begin() + half, rows.end()}).value()};
  EXPECT_EQ(search_testing::dump(search(view, all, options, {}).value()),
            search_testing::dump(everything));
}

}  // namespace
}  // namespace sonde::index
