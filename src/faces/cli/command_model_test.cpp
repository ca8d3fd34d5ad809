#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "embed/store_testing.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/model_trial.h"
#include "faces/cli/test_support.h"

namespace sonde::faces::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

class ModelCommands : public testing::Test {
 protected:
  ModelCommands() { embed::letters_model(1).write(rig_.folder + "/project/tiny"); }
  Json json(const std::vector<std::string>& arguments, const std::string& input = "") {
    code_ = rig_.run(arguments, input);
    return Json::parse(rig_.out);
  }
  Rig rig_;
  int code_ = 0;
};

TEST_F(ModelCommands, without_a_model_every_command_says_how_to_get_one) {
  EXPECT_EQ(rig_.run({"model", "list"}), kDone);
  EXPECT_THAT(rig_.err, HasSubstr("sonde model pull"));
  for (const std::vector<std::string>& call :
       {std::vector<std::string>{"embed", "text"}, {"model", "test"}, {"model", "use", "x"}}) {
    EXPECT_EQ(rig_.run(call), kFailure);
    EXPECT_THAT(rig_.err, HasSubstr("sonde model add"));
  }
}

TEST_F(ModelCommands, a_model_is_added_listed_used_and_removed) {
  ASSERT_EQ(rig_.run({"model", "add", "tiny"}), kDone) << rig_.err;
  EXPECT_THAT(rig_.out, HasSubstr("it is in use"));
  const Json second = json({"model", "add", "tiny", "--name", "other", "--json"});
  EXPECT_EQ(second["schema"], "sonde.model/1");
  EXPECT_EQ(second["action"], "added");
  EXPECT_EQ(second["model"]["name"], "other");
  EXPECT_EQ(second["model"]["in_use"], false);
  EXPECT_EQ(json({"model", "add", "tiny", "--json"})["action"], "kept");
  EXPECT_EQ(json({"model", "use", "other", "--json"})["model"]["in_use"], true);
  rig_.run({"model", "list"});
  EXPECT_THAT(rig_.out, StartsWith("* other  32 dimensions, 24 tokens"));
  const Json list = json({"model", "list", "--json"});
  EXPECT_EQ(list["schema"], "sonde.models/1");
  ASSERT_EQ(list["models"].size(), 2U);
  EXPECT_EQ(list["models"][1]["source"], rig_.folder + "/project/tiny");
  EXPECT_EQ(json({"model", "remove", "other", "--json"})["action"], "removed");
  EXPECT_EQ(json({"model", "list", "--json"})["models"].size(), 1U);
}

TEST_F(ModelCommands, a_damaged_model_is_a_mistake_and_no_damaged_library) {
  rig_.write("project/tiny/model.safetensors", "cut");
  EXPECT_EQ(rig_.run({"model", "add", "tiny"}), kFailure);
  EXPECT_THAT(rig_.err, HasSubstr("project/tiny/model.safetensors"));
  EXPECT_THAT(rig_.err, testing::Not(HasSubstr("doctor")));
}

TEST_F(ModelCommands, texts_and_lines_become_vectors_in_order) {
  ASSERT_EQ(rig_.run({"model", "add", "tiny"}), kDone);
  const Json given = json({"embed", "a b", "c", "a b", "--json"});
  EXPECT_EQ(given["schema"], "sonde.embed/1");
  EXPECT_EQ(given["model"], "tiny");
  EXPECT_EQ(given["dimensions"], 32);
  ASSERT_EQ(given["vectors"].size(), 3U);
  EXPECT_EQ(given["vectors"][0], given["vectors"][2]);
  EXPECT_NE(given["vectors"][0], given["vectors"][1]);
  double squares = 0;
  for (const double value : given["vectors"][0]) {
    squares += value * value;
  }
  EXPECT_NEAR(squares, 1, 1e-4);
  const Json lines = json({"embed", "--json"}, "a b\r\nc\n\nc");
  ASSERT_EQ(lines["vectors"].size(), 4U) << "an empty line is a text too";
  EXPECT_EQ(lines["vectors"][0], given["vectors"][0]);
  EXPECT_EQ(lines["vectors"][3], given["vectors"][1]);
  EXPECT_EQ(json({"embed", "c", "--query", "--json"})["vectors"][0], given["vectors"][1]);
  EXPECT_EQ(rig_.run({"embed"}, "a\nb\n"), kDone);
  EXPECT_EQ(std::count(rig_.out.begin(), rig_.out.end(), '\n'), 2);
  EXPECT_EQ(std::count(rig_.out.begin(), rig_.out.end(), ' '), 2 * 31);
  EXPECT_EQ(json({"embed", "--json"}, "")["vectors"].size(), 0U);
}

TEST_F(ModelCommands, without_texts_on_a_terminal_it_does_not_wait) {
  rig_.on_terminal();
  EXPECT_EQ(rig_.run({"embed"}), kFailure);
  EXPECT_THAT(rig_.err, HasSubstr("standard input"));
}

TEST_F(ModelCommands, a_missing_key_of_a_server_is_named_by_its_variable) {
  rig_.write("home/.config/sonde/config.toml",
             "[embedding]\nurl = \"https://127.0.0.1:1/v1\"\nmodel = \"m\"\n"
             "key_variable = \"SOME_KEY\"\n");
  EXPECT_EQ(rig_.run({"embed", "x"}), kFailure);
  EXPECT_THAT(rig_.err, HasSubstr("SOME_KEY"));
}

/// Answers vectors by a rule.
class RuleEncoder final : public embed::Encoder {
 public:
  enum class Rule { ByTopic, AllAlike, TooLong };
  explicit RuleEncoder(Rule rule) : rule_(rule) { id_.dimensions = 8; }
  [[nodiscard]] const embed::ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view text, const CancelToken&) override {
    return vector_of(text, 0);
  }
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken&) override {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::vector<float> vector = vector_of(texts[i], i);
      std::copy(vector.begin(), vector.end(), out.begin() + static_cast<std::ptrdiff_t>(8 * i));
    }
    return {};
  }
  [[nodiscard]] std::size_t count_tokens(std::string_view) const override { return 0; }
  [[nodiscard]] embed::EncoderCounters counters() const override { return {}; }

 private:
  [[nodiscard]] std::vector<float> vector_of(std::string_view, std::size_t i) const {
    std::vector<float> vector(8, 0.0F);
    vector[rule_ == Rule::ByTopic ? i / 2 : 0] = rule_ == Rule::TooLong ? 2.0F : 1.0F;
    return vector;
  }
  const Rule rule_;
  embed::ModelId id_;
};

TEST(ModelTrial, passes_what_tells_topics_apart_and_nothing_else) {
  const Clock clock = [] { return std::chrono::steady_clock::time_point(); };
  RuleEncoder good(RuleEncoder::Rule::ByTopic);
  EXPECT_TRUE(try_model(good, clock, {})->passed);
  RuleEncoder alike(RuleEncoder::Rule::AllAlike);
  EXPECT_FALSE(try_model(alike, clock, {})->passed);
  RuleEncoder too_long(RuleEncoder::Rule::TooLong);
  EXPECT_THAT(try_model(too_long, clock, {})->failures.front(), HasSubstr("length"));
}

}  // namespace
}  // namespace sonde::faces::cli
