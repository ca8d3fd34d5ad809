// Damage to library.db and its WAL is noticed before it is believed [INV-4].

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "store/store_test_support.h"

namespace sonde::store {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
void flip(const std::string& path, std::size_t offset, unsigned char mask) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ mask));
}

/// A library that has a row in every table, all of it in library.db.
void every_table(const std::string& directory) {
  const auto store = small_library(directory, 4, 6);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  must(transaction->put_skipped({source, "a.bin", "binary", "", true, 5, 6}));
  must(transaction->put_quarantine({source, "bad", ContentHash{}, "crash", 1}));
  must(transaction->add_forgotten(source, "secret"));
  must(transaction->set_setting("model", "none"));
  DeltaRow delta;
  delta.bytes = code_text(77, 9000);
  must(transaction->add_tombstone({true, must(transaction->add_delta(delta)), 2}));
  must(transaction->commit());
  must(store->checkpoint());
}

/// The whole content, or the error that open or a read gave.
Result<std::string> read_all(const std::string& directory) {
  TRY_ASSIGN(const std::unique_ptr<Store> store, Store::open(reading(directory)));
  TRY_ASSIGN(const std::unique_ptr<Snapshot> snapshot, store->snapshot());
  return contents(*snapshot);
}

void expect_right_or_corruption(const std::string& directory, const std::string& right,
                                const std::string& what) {
  const Result<std::string> read = read_all(directory);
  if (read.ok()) {
    EXPECT_EQ(*read, right) << what;
  } else {
    EXPECT_EQ(read.error().code, Code::Corruption) << what << ": " << read.error().message;
  }
}

TEST(Damage, a_flipped_byte_of_the_database_gives_right_content_or_corruption) {
  const io::TestFolder folder;
  every_table(folder.path());
  const std::string right = must(read_all(folder.path()));
  const std::string database = folder.path("library.db");
  const std::size_t size = std::filesystem::file_size(database);
  std::mt19937 random(1);
  std::size_t noticed = 0;
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < 128; ++i) {
    offsets.push_back(i);  // every byte of the header
  }
  for (std::size_t i = 128; i < size; i += 1 + random() % 150) {
    offsets.push_back(i);
  }
  for (const std::size_t offset : offsets) {
    const auto mask = static_cast<unsigned char>(1U << random() % 8);
    flip(database, offset, mask);
    const Result<std::string> read = read_all(folder.path());
    if (read.ok()) {
      EXPECT_EQ(*read, right) << "offset " << offset;
    } else {
      ++noticed;
      EXPECT_EQ(read.error().code, Code::Corruption) << offset << ": " << read.error().message;
    }
    flip(database, offset, mask);
  }
  EXPECT_GT(noticed, offsets.size() / 2);
  EXPECT_EQ(must(read_all(folder.path())), right);
}

TEST(Damage, a_flipped_byte_of_the_log_gives_right_content_or_corruption) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 4, 6);  // all of it in the log
  const std::string right = must(read_all(folder.path()));
  const std::string log = folder.path("library.db-wal");
  const std::size_t size = std::filesystem::file_size(log);
  std::mt19937 random(2);
  std::size_t noticed = 0;
  std::size_t tried = 0;
  for (std::size_t offset = 0; offset < size; offset += 1 + random() % 200) {
    const auto mask = static_cast<unsigned char>(1U << random() % 8);
    flip(log, offset, mask);
    const Result<std::string> read = read_all(folder.path());
    if (read.ok()) {
      EXPECT_EQ(*read, right) << "offset " << offset;
    } else {
      ++noticed;
      EXPECT_EQ(read.error().code, Code::Corruption) << offset << ": " << read.error().message;
    }
    ++tried;
    flip(log, offset, mask);
  }
  EXPECT_GT(noticed, tried / 4);  // the others are older versions of pages
  EXPECT_EQ(must(read_all(folder.path())), right);
}

TEST(Damage, a_flipped_byte_of_a_log_that_nobody_holds_is_noticed_before_its_last_commit) {
  const io::TestFolder folder;
  const io::TestFolder copy;
  const auto store = small_library(folder.path(), 4, 6);
  const std::size_t first = std::filesystem::file_size(folder.path("library.db-wal"));
  for (const char* name : {"b", "c"}) {
    auto transaction = must(store->begin());
    put(*transaction, must(transaction->sources())[0].id, name, {code_text(50), code_text(51)});
    must(transaction->commit());
  }
  const std::string right = must(contents(*must(store->snapshot())));
  for (const char* name : {"library.db", "library.db-wal", "library.id"}) {
    std::filesystem::copy_file(folder.path(name), copy.path(name));  // as after a crash: no -shm
  }
  const std::string log = copy.path("library.db-wal");
  EXPECT_EQ(must(read_all(copy.path())), right);
  std::mt19937 random(5);
  for (std::size_t offset = 32; offset < first; offset += 1 + random() % 300) {
    std::filesystem::remove(copy.path("library.db-shm"));
    const auto mask = static_cast<unsigned char>(1U << random() % 8);
    flip(log, offset, mask);
    const Result<std::string> read = read_all(copy.path());
    ASSERT_FALSE(read.ok()) << offset;
    EXPECT_EQ(read.error().code, Code::Corruption) << offset << ": " << read.error().message;
    flip(log, offset, mask);
  }
  std::filesystem::remove(copy.path("library.db-shm"));
  EXPECT_EQ(must(read_all(copy.path())), right);
}

TEST(Damage, check_names_a_damaged_page_that_no_read_needs) {
  const io::TestFolder folder;
  every_table(folder.path());
  {  // a page that is free
    const auto store = must(Store::open(writing(folder.path())));
    auto transaction = must(store->begin());
    const auto delta = must(transaction->deltas()).at(0);
    must(transaction->remove_delta(delta.id));
    must(transaction->commit());
    must(store->checkpoint());
    EXPECT_EQ(must(store->check()).size(), 0U);
  }
  const std::string database = folder.path("library.db");
  const std::string right = must(read_all(folder.path()));
  const std::size_t pages = std::filesystem::file_size(database) / 4096;
  for (std::size_t page = 2; page <= pages; ++page) {
    flip(database, (page - 1) * 4096 + 1000, 4);
    const auto store = Store::open(reading(folder.path()));
    if (store.ok()) {
      const std::vector<Finding> findings = must((*store)->check());
      ASSERT_FALSE(findings.empty()) << page;
      EXPECT_NE(findings[0].what.find("page " + std::to_string(page) + " "), std::string::npos)
          << findings[0].what;
    }
    flip(database, (page - 1) * 4096 + 1000, 4);
  }
}

TEST(Damage, pages_that_changed_places_are_noticed) {
  const io::TestFolder folder;
  every_table(folder.path());
  const std::string right = must(read_all(folder.path()));
  const std::string database = folder.path("library.db");
  std::string bytes = bytes_of(database);
  std::swap_ranges(bytes.begin() + 4096 * 8, bytes.begin() + 4096 * 9, bytes.begin() + 4096 * 9);
  write_bytes(database, bytes);
  const auto store = Store::open(reading(folder.path()));
  ASSERT_TRUE(store.ok());
  EXPECT_GE(must((*store)->check()).size(), 2U);
  expect_right_or_corruption(folder.path(), right, "swapped");
}

TEST(Damage, a_cut_database_is_noticed) {
  const io::TestFolder folder;
  every_table(folder.path());
  const std::string right = must(read_all(folder.path()));
  const std::string database = folder.path("library.db");
  const std::string bytes = bytes_of(database);
  for (std::size_t size = 0; size < bytes.size(); size += size % 4096 == 0 ? 511 : 1195) {
    write_bytes(database, bytes.substr(0, size));
    const Result<std::string> read = read_all(folder.path());
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().code, Code::Corruption) << size << ": " << read.error().message;
  }
  write_bytes(database, bytes);
  EXPECT_EQ(must(read_all(folder.path())), right);
}

TEST(Damage, what_is_no_database_is_called_damaged) {
  const io::TestFolder folder;
  every_table(folder.path());
  write_bytes(folder.path("library.db"), std::string(50'000, 'x'));
  EXPECT_EQ(Store::open(reading(folder.path())).error().code, Code::Corruption);
}

TEST(Damage, a_missing_or_empty_database_is_never_a_new_library) {
  const io::TestFolder folder;
  every_table(folder.path());
  for (const char* file : {"library.db", "library.db-wal", "library.db-shm"}) {
    std::filesystem::remove(folder.path(file));
  }
  Error error = Store::open(writing(folder.path())).error();
  EXPECT_EQ(error.code, Code::Corruption);
  EXPECT_NE(error.message.find("library.id"), std::string::npos) << error.message;
  EXPECT_EQ(Store::create(writing(folder.path())).error().code, Code::InvalidArgument);

  write_bytes(folder.path("library.db"), "");
  EXPECT_EQ(Store::open(writing(folder.path())).error().code, Code::Corruption);

  std::filesystem::remove(folder.path("library.db"));
  std::filesystem::remove(folder.path("library.id"));
  EXPECT_EQ(Store::open(writing(folder.path())).error().code, Code::NotFound);
  write_bytes(folder.path("segments/000000000003-0123456789abcdef.seg"), "x");
  error = Store::open(writing(folder.path())).error();
  EXPECT_EQ(error.code, Code::Corruption);
  EXPECT_NE(error.message.find("segments"), std::string::npos) << error.message;
  EXPECT_EQ(Store::create(writing(folder.path())).error().code, Code::InvalidArgument);
}

TEST(Damage, a_database_older_than_a_segment_is_refused) {
  const io::TestFolder folder;
  every_table(folder.path());  // generation 2
  write_bytes(folder.path("segments/000000000002-0123456789abcdef.seg"), "x");
  must(Store::open(reading(folder.path())));
  write_bytes(folder.path("segments/000000000003-0123456789abcdef.seg"), "x");
  const Error error = Store::open(reading(folder.path())).error();
  EXPECT_EQ(error.code, Code::Corruption);
  EXPECT_NE(error.message.find("older"), std::string::npos) << error.message;
}

TEST(Damage, a_database_of_another_library_is_refused) {
  const io::TestFolder folder;
  const io::TestFolder other;
  every_table(folder.path());
  every_table(other.path());
  std::filesystem::copy_file(other.path("library.db"), folder.path("library.db"),
                             std::filesystem::copy_options::overwrite_existing);
  const Error error = Store::open(reading(folder.path())).error();
  EXPECT_EQ(error.code, Code::Corruption);
  EXPECT_NE(error.message.find("another library"), std::string::npos) << error.message;
}

TEST(Damage, another_file_in_the_place_of_the_id_is_noticed_and_mended) {  // INV-4
  const io::TestFolder folder;
  every_table(folder.path());
  write_bytes(folder.path("library.id"), std::string(100'000, 'x'));
  const auto opened = Store::open(reading(folder.path()));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::Corruption) << opened.error().message;
  must(Store::salvage(writing(folder.path())));
  must(Store::open(reading(folder.path())));
}

TEST(Damage, a_creation_that_was_interrupted_is_finished) {
  const io::TestFolder folder;
  every_table(folder.path());
  const std::string id = bytes_of(folder.path("library.id"));
  std::filesystem::remove(folder.path("library.id"));
  write_bytes(folder.path("library.db-new"), "half");
  must(Store::open(writing(folder.path())));
  EXPECT_EQ(bytes_of(folder.path("library.id")), id);
  EXPECT_FALSE(std::filesystem::exists(folder.path("library.db-new")));
}

TEST(Damage, check_sees_missing_cut_changed_and_unlisted_segments) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 1, 1);
  const std::string name = "000000000001-0123456789abcdef.seg";
  const std::string path = folder.path("segments/" + name);
  auto transaction = must(store->begin());
  SegmentRow row;
  row.file_name = name;
  row.size_bytes = 5000;
  row.checksum = checksum64(std::string(5000, 's'));
  must(transaction->add_segment(row));
  must(transaction->commit());
  const auto level_of = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    const std::vector<Finding> findings = must(store->check());
    return findings.empty() ? "fine" : findings[0].what;
  };
  EXPECT_EQ(level_of(std::string(5000, 's')), "fine");
  EXPECT_NE(level_of(std::string(4999, 's')).find("size"), std::string::npos);
  EXPECT_NE(level_of(std::string(5001, 's')).find("size"), std::string::npos);
  EXPECT_NE(level_of(std::string(4999, 's') + "t").find("checksum"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(must(store->check()).at(0).what.find("missing"), std::string::npos);
  write_bytes(path, std::string(5000, 's'));
  write_bytes(folder.path("segments/left-over"), "x");
  const std::vector<Finding> findings = must(store->check());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].level, Finding::Level::Note);
}

}  // namespace
}  // namespace sonde::store
