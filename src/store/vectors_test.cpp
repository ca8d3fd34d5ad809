// Vectors in the truth, and libraries from before there were any.

#include <gtest/gtest.h>

#include <fstream>

#include "store/sqlite.h"
#include "store/store_test_support.h"

namespace sonde::store {
namespace {

constexpr std::uint32_t kDimensions = 8;

VectorRow vector_of(const std::string& text) {
  return {content_hash(text), content_hash(text).hex().substr(0, 4 + kDimensions)};
}

std::vector<VectorRow> vectors_of(int first, int count) {
  std::vector<VectorRow> rows;
  for (int i = first; i < first + count; ++i) {
    rows.push_back(vector_of("text " + std::to_string(i)));
  }
  return rows;
}

std::vector<std::pair<std::int64_t, std::string>> all_vectors(Reader& reader, std::int64_t model) {
  std::vector<std::pair<std::int64_t, std::string>> all;
  must(reader.for_each_vector(model, 0, [&](std::int64_t id, const VectorRow& row) -> Status {
    all.emplace_back(id, row.hash.hex() + row.code);
    return {};
  }));
  return all;
}

/// A library as version 1 made it.
void make_version_1(const std::string& folder) {
  small_library(folder, 3, 2);
  const auto vfs = must(ChecksumVfs::create("", ChecksumVfs::Locks::Shared));
  ConnectionOptions how;
  how.path = folder + "/library.db";
  how.mode = ConnectionOptions::Mode::Write;
  const auto connection = must(Connection::open(*vfs, how));
  must(
      connection->script("BEGIN; DROP TABLE models; DROP TABLE vectors; DROP TABLE vector_files; "
                         "DROP TABLE vector_counts; DROP TABLE structures; DROP TABLE "
                         "vector_blocks; PRAGMA user_version=1; COMMIT"));
}

TEST(Vectors, a_library_of_version_1_is_read_and_its_writer_upgrades_it) {
  const io::TestFolder folder;
  make_version_1(folder.path());
  {
    const auto store = must(Store::open(reading(folder.path())));
    const auto snapshot = must(store->snapshot());
    EXPECT_EQ(must(snapshot->counts()).files, 3U);
    EXPECT_TRUE(must(snapshot->models()).empty());
    EXPECT_TRUE(must(snapshot->vector_files()).empty());
    EXPECT_TRUE(must(store->check()).empty());
  }
  const auto reader = must(Store::open(reading(folder.path())));
  const auto store = must(Store::open(writing(folder.path())));
  auto transaction = must(store->begin());
  const ModelRow model = must(transaction->add_model("m", kDimensions));
  EXPECT_EQ(must(transaction->add_vectors(model.id, vectors_of(0, 5))), 5U);
  must(transaction->commit());
  const auto snapshot = must(reader->snapshot());
  EXPECT_EQ(must(snapshot->counts()).files, 3U) << "nothing else changed";
  EXPECT_EQ(must(snapshot->models()).at(0).vectors, 5U);
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(Vectors, a_library_of_version_1_is_salvaged) {
  const io::TestFolder folder;
  make_version_1(folder.path());
  must(Store::salvage(writing(folder.path())));
  const auto store = must(Store::open(reading(folder.path())));
  EXPECT_EQ(must(must(store->snapshot())->counts()).files, 3U);
}

TEST(Vectors, are_named_by_their_text_and_written_once) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const ModelRow model = must(transaction->add_model("m", kDimensions));
  EXPECT_EQ(must(transaction->add_vectors(model.id, vectors_of(0, 10))), 10U);
  EXPECT_EQ(must(transaction->add_vectors(model.id, vectors_of(5, 10))), 5U);
  must(transaction->commit());
  transaction.reset();

  const auto snapshot = must(store->snapshot());
  EXPECT_EQ(must(snapshot->counts()).embedded_total, 15U);
  EXPECT_EQ(must(snapshot->models()).at(0).vectors, 15U);
  const std::vector<ContentHash> asked = {vector_of("text 3").hash, content_hash("never"),
                                          vector_of("text 14").hash};
  EXPECT_EQ(must(snapshot->has_vectors(model.id, asked)), (std::vector<char>{1, 0, 1}));
  EXPECT_EQ(must(snapshot->vector(model.id, asked[0]))->code, vector_of("text 3").code);
  EXPECT_FALSE(must(snapshot->vector(model.id, asked[1])).has_value());
  EXPECT_FALSE(must(snapshot->vector(model.id + 1, asked[0])).has_value());
}

TEST(Vectors, of_another_length_are_refused) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  const auto transaction = must(store->begin());
  const ModelRow model = must(transaction->add_model("m", kDimensions));
  const std::vector<VectorRow> bad = {{content_hash("x"), "short"}};
  EXPECT_EQ(transaction->add_vectors(model.id + 1, {}).error().code, Code::NotFound);
  EXPECT_EQ(transaction->add_vectors(model.id, bad).error().code, Code::InvalidArgument);
}

TEST(Vectors, ids_are_never_used_again) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const ModelRow model = must(transaction->add_model("m", kDimensions));
  must(transaction->add_vectors(model.id, vectors_of(0, 4)));
  const std::int64_t last = all_vectors(*transaction, model.id).back().first;
  const std::vector<ContentHash> gone = {vector_of("text 3").hash, vector_of("text 2").hash};
  EXPECT_EQ(must(transaction->remove_vectors(model.id, gone)), 2U);
  must(transaction->add_vectors(model.id, vectors_of(10, 1)));
  EXPECT_GT(all_vectors(*transaction, model.id).back().first, last)
      << "a file that says it covers all up to an id would hide it";
  EXPECT_EQ(must(transaction->models()).at(0).vectors, 3U);
}

TEST(Vectors, of_a_model_go_with_it) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const ModelRow first = must(transaction->add_model("first", kDimensions));
  const ModelRow second = must(transaction->add_model("second", kDimensions));
  EXPECT_EQ(transaction->add_model("first", kDimensions).error().code, Code::InvalidArgument);
  must(transaction->add_vectors(first.id, vectors_of(0, 4)));
  must(transaction->add_vectors(second.id, vectors_of(0, 4)));
  must(transaction->remove_model(first.id));
  EXPECT_TRUE(all_vectors(*transaction, first.id).empty());
  EXPECT_EQ(all_vectors(*transaction, second.id).size(), 4U);
  must(transaction->commit());
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(Vectors, that_check_survive_a_salvage) {  // INV-4
  const io::TestFolder folder;
  small_library(folder.path(), 3, 2);
  std::vector<std::pair<std::int64_t, std::string>> before;
  std::int64_t model = 0;
  {
    const auto store = must(Store::open(writing(folder.path())));
    auto transaction = must(store->begin());
    model = must(transaction->add_model("m", kDimensions)).id;
    must(transaction->add_vectors(model, vectors_of(0, 500)));
    must(transaction->set_setting("model", "m"));
    must(transaction->commit());
    transaction.reset();
    must(store->checkpoint());
    before = all_vectors(*must(store->snapshot()), model);
  }
  {  // somewhere within the pages of the vectors
    std::fstream file(folder.path("library.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::int64_t>(file.tellg());
    std::string bytes(static_cast<std::size_t>(size), '\0');
    file.seekg(0);
    file.read(bytes.data(), size);
    const std::size_t at = bytes.find(vector_of("text 250").code);
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at));
    file.write("damage", 6);
  }
  EXPECT_FALSE(must(must(Store::open(reading(folder.path())))->check()).empty());
  must(Store::salvage(writing(folder.path())));
  const auto store = must(Store::open(reading(folder.path())));
  EXPECT_TRUE(must(store->check()).empty());
  const auto snapshot = must(store->snapshot());
  const auto after = all_vectors(*snapshot, model);
  EXPECT_LT(after.size(), before.size());
  EXPECT_GT(after.size(), 300U) << "one page is lost, not more";
  for (const auto& row : after) {
    EXPECT_NE(std::find(before.begin(), before.end(), row), before.end());
  }
  EXPECT_EQ(must(snapshot->counts()).embedded_total, 500U);
}

}  // namespace
}  // namespace sonde::store
