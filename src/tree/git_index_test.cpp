#include "tree/git_index.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tree/testing.h"

namespace sonde::tree {
namespace {

using testing::Scratch;

std::string index_of(const Scratch& scratch) {
  std::ifstream file(scratch.path() + "/.git/index", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A repository with names that share beginnings, are long, and are not UTF-8.
void fill(const Scratch& scratch) {
  scratch.git("init -q .");
  for (const auto& name : {std::string("a0"), std::string("a-b"), std::string("a.c"),
                           std::string("dir/deep/er/x.c"), std::string("dir-x/y"),
                           std::string("dir/\xff.c"), std::string("z/") + std::string(250, 'n')}) {
    scratch.write(name, "x");
  }
  scratch.git("add -f .");
}

TEST(GitIndex, names_are_gits_in_every_version) {
  const Scratch scratch;
  fill(scratch);
  const auto expected = testing::split_nul(scratch.git("ls-files -z"));
  for (const char* version : {"2", "3", "4"}) {
    scratch.git(std::string("update-index --index-version ") + version);
    const auto parsed = TrackedFiles::parse(index_of(scratch), 20, {});
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const auto names = parsed->names();
    EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()), expected) << version;
  }
}

TEST(GitIndex, knows_files_and_what_is_below_a_folder) {
  const Scratch scratch;
  fill(scratch);
  const auto parsed = TrackedFiles::parse(index_of(scratch), 20, {});
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->contains("dir/deep/er/x.c"));
  EXPECT_FALSE(parsed->contains("dir/deep"));
  EXPECT_FALSE(parsed->contains("zz"));
  for (const char* folder : {"dir", "dir/deep", "dir/deep/er", "dir-x", "z"}) {
    EXPECT_TRUE(parsed->contains_below(folder)) << folder;
  }
  for (const char* folder : {"di", "dir/dee", "a", "a-b", "", "dir/deep/er/x.c", "zz"}) {
    EXPECT_FALSE(parsed->contains_below(folder)) << folder;
  }
}

TEST(GitIndex, a_cut_or_changed_index_gives_names_or_an_error) {
  const Scratch scratch;
  fill(scratch);
  for (const char* version : {"2", "4"}) {
    scratch.git(std::string("update-index --index-version ") + version);
    const std::string bytes = index_of(scratch);
    const std::size_t all = TrackedFiles::parse(bytes, 20, {})->size();
    std::size_t refused = 0;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto parsed = TrackedFiles::parse(std::string_view(bytes).substr(0, length), 20, {});
      refused += parsed.ok() ? 0 : 1;
      EXPECT_TRUE(!parsed.ok() || parsed->size() == all) << length;
    }
    EXPECT_GT(refused, bytes.size() / 2);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x81);
      const auto parsed = TrackedFiles::parse(changed, 20, {});
      EXPECT_TRUE(!parsed.ok() || parsed->size() <= all + 1) << at;
    }
  }
}

TEST(GitIndex, a_missing_shared_index_and_an_unknown_version_are_errors) {
  const Scratch scratch;
  fill(scratch);
  scratch.git("update-index --split-index");
  EXPECT_EQ(TrackedFiles::parse(index_of(scratch), 20, {}).error().code, Code::NotFound);
  scratch.git("update-index --no-split-index");
  std::string bytes = index_of(scratch);
  bytes[7] = 9;
  EXPECT_EQ(TrackedFiles::parse(bytes, 20, {}).error().code, Code::Unsupported);
}

}  // namespace
}  // namespace sonde::tree
