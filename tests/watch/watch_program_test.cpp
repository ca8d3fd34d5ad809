// `sonde watch` as people run it: beside it they search and index, and end it with Ctrl-C.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "embed/store_testing.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kBound{120};

class WatchProgram : public ::testing::Test {
 protected:
  WatchProgram() { corpus_.add_files(40); }

  std::vector<std::string> with_library(std::vector<std::string> words) const {
    words.insert(words.end(), {"--library", setup_.directory});
    return words;
  }
  Ran sonde(std::vector<std::string> words) {
    return run_sonde(scratch_.path(), with_library(std::move(words)));
  }
  std::string search(const std::string& word) {
    const Ran ran =
        sonde({"search", '"' + word + '"', "--mode", "words", "--no-refresh", "--json"});
    EXPECT_LE(ran.exit_code, 1) << ran.all();
    return ran.out;
  }
  /// Asks until `word` is found in a file, or, with an empty `path`, in none.
  void wait_until_found(const std::string& word, const std::string& path, Running& watching) {
    const std::string sign = path.empty() ? "\"results\":[]" : "\"path\":\"" + path + '"';
    const auto give_up = std::chrono::steady_clock::now() + kBound;
    while (search(word).find(sign) == std::string::npos) {
      ASSERT_FALSE(watching.ended()) << watching.wait().all();
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << word << " in " << path;
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
  }
  void wait_for_library(Running& watching) {
    while (!fs::exists(setup_.directory + "/library.db") && !watching.ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void put(const std::string& path, const std::string& word) {
    write_file(corpus_.root() + "/" + path, "def " + word + "(value):\n    return value\n");
  }

  ScratchFolder scratch_{"watch-program"};
  Corpus corpus_{scratch_.path() + "/tree", 47};
  LibrarySetup setup_{corpus_.root(), scratch_.path() + "/library", 2, {}, {}};
};

TEST_F(WatchProgram, follows_edits_with_words_and_meaning_and_ends_with_130) {
  embed::letters_model(5).write(scratch_.path() + "/tiny");
  const Ran added = sonde({"model", "add", scratch_.path() + "/tiny"});
  ASSERT_EQ(added.exit_code, 0) << added.all();
  Running watching(scratch_.path(), with_library({"watch", corpus_.root(), "--json"}));
  wait_for_library(watching);
  put("first.py", "first_gribble");
  wait_until_found("first_gribble", "first.py", watching);
  put("first.py", "second_gribble");
  put("new/second.py", "third_gribble");
  wait_until_found("second_gribble", "first.py", watching);
  wait_until_found("third_gribble", "new/second.py", watching);
  wait_until_found("first_gribble", "", watching);
  fs::rename(corpus_.root() + "/new", corpus_.root() + "/renamed");
  wait_until_found("third_gribble", "renamed/second.py", watching);
  corpus_.edit_files(20);
  corpus_.delete_files(10);
  fs::remove(corpus_.root() + "/first.py");
  wait_until_found("second_gribble", "", watching);
  for (int i = 0;
       i < 600 && sonde({"status", "--json"}).out.find("\"complete\":true") == std::string::npos;
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_NE(sonde({"status", "--json"}).out.find("\"pending_chunks\":0"), std::string::npos);
  watching.send(SIGINT);
  const Ran ran = watching.wait();
  EXPECT_EQ(ran.exit_code, 130) << ran.all();
  EXPECT_TRUE(ran.err.starts_with("sonde: made a library in ")) << ran.err;
  EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1) << "nothing else is said: " << ran.err;
  EXPECT_TRUE(ran.out.starts_with("{\"schema\":\"sonde.watch/1\",\"event\":\"ready\"")) << ran.out;
  EXPECT_NE(ran.out.find("\"event\":\"changes\""), std::string::npos) << ran.out;
  EXPECT_TRUE(ran.out.ends_with("}\n")) << ran.out;
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

TEST_F(WatchProgram, polls_when_asked_and_ends_at_a_sigterm) {
  Running watching(scratch_.path(), with_library({"watch", corpus_.root(), "--poll"}));
  wait_for_library(watching);
  put("first.py", "first_gribble");
  wait_until_found("first_gribble", "first.py", watching);
  put("first.py", "second_gribble");
  wait_until_found("second_gribble", "first.py", watching);
  watching.send(SIGTERM);
  const Ran ran = watching.wait();
  EXPECT_EQ(ran.exit_code, 130) << ran.all();
  EXPECT_TRUE(ran.out.starts_with("watching ")) << ran.out;
  EXPECT_NE(ran.err.find("all files are compared"), std::string::npos) << ran.err;
}

TEST_F(WatchProgram, indexing_beside_it_works_and_two_can_watch) {
  ASSERT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);
  Running first(scratch_.path(), with_library({"watch", corpus_.root(), "--quiet"}));
  Running second(scratch_.path(), with_library({"watch", corpus_.root(), "--quiet"}));
  for (int i = 0; i < 5; ++i) {
    corpus_.edit_files(10);
    const Ran ran = sonde({"index", corpus_.root()});
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
  }
  put("last.py", "last_gribble");
  wait_until_found("last_gribble", "last.py", first);
  first.send(SIGINT);
  second.send(SIGINT);
  const Ran ran = first.wait();
  EXPECT_EQ(ran.exit_code, 130);
  EXPECT_EQ(ran.all(), "");
  EXPECT_EQ(second.wait().exit_code, 130);
  expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
}

TEST_F(WatchProgram, a_tree_that_goes_away_ends_it_with_an_error) {
  Running watching(scratch_.path(), with_library({"watch", corpus_.root()}));
  wait_for_library(watching);
  put("first.py", "first_gribble");
  wait_until_found("first_gribble", "first.py", watching);
  fs::remove_all(corpus_.root());
  const Ran ran = watching.wait();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_NE(ran.err.find("is not there any more"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace sonde::testing
