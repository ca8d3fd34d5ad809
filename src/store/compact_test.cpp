// Compaction: smaller, and nothing else.

#include <gtest/gtest.h>

#include <algorithm>

#include "io/file_system.h"
#include "store/store_test_support.h"

namespace sonde::store {
namespace {

constexpr std::uint32_t kDimensions = 48;
constexpr int kVectors = 700;  // two full blocks and one that is not

VectorRow vector_of(int number) {
  const ContentHash hash = content_hash("text " + std::to_string(number));
  std::mt19937 random(static_cast<std::uint32_t>(number));
  std::normal_distribution<double> values(0, 30);
  std::string code = "abcd";
  for (std::uint32_t i = 0; i < kDimensions; ++i) {
    code += static_cast<char>(static_cast<int>(std::clamp(values(random), -127.0, 127.0)));
  }
  return {hash, code};
}

std::vector<VectorRow> vectors_of(int first, int count) {
  std::vector<VectorRow> rows;
  for (int i = first; i < first + count; ++i) {
    rows.push_back(vector_of(i));
  }
  return rows;
}

using Found = std::vector<std::pair<std::int64_t, std::string>>;

Found vectors_in(Store& store, std::int64_t after = 0) {
  Found all;
  const auto snapshot = must(store.snapshot());
  must(snapshot->for_each_vector(1, after, [&](std::int64_t id, const VectorRow& row) -> Status {
    all.emplace_back(id, row.hash.hex() + row.code);
    return {};
  }));
  return all;
}

/// Without the generation, which a compaction raises.
std::string texts_in(Store& store) {
  const std::string all = must(contents(*must(store.snapshot())));
  return all.substr(all.find(' '));
}

std::unique_ptr<Store> library_with_vectors(const std::string& folder) {
  auto store = small_library(folder, 20, 25);
  auto transaction = must(store->begin());
  const ModelRow model = must(transaction->add_model("m", kDimensions));
  must(transaction->add_vectors(model.id, vectors_of(0, kVectors)));
  must(transaction->commit());
  return store;
}

std::uint64_t size_of(const io::TestFolder& folder) {
  return must(io::real_file_system().info(folder.path("library.db"))).size_bytes;
}

TEST(Compaction, makes_the_library_smaller_and_changes_nothing_that_a_reader_sees) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->checkpoint());
  const std::string texts = texts_in(*store);
  const Found vectors = vectors_in(*store);
  const std::uint64_t size = size_of(folder);
  EXPECT_TRUE(must(store->wants_compaction()));
  must(store->compact({}));
  EXPECT_FALSE(must(store->wants_compaction()));
  EXPECT_EQ(texts_in(*store), texts);
  EXPECT_EQ(vectors_in(*store), vectors);
  EXPECT_TRUE(must(store->check()).empty());
  EXPECT_LT(size_of(folder), size * 4 / 5);
  const std::uint64_t generation = must(must(store->snapshot())->generation());
  must(store->compact({}));
  EXPECT_EQ(must(must(store->snapshot())->generation()), generation) << "there was nothing to do";
}

TEST(Compaction, lets_a_reader_finish_what_it_began) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  const std::string texts = texts_in(*store);
  const auto reader = must(Store::open(reading(folder.path())));
  const auto snapshot = must(reader->snapshot());
  EXPECT_EQ(must(snapshot->counts()).chunks, 500U);
  must(store->compact({}));
  const std::string seen = must(contents(*snapshot));
  EXPECT_EQ(seen.substr(seen.find(' ')), texts);
  EXPECT_EQ(must(snapshot->vector(1, vector_of(3).hash))->code, vector_of(3).code);
}

TEST(Compaction, that_is_cancelled_leaves_the_library_as_it_was) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  const std::string texts = texts_in(*store);
  const Found vectors = vectors_in(*store);
  CancelSource source;
  source.cancel();
  EXPECT_EQ(store->compact(source.token()).error().code, Code::Cancelled);
  EXPECT_EQ(texts_in(*store), texts);
  EXPECT_EQ(vectors_in(*store), vectors);
  must(store->compact({}));
  EXPECT_EQ(texts_in(*store), texts);
}

TEST(Compaction, keeps_the_rows_of_chunks_that_an_edit_leaves_alone) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->compact({}));
  std::vector<std::string> texts;
  for (std::uint32_t j = 0; j < 25; ++j) {
    texts.push_back(code_text(3000 + j));
  }
  texts[7] = code_text(999'999);
  const auto transaction = must(store->begin());
  const PutCounts counts = put(*transaction, 1, "file3.py", texts);
  EXPECT_EQ(counts.kept, 24U);
  EXPECT_EQ(counts.written, 1U);
  must(transaction->commit());
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(Compaction, of_little_that_is_new_packs_that_alone) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->compact({}));
  {
    const auto transaction = must(store->begin());
    put(*transaction, 1, "new.py", {code_text(77'777), code_text(77'778)});
    must(transaction->add_vectors(1, vectors_of(kVectors, 40)));
    must(transaction->commit());
  }
  EXPECT_FALSE(must(store->wants_compaction()));
  const std::string texts = texts_in(*store);
  const Found vectors = vectors_in(*store);
  must(store->compact({}));
  EXPECT_EQ(texts_in(*store), texts);
  EXPECT_EQ(vectors_in(*store), vectors) << "the block that was not full took the new ones";
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(PackedVectors, are_found_and_not_added_again) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->compact({}));
  {
    const auto transaction = must(store->begin());
    EXPECT_EQ(must(transaction->add_vectors(1, vectors_of(kVectors - 10, 30))), 20U);
    const std::vector<ContentHash> asked = {vector_of(3).hash, content_hash("never"),
                                            vector_of(kVectors + 5).hash};
    EXPECT_EQ(must(transaction->has_vectors(1, asked)), (std::vector<char>{1, 0, 1}));
    must(transaction->commit());
  }
  const auto snapshot = must(store->snapshot());
  EXPECT_EQ(must(snapshot->models()).at(0).vectors, static_cast<std::uint64_t>(kVectors + 20));
  for (const int number : {0, 255, 256, 511, 699, 710}) {
    EXPECT_EQ(must(snapshot->vector(1, vector_of(number).hash))->code, vector_of(number).code);
  }
  EXPECT_FALSE(must(snapshot->vector(2, vector_of(0).hash)).has_value());
}

TEST(PackedVectors, beyond_an_id_are_those_of_the_rows_they_were) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  const Found rows = vectors_in(*store);
  must(store->compact({}));
  for (const std::size_t from :
       {std::size_t{1}, std::size_t{100}, std::size_t{256}, std::size_t{300}, rows.size() - 1}) {
    const Found later = vectors_in(*store, rows[from - 1].first);
    EXPECT_EQ(later, Found(rows.begin() + static_cast<std::ptrdiff_t>(from), rows.end())) << from;
  }
}

TEST(PackedVectors, that_are_removed_are_gone_and_their_ids_are_never_used_again) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->compact({}));
  const Found before = vectors_in(*store);
  std::vector<ContentHash> gone = {content_hash("never")};
  for (int i = 200; i < kVectors; ++i) {
    gone.push_back(vector_of(i).hash);
  }
  {
    const auto transaction = must(store->begin());
    EXPECT_EQ(must(transaction->remove_vectors(1, gone)),
              static_cast<std::uint64_t>(kVectors - 200));
    EXPECT_EQ(must(transaction->add_vectors(1, vectors_of(300, 1))), 1U) << "it is not there";
    must(transaction->commit());
  }
  const Found after = vectors_in(*store);
  ASSERT_EQ(after.size(), 201U);
  EXPECT_TRUE(std::equal(after.begin(), after.end() - 1, before.begin()));
  EXPECT_GT(after.back().first, before.back().first);
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(PackedVectors, survive_a_salvage_and_their_ids_are_not_used_again) {  // INV-4
  const io::TestFolder folder;
  Found before;
  {
    const auto store = library_with_vectors(folder.path());
    must(store->compact({}));
    before = vectors_in(*store);
  }
  must(Store::salvage(writing(folder.path())));
  const auto store = must(Store::open(writing(folder.path())));
  EXPECT_EQ(vectors_in(*store), before);
  const auto transaction = must(store->begin());
  must(transaction->add_vectors(1, vectors_of(kVectors, 1)));
  must(transaction->commit());
  EXPECT_GT(vectors_in(*store).back().first, before.back().first);
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(PackedVectors, of_a_model_go_with_it) {
  const io::TestFolder folder;
  const auto store = library_with_vectors(folder.path());
  must(store->compact({}));
  const auto transaction = must(store->begin());
  must(transaction->remove_model(1));
  must(transaction->commit());
  EXPECT_TRUE(vectors_in(*store).empty());
  EXPECT_TRUE(must(store->check()).empty());
}

}  // namespace
}  // namespace sonde::store
