// A damaged library is backed up and built again from all that still checks [INV-4].

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "store/store_test_support.h"

namespace sonde::store {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
void spoil_page(const std::string& path, std::size_t page) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>((page - 1) * 4096 + 200));
  file << "damage";
}

std::uint64_t rows_of(const std::vector<std::pair<std::string, std::uint64_t>>& tables,
                      const std::string& name) {
  for (const auto& [table, rows] : tables) {
    if (table == name) {
      return rows;
    }
  }
  return 0;
}

/// Path to texts, of every file.
std::map<std::string, std::string> files_of(Store& store) {
  const auto snapshot = must(store.snapshot());
  std::map<std::string, std::string> files;
  for (const SourceRow& source : must(snapshot->sources())) {
    std::vector<std::pair<std::string, std::int64_t>> ids;
    must(snapshot->for_each_file(source.id, [&](const FileState& state) {
      ids.emplace_back(state.path, state.id);
      return Status();
    }));
    for (const auto& [path, id] : ids) {
      for (const ChunkRecord& chunk : must(snapshot->chunks(id))) {
        files[path] += chunk.text;
      }
    }
  }
  return files;
}

class Salvage : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto store = small_library(folder_.path(), 60, 12);
    uid_ = store->uid();
    auto transaction = must(store->begin());
    const std::int64_t source = must(transaction->sources()).at(0).id;
    must(transaction->set_setting("model", "mini"));
    must(transaction->add_forgotten(source, "secret"));
    must(transaction->commit());
    must(store->checkpoint());
    files_ = files_of(*store);
  }
  [[nodiscard]] std::string database() const { return folder_.path("library.db"); }

  io::TestFolder folder_;
  std::string uid_;
  std::map<std::string, std::string> files_;
};

TEST_F(Salvage, a_sound_library_is_kept_whole) {
  const SalvageReport report = must(Store::salvage(writing(folder_.path())));
  EXPECT_TRUE(report.lost.empty());
  EXPECT_TRUE(report.lost_without_source.empty());
  EXPECT_EQ(rows_of(report.kept, "files"), 60U);
  const auto store = must(Store::open(writing(folder_.path())));
  EXPECT_EQ(files_of(*store), files_);
  EXPECT_EQ(store->uid(), uid_);
  EXPECT_EQ(must(must(store->snapshot())->generation()), 3U);
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST_F(Salvage, any_damaged_page_costs_only_what_stood_on_it) {
  const std::string sound = bytes_of(database());
  const std::size_t pages = sound.size() / 4096;
  std::size_t whole = 0;
  for (std::size_t page = 2; page <= pages; page += page < 26 ? 1 : 13) {
    std::ofstream(database(), std::ios::binary | std::ios::trunc) << sound;
    for (const char* end : {"-wal", "-shm"}) {
      std::filesystem::remove(database() + end);
    }
    spoil_page(database(), page);
    const SalvageReport report = must(Store::salvage(writing(folder_.path())));
    const auto store = must(Store::open(writing(folder_.path())));
    EXPECT_EQ(must(store->check()).size(), 0U) << page;
    EXPECT_EQ(store->uid(), uid_);
    const auto files = files_of(*store);
    for (const auto& [path, text] : files) {
      EXPECT_EQ(text, files_.at(path)) << page;
    }
    EXPECT_EQ(rows_of(report.kept, "files"), files.size());
    EXPECT_EQ(rows_of(report.lost, "files"), 60 - files.size()) << page;
    // What has no source on disk stands twice, so one page does not lose it.
    EXPECT_TRUE(report.lost_without_source.empty()) << page;
    const auto snapshot = must(store->snapshot());
    ASSERT_EQ(must(snapshot->sources()).size(), 1U) << page;
    EXPECT_EQ(must(snapshot->setting("model")), "mini") << page;
    EXPECT_EQ(must(snapshot->forgotten(must(snapshot->sources())[0].id)).size(), 1U) << page;
    whole += files.size() == 60 ? 1 : 0;
    std::filesystem::remove_all(folder_.path("damaged"));
  }
  EXPECT_GT(whole, 5U);
}

TEST_F(Salvage, rows_on_both_sides_of_many_damaged_pages_are_kept) {
  const std::size_t pages = std::filesystem::file_size(database()) / 4096;
  std::mt19937 random(3);
  for (std::size_t page = 40; page < pages; page += 10 + random() % 20) {
    spoil_page(database(), page);
  }
  const SalvageReport report = must(Store::salvage(writing(folder_.path())));
  EXPECT_GT(rows_of(report.kept, "files"), 20U);
  EXPECT_GT(rows_of(report.lost, "files"), 0U);
  EXPECT_TRUE(std::filesystem::exists(report.backup + "/library.db"));
  const auto store = must(Store::open(writing(folder_.path())));
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST_F(Salvage, what_is_no_database_any_more_gives_an_empty_library_and_says_so) {
  std::ofstream(database(), std::ios::binary | std::ios::trunc) << std::string(30'000, 'x');
  const SalvageReport report = must(Store::salvage(writing(folder_.path())));
  EXPECT_EQ(report.lost_without_source.size(), 1U);
  EXPECT_EQ(bytes_of(report.backup + "/library.db"), std::string(30'000, 'x'));
  const auto store = must(Store::open(writing(folder_.path())));
  EXPECT_EQ(store->uid(), uid_);
  EXPECT_EQ(files_of(*store).size(), 0U);
}

TEST_F(Salvage, a_rolled_back_library_is_ahead_of_its_segments_afterwards) {
  std::ofstream(folder_.path("segments/000000000040-0123456789abcdef.seg")) << "x";
  EXPECT_EQ(Store::open(writing(folder_.path())).error().code, Code::Corruption);
  must(Store::salvage(writing(folder_.path())));
  const auto store = must(Store::open(writing(folder_.path())));
  EXPECT_EQ(must(must(store->snapshot())->generation()), 41U);
  EXPECT_EQ(files_of(*store), files_);
}

TEST_F(Salvage, a_missing_database_gives_an_empty_library) {
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(database() + end);
  }
  const SalvageReport report = must(Store::salvage(writing(folder_.path())));
  EXPECT_FALSE(report.lost_without_source.empty());
  EXPECT_EQ(must(Store::open(writing(folder_.path())))->uid(), uid_);
}

}  // namespace
}  // namespace sonde::store
