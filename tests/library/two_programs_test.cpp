// Several programs on one library, and programs that are interrupted.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "io/lease.h"
#include "store/store.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

class TwoPrograms : public ::testing::Test {
 protected:
  std::vector<std::string> with_library(std::vector<std::string> words) const {
    words.insert(words.end(), {"--library", setup_.directory});
    return words;
  }
  Ran sonde(std::vector<std::string> words) {
    return run_sonde(scratch_.path(), with_library(std::move(words)));
  }
  std::uint64_t generation() {
    store::StoreOptions options;
    options.directory = setup_.directory;
    auto store = store::Store::open(options);
    if (!store.ok()) {
      return 0;
    }
    auto snapshot = (*store)->snapshot();
    if (!snapshot.ok()) {
      return 0;
    }
    const auto committed = (*snapshot)->generation();
    return committed.ok() ? *committed : 0;
  }
  /// Waits until a running index has committed more than `than` times.
  void wait_for_commits(std::uint64_t than, Running& running) {
    while (generation() <= than && !running.ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  ScratchFolder scratch_{"two"};
  Corpus corpus_{scratch_.path() + "/tree", 43};
  LibrarySetup setup_{corpus_.root(), scratch_.path() + "/library", 2, {}};
};

TEST_F(TwoPrograms, the_second_to_write_ends_with_4_and_names_the_first_and_a_search_answers) {
  corpus_.add_files(300);
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  const auto lease = io::Lease::acquire(setup_.directory + "/lock");  // as if it were indexing
  ASSERT_TRUE(lease.ok());
  const std::string me = "process " + std::to_string(::getpid());
  write_file(corpus_.root() + "/late.py", "def late_gribble():\n    return 1\n");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"index", corpus_.root()},
                                             {"forget", corpus_.root() + "/late.py"},
                                             {"source", "add", scratch_.path()}}) {
    const Ran ran = sonde(words);
    EXPECT_EQ(ran.exit_code, 4) << words[0] << ran.all();
    EXPECT_NE(ran.err.find(me), std::string::npos) << words[0] << ran.all();
  }
  const Ran search = sonde({"search", "retry request"});
  EXPECT_EQ(search.exit_code, 0) << search.all();
  EXPECT_NE(search.err.find("1 file has changed"), std::string::npos) << search.all();
  EXPECT_EQ(sonde({"status"}).exit_code, 0);
}

TEST_F(TwoPrograms, two_at_once_one_waits_a_moment_at_most_and_both_leave_a_right_library) {
  corpus_.add_files(story_size(2'000));
  open_or_create(setup_);
  Running first(scratch_.path(), with_library({"index", corpus_.root()}));
  int busy = 0;
  int answered = 0;
  while (!first.ended()) {
    const Ran second = sonde({"index", corpus_.root()});
    EXPECT_TRUE(second.exit_code == 4 || second.exit_code == 0) << second.all();
    busy += second.exit_code == 4 ? 1 : 0;
    const Ran search = sonde({"search", "retry request"});
    EXPECT_LE(search.exit_code, 1) << search.all();
    answered += search.exit_code == 0 ? 1 : 0;
  }
  const Ran ran = first.wait();
  EXPECT_TRUE(ran.exit_code == 0 || ran.exit_code == 4) << ran.all();
  EXPECT_GT(busy + answered, 0);
  EXPECT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

TEST_F(TwoPrograms, an_interrupted_index_keeps_what_it_committed_and_the_next_goes_on) {
  const std::size_t files = 2 * story_size(3'000) + 2'000;  // several commits
  corpus_.add_files(files);
  open_or_create(setup_);
  const std::uint64_t before = generation();
  Running running(scratch_.path(), with_library({"index", corpus_.root()}));
  wait_for_commits(before, running);
  running.send(SIGINT);
  const Ran ran = running.wait();
  ASSERT_EQ(ran.exit_code, 130) << ran.all();
  EXPECT_NE(ran.err.find("what was done is kept"), std::string::npos) << ran.all();
  const auto library = open_or_create(setup_);
  const auto status = library->status({}, {});
  ASSERT_TRUE(status.ok());
  EXPECT_GT(status->index.files, 0U);
  EXPECT_LT(status->index.files, files);
  EXPECT_EQ(io::Lease::holder(setup_.directory + "/lock"), std::nullopt);
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.added, files - status->index.files);
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

TEST_F(TwoPrograms, an_interrupt_during_the_walk_or_the_merge_ends_it_too) {
  corpus_.add_files(story_size(1'500));
  open_or_create(setup_);
  for (int i = 0; i < 12; ++i) {
    Running running(scratch_.path(), with_library({"index", corpus_.root()}));
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + i * 60));
    running.send(SIGINT);
    const Ran ran = running.wait();
    // The signal itself ends it before its main has begun.
    EXPECT_TRUE(ran.exit_code == 130 || ran.exit_code == 0 || ran.signal == SIGINT)
        << ran.signal << ran.all();
    if (i % 4 == 3) {
      corpus_.edit_files(story_size(400));
    }
  }
  EXPECT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  EXPECT_EQ(sonde({"doctor"}).exit_code, 0);
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

TEST_F(TwoPrograms, a_library_folder_deleted_while_it_is_searched_gives_answers_or_an_error) {
  corpus_.add_files(800);
  index_all(*open_or_create(setup_));
  const auto library = open_or_create(setup_);
  std::thread deleter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::error_code ignored;
    fs::remove_all(setup_.directory, ignored);
  });
  for (int i = 0; i < 60; ++i) {
    library::SearchRequest request;
    request.query = "retry request";
    const auto answer = library->search(request, {});
    if (answer.ok()) {
      EXPECT_FALSE(answer->results.empty()) << "a silent empty list";
    } else {
      EXPECT_NE(answer.error().message.find(setup_.directory), std::string::npos)
          << answer.error().message;
    }
  }
  deleter.join();
  // Whoever comes now is told that there is no library, and may make one.
  const Ran search = sonde({"search", "retry"});
  EXPECT_EQ(search.exit_code, 2) << search.all();
  EXPECT_NE(search.err.find("sonde index"), std::string::npos) << search.all();
  EXPECT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

}  // namespace
}  // namespace sonde::testing
