// What happened elsewhere: nine threads called one model and the program segfaulted. Here eight
// threads search through one library while another keeps indexing edits, and every answer is text
// of the version of the file that it names [INV-1].

#include <gtest/gtest.h>

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

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kFiles = 200;
#else
constexpr std::size_t kFiles = 1'200;
#endif
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

}  // namespace
}  // namespace sonde::testing
