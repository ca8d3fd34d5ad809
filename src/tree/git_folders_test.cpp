// Git itself makes the working trees; its own list of them is what must be found.
#include "tree/git_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tree/testing.h"

namespace sonde::tree {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Scratch;

std::string real(const std::string& path) { return std::filesystem::canonical(path).string(); }

std::vector<std::string> siblings_of(const std::string& top) {
  return sibling_worktrees(top, GitEnvironment{});
}

/// A repository in main/ with one commit.
void make_repository(const Scratch& scratch) {
  scratch.write("main/file.txt", "text\n");
  scratch.git("init -q main");
  scratch.git("-C main add -A");
  scratch.git("-C main -c user.name=n -c user.email=e commit -q -m first");
}

TEST(GitFolders, the_folder_with_the_lock_is_found_from_anywhere_in_a_working_tree) {
  const Scratch scratch;
  make_repository(scratch);
  scratch.git("-C main worktree add -q ../linked");
  scratch.write("main/deep/er/file.txt", "text\n");
  scratch.write("outside/file.txt", "text\n");
  const std::string git = real(scratch.path() + "/main/.git");
  EXPECT_EQ(git_folder_of(scratch.path() + "/main"), git);
  EXPECT_EQ(git_folder_of(scratch.path() + "/main/deep/er"), git);
  EXPECT_EQ(git_folder_of(scratch.path() + "/linked"), git + "/worktrees/linked");
  EXPECT_EQ(git_folder_of(scratch.path() + "/outside"), "");
  EXPECT_EQ(git_folder_of(scratch.path() + "/not/there"), "");
}

TEST(GitFolders, the_other_worktrees_are_those_that_git_lists) {
  const Scratch scratch;
  make_repository(scratch);
  EXPECT_THAT(siblings_of(scratch.path() + "/main"), IsEmpty());
  scratch.git("-C main worktree add -q ../b");
  scratch.git("-C main worktree add -q ../a/below");
  scratch.git("-C main worktree add -q nested");
  const std::string main = real(scratch.path() + "/main");
  const std::string a = real(scratch.path() + "/a/below");
  const std::string b = real(scratch.path() + "/b");
  const std::string nested = real(scratch.path() + "/main/nested");
  EXPECT_THAT(siblings_of(main), ElementsAre(b, a, nested));
  EXPECT_THAT(siblings_of(a), ElementsAre(main, b, nested));
  EXPECT_THAT(siblings_of(nested), ElementsAre(main, b, a));
}

TEST(GitFolders, worktrees_that_were_moved_or_removed_by_hand_are_left_out) {
  const Scratch scratch;
  make_repository(scratch);
  scratch.git("-C main worktree add -q ../gone");
  scratch.git("-C main worktree add -q ../other");
  scratch.git("-C main worktree add -q ../stays");
  scratch.shell("rm -rf gone other && git init -q other && rm -f main/.git/worktrees/x");
  scratch.shell(
      "mkdir main/.git/worktrees/odd && printf 'no path' > main/.git/worktrees/odd/gitdir");
  const std::string main = real(scratch.path() + "/main");
  const std::string stays = real(scratch.path() + "/stays");
  EXPECT_THAT(siblings_of(main), ElementsAre(stays));
  EXPECT_THAT(siblings_of(stays), ElementsAre(main));
}

TEST(GitFolders, a_bare_repository_and_a_separate_git_folder_have_their_worktrees) {
  const Scratch scratch;
  make_repository(scratch);
  scratch.git("clone -q --bare main bare.git");
  scratch.git("-C bare.git worktree add -q ../one");
  scratch.git("-C bare.git worktree add -q ../two");
  EXPECT_THAT(siblings_of(scratch.path() + "/one"), ElementsAre(real(scratch.path() + "/two")));
  scratch.git("clone -q --separate-git-dir=kept.git main apart");
  scratch.git("-C apart worktree add -q ../three");
  EXPECT_THAT(siblings_of(scratch.path() + "/apart"), ElementsAre(real(scratch.path() + "/three")));
  scratch.git("-C apart config core.worktree ../apart");
  EXPECT_THAT(siblings_of(scratch.path() + "/three"), ElementsAre(real(scratch.path() + "/apart")));
}

TEST(GitFolders, what_is_no_worktree_has_no_siblings) {
  const Scratch scratch;
  scratch.write("plain/file.txt", "text\n");
  EXPECT_THAT(siblings_of(scratch.path() + "/plain"), IsEmpty());
  EXPECT_THAT(siblings_of(scratch.path() + "/none"), IsEmpty());
  scratch.write("odd/.git", "gitdir: ../none\n");
  EXPECT_THAT(siblings_of(scratch.path() + "/odd"), IsEmpty());
}

}  // namespace
}  // namespace sonde::tree
