// kill -9 of a `sonde index` process at random moments: what was acknowledged stays, the next run
// goes on, and the end equals a library that was never interrupted [INV-2].

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"

extern char** environ;

namespace sonde::testing {
namespace {

pid_t start_indexing(const LibrarySetup& setup) {
  const std::string program = program_path("sonde");
  std::vector<std::string> words = {program,     "index",         "--quiet",
                                    "--library", setup.directory, setup.root};
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ), 0);
  return pid;
}

TEST(Kill, an_indexing_run_killed_at_random_moments_ends_equal_to_a_fresh_one) {  // INV-2
  const unsigned seed = 4711;
  std::mt19937 random(seed);
  const ScratchFolder scratch("kill");
  Corpus corpus(scratch.path() + "/tree", seed);
  corpus.add_files(story_size(1'500));
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}};
  open_or_create(setup);
  int killed = 0;
  for (int run = 0; run < 40; ++run) {
    const pid_t pid = start_indexing(setup);
    const auto moment = std::chrono::milliseconds(5 + random() % 600);
    std::this_thread::sleep_for(moment);
    killed += kill(pid, SIGKILL) == 0 ? 1 : 0;
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0) << "run " << run << ", seed " << seed;
    }
    if (run % 4 == 3) {
      corpus.edit_files(story_size(100));
      corpus.move_files(20);
      corpus.delete_files(20);
      corpus.add_files(40);
    }
    // Whatever the moment was: it opens, answers, and every answer is text of a file it knows.
    const auto library = open_or_create(setup);
    for (const library::SearchHit& hit : ask(*library, "retry request", 50).results) {
      ASSERT_FALSE(hit.text.empty());
    }
  }
  EXPECT_GT(killed, 0);
  const auto library = open_or_create(setup);
  index_all(*library);
  const auto fresh = open_or_create({corpus.root(), scratch.path() + "/fresh", 2, {}});
  index_all(*fresh);
  EXPECT_EQ(dump_truth(setup.directory), dump_truth(scratch.path() + "/fresh"));
  const std::vector<std::string> queries = {"retry request", "session token", "parse header",
                                            "ledger lang:python", "\"order packet\""};
  EXPECT_EQ(dump_answers(*library, queries, 1'000), dump_answers(*fresh, queries, 1'000));
  EXPECT_FALSE(std::filesystem::exists(setup.directory + "/segments/writing.tmp"));
  const auto doctor = library::Library::doctor(options_of(setup), false, {}, {});
  ASSERT_TRUE(doctor.ok());
  EXPECT_TRUE(doctor->healthy);
  for (const auto& finding : doctor->findings) {
    ADD_FAILURE() << finding.what;
  }
}

}  // namespace
}  // namespace sonde::testing
