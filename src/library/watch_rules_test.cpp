#include "library/watch_rules.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/test_folder.h"

namespace sonde::library {
namespace {

using Kind = io::WatchEvent::Kind;

bool matters(const WatchRules& rules, const std::string& path, bool folder = false) {
  return rules.matters({Kind::Changed, path, folder});
}

WatchRules rules_of(const std::vector<std::string>& parts = {}) {
  return WatchRules({{"/link", "/tree", "/tree/.git"}, {"/linked", "/linked", "/main/git/wt"}},
                    "/tree/lib", parts,
                    {{"/link", ".git"}, {"/link", "node_modules"}, {"/link", "a/out"}});
}

TEST(WatchRules, files_matter_but_not_below_what_is_left_out) {
  const WatchRules rules = rules_of();
  EXPECT_TRUE(matters(rules, "/tree/a/file.py"));
  EXPECT_TRUE(matters(rules, "/tree/a", true));
  EXPECT_TRUE(matters(rules, "/tree/a/output/file.py"));
  EXPECT_FALSE(matters(rules, "/tree/a/out/file.py"));
  EXPECT_FALSE(matters(rules, "/tree/a/out/deep/er/.gitignore"));
  EXPECT_FALSE(matters(rules, "/tree/node_modules", true));
  EXPECT_TRUE(matters(rules, "/tree/node_modules")) << "a file where the folder was";
  EXPECT_TRUE(rules.watches("/tree/a"));
  EXPECT_FALSE(rules.watches("/tree/a/out"));
  EXPECT_FALSE(rules.watches("/tree/node_modules/x"));
}

TEST(WatchRules, what_the_library_itself_writes_never_matters) {
  const WatchRules rules = rules_of();
  EXPECT_FALSE(rules.watches("/tree/lib"));
  EXPECT_FALSE(matters(rules, "/tree/lib/library.db"));
  EXPECT_FALSE(matters(rules, "/tree/lib", true));
  EXPECT_TRUE(matters(rules, "/tree/library.py"));
}

TEST(WatchRules, files_that_say_what_belongs_to_a_tree_matter) {
  const WatchRules rules = rules_of({"/link/a"});
  EXPECT_TRUE(matters(rules, "/tree/.gitignore"));
  EXPECT_TRUE(matters(rules, "/tree/b/.sondeignore"));
  EXPECT_TRUE(matters(rules, "/tree/.git", true));
}

TEST(WatchRules, of_git_only_the_few_files_that_tell_of_a_change_matter) {
  const WatchRules rules = rules_of();
  for (const std::string folder : {"/tree/.git/", "/tree/sub/.git/", "/main/git/wt/"}) {
    for (const char* name : {"HEAD", "index", "config", "info/exclude"}) {
      EXPECT_TRUE(matters(rules, folder + name)) << folder << name;
    }
    for (const char* name : {"index.lock", "objects/ab/cdef", "logs/HEAD", "COMMIT_EDITMSG"}) {
      EXPECT_FALSE(matters(rules, folder + name)) << folder << name;
    }
    EXPECT_FALSE(rules.watches(folder + "objects"));
    EXPECT_TRUE(rules.watches(folder + "info"));
  }
  EXPECT_TRUE(rules.watches("/tree/.git"));
  EXPECT_FALSE(rules.watches("/tree/node_modules/x/.git"));
}

TEST(WatchRules, swap_files_of_editors_do_not_matter) {
  const WatchRules rules = rules_of();
  EXPECT_FALSE(matters(rules, "/tree/a/.file.py.swp"));
  EXPECT_FALSE(matters(rules, "/tree/a/.#file.py"));
  EXPECT_TRUE(matters(rules, "/tree/a/data.swp"));
}

TEST(WatchRules, with_parts_only_they_and_what_holds_them_matter) {
  const WatchRules rules = rules_of({"/link/a/b", "/linked/c"});
  EXPECT_TRUE(matters(rules, "/tree/a/b/file.py"));
  EXPECT_TRUE(matters(rules, "/linked/c"));
  EXPECT_TRUE(matters(rules, "/tree/a", true)) << "it may be gone with all that is in it";
  EXPECT_FALSE(matters(rules, "/tree/a/file.py"));
  EXPECT_FALSE(matters(rules, "/tree/a/bc"));
}

TEST(WatchRules, tell_when_a_folder_is_not_left_out_any_more) {
  const io::TestFolder tree;
  std::filesystem::create_directory(tree.path("out"));
  const std::vector<WatchedSource> sources = {{tree.path(), tree.path(), ""}};
  const auto rules = [&](const std::vector<LeftOutFolder>& left_out) {
    return WatchRules(sources, tree.path("lib"), {}, left_out);
  };
  const WatchRules both = rules({{tree.path(), "out"}, {tree.path(), "gone"}});
  EXPECT_TRUE(rules({{tree.path(), "gone"}}).watch_more_than(both));
  EXPECT_FALSE(rules({{tree.path(), "out"}}).watch_more_than(both)) << "it is not there";
  EXPECT_FALSE(both.watch_more_than(rules({})));
}

}  // namespace
}  // namespace sonde::library
