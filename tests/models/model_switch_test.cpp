// Another model is taken into use: the old vectors answer, with the old model, until the new ones
// are complete.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

using ::testing::HasSubstr;

TEST(ModelSwitch, the_old_model_answers_until_the_new_vectors_are_there) {
  const ScratchFolder scratch("model-switch");
  Corpus corpus(scratch.path() + "/tree", 41);
  corpus.add_files(30);
  const auto sonde = [&](std::vector<std::string> words) {
    if (words.front() != "model") {
      words.insert(words.end(), {"--library", scratch.path() + "/library"});
    }
    return run_sonde(scratch.path(), std::move(words));
  };
  const std::string question = "request " + corpus.living_marker();
  const auto answer = [&] {
    const Ran ran = sonde({"search", question, "--mode", "meaning", "--no-refresh", "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
    return nlohmann::json::parse(ran.out);
  };
  for (const char* name : {"first", "second"}) {
    words_model(name[0] == 'f' ? 1 : 2).write(scratch.path() + "/" + name);
    const Ran added = sonde({"model", "add", scratch.path() + "/" + name});
    ASSERT_EQ(added.exit_code, 0) << added.all();
  }
  ASSERT_EQ(sonde({"model", "use", "first"}).exit_code, 0);
  ASSERT_EQ(sonde({"index", corpus.root()}).exit_code, 0);
  const auto before = answer();
  EXPECT_THAT(before["model"].get<std::string>(), HasSubstr("first"));

  ASSERT_EQ(sonde({"model", "use", "second"}).exit_code, 0);
  const auto between = answer();
  EXPECT_EQ(between["model"], before["model"]);
  ASSERT_FALSE(between["results"].empty());
  EXPECT_EQ(between["results"][0]["path"], before["results"][0]["path"]);

  ASSERT_EQ(sonde({"index", corpus.root()}).exit_code, 0);
  EXPECT_THAT(answer()["model"].get<std::string>(), HasSubstr("second"));
}

}  // namespace
}  // namespace sonde::testing
