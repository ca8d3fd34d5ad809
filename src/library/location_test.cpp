#include "library/location.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sonde::library {
namespace {

class LocationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sonde-location-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = std::filesystem::canonical(pattern).string();
    make("home");
    make("project/src/deep");
    environment_.working_directory = base_ + "/project/src";
    environment_.home = base_ + "/home";
    environment_.state_home = base_ + "/home/.local/state";
  }
  void TearDown() override { std::filesystem::remove_all(base_); }

  void make(const std::string& folder) {
    std::filesystem::create_directories(base_ + "/" + folder);
  }
  void write(const std::string& file, const std::string& text = "x") {
    std::filesystem::create_directories(std::filesystem::path(base_ + "/" + file).parent_path());
    std::ofstream(base_ + "/" + file) << text;
  }
  std::string at(const std::string& path) const { return base_ + "/" + path; }

  std::string base_;
  Environment environment_;
};

TEST_F(LocationTest, a_library_is_found_from_any_folder_or_file_below_it) {
  write("project/.sonde/library.db");
  write("project/src/deep/a.cpp");
  for (const char* start : {"project", "project/src/deep", "project/src/deep/a.cpp"}) {
    const auto found = find_library(environment_, at(start), "");
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->directory, at("project/.sonde"));
    EXPECT_EQ(found->root, at("project"));
  }
}

TEST_F(LocationTest, a_relative_start_counts_from_the_working_folder) {
  write("project/.sonde/library.db");
  const auto found = find_library(environment_, "deep/..", "");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->root, at("project"));
}

TEST_F(LocationTest, the_nearest_library_wins) {
  write("project/.sonde/library.db");
  write("project/src/.sonde/library.db");
  EXPECT_EQ(find_library(environment_, at("project/src/deep"), "")->root, at("project/src"));
}

TEST_F(LocationTest, a_folder_that_lost_its_library_db_is_still_a_library) {
  write("project/.sonde/segments/000000000001-0123456789abcdef.seg");
  EXPECT_TRUE(find_library(environment_, at("project"), "").ok());
}

TEST_F(LocationTest, an_empty_sonde_folder_is_no_library) {
  make("project/.sonde");
  const auto found = find_library(environment_, at("project"), "");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::NotFound);
  EXPECT_NE(found.error().message.find("sonde index"), std::string::npos);
}

TEST_F(LocationTest, a_named_folder_goes_before_the_environment_and_that_before_the_walk) {
  write("project/.sonde/library.db");
  write("one/library.db");
  write("two/library.db");
  environment_.library = at("one");
  EXPECT_EQ(find_library(environment_, ".", "")->directory, at("one"));
  EXPECT_EQ(find_library(environment_, ".", "../../two")->directory, at("two"));
}

TEST_F(LocationTest, a_named_library_knows_its_root) {
  write("elsewhere/library.db");
  ASSERT_TRUE(record_root({at("elsewhere"), at("project"), ""}).ok());
  EXPECT_EQ(find_library(environment_, at("home"), at("elsewhere"))->root, at("project"));
  write("project/.sonde/library.db");
  EXPECT_EQ(find_library(environment_, at("home"), at("project/.sonde"))->root, at("project"));
}

TEST_F(LocationTest, a_new_library_goes_into_its_root) {
  const auto place = place_library(environment_, at("project"), "");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->directory, at("project/.sonde"));
  EXPECT_EQ(place->root, at("project"));
  EXPECT_EQ(place->note, "");
}

TEST_F(LocationTest, the_root_of_a_new_library_must_be_a_folder) {
  write("file");
  for (const char* root : {"file", "nothing"}) {
    const auto place = place_library(environment_, at(root), "");
    ASSERT_FALSE(place.ok());
    EXPECT_EQ(place.error().code, Code::InvalidArgument);
    EXPECT_NE(place.error().message.find(at(root)), std::string::npos);
  }
}

TEST_F(LocationTest, a_library_is_never_put_among_other_files) {
  write("full/letter.txt");
  const auto place = place_library(environment_, at("project"), at("full"));
  ASSERT_FALSE(place.ok());
  EXPECT_EQ(place.error().code, Code::InvalidArgument);
  make("empty");
  EXPECT_EQ(place_library(environment_, at("project"), at("empty"))->directory, at("empty"));
  EXPECT_EQ(place_library(environment_, at("project"), at("new"))->directory, at("new"));
}

TEST_F(LocationTest, a_root_that_cannot_be_written_has_its_library_in_the_state_folder) {
  // The kernel lets root write everywhere but on a file system that is read-only: /proc is one.
  const std::string root = "/proc/self";
  const auto place = place_library(environment_, root, "");
  ASSERT_TRUE(place.ok()) << place.error().message;
  EXPECT_TRUE(place->directory.starts_with(at("home/.local/state/sonde/libraries/")));
  EXPECT_EQ(place->directory.size(), at("home/.local/state/sonde/libraries/").size() + 16);
  EXPECT_NE(place->note.find(root), std::string::npos);

  std::filesystem::create_directories(place->directory);
  std::ofstream(place->directory + "/library.db") << "x";
  EXPECT_FALSE(find_library(environment_, root + "/fd", "").ok()) << "its root is not written down";
  ASSERT_TRUE(record_root(*place).ok());
  const auto found = find_library(environment_, root + "/fd", "");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->directory, place->directory);
  EXPECT_EQ(found->root, root);
}

TEST_F(LocationTest, without_a_home_the_error_says_how_to_name_a_place) {
  environment_.state_home.clear();
  const auto place = place_library(environment_, "/proc/self", "");
  ASSERT_FALSE(place.ok());
  EXPECT_NE(place.error().message.find("--library"), std::string::npos);
}

TEST(Location, network_file_systems_are_known_by_name) {
  EXPECT_EQ(file_system_without_wal(0x6969), "NFS");
  EXPECT_EQ(file_system_without_wal(0x01021997), "9p");
  EXPECT_EQ(file_system_without_wal(0xFF534D42), "CIFS");
  EXPECT_EQ(file_system_without_wal(0xEF53), "") << "ext4";
  EXPECT_EQ(file_system_without_wal(0x794C7630), "") << "overlayfs";
}

TEST_F(LocationTest, a_project_begins_at_its_git_work_tree) {
  EXPECT_EQ(project_root(at("project/src")), at("project/src"));
  write("project/.git/HEAD");
  EXPECT_EQ(project_root(at("project/src/deep")), at("project"));
  write("project/src/.git", "gitdir: elsewhere\n");
  EXPECT_EQ(project_root(at("project/src/deep")), at("project/src")) << "a worktree or submodule";
}

TEST(Location, absolute_paths_are_normal) {
  Environment environment;
  environment.working_directory = "/a/b";
  EXPECT_EQ(absolute_path(environment, "c//./d/"), "/a/b/c/d");
  EXPECT_EQ(absolute_path(environment, "../../../x"), "/x");
  EXPECT_EQ(absolute_path(environment, "/x/../y"), "/y");
  EXPECT_EQ(absolute_path(environment, ""), "/a/b");
  EXPECT_EQ(absolute_path(environment, "/"), "/");
  EXPECT_EQ(absolute_path(environment, "\xff/."), "/a/b/\xff");
}

TEST(Location, relative_paths_lead_from_the_base) {
  EXPECT_EQ(relative_path("/a/b/c", "/a/b"), "c");
  EXPECT_EQ(relative_path("/a/b", "/a/b"), ".");
  EXPECT_EQ(relative_path("/a/x/y", "/a/b/c"), "../../x/y");
  EXPECT_EQ(relative_path("/a/bc", "/a/b"), "../bc");
  EXPECT_EQ(relative_path("/", "/a"), "..");
  EXPECT_EQ(relative_path("/a", "/"), "a");
}

class EnvironmentTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "SONDE_LIBRARY"}) {
      ::unsetenv(name);
    }
  }
};

TEST_F(EnvironmentTest, the_process_says_where_its_folders_are) {
  ::setenv("HOME", "/home/user", 1);
  ::setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
  ::setenv("XDG_STATE_HOME", "/var/state", 1);
  ::setenv("XDG_DATA_HOME", "/var/data", 1);
  ::setenv("HF_ENDPOINT", "https://hub.example", 1);
  ::setenv("SONDE_LIBRARY", "/some/library", 1);
  const auto environment = environment_of_process();
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->config_home, "/home/user/.config");
  EXPECT_EQ(environment->state_home, "/var/state");
  EXPECT_EQ(environment->data_home, "/var/data");
  EXPECT_EQ(models_folder(*environment).value(), "/var/data/sonde/models");
  EXPECT_EQ(environment->hub_endpoint, "https://hub.example");
  EXPECT_EQ(environment->variable("XDG_DATA_HOME"), "/var/data");
  EXPECT_EQ(environment->variable("SONDE_TEST_NOT_SET"), "");
  EXPECT_EQ(environment->library, "/some/library");
  EXPECT_EQ(environment->working_directory, std::filesystem::current_path().string());
  EXPECT_TRUE(environment->worker_program.ends_with("sonde-worker"));
  EXPECT_EQ(environment->worker_program.front(), '/');
}

}  // namespace
}  // namespace sonde::library
