// What happened elsewhere: a code indexer died when it deleted old chunks during a reindex; the fix
// was to stop deleting, and 80 thousand chunks became 808 thousand. Here deletes always happen, in
// the same transaction as the insert.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

const std::vector<std::string> kQueries = {
    "retry request",     "session token",       "invoice payment refund", "parse header",
    "cache_expire",      "\"order packet\"",    "schedule -window",       "ledger lang:python",
    "stream path:cache", "kind:function queue", "decode buffer cursor",   "verify policy"};

TEST(Reindex,
     equals_a_fresh_library_after_every_round_of_edits_deletes_and_moves) {  // INV-1, INV-10
  const ScratchFolder scratch("reindex");
  Corpus corpus(scratch.path() + "/tree", 20);
  const std::size_t edits = story_size(692);
  corpus.add_files(story_size(2'000));
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}};
  const auto library = open_or_create(setup);
  index_all(*library);

  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    corpus.edit_files(edits);
    corpus.delete_files(story_size(100));
    corpus.move_files(story_size(100));
    corpus.add_files(story_size(100));
    const library::IndexReport report = index_all(*library);
    ASSERT_GT(report.changed, 0U);
    ASSERT_GT(report.removed, 0U);
    ASSERT_GT(report.moved, 0U);

    const std::string fresh_folder = scratch.path() + "/fresh" + std::to_string(round);
    const auto fresh = open_or_create({corpus.root(), fresh_folder, 2, {}});
    index_all(*fresh);

    const std::vector<std::string> truth = dump_truth(setup.directory);
    ASSERT_EQ(truth, dump_truth(fresh_folder)) << "round " << round;
    for (const std::string& line : truth) {
      const std::size_t at = line.find("marker");
      if (at != std::string::npos) {
        const std::string marker = line.substr(at, line.find("zq", at) + 2 - at);
        ASSERT_FALSE(std::find(corpus.retired_markers().end() - static_cast<std::ptrdiff_t>(edits),
                               corpus.retired_markers().end(),
                               marker) != corpus.retired_markers().end())
            << "old text in the truth: " << line;
      }
    }
    ASSERT_EQ(dump_answers(*library, kQueries, 3'000), dump_answers(*fresh, kQueries, 3'000))
        << "round " << round;
    for (int i = 0; i < 20; ++i) {
      const auto& retired = corpus.retired_markers();
      ASSERT_EQ(files_with(*library, retired[corpus.random()() % retired.size()]), 0U);
      const std::string living = corpus.living_marker();
      ASSERT_EQ(files_with(*library, living), 1U) << living;
    }
    std::filesystem::remove_all(fresh_folder);
  }
}

TEST(Reindex, one_edited_file_writes_only_its_changed_chunks) {
  const ScratchFolder scratch("one-edit");
  Corpus corpus(scratch.path() + "/tree", 5);
  corpus.add_files(1'000);
  std::string big;
  for (int i = 0; i < 60; ++i) {
    big += "def function_" + std::to_string(i) + "(value):\n";
    for (int line = 0; line < 12; ++line) {
      big += "    value += " + std::to_string(i * 100 + line) + "  # a line of this function\n";
    }
    big += "    return value\n\n\n";
  }
  const std::string path = corpus.root() + "/big.py";
  write_file(path, big);
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}});
  index_all(*library);
  big.insert(big.find("value += 3005"), "extra = value\n    ");
  write_file(path, big);
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.changed, 1U);
  EXPECT_GE(report.chunks_written, 1U);
  EXPECT_LE(report.chunks_written, 3U);
  EXPECT_GT(report.chunks_kept, 40U);
}

TEST(Reindex, a_moved_file_is_not_chunked_or_written_again) {
  const ScratchFolder scratch("move");
  Corpus corpus(scratch.path() + "/tree", 6);
  corpus.add_files(50);
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}});
  index_all(*library);
  corpus.move_files(10);
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.moved, 10U);
  EXPECT_EQ(report.chunks_written, 0U);
  EXPECT_EQ(report.added + report.changed + report.removed, 0U);
}

TEST(Reindex, segments_after_compaction_are_the_same_bytes_for_any_threads_and_history) {  // INV-10
  const ScratchFolder scratch("bytes");
  Corpus corpus(scratch.path() + "/tree", 7);
  corpus.add_files(600);
  const auto edited = open_or_create({corpus.root(), scratch.path() + "/edited", 2, {}});
  index_all(*edited);
  for (int i = 0; i < 5; ++i) {
    corpus.edit_files(40);
    corpus.move_files(10);
    corpus.delete_files(10);
    index_all(*edited);
  }
  library::IndexRequest compact;
  compact.compact = true;
  index_all(*edited, compact);
  const auto one = open_or_create({corpus.root(), scratch.path() + "/one", 1, {}});
  index_all(*one, compact);
  const auto four = open_or_create({corpus.root(), scratch.path() + "/four", 4, {}});
  index_all(*four, compact);
  const auto expected = segment_bytes(scratch.path() + "/one");
  ASSERT_EQ(expected.size(), 1U);
  EXPECT_TRUE(segment_bytes(scratch.path() + "/four") == expected);
  EXPECT_TRUE(segment_bytes(scratch.path() + "/edited") == expected);
}

}  // namespace
}  // namespace sonde::testing
