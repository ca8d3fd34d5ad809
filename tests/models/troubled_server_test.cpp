// An embeddings server that is slow, gone, or answers what cannot be used, through the whole
// program: a message that names it and exit code 2, nothing lost, words searched all the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "embed/server_testing.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TroubledServer : public ::testing::Test {
 protected:
  TroubledServer() { corpus_.add_files(20); }

  void use(const std::string& mode) const {
    write_file(scratch_.path() + "/.config/sonde/config.toml",
               "[embedding]\nurl = \"" + server_.url("/emb/" + mode) +
                   "\"\nmodel = \"four\"\ntimeout_s = 1\n");
  }
  Ran sonde(std::vector<std::string> words) const {
    words.insert(words.end(), {"--library", scratch_.path() + "/library"});
    return run_sonde(scratch_.path(), std::move(words));
  }
  Ran index() const { return sonde({"index", corpus_.root()}); }
  nlohmann::json status() const {
    const Ran ran = sonde({"status", "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
    return nlohmann::json::parse(ran.out);
  }
  /// After a run that could not embed.
  void expect_words_alone(const std::string& why) {
    const std::string marker = corpus_.living_marker();
    const Ran words = sonde({"search", marker, "--mode", "words", "--json"});
    EXPECT_EQ(words.exit_code, 0) << words.all();
    EXPECT_THAT(words.out, HasSubstr(marker));
    EXPECT_THAT(words.err, Not(HasSubstr(why)));
    const Ran either = sonde({"search", marker, "--json"});
    EXPECT_EQ(either.exit_code, 0) << either.all();
    EXPECT_THAT(either.out, HasSubstr(marker));
    EXPECT_THAT(either.err, HasSubstr("searched by words alone"));
    EXPECT_THAT(either.err, HasSubstr(why));
    const Ran meaning = sonde({"search", marker, "--mode", "meaning"});
    EXPECT_EQ(meaning.exit_code, 2) << meaning.all();
    EXPECT_THAT(meaning.err, HasSubstr(why));
    EXPECT_EQ(sonde({"doctor"}).exit_code, 0);
  }

  const ScratchFolder scratch_{"server"};
  Corpus corpus_{scratch_.path() + "/tree", 37};
  embed::FakeServer server_{scratch_.path()};
};

TEST_F(TroubledServer, that_answers_nonsense_is_named_and_what_was_embedded_stays) {
  const std::pair<const char*, const char*> modes[] = {{"dimensions", "5 dimensions"},
                                                       {"count", "vectors for"},
                                                       {"zero", "zeroes"},
                                                       {"html", "no list of"},
                                                       {"twice", "cannot be told"}};
  for (const auto& [mode, why] : modes) {
    use(mode);
    const Ran ran = index();  // the server is right about its dimensions, then wrong
    EXPECT_EQ(ran.exit_code, 2) << mode << ran.all();
    EXPECT_THAT(ran.err, HasSubstr("embedding stopped: ")) << mode;
    EXPECT_THAT(ran.err, HasSubstr(server_.url("/emb/" + std::string(mode)))) << mode;
    EXPECT_THAT(ran.err, HasSubstr(why)) << mode;
    EXPECT_EQ(status().at("pending_chunks"), status().at("chunks")) << mode;
  }
  use("ok");
  const Ran whole = index();
  EXPECT_EQ(whole.exit_code, 0) << whole.all();
  EXPECT_EQ(status().at("pending_chunks"), 0);
}

TEST_F(TroubledServer, that_refuses_leaves_words_and_says_why) {
  use("refuse");
  const Ran ran = index();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_THAT(ran.err, HasSubstr("refused with HTTP status 401"));
  expect_words_alone("refused with HTTP status 401");
}

TEST_F(TroubledServer, that_is_slow_holds_up_nobody_who_asks_by_words) {
  use("slow");
  const Ran ran = index();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_THAT(ran.err, HasSubstr(server_.url("/emb/slow")));
  const std::size_t asked = server_.count("/emb/slow");
  EXPECT_EQ(status().at("pending_chunks"), status().at("chunks"));
  EXPECT_EQ(sonde({"search", corpus_.living_marker(), "--mode", "words"}).exit_code, 0);
  EXPECT_EQ(sonde({"index", corpus_.root(), "--no-embed"}).exit_code, 0);
  EXPECT_EQ(sonde({"source", "list"}).exit_code, 0);
  EXPECT_EQ(server_.count("/emb/slow"), asked) << "what embeds nothing does not ask";
  expect_words_alone(server_.url("/emb/slow"));
}

TEST_F(TroubledServer, that_is_gone_leaves_what_was_embedded_and_the_next_run_goes_on) {
  use("ok");
  ASSERT_EQ(index().exit_code, 0);
  const auto before = status();
  corpus_.edit_files(5);
  server_.stop();
  const Ran ran = index();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_THAT(ran.err, HasSubstr(server_.url("/emb/ok")));
  EXPECT_EQ(status().at("vectors"), before.at("vectors"));
  EXPECT_GT(status().at("pending_chunks"), 0);
  expect_words_alone(server_.url("/emb/ok"));
}

TEST_F(TroubledServer, that_dies_on_the_way_costs_the_batch_it_was_at) {
  corpus_.add_files(380);
  use("dies");
  const Ran ran = index();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_THAT(ran.err, HasSubstr(server_.url("/emb/dies")));
  EXPECT_EQ(status().at("vectors"), 256) << "the first batch was committed";
  EXPECT_GT(status().at("pending_chunks"), 0);
  expect_words_alone(server_.url("/emb/dies"));
}

TEST_F(TroubledServer, that_has_another_model_now_is_asked_for_all_vectors_anew) {
  use("ok");
  ASSERT_EQ(index().exit_code, 0);
  const auto before = status();
  write_file(scratch_.path() + "/dimensions", "5");
  const Ran search = sonde({"search", corpus_.living_marker()});
  EXPECT_EQ(search.exit_code, 0) << search.all();
  EXPECT_THAT(search.err, HasSubstr("the model that the vectors are of is not here"));
  const Ran meaning = sonde({"search", "retry", "--mode", "meaning"});
  EXPECT_EQ(meaning.exit_code, 2) << meaning.all();
  ASSERT_EQ(index().exit_code, 0);
  EXPECT_NE(status().at("model"), before.at("model"));
  EXPECT_EQ(status().at("vectors"), before.at("vectors"));
  EXPECT_EQ(sonde({"search", "retry", "--mode", "meaning"}).exit_code, 0);
}

TEST_F(TroubledServer, whose_key_is_not_there_is_not_asked) {
  write_file(scratch_.path() + "/.config/sonde/config.toml",
             "[embedding]\nurl = \"" + server_.url("/emb/ok") +
                 "\"\nmodel = \"four\"\nkey_variable = \"NO_SUCH_KEY\"\n");
  const Ran ran = index();
  EXPECT_EQ(ran.exit_code, 2) << ran.all();
  EXPECT_THAT(ran.err, HasSubstr("NO_SUCH_KEY"));
  EXPECT_EQ(server_.count("/emb/ok"), 0U);
}

}  // namespace
}  // namespace sonde::testing
