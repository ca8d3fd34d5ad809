// Structures of files in the truth: they live and go with their file, and are of one version.

#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace sonde::store {
namespace {

TEST(Structures, are_of_their_file_and_version) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 3, 2);
  const auto files = must(must(store->snapshot())->files_without_structure(1));
  ASSERT_EQ(files.size(), 3U);
  const std::string bytes = code_text(7, 3'000);
  {
    const auto transaction = must(store->begin());
    must(transaction->put_structure(files[0], {1, bytes}));
    must(transaction->put_structure(files[1], {1, ""}));
    EXPECT_EQ(transaction->put_structure(999, {1, bytes}).error().code, Code::NotFound);
    must(transaction->commit());
  }
  const auto snapshot = must(store->snapshot());
  EXPECT_EQ(must(snapshot->structure(files[0], 1))->bytes, bytes);
  EXPECT_EQ(must(snapshot->structure(files[1], 1))->bytes, "");
  EXPECT_FALSE(must(snapshot->structure(files[2], 1)));
  EXPECT_FALSE(must(snapshot->structure(files[0], 2)));
  EXPECT_EQ(must(snapshot->files_without_structure(1)), std::vector<std::int64_t>{files[2]});
  EXPECT_EQ(must(snapshot->files_without_structure(2)), files);
  EXPECT_TRUE(must(store->check()).empty());
}

TEST(Structures, go_when_their_file_changes_or_goes) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 2, 2);
  const auto files = must(must(store->snapshot())->files_without_structure(1));
  ASSERT_EQ(files.size(), 2U);
  std::string path;
  std::int64_t source = 0;
  {
    const auto snapshot = must(store->snapshot());
    source = must(snapshot->sources()).at(0).id;
    must(snapshot->for_each_file(source, [&](const FileState& file) -> Status {
      path = file.id == files[0] ? file.path : path;
      return {};
    }));
  }
  const auto transaction = must(store->begin());
  must(transaction->put_structure(files[0], {1, "one"}));
  must(transaction->put_structure(files[1], {1, "two"}));
  EXPECT_EQ(put(*transaction, source, path, {"another text"}).file_id, files[0]);
  EXPECT_FALSE(must(transaction->structure(files[0], 1)));
  must(transaction->remove_file(files[1]));
  EXPECT_FALSE(must(transaction->structure(files[1], 1)));
  EXPECT_EQ(must(transaction->files_without_structure(1)), std::vector<std::int64_t>{files[0]});
  must(transaction->commit());
}

}  // namespace
}  // namespace sonde::store
