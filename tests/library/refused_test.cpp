// What the system refuses: files and folders without permission, places that cannot be written.
// The program runs as a user without rights, so that this holds as root too.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

/// Gives a tree to the user that the program runs as.
void give_away(const std::string& path) {
  if (::geteuid() != 0) {
    return;
  }
  ASSERT_EQ(::lchown(path.c_str(), 65534, 65534), 0);
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      ASSERT_EQ(::lchown(entry.path().c_str(), 65534, 65534), 0);
    }
  }
}

class Refused : public ::testing::Test {
 protected:
  Refused() {
    write_file(root_ + "/open.py", "def open_gribble():\n    return 1\n");
    write_file(root_ + "/shut.py", "def shut_gribble():\n    return 2\n");
    write_file(root_ + "/closed/one.py", "def first_gribble():\n    return 3\n");
    write_file(root_ + "/closed/two.py", "def second_gribble():\n    return 4\n");
    ::chmod(scratch_.path().c_str(), 0755);
    fs::create_directory(home_);
    give_away(root_);
    give_away(home_);
  }
  ~Refused() override { allow(root_, 0755), allow(root_ + "/closed", 0755); }

  static void allow(const std::string& path, mode_t mode) { ::chmod(path.c_str(), mode); }
  Ran sonde(std::vector<std::string> words) {
    words.insert(words.end(), {"--library", library_});
    return run_sonde(home_, std::move(words), As::Nobody);
  }
  bool finds(const std::string& word) {
    const Ran ran = sonde({"search", "\"" + word + "\"", "--files", root_});
    EXPECT_LE(ran.exit_code, 1) << ran.all();
    return ran.exit_code == 0;
  }

  ScratchFolder scratch_{"refused"};
  std::string root_ = scratch_.path() + "/tree";
  std::string home_ = scratch_.path() + "/home";
  std::string library_ = home_ + "/library";
};

TEST_F(Refused, an_unreadable_file_is_left_out_with_a_reason_until_it_can_be_read) {
  allow(root_ + "/shut.py", 0);
  allow(root_ + "/closed", 0);
  Ran ran = sonde({"index", root_});
  EXPECT_EQ(ran.exit_code, 0) << ran.all();
  const Ran skipped = sonde({"status", "--skipped"});
  EXPECT_NE(skipped.out.find("shut.py"), std::string::npos) << skipped.all();
  EXPECT_NE(skipped.out.find("unreadable"), std::string::npos) << skipped.all();
  EXPECT_NE(skipped.out.find("ermission denied"), std::string::npos) << skipped.all();
  EXPECT_NE(skipped.out.find("closed"), std::string::npos) << skipped.all();
  EXPECT_TRUE(finds("open_gribble"));
  EXPECT_FALSE(finds("shut_gribble"));

  // Neither size nor time change with the permission.
  allow(root_ + "/shut.py", 0644);
  allow(root_ + "/closed", 0755);
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  EXPECT_TRUE(finds("shut_gribble"));
  EXPECT_TRUE(finds("second_gribble"));
  EXPECT_EQ(sonde({"status", "--skipped"}).out.find("shut.py"), std::string::npos);
}

TEST_F(Refused, what_was_known_of_an_unreadable_file_or_folder_is_kept) {
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  write_file(root_ + "/shut.py", "def changed_gribble():\n    return 2\n");
  allow(root_ + "/shut.py", 0);
  allow(root_ + "/closed", 0);
  const Ran ran = sonde({"index", root_});
  EXPECT_EQ(ran.exit_code, 0) << ran.all();
  EXPECT_NE(ran.all().find("kept as last seen"), std::string::npos) << ran.all();
  EXPECT_TRUE(finds("shut_gribble"));
  EXPECT_TRUE(finds("second_gribble"));

  allow(root_ + "/shut.py", 0644);
  allow(root_ + "/closed", 0755);
  fs::remove(root_ + "/closed/two.py");
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  EXPECT_FALSE(finds("shut_gribble"));
  EXPECT_TRUE(finds("changed_gribble"));
  EXPECT_TRUE(finds("first_gribble"));
  EXPECT_FALSE(finds("second_gribble"));
}

TEST_F(Refused, an_unreadable_source_is_not_a_deletion) {
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  allow(root_, 0);  // not even its settings can be read
  EXPECT_EQ(sonde({"index"}).exit_code, 2);
  EXPECT_NE(sonde({"search", "open_gribble"}).err.find("/.sonde.toml"), std::string::npos);
  allow(root_, 0111);
  const Ran ran = sonde({"index"});
  EXPECT_EQ(ran.exit_code, 0) << ran.all();
  EXPECT_NE(ran.all().find(root_), std::string::npos) << ran.all();
  const Ran search = sonde({"search", "open_gribble"});
  EXPECT_EQ(search.exit_code, 0) << search.all();
  EXPECT_NE(search.out.find("open_gribble"), std::string::npos) << search.all();
  allow(root_, 0755);
  EXPECT_TRUE(finds("second_gribble"));
}

TEST_F(Refused, a_read_only_place_is_searched_and_index_says_why_it_cannot_write) {
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(library_)) {
    allow(entry.path(), entry.is_directory() ? 0555 : 0444);
  }
  allow(library_, 0555);
  write_file(root_ + "/late.py", "def late_gribble():\n    return 5\n");
  const Ran search = sonde({"search", "open_gribble"});
  EXPECT_EQ(search.exit_code, 0) << search.all();
  EXPECT_NE(search.out.find("open_gribble"), std::string::npos) << search.all();
  EXPECT_NE(search.all().find("1 file"), std::string::npos) << "one is not known yet\n"
                                                            << search.all();
  EXPECT_EQ(sonde({"status"}).exit_code, 0);
  EXPECT_EQ(sonde({"doctor"}).exit_code, 0) << sonde({"doctor"}).all();
  const Ran index = sonde({"index", root_});
  EXPECT_EQ(index.exit_code, 2) << index.all();
  EXPECT_NE(index.err.find(library_), std::string::npos) << index.all();
  EXPECT_NE(index.err.find("ermission denied"), std::string::npos) << index.all();
  allow(library_, 0755);
  for (const auto& entry : fs::recursive_directory_iterator(library_)) {
    allow(entry.path(), entry.is_directory() ? 0755 : 0644);
  }
  EXPECT_EQ(sonde({"index", root_}).exit_code, 0);
  EXPECT_TRUE(finds("late_gribble"));
}

TEST_F(Refused, a_folder_that_cannot_be_written_gets_its_library_in_the_state_folder) {
  allow(root_, 0555);
  const auto run = [&](std::vector<std::string> words) {
    return run_sonde(home_, std::move(words), As::Nobody);
  };
  const Ran first = run({"index", root_});
  EXPECT_EQ(first.exit_code, 0) << first.all();
  EXPECT_NE(first.err.find("the library is kept in " + home_), std::string::npos) << first.all();
  EXPECT_EQ(run({"search", "open_gribble", root_}).exit_code, 0);
  const Ran again = run({"index", root_});
  EXPECT_EQ(again.exit_code, 0) << again.all();
  EXPECT_NE(again.out.find("4 unchanged"), std::string::npos) << again.all();
  EXPECT_FALSE(fs::exists(root_ + "/.sonde"));
}

}  // namespace
}  // namespace sonde::testing
