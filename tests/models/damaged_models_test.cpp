// Model files that are cut, do not fit, are of another kind, or change under a running program: a
// message and exit code 2, nothing lost, words searched all the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The same model with something about its files made wrong.
struct Damage {
  const char* name;
  std::function<void(embed::TestModel model, const std::string& folder)> write;
  const char* message;
};

void cut(const std::string& path, std::uintmax_t bytes) { fs::resize_file(path, bytes); }

std::string with_type(std::string weights, const std::string& type) {
  for (std::size_t at = weights.find("\"F32\""); at != std::string::npos;
       at = weights.find("\"F32\"", at)) {
    weights.replace(at, 5, '"' + type + '"');
  }
  return weights;
}

const std::vector<Damage> kDamages = {
    {"cut in the data",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       cut(folder + "/model.safetensors", fs::file_size(folder + "/model.safetensors") / 2);
     },
     "is the file cut"},
    {"cut in the header",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       cut(folder + "/model.safetensors", 100);
     },
     "header is longer than the file"},
    {"empty",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       cut(folder + "/model.safetensors", 0);
     },
     "0 bytes are too few"},
    {"another shape",
     [](embed::TestModel model, const std::string& folder) {
       auto& tensor = model.tensors.at("encoder.layer.0.intermediate.dense.weight");
       std::swap(tensor.shape[0], tensor.shape[1]);
       model.write(folder);
     },
     "intermediate.dense.weight"},
    {"another dtype",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       embed::write_bytes(folder + "/model.safetensors", with_type(model.weights(), "I32"));
     },
     "is not f32, f16 or bf16"},
    {"a dtype of another width",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       embed::write_bytes(folder + "/model.safetensors", with_type(model.weights(), "F16"));
     },
     "shape that does not fit its bytes"},
    {"another vocabulary",
     [](embed::TestModel model, const std::string& folder) {
       model.vocabulary.push_back("onemore");
       model.write(folder);
     },
     "do not belong together"},
    {"another tokenizer",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       embed::write_bytes(folder + "/tokenizer.json",
                          R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],)"
                          R"("normalizer":null,"pre_tokenizer":null,"post_processor":null,)"
                          R"("decoder":null,"model":{"type":"BPE","vocab":{},"merges":[]}})");
     },
     "BPE"},
    {"another tokenizer's class",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       embed::write_bytes(folder + "/tokenizer_config.json",
                          R"({"tokenizer_class":"XLMRobertaTokenizer"})");
     },
     "XLMRobertaTokenizer"},
    {"another architecture",
     [](const embed::TestModel& model, const std::string& folder) {
       model.write(folder);
       auto fields = model.config_fields();
       fields["model_type"] = "\"llama\"";
       embed::write_bytes(folder + "/config.json", embed::TestModel::json_object(fields));
     },
     "llama"}};

class DamagedModel : public ::testing::Test {
 protected:
  DamagedModel() { corpus_.add_files(30); }

  Ran model(std::vector<std::string> words) const {
    words.insert(words.begin(), "model");
    return run_sonde(scratch_.path(), std::move(words));
  }
  std::vector<std::string> with_library(std::vector<std::string> words) const {
    words.insert(words.end(), {"--library", scratch_.path() + "/library"});
    return words;
  }
  Ran sonde(std::vector<std::string> words) const {
    return run_sonde(scratch_.path(), with_library(std::move(words)));
  }
  Ran index() const { return sonde({"index", corpus_.root()}); }
  nlohmann::json status() const {
    const Ran ran = sonde({"status", "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
    return nlohmann::json::parse(ran.out);
  }
  /// Words answer, whatever became of the model; by meaning alone it is said why not.
  void expect_words_alone(const std::string& query) const {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{}, {"--mode", "words"}}) {
      std::vector<std::string> all = {"search", query, "--json"};
      all.insert(all.end(), words.begin(), words.end());
      const Ran ran = sonde(all);
      EXPECT_EQ(ran.exit_code, 0) << ran.all();
      EXPECT_THAT(ran.out, HasSubstr(query));
    }
    const Ran meaning = sonde({"search", query, "--mode", "meaning"});
    EXPECT_EQ(meaning.exit_code, 2) << meaning.all();
    EXPECT_THAT(meaning.err, HasSubstr("no search by meaning: "));
  }
  [[nodiscard]] std::string installed() const {
    return scratch_.path() + "/.local/share/sonde/models/tiny";
  }

  const ScratchFolder scratch_{"damaged-model"};
  Corpus corpus_{scratch_.path() + "/tree", 31};
};

TEST_F(DamagedModel, is_not_taken_in_and_the_message_says_why) {
  ASSERT_EQ(index().exit_code, 0) << "without a model";
  for (const Damage& damage : kDamages) {
    const std::string folder = scratch_.path() + "/offered";
    fs::remove_all(folder);
    damage.write(words_model(1), folder);
    const Ran added = model({"add", folder});
    EXPECT_EQ(added.exit_code, 2) << damage.name << added.all();
    EXPECT_THAT(added.err, HasSubstr(damage.message)) << damage.name;
    EXPECT_THAT(model({"list"}).out, IsEmpty()) << damage.name;
  }
  EXPECT_EQ(index().exit_code, 0);
  expect_words_alone(corpus_.living_marker());
}

TEST_F(DamagedModel, that_was_installed_is_not_used_costs_no_vector_and_goes_on_when_it_is_whole) {
  words_model(1).write(scratch_.path() + "/tiny");
  ASSERT_EQ(model({"add", scratch_.path() + "/tiny"}).exit_code, 0);
  ASSERT_EQ(index().exit_code, 0);
  const std::string whole = scratch_.path() + "/whole";
  fs::copy(installed(), whole, fs::copy_options::recursive);
  for (const Damage& damage : kDamages) {
    corpus_.edit_files(3);
    const auto before = status();
    damage.write(words_model(1), installed());
    const Ran ran = index();
    EXPECT_EQ(ran.exit_code, 2) << damage.name << ran.all();
    EXPECT_THAT(ran.err, HasSubstr("embedding stopped: ")) << damage.name;
    EXPECT_THAT(ran.err, ::testing::AnyOf(HasSubstr(damage.message), HasSubstr("model remove")))
        << damage.name;
    const auto after = status();
    EXPECT_EQ(after.at("vectors"), before.at("vectors")) << damage.name;
    EXPECT_GT(after.at("pending_chunks"), 0) << damage.name;
    expect_words_alone(corpus_.living_marker());
    EXPECT_EQ(sonde({"doctor"}).exit_code, 0) << damage.name;

    fs::remove_all(installed());
    fs::copy(whole, installed(), fs::copy_options::recursive);
    const Ran again = index();
    EXPECT_EQ(again.exit_code, 0) << damage.name << again.all();
    EXPECT_EQ(status().at("pending_chunks"), 0) << damage.name;
  }
}

/// Parts of the weights are read when they are needed, from a file that is held open.
TEST_F(DamagedModel, that_changes_under_a_running_program_gives_no_signal_and_no_wrong_vector) {
  corpus_.add_files(story_size(600));
  words_model(1, 2, 64).write(scratch_.path() + "/tiny");
  ASSERT_EQ(model({"add", scratch_.path() + "/tiny"}).exit_code, 0);
  const std::string whole = scratch_.path() + "/whole";
  fs::copy(installed(), whole, fs::copy_options::recursive);
  ASSERT_EQ(index().exit_code, 0);
  const auto expected = dump_vectors(scratch_.path() + "/library");

  const std::string weights = installed() + "/model.safetensors";
  struct Change {
    const char* name;
    bool in_place;  // what is held open changes too
    std::function<void()> make;
  };
  const std::vector<Change> changes = {
      {"cut", true,
       [&] {
         for (const auto& entry : fs::directory_iterator(installed())) {
           if (entry.is_regular_file()) {
             fs::resize_file(entry.path(), 0);
           }
         }
       }},
      {"written over", true, [&] { embed::write_bytes(weights, words_model(2, 2, 64).weights()); }},
      {"another file in its place", false,
       [&] {
         embed::write_bytes(weights + ".new", words_model(3, 2, 64).weights());
         fs::rename(weights + ".new", weights);
       }},
      {"removed", false, [&] { fs::remove_all(installed()); }}};
  for (const Change& change : changes) {
    fs::remove_all(scratch_.path() + "/library");
    ASSERT_EQ(sonde({"index", corpus_.root(), "--no-embed"}).exit_code, 0);
    Running running(scratch_.path(), with_library({"index", corpus_.root()}));
    while (!running.ended() && status().at("vectors") == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    change.make();
    const Ran ran = running.wait();
    EXPECT_EQ(ran.signal, 0) << change.name << ran.all();
    EXPECT_TRUE(ran.exit_code == 0 || (change.in_place && ran.exit_code == 2))
        << change.name << ran.all();
    if (ran.exit_code == 2) {
      EXPECT_THAT(ran.err, HasSubstr(weights));
    }
    const Ran search = sonde({"search", corpus_.living_marker()});
    EXPECT_EQ(search.exit_code, 0) << change.name << search.all();

    fs::remove_all(installed());
    fs::copy(whole, installed(), fs::copy_options::recursive);
    ASSERT_EQ(index().exit_code, 0) << change.name;
    EXPECT_EQ(dump_vectors(scratch_.path() + "/library"), expected) << change.name;
  }
}

}  // namespace
}  // namespace sonde::testing
