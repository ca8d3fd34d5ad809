#include "tree/walk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "tree/testing.h"
#include "tree/walker.h"

namespace sonde::tree {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using testing::Scratch;
using ::testing::SizeIs;

GitEnvironment environment_of(const Scratch& scratch) {
  GitEnvironment environment;
  environment.home = scratch.home();
  environment.config_home = scratch.home() + "/.config";
  environment.user_configs = {environment.config_home + "/git/config",
                              environment.home + "/.gitconfig"};
  return environment;
}

WalkResult walk_in(const Scratch& scratch, const std::string& folder = "",
                   const WalkOptions& options = {}) {
  auto result = walk_with(scratch.path() + (folder.empty() ? "" : "/" + folder), options, {},
                          environment_of(scratch));
  if (!result.ok()) {
    throw std::runtime_error(result.error().message);
  }
  EXPECT_TRUE(std::is_sorted(result->files.begin(), result->files.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
  EXPECT_TRUE(std::is_sorted(result->skipped.begin(), result->skipped.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
  return std::move(result).value();
}

std::vector<std::string> files(const WalkResult& result) {
  std::vector<std::string> paths;
  for (const auto& file : result.files) {
    paths.push_back(file.path);
  }
  return paths;
}

std::map<std::string, SkipReason> skipped(const WalkResult& result) {
  std::map<std::string, SkipReason> reasons;
  for (const auto& entry : result.skipped) {
    reasons[entry.path] = entry.reason;
  }
  return reasons;
}

std::string detail(const WalkResult& result, const std::string& path) {
  for (const auto& entry : result.skipped) {
    if (entry.path == path) {
      return entry.detail;
    }
  }
  return "(not skipped)";
}

TEST(Walk, lists_files_sorted_by_bytes_across_folders) {
  const Scratch scratch;
  for (const char* name : {"a/z.c", "a.c", "a-b.c", "a0.c", "a/b/c.c", "b.c"}) {
    scratch.write(name, "x");
  }
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("a-b.c", "a.c", "a/b/c.c", "a/z.c", "a0.c", "b.c"));
  EXPECT_EQ(result.files[0].size_bytes, 1U);
  struct stat status {};
  ASSERT_EQ(::stat((scratch.path() + "/a-b.c").c_str(), &status), 0);
  EXPECT_EQ(result.files[0].inode, status.st_ino);
  EXPECT_EQ(result.files[0].mtime_ns,
            status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
}

TEST(Walk, honours_nested_gitignore_files_without_a_repository) {
  const Scratch scratch;
  scratch.write(".gitignore", "*.log\n/out/\n");
  scratch.write("a.log", "");
  scratch.write("out/x.c", "");
  scratch.write("sub/.gitignore", "!keep.log\n");
  scratch.write("sub/keep.log", "");
  scratch.write("sub/other.log", "");
  scratch.write("sub/out/y.c", "");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("sub/keep.log", "sub/out/y.c"));
  EXPECT_EQ(detail(result, "out/"), ".gitignore:2: /out/");
  EXPECT_EQ(detail(result, "sub/other.log"), ".gitignore:1: *.log");
}

TEST(Walk, lists_exactly_what_git_does_in_a_repository) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\nbuild/\n!keep.x\n/a/*/x\n");
  scratch.write(".git/info/exclude", "local\n!b.x\n");
  scratch.write(
      "../" + scratch.home().substr(scratch.home().rfind('/') + 1) + "/.config/git/ignore",
      "*.swp1\nglobal/\n");
  for (const char* name :
       {"a.x", "keep.x", "b.x", "a/b/x", "a/b/y", "a/b/c/x", "local", "c/local/f.c", "e.swp1",
        "global/f.c", "build/keep.x", "d/build", "tracked/build/t.c", "tracked/build/u.c"}) {
    scratch.write(name, "x");
  }
  scratch.git("add -f tracked/build/t.c");
  const auto output = scratch.git("ls-files -z --cached --others --exclude-standard --deduplicate");
  auto expected = testing::split_nul(output);
  std::erase(expected, ".gitignore");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(files(walk_in(scratch)), expected);
  EXPECT_THAT(expected, Contains("tracked/build/t.c"));
}

TEST(Walk, tracked_files_are_never_ignored_but_their_ignored_neighbours_are) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "gen/\n*.cfg\n");
  scratch.write("gen/deep/kept.c", "x");
  scratch.write("gen/deep/new.c", "x");
  scratch.write("gen/other/new.c", "x");
  scratch.write("a.cfg", "x");
  scratch.write("b.cfg", "x");
  scratch.git("add -f gen/deep/kept.c a.cfg");
  for (const char* version : {"2", "3", "4"}) {
    scratch.git(std::string("update-index --index-version ") + version);
    const auto result = walk_in(scratch);
    EXPECT_THAT(files(result), ElementsAre("a.cfg", "gen/deep/kept.c")) << version;
    EXPECT_THAT(skipped(result), AllOf(Contains(Pair("gen/deep/new.c", SkipReason::Ignored)),
                                       Contains(Pair("gen/other/", SkipReason::Ignored)),
                                       Contains(Pair("b.cfg", SkipReason::Ignored))));
    EXPECT_THAT(result.notes, IsEmpty());
  }
}

TEST(Walk, reads_a_sha256_repository_and_an_unknown_extension_as_git_does) {
  const Scratch scratch;
  scratch.git("init -q --object-format=sha256 .");
  scratch.git("config extensions.partialClone origin");
  scratch.write(".gitignore", "*.x\n");
  scratch.write("a.x", "1");
  scratch.write("b.x", "1");
  scratch.git("add -f a.x");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("a.x"));
  EXPECT_THAT(result.notes, IsEmpty());
}

TEST(Walk, reads_a_repository_of_another_owner) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\n");
  scratch.write("a.x", "1");
  scratch.write("b.x", "1");
  scratch.git("add -f a.x");
  if (::geteuid() == 0) {
    scratch.shell("chown -R 12345 .");
  }
  EXPECT_THAT(files(walk_in(scratch)), ElementsAre("a.x"));
}

TEST(Walk, reads_a_split_index) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\n");
  scratch.write("a.x", "1");
  scratch.write("b.x", "1");
  scratch.write("c.x", "1");
  scratch.git("add -f a.x");
  scratch.git("update-index --split-index");
  scratch.git("add -f b.x");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("a.x", "b.x"));
  EXPECT_THAT(result.notes, IsEmpty());
}

TEST(Walk, a_damaged_index_costs_a_note_not_the_walk) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\n");
  scratch.write("a.x", "1");
  scratch.write("b.c", "1");
  scratch.git("add -f a.x");
  scratch.write(".git/index", "DIRC nonsense, and longer than a header has to be");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("b.c"));
  ASSERT_THAT(result.notes, SizeIs(1));
  EXPECT_THAT(result.notes[0], HasSubstr("git index"));
}

TEST(Walk, nested_repositories_have_their_own_rules_and_index) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\nskipped/\n");
  scratch.make_folder("inner");
  scratch.git("init -q inner");
  scratch.write("inner/.gitignore", "*.y\n");
  scratch.write("inner/a.x", "1");
  scratch.write("inner/a.y", "1");
  scratch.write("inner/b.y", "1");
  scratch.git("add -f b.y", {}, "inner");
  scratch.make_folder("skipped");
  scratch.git("init -q skipped");
  scratch.write("skipped/a.c", "1");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("inner/a.x", "inner/b.y"));
  EXPECT_THAT(skipped(result), AllOf(Contains(Pair("inner/.git/", SkipReason::Nested)),
                                     Contains(Pair("skipped/", SkipReason::Ignored))));
}

TEST(Walk, submodules_and_worktrees_are_read_by_their_own_rules) {
  const Scratch scratch;
  scratch.git("init -q origin");
  scratch.write("origin/.gitignore", "*.y\n");
  scratch.write("origin/kept.y", "1");
  scratch.git("add -f .gitignore kept.y", {}, "origin");
  scratch.git("commit -q -m one", {}, "origin");
  scratch.git("worktree add -q ../linked", {}, "origin");
  scratch.write("linked/new.y", "1");
  scratch.write("origin/.git/info/exclude", "*.z\n");
  scratch.write("linked/new.z", "1");
  scratch.git("init -q outer");
  scratch.git("submodule --quiet add ../origin lib/sub", {}, "outer");
  scratch.write("outer/lib/sub/new.y", "1");
  scratch.write("outer/lib/sub/new.x", "1");
  scratch.write("outer/.gitignore", "/lib/\n*.x\n");
  EXPECT_THAT(files(walk_in(scratch, "linked")), ElementsAre("kept.y"));
  // The submodule is tracked, so lib/ being ignored does not matter, nor does the outer "*.x".
  EXPECT_THAT(files(walk_in(scratch, "outer")), ElementsAre("lib/sub/kept.y", "lib/sub/new.x"));
}

TEST(Walk, rules_above_the_root_hold_unless_they_ignore_the_root_itself) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "*.x\n/a/b/gone.c\n/out/\n");
  scratch.write("a/.gitignore", "*.y\n");
  scratch.write("a/b/k.x", "1");
  scratch.write("a/b/m.x", "1");
  scratch.write("a/b/m.y", "1");
  scratch.write("a/b/gone.c", "1");
  scratch.write("a/b/c.c", "1");
  scratch.write("out/sub/c.x", "1");
  scratch.git("add -f a/b/k.x");
  EXPECT_THAT(files(walk_in(scratch, "a/b")), ElementsAre("c.c", "k.x"));
  EXPECT_THAT(files(walk_in(scratch, "out/sub")), ElementsAre("c.x"));
}

TEST(Walk, sondeignore_brings_back_a_whole_ignored_folder) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".gitignore", "build/\n*.o\n");
  scratch.write(".sondeignore", "!build/\n");
  scratch.write("build/.gitignore", "*\n");
  scratch.write("build/gen/a.c", "1");
  scratch.write("build/a.o", "1");
  scratch.write("sub/build/b.c", "1");
  EXPECT_THAT(files(walk_in(scratch)), ElementsAre("build/gen/a.c", "sub/build/b.c"));
}

TEST(Walk, sondeignore_reaches_into_folders_that_are_left_out) {
  const Scratch scratch;
  scratch.write(".gitignore", "/cache/\n");
  scratch.write(".sondeignore", "!.github/workflows/*.yml\n!/cache/keep/**\n!node_modules/mine/\n");
  scratch.write(".github/workflows/ci.yml", "1");
  scratch.write(".github/workflows/ci.sh", "1");
  scratch.write(".github/other.yml", "1");
  scratch.write(".vscode/a.json", "1");
  scratch.write("cache/keep/deep/a.c", "1");
  scratch.write("cache/other/a.c", "1");
  scratch.write("node_modules/mine/a.js", "1");
  scratch.write("node_modules/theirs/a.js", "1");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre(".github/workflows/ci.yml", "cache/keep/deep/a.c",
                                         "node_modules/mine/a.js"));
  EXPECT_TRUE(result.files[0].asked_for);
  EXPECT_THAT(skipped(result), AllOf(Contains(Pair(".github/other.yml", SkipReason::Hidden)),
                                     Contains(Pair("cache/other/", SkipReason::Ignored)),
                                     Contains(Pair("node_modules/theirs/", SkipReason::Vendored)),
                                     Contains(Pair(".vscode/", SkipReason::Hidden))));
}

TEST(Walk, sondeignore_and_exclude_hold_for_tracked_files_too) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".sondeignore", "/data/\n*.csv\n!yes.csv\n");
  scratch.write("data/a.c", "1");
  scratch.write("no.csv", "1");
  scratch.write("yes.csv", "1");
  scratch.write("sub/a.tmp", "1");
  scratch.write("sub/a.c", "1");
  scratch.git("add -f .");
  WalkOptions options;
  options.exclude = {"*.tmp", "/yes.csv"};
  const auto result = walk_in(scratch, "", options);
  EXPECT_THAT(files(result), ElementsAre("sub/a.c"));
  EXPECT_EQ(detail(result, "data/"), ".sondeignore:1: /data/");
  EXPECT_EQ(detail(result, "sub/a.tmp"), "exclude:1: *.tmp");
}

TEST(Walk, secrets_stay_out_whatever_the_rules_say) {
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.write(".sondeignore", "!.env\n!*.pem\n!id_rsa\n!.aws/\n!.ssh/\n!.env.example\n");
  for (const char* name : {".env", ".env.local", ".env.example", "certs/server.pem", "id_rsa",
                           ".aws/credentials", ".ssh/known_hosts", "id_rsa.pub"}) {
    scratch.write(name, "x");
  }
  scratch.git("add -f .");
  WalkOptions options;
  options.include_hidden = true;
  const auto result = walk_in(scratch, "", options);
  EXPECT_THAT(files(result), ElementsAre(".env.example", ".sondeignore", "id_rsa.pub"));
  EXPECT_THAT(skipped(result), AllOf(Contains(Pair(".env", SkipReason::Secret)),
                                     Contains(Pair(".env.local", SkipReason::Secret)),
                                     Contains(Pair("certs/server.pem", SkipReason::Secret)),
                                     Contains(Pair("id_rsa", SkipReason::Secret)),
                                     Contains(Pair(".aws/credentials", SkipReason::Secret)),
                                     Contains(Pair(".ssh/", SkipReason::Secret))));
}

TEST(Walk, options_bring_in_hidden_generated_and_vendored_files) {
  const Scratch scratch;
  for (const char* name :
       {".hidden/a.c", "yarn.lock", "node_modules/a/b.js", "third_party/c.c", "venv/pyvenv.cfg",
        "venv/lib/d.py", "vendor/e.go", "go.mod", "src/main/java/com/acme/vendor/Vendor.java"}) {
    scratch.write(name, "x");
  }
  EXPECT_THAT(files(walk_in(scratch)),
              ElementsAre("go.mod", "src/main/java/com/acme/vendor/Vendor.java"));
  WalkOptions options;
  options.include_hidden = options.include_generated = options.include_vendored = true;
  EXPECT_THAT(files(walk_in(scratch, "", options)), SizeIs(9));
}

TEST(Walk, a_cache_that_says_so_is_left_out) {
  const Scratch scratch;
  scratch.write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  scratch.write("target/debug/build.rs", "x");
  scratch.write("other/CACHEDIR.TAG", "no signature");
  scratch.write("other/a.c", "x");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("other/CACHEDIR.TAG", "other/a.c"));
  EXPECT_THAT(skipped(result), Contains(Pair("target/", SkipReason::Generated)));
}

TEST(Walk, links_are_never_followed) {
  const Scratch scratch;
  scratch.write("real/a.c", "x");
  scratch.write("real/deep/b.c", "x");
  scratch.shell(
      "ln -s a.c real/inside.c && ln -s /etc/passwd out.c && ln -s nothing broken.c && "
      "ln -s self self && ln -s .. real/deep/up && ln -s / everything");
  const auto result = walk_in(scratch);
  EXPECT_THAT(files(result), ElementsAre("real/a.c", "real/deep/b.c"));
  EXPECT_EQ(skipped(result).size(), 6U);
  EXPECT_EQ(detail(result, "real/inside.c"), "the target is read in its own place");
  EXPECT_EQ(detail(result, "out.c"), "the link leads out of the folder");
  EXPECT_EQ(detail(result, "everything"), "the link leads out of the folder");
  EXPECT_EQ(detail(result, "broken.c"), "the link is broken");
  EXPECT_EQ(detail(result, "self"), "the link leads to itself");
}

TEST(Walk, pipes_and_sockets_are_special_and_never_waited_for) {
  const Scratch scratch;
  scratch.shell("mkfifo pipe.c .gitignore .sondeignore");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = scratch.path() + "/s.c";
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::copy(name.begin(), name.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto result = walk_in(scratch);
  ::close(fd);
  EXPECT_THAT(files(result), IsEmpty());
  EXPECT_THAT(skipped(result), AllOf(Contains(Pair("pipe.c", SkipReason::Special)),
                                     Contains(Pair("s.c", SkipReason::Special))));
}

TEST(Walk, an_unreadable_folder_is_an_entry_not_an_error) {
  const Scratch scratch;
  scratch.write("closed/a.c", "x");
  scratch.write("open/b.c", "x");
  ASSERT_EQ(::chmod((scratch.path() + "/closed").c_str(), 0), 0);
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
  // Root reads everything: for file access this thread is somebody else for a while.
  const int before = ::setfsuid(::geteuid() == 0 ? 12345 : ::geteuid());
  auto result = walk_with(scratch.path(), {}, {}, environment_of(scratch));
  ::setfsuid(static_cast<uid_t>(before));
  ::chmod((scratch.path() + "/closed").c_str(), 0755);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(files(*result), ElementsAre("open/b.c"));
  EXPECT_THAT(skipped(*result), ElementsAre(Pair("closed/", SkipReason::Unreadable)));
  EXPECT_EQ(detail(*result, "closed/"), "Permission denied");
}

TEST(Walk, names_that_are_not_utf8_stay_bytes) {
  const Scratch scratch;
  scratch.write("caf\xe9.c", "x");
  scratch.write("\xff\xfe/\x01.c", "x");
  scratch.write(".gitignore", "*\xe8.c\n");
  scratch.write("caf\xe8.c", "x");
  EXPECT_THAT(files(walk_in(scratch)), ElementsAre("caf\xe9.c", "\xff\xfe/\x01.c"));
}

TEST(Walk, two_thousand_levels_of_folders_are_walked_with_few_open_files) {
  const Scratch scratch;
  constexpr int kLevels = 2000;
  int fd = ::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int level = 0; level < kLevels; ++level) {
    ASSERT_EQ(::mkdirat(fd, "d", 0755), 0);
    // A second folder, behind the deep one, makes the walk come back to every level.
    ASSERT_EQ(::mkdirat(fd, "e", 0755), 0);
    const int next = ::openat(fd, "d", O_RDONLY | O_DIRECTORY);
    const int beside = ::openat(fd, "e", O_RDONLY | O_DIRECTORY);
    ::close(::openat(beside, "f.c", O_CREAT | O_WRONLY, 0644));
    ::close(beside);
    ::close(fd);
    fd = next;
  }
  ::close(fd);
  const auto result = walk_in(scratch);
  EXPECT_THAT(result.files, SizeIs(kLevels));
  EXPECT_THAT(result.skipped, IsEmpty());
}

TEST(Walk, files_over_the_size_cap_are_left_out_with_their_size) {
  const Scratch scratch;
  scratch.write("big.c", std::string(101, 'x'));
  scratch.write("small.c", std::string(100, 'x'));
  WalkOptions options;
  options.size_cap_bytes = 100;
  const auto result = walk_in(scratch, "", options);
  EXPECT_THAT(files(result), ElementsAre("small.c"));
  EXPECT_EQ(detail(result, "big.c"), "101 bytes, the limit is 100");
}

TEST(Walk, libraries_and_git_data_are_nested) {
  const Scratch scratch;
  scratch.write(".sonde/library.db", "x");
  scratch.write("sub/.git/config", "not a repository");
  scratch.write("sub/a.c", "x");
  WalkOptions options;
  options.include_hidden = true;
  const auto result = walk_in(scratch, "", options);
  EXPECT_THAT(files(result), ElementsAre("sub/a.c"));
  EXPECT_THAT(skipped(result), ElementsAre(Pair(".sonde/", SkipReason::Nested),
                                           Pair("sub/.git/", SkipReason::Nested)));
}

TEST(Walk, user_configuration_names_the_excludes_file) {
  const Scratch scratch;
  const std::string home = "../" + scratch.home().substr(scratch.home().rfind('/') + 1);
  scratch.git("init -q repo");
  scratch.write(home + "/.gitconfig",
                "[include]\n  path = more\n[includeIf \"gitdir:**/repo/\"]\n path = ~/repo.cfg\n");
  scratch.write(home + "/more", "[core] excludesFile = \"~/wrong\" ; comment\n");
  scratch.write(home + "/repo.cfg", "[core]\n\texcludesfile = ~/ri\\\nght\n");
  scratch.write(home + "/wrong", "a.c\n");
  scratch.write(home + "/right", "b.c\n");
  scratch.write("repo/a.c", "x");
  scratch.write("repo/b.c", "x");
  const auto ours = files(walk_in(scratch, "repo"));
  EXPECT_THAT(ours, ElementsAre("a.c"));
  EXPECT_EQ(testing::split_nul(scratch.git("ls-files -z --others --exclude-standard", {}, "repo")),
            ours);
}

TEST(Walk, errors_say_what_is_wrong) {
  const Scratch scratch;
  scratch.write("file", "x");
  EXPECT_EQ(walk(scratch.path() + "/none", {}, {}).error().code, Code::NotFound);
  EXPECT_EQ(walk(scratch.path() + "/file", {}, {}).error().code, Code::NotFound);
  CancelSource source;
  source.cancel();
  EXPECT_EQ(walk(scratch.path(), {}, source.token()).error().code, Code::Cancelled);
}

}  // namespace
}  // namespace sonde::tree
