// What happened elsewhere: nine threads called one model and the program segfaulted. Here eight
// threads search through one library while another keeps indexing edits, and every answer is text
// of the version of the file that it names [INV-1]. And sixty-four threads embed, search in every
// mode and index, in one process with one model.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

/// Every version that a file of the tree ever had, by the hash of its bytes.
class Versions {
 public:
  void remember(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::lock_guard lock(mutex_);
    texts_[content_hash(text).hex()] = std::move(text);
  }
  /// True when `text` stands in the version with this hash.
  bool hold(const std::string& hash, const std::string& text) const {
    const std::lock_guard lock(mutex_);
    const auto version = texts_.find(hash);
    return version != texts_.end() && version->second.find(text) != std::string::npos;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> texts_;
};

constexpr std::size_t kFiles = story_size(1'200);
constexpr int kRounds = 25;
constexpr int kSearchers = 8;

TEST(Concurrent, eight_threads_search_while_another_indexes_and_no_answer_shows_other_text) {
  const ScratchFolder scratch("concurrent");
  Corpus corpus(scratch.path() + "/tree", 47);
  corpus.add_files(kFiles);
  Versions versions;
  const auto remember_all = [&] {
    for (const std::string& path : corpus.files()) {
      versions.remember(corpus.root() + "/" + path);
    }
  };
  remember_all();
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}};
  const auto library = open_or_create(setup);
  index_all(*library);

  const std::vector<std::string> queries = {"retry request",    "session token",
                                            "parse header",     "ledger lang:python",
                                            "\"order packet\"", "kind:function queue"};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> hits{0};
  std::vector<std::thread> searchers;
  for (int i = 0; i < kSearchers; ++i) {
    searchers.emplace_back([&, i] {
      std::mt19937 random(static_cast<unsigned>(i));
      while (!stop) {
        library::SearchRequest request;
        request.query = queries[random() % queries.size()];
        request.limit = 20;
        request.refresh = false;
        const auto answer = library->search(request, {});
        ASSERT_TRUE(answer.ok()) << answer.error().message;
        ASSERT_FALSE(answer->results.empty()) << "a silent empty list";
        for (const library::SearchHit& hit : answer->results) {
          ASSERT_TRUE(versions.hold(hit.file_hash, hit.text)) << hit.path << "\n" << hit.text;
          ++hits;
        }
        ++answers;
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    // Written before it is remembered: an answer needs an index of it, which comes after.
    corpus.edit_files(kFiles / 10);
    corpus.move_files(kFiles / 50);
    corpus.delete_files(kFiles / 50);
    corpus.add_files(kFiles / 50);
    remember_all();
    library::IndexRequest request;
    request.compact = round % 5 == 4;
    index_all(*library, request);
  }
  stop = true;
  for (std::thread& searcher : searchers) {
    searcher.join();
  }
  EXPECT_GT(answers, static_cast<std::uint64_t>(kSearchers));
  EXPECT_GT(hits, answers);
  expect_equal_to_fresh(*library, setup, scratch.path() + "/fresh");
}

/// Texts with the vectors that one thread alone got for them.
struct KnownVectors {
  std::vector<std::string> texts;
  std::vector<std::vector<float>> vectors;

  KnownVectors(embed::Encoder& encoder, std::size_t count) {
    std::mt19937 random(59);
    const std::vector<std::string> words = corpus_words();
    for (std::size_t i = 0; i < count; ++i) {
      std::string text;
      for (std::size_t w = 1 + random() % 40; w > 0; --w) {
        text += words[random() % words.size()] + " ";
      }
      vectors.push_back(encoder.embed_query(text, {}).value());
      texts.push_back(std::move(text));
    }
  }
};

class SixtyFour : public ::testing::Test {
 protected:
  static constexpr int kEmbedders = 24;
  static constexpr int kMeaningSearchers = 32;
  static constexpr int kIndexers = 8;
  static constexpr int kTurns = 8;

  SixtyFour() {
    corpus_.add_files(story_size(600));
    remember_all();
  }
  void remember_all() {
    for (const std::string& path : corpus_.files()) {
      versions_.remember(corpus_.root() + "/" + path);
    }
  }

  /// Queries and documents by turns: each vector is the one that one thread alone got.
  void embed(int thread) {
    const std::size_t dimensions = encoder_->id().dimensions;
    for (int turn = 0; turn < kTurns; ++turn) {
      const std::size_t at = static_cast<std::size_t>(thread + turn) % known_.texts.size();
      const auto query = encoder_->embed_query(known_.texts[at], {});
      ASSERT_TRUE(query.ok()) << query.error().message;
      ASSERT_EQ(*query, known_.vectors[at]);
      const std::vector<std::string_view> views(known_.texts.begin(), known_.texts.end());
      std::vector<float> rows(views.size() * dimensions);
      ASSERT_TRUE(encoder_->embed_documents(views, rows, {}).ok());
      for (std::size_t i = 0; i < views.size(); ++i) {
        const auto row = rows.begin() + static_cast<std::ptrdiff_t>(i * dimensions);
        ASSERT_TRUE(std::equal(known_.vectors[i].begin(), known_.vectors[i].end(), row));
      }
    }
  }

  /// In every mode; each answer shows text of the version that it names.
  void search(library::Library& library, int thread) {
    const std::vector<std::string> queries = {"retry request", "session token", "parse header",
                                              "ledger lang:python"};
    constexpr std::array kModes = {library::SearchMode::Auto, library::SearchMode::Words,
                                   library::SearchMode::Meaning, library::SearchMode::Hybrid};
    for (int turn = 0; turn < kTurns; ++turn) {
      library::SearchRequest request;
      request.query = queries[static_cast<std::size_t>(thread / 4 + turn) % queries.size()];
      request.mode = kModes[static_cast<std::size_t>(thread) % kModes.size()];
      request.limit = 20;
      request.refresh = turn == 0;  // may find the lease taken
      const auto answer = library.search(request, {});
      ASSERT_TRUE(answer.ok()) << answer.error().message;
      ASSERT_FALSE(answer->results.empty());
      for (const library::SearchHit& hit : answer->results) {
        ASSERT_TRUE(versions_.hold(hit.file_hash, hit.text)) << hit.path << "\n" << hit.text;
      }
    }
  }

  /// Through a handle of its own, as another program would: one writes, the others hear of it.
  void index() {
    const auto library = open_or_create(setup_);
    for (int turn = 0; turn < kTurns; ++turn) {
      const auto report = library->index({}, {}, {});
      ASSERT_TRUE(report.ok() || report.error().code == Code::Busy) << report.error().message;
      if (report.ok()) {
        ASSERT_EQ(report->embed_trouble, "");
        ++indexed_;
      }
    }
  }

  const ScratchFolder scratch_{"sixty-four"};
  Corpus corpus_{scratch_.path() + "/tree", 61};
  Versions versions_;
  const std::shared_ptr<embed::Encoder> encoder_ =
      write_and_open(words_model(5), scratch_.path() + "/model");
  const KnownVectors known_{*encoder_, 24};
  const LibrarySetup setup_{corpus_.root(), scratch_.path() + "/library", 2, {}, encoder_};
  std::atomic<int> indexed_{0};
};

TEST_F(SixtyFour, threads_embed_search_and_index_with_one_model) {  // INV-1, INV-6
  const auto library = open_or_create(setup_);
  index_all(*library);
  // Known before anybody can read it in.
  corpus_.edit_files(story_size(120));
  corpus_.move_files(story_size(30));
  corpus_.add_files(story_size(60));
  remember_all();
  std::vector<std::thread> threads;
  for (int i = 0; i < kEmbedders; ++i) {
    threads.emplace_back([this, i] { embed(i); });
  }
  for (int i = 0; i < kMeaningSearchers; ++i) {
    threads.emplace_back([this, &library, i] { search(*library, i); });
  }
  for (int i = 0; i < kIndexers; ++i) {
    threads.emplace_back([this] { index(); });
  }
  ASSERT_EQ(threads.size(), 64U);
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GT(indexed_, 0);
  index_all(*library);
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

}  // namespace
}  // namespace sonde::testing
