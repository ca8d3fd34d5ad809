// A full disk: what was committed stays and is searched, the message says what is full, and with
// space again the run goes on to the same end.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

/// Mounts are made in a name space of this test process alone. Without root a user name space
/// gives the right to; needs a process of one thread.
bool enter_own_mounts() {
  const uid_t uid = ::geteuid();
  if (uid == 0) {
    if (::unshare(CLONE_NEWNS) != 0) {
      return false;
    }
  } else {
    const gid_t gid = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return false;
    }
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(enter_own_mounts()) << std::strerror(errno);
    fs::create_directory(disk_);
  }
  void TearDown() override { ::umount2(disk_.c_str(), MNT_DETACH); }

  void mount_disk(const std::string& size) {
    ASSERT_EQ(::mount("none", disk_.c_str(), "tmpfs", 0, ("size=" + size).c_str()), 0)
        << std::strerror(errno);
  }
  void resize_disk(const std::string& size) {
    ASSERT_EQ(::mount("none", disk_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()), 0)
        << std::strerror(errno);
  }
  /// Leaves `spare` bytes of the disk free.
  void fill_disk(std::uint64_t spare) {
    std::ofstream file(disk_ + "/filling", std::ios::binary);
    const std::string part(4'096, 'x');
    while (fs::space(disk_).available > spare && file.write(part.data(), 4'096).flush()) {
    }
  }
  void expect_found(const std::string& marker) {
    const Ran search = sonde({"search", '"' + marker + '"', "--json"});
    EXPECT_EQ(search.exit_code, 0) << search.all();
    EXPECT_NE(search.out.find("\"text\""), std::string::npos) << search.all();
  }
  Ran sonde(std::vector<std::string> words) {
    words.insert(words.end(), {"--library", setup_.directory});
    return run_sonde(scratch_.path(), std::move(words));
  }

  ScratchFolder scratch_{"full"};
  Corpus corpus_{scratch_.path() + "/tree", 17};
  std::string disk_ = scratch_.path() + "/disk";
  LibrarySetup setup_{corpus_.root(), disk_ + "/library", 2, {}};
};

TEST_F(FullDisk, ends_a_run_with_a_message_loses_nothing_and_the_next_run_goes_on) {
  corpus_.add_files(300);
  mount_disk("64m");
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  const std::string marker = corpus_.living_marker();
  // From no space at all to almost enough, it fails at one place or another.
  int failed = 0;
  for (const std::uint64_t spare : {0U, 8U, 40U, 100U, 200U, 400U, 800U, 1'600U, 3'200U}) {
    corpus_.add_files(400);
    fill_disk(spare * 1024);
    const Ran index = sonde({"index", corpus_.root()});
    if (index.exit_code != 0) {
      ++failed;
      EXPECT_EQ(index.exit_code, 2) << index.all();
      EXPECT_NE(index.err.find("make space"), std::string::npos) << index.all();
      EXPECT_NE(index.err.find(disk_), std::string::npos) << "says where\n" << index.all();
    }
    expect_found(marker);
    EXPECT_EQ(sonde({"search", "retry request", "--no-refresh"}).exit_code, 0);
    EXPECT_EQ(sonde({"status"}).exit_code, 0);
    EXPECT_EQ(sonde({"doctor"}).exit_code, 0) << sonde({"doctor"}).all();
    fs::remove(disk_ + "/filling");
    const Ran again = sonde({"index", corpus_.root()});
    EXPECT_EQ(again.exit_code, 0) << again.all();
  }
  EXPECT_GE(failed, 4);
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
  EXPECT_EQ(sonde({"doctor"}).exit_code, 0);
}

TEST_F(FullDisk, a_refresh_that_finds_no_space_does_not_cost_the_answer) {
  corpus_.add_files(50);
  mount_disk("16m");
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  fill_disk(0);
  write_file(corpus_.root() + "/late.py", "def late_gribble():\n    return 1\n");
  const Ran search = sonde({"search", corpus_.living_marker()});
  EXPECT_EQ(search.exit_code, 0) << search.all();
  // How many: also those whose time is too near their reading to be trusted, until they can be
  // read again.
  EXPECT_NE(search.all().find("changed since the library read them"), std::string::npos)
      << search.all();
}

TEST_F(FullDisk, a_library_that_had_no_space_to_be_made_is_made_when_there_is) {
  corpus_.add_files(50);
  mount_disk("4k");
  int failed = 0;
  for (const char* size : {"4k", "8k", "16k", "24k", "32k", "48k", "64k", "96k", "128k", "256k"}) {
    resize_disk(size);
    const Ran made = sonde({"index", corpus_.root()});
    if (made.exit_code != 0) {
      ++failed;
      EXPECT_EQ(made.exit_code, 2) << size << made.all();
      EXPECT_NE(made.err.find("make space"), std::string::npos) << size << made.all();
    }
  }
  EXPECT_GE(failed, 3);
  resize_disk("64m");
  const Ran made = sonde({"index", corpus_.root()});
  EXPECT_EQ(made.exit_code, 0) << made.all();
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

TEST_F(FullDisk, a_rebuild_that_finds_no_space_says_so_and_is_done_when_there_is) {
  corpus_.add_files(600);
  mount_disk("64m");
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  const std::string marker = corpus_.living_marker();
  for (const auto& entry : fs::directory_iterator(setup_.directory + "/segments")) {
    fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  }
  fill_disk(0);
  const Ran search = sonde({"search", marker});
  EXPECT_EQ(search.exit_code, 3) << search.all();
  EXPECT_NE(search.err.find("No space left"), std::string::npos) << search.all();
  fs::remove(disk_ + "/filling");
  expect_found(marker);
}

TEST_F(FullDisk, a_library_on_a_disk_mounted_read_only_is_searched) {
  corpus_.add_files(300);
  mount_disk("64m");
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  ASSERT_EQ(::mount("none", disk_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  expect_found(corpus_.living_marker());
  EXPECT_EQ(sonde({"status"}).exit_code, 0);
  const Ran index = sonde({"index", corpus_.root()});
  EXPECT_EQ(index.exit_code, 2) << index.all();
  EXPECT_NE(index.err.find("Read-only file system"), std::string::npos) << index.all();
}

}  // namespace
}  // namespace sonde::testing
