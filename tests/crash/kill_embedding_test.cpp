// kill -9 of a `sonde index` process while it embeds: the next run goes on, nothing is embedded
// twice beyond one batch a kill, words are searched in between, and the end equals a library that
// was never interrupted [INV-2].

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "embed/server_testing.h"
#include "store/store.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

constexpr std::uint64_t kBatch = 256;  // of library/meaning
constexpr int kKills = 10;

/// Another one each time; SONDE_TEST_SEED takes one again.
unsigned chosen_seed() {
  const char* const given = std::getenv("SONDE_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

class KillEmbedding : public ::testing::Test {
 protected:
  KillEmbedding() : seed_(chosen_seed()), random_(seed_) {
    std::cout << "seed " << seed_ << "\n";
    corpus_.add_files(story_size(1'500) + 500);
  }

  Ran sonde(std::vector<std::string> words, const std::string& library = "library") const {
    return run_sonde(scratch_.path(), with_library(std::move(words), library));
  }
  std::vector<std::string> with_library(std::vector<std::string> words,
                                        const std::string& library = "library") const {
    words.insert(words.end(), {"--library", scratch_.path() + "/" + library});
    return words;
  }
  nlohmann::json status(const std::string& library = "library") const {
    const Ran ran = sonde({"status", "--json"}, library);
    EXPECT_EQ(ran.exit_code, 0) << ran.all();
    return nlohmann::json::parse(ran.out);
  }

  [[nodiscard]] std::uint64_t vectors_now() const {
    store::StoreOptions options;
    options.directory = scratch_.path() + "/library";
    const auto store = std::move(store::Store::open(options)).value();
    const auto models = std::move(store->snapshot()).value()->models().value();
    return models.empty() ? 0 : models.front().vectors;
  }
  /// Until the run has committed one: every second kill falls into what comes after that, however
  /// slow the machine is.
  void wait_for_batch(std::uint64_t before, Running& running) const {
    while (vectors_now() == before && !running.ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
  }

  /// Starts indexing again and again and kills it; the last run may end. @return the kills
  int kill_at_random_moments(unsigned most_ms) {
    EXPECT_EQ(sonde({"index", corpus_.root(), "--no-embed"}).exit_code, 0);
    int kills = 0;
    std::uint64_t before = 0;
    for (int run = 0; run < kKills; ++run) {
      Running running(scratch_.path(), with_library({"index", corpus_.root()}));
      if (run % 2 == 0) {
        wait_for_batch(before, running);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(random_() % most_ms));
      running.send(SIGKILL);
      const Ran ran = running.wait();
      kills += ran.signal == SIGKILL ? 1 : 0;
      EXPECT_TRUE(ran.signal == SIGKILL || ran.exit_code == 0) << "seed " << seed_ << ran.all();

      const auto now = status();
      const std::uint64_t embedded = now.at("embedded_total");
      EXPECT_EQ(embedded, now.at("vectors")) << "nothing is counted that is not there";
      EXPECT_GE(embedded, before) << "what was committed stays";
      resumed_ += ran.signal == SIGKILL && embedded > before ? 1 : 0;
      before = embedded;
      const Ran words = sonde({"search", corpus_.living_marker(), "--mode", "words", "--json"});
      EXPECT_EQ(words.exit_code, 0) << "seed " << seed_ << words.all();
    }
    const Ran last = sonde({"index", corpus_.root()});
    EXPECT_EQ(last.exit_code, 0) << "seed " << seed_ << last.all();
    EXPECT_GT(resumed_, 0) << "no run was killed after it had committed a batch";
    return kills;
  }

  /// Truth, vectors and answers are those of a library that was made in one go.
  void expect_equal_to_one_go() {
    ASSERT_EQ(sonde({"index", corpus_.root()}, "fresh").exit_code, 0);
    EXPECT_EQ(dump_truth(scratch_.path() + "/library"), dump_truth(scratch_.path() + "/fresh"));
    EXPECT_EQ(dump_vectors(scratch_.path() + "/library"), dump_vectors(scratch_.path() + "/fresh"))
        << "seed " << seed_;
    EXPECT_EQ(status().at("embedded_total"), status("fresh").at("embedded_total"));
    EXPECT_EQ(status().at("pending_chunks"), 0);
    for (const char* mode : {"hybrid", "meaning"}) {
      const auto answers = [&](const std::string& library) {
        const Ran ran =
            sonde({"search", "retry request", "--mode", mode, "--json", "-n", "100"}, library);
        EXPECT_EQ(ran.exit_code, 0) << ran.all();
        std::vector<std::string> lines;
        for (const auto& hit : nlohmann::json::parse(ran.out).at("results")) {
          lines.push_back(hit.at("path").get<std::string>() + " " + hit.at("score").dump());
        }
        return lines;
      };
      EXPECT_EQ(answers("library"), answers("fresh")) << mode << ", seed " << seed_;
    }
    EXPECT_EQ(sonde({"doctor"}).exit_code, 0) << "seed " << seed_;
  }

  const unsigned seed_;
  std::mt19937 random_;
  const ScratchFolder scratch_{"kill-embedding"};
  Corpus corpus_{scratch_.path() + "/tree", 53};
  int resumed_ = 0;
};

TEST_F(KillEmbedding, with_a_model_of_this_machine_ends_equal_to_one_go) {  // INV-2
  words_model(7, 4, 64).write(scratch_.path() + "/tiny");
  ASSERT_EQ(run_sonde(scratch_.path(), {"model", "add", scratch_.path() + "/tiny"}).exit_code, 0);
  EXPECT_GT(kill_at_random_moments(400), 0);
  expect_equal_to_one_go();
}

TEST_F(KillEmbedding, with_a_server_sends_nothing_twice_beyond_one_batch_a_kill) {  // INV-2
  const embed::FakeServer server(scratch_.path());
  write_file(scratch_.path() + "/.config/sonde/config.toml",
             "[embedding]\nurl = \"" + server.url("/emb/paced") + "\"\nmodel = \"four\"\n");
  const int kills = kill_at_random_moments(200);
  EXPECT_GT(kills, 0);
  std::uint64_t sent = 0;
  std::uint64_t requests = 0;
  for (const std::string& line : server.requests()) {
    std::istringstream words(line);
    std::string method;
    std::string path;
    std::uint64_t texts = 0;
    words >> method >> path >> texts;
    sent += texts;
    ++requests;
  }
  // Each run asks with one text for the dimensions.
  const std::uint64_t needed = status().at("embedded_total");
  EXPECT_GE(sent, needed);
  EXPECT_LE(sent, needed + static_cast<std::uint64_t>(kills) * kBatch + kKills + 1)
      << kills << " kills, seed " << seed_ << ", " << requests << " requests";
  expect_equal_to_one_go();
}

}  // namespace
}  // namespace sonde::testing
