// Meaning in a library: what is embedded, when, and that nothing is embedded twice.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "support/corpus.h"
#include "support/fake_encoder.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

const std::vector<std::string> kQueries = {"retry request",          "session token",
                                           "invoice payment refund", "parse header buffer",
                                           "schedule window",        "ledger lang:python"};

library::StatusReport status_of(library::Library& library) {
  auto status = library.status({}, {});
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  return status.ok() ? std::move(status).value() : library::StatusReport{};
}

library::SearchAnswer ask_by(library::Library& library, library::SearchMode mode,
                             const std::string& query, std::size_t limit = 10) {
  library::SearchRequest request;
  request.query = query;
  request.mode = mode;
  request.limit = limit;
  request.refresh = false;
  auto answer = library.search(request, {});
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
  return answer.ok() ? std::move(answer).value() : library::SearchAnswer{};
}

std::vector<std::string> lines_of_answers(library::Library& library, library::SearchMode mode) {
  std::vector<std::string> lines;
  for (const std::string& query : kQueries) {
    const library::SearchAnswer answer = ask_by(library, mode, query, 100);
    EXPECT_EQ(answer.mode, mode == library::SearchMode::Meaning ? "meaning" : "hybrid");
    for (const library::SearchHit& hit : answer.results) {
      lines.push_back(query + " " + hit.path + ":" + std::to_string(hit.start_line) + " " +
                      std::to_string(hit.score) + " " + std::to_string(hit.meaning));
    }
  }
  return lines;
}

std::vector<std::filesystem::path> vector_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::exists(directory + "/vectors")) {
    for (const auto& entry : std::filesystem::directory_iterator(directory + "/vectors")) {
      files.push_back(entry.path());
    }
  }
  return files;
}

std::string big_file(int functions, int changed = -1) {
  std::string text;
  for (int i = 0; i < functions; ++i) {
    text += "def function_" + std::to_string(i) + "(value):\n";
    for (int line = 0; line < 12; ++line) {
      text += "    value += " + std::to_string(i * 100 + line) +
              (i == changed && line == 4 ? "  # another line\n" : "  # a line of this one\n");
    }
    text += "    return value\n\n\n";
  }
  return text;
}

TEST(Meaning, is_built_behind_the_words_and_says_how_far_it_is) {
  const ScratchFolder scratch("meaning");
  Corpus corpus(scratch.path() + "/tree", 3);
  corpus.add_files(200);
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  library::IndexRequest words_only;
  words_only.embed = false;
  library::IndexReport report = index_all(*library, words_only);
  EXPECT_EQ(report.embedded, 0U);
  EXPECT_GT(report.pending_chunks, 0U);
  library::SearchAnswer answer = ask(*library, kQueries[0]);
  EXPECT_EQ(answer.mode, "words");
  EXPECT_FALSE(answer.results.empty());
  EXPECT_EQ(answer.index.pending_chunks, answer.index.chunks);
  EXPECT_FALSE(answer.index.complete);

  report = index_all(*library);
  EXPECT_GT(report.embedded, 0U);
  EXPECT_EQ(report.pending_chunks, 0U);
  const library::StatusReport status = status_of(*library);
  EXPECT_EQ(status.vectors, report.embedded);
  EXPECT_EQ(status.embedded_total, report.embedded);
  EXPECT_NE(status.model.find("fake"), std::string::npos);
  EXPECT_EQ(encoder->counters().texts, report.embedded);
  answer = ask(*library, kQueries[0]);
  EXPECT_EQ(answer.mode, "hybrid");
  EXPECT_EQ(answer.index.pending_chunks, 0U);
  EXPECT_EQ(ask_by(*library, library::SearchMode::Words, kQueries[0]).mode, "words");
}

TEST(Meaning, of_one_edited_file_embeds_only_its_changed_chunks) {
  const ScratchFolder scratch("meaning-edit");
  Corpus corpus(scratch.path() + "/tree", 5);
  corpus.add_files(200);
  const std::string path = corpus.root() + "/deep/big.py";
  write_file(path, big_file(60));
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  const std::uint64_t first = index_all(*library).embedded;
  write_file(path, big_file(60, 30));
  const library::IndexReport report = index_all(*library);
  EXPECT_GE(report.embedded, 1U);
  EXPECT_LE(report.embedded, 3U);
  EXPECT_EQ(status_of(*library).embedded_total, first + report.embedded);
}

TEST(Meaning, of_moved_files_and_of_a_branch_switched_back_embeds_nothing) {
  const ScratchFolder scratch("meaning-move");
  Corpus corpus(scratch.path() + "/tree", 6);
  corpus.add_files(100);
  write_file(corpus.root() + "/one/big.py", big_file(40));
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  index_all(*library);
  const std::uint64_t before = encoder->counters().texts;
  std::filesystem::create_directories(corpus.root() + "/two/three");
  std::filesystem::rename(corpus.root() + "/one/big.py", corpus.root() + "/two/three/big.py");
  EXPECT_EQ(index_all(*library).embedded, 0U);
  // A branch without the file, and one with another version of it, and back.
  std::filesystem::remove(corpus.root() + "/two/three/big.py");
  EXPECT_EQ(index_all(*library).embedded, 0U);
  write_file(corpus.root() + "/two/three/big.py", big_file(40));
  EXPECT_EQ(index_all(*library).embedded, 0U);
  EXPECT_EQ(encoder->counters().texts, before);
  EXPECT_EQ(status_of(*library).embedded_total, before);
  EXPECT_EQ(status_of(*library).index.pending_chunks, 0U);
}

TEST(Meaning, is_made_at_a_lower_priority_than_its_caller_has) {  // INV-6
  const ScratchFolder scratch("meaning-priority");
  write_file(scratch.path() + "/tree/a.py", "def pour(tea):\n    return tea\n");
  const auto encoder = std::make_shared<FakeEncoder>();
  const int mine = ::getpriority(PRIO_PROCESS, 0);
  int embedding = 0;
  encoder->before_batch = [&]() -> Status {
    embedding = ::getpriority(PRIO_PROCESS, 0);
    return {};
  };
  const auto library =
      open_or_create({scratch.path() + "/tree", scratch.path() + "/library", 2, {}, encoder});
  index_all(*library);
  EXPECT_EQ(embedding, mine < 0 ? mine : std::max(mine, 10));
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), mine);
}

TEST(Meaning, interrupted_goes_on_and_embeds_nothing_twice_beyond_one_batch) {
  const ScratchFolder scratch("meaning-kill");
  Corpus corpus(scratch.path() + "/tree", 7);
  corpus.add_files(50);
  write_file(corpus.root() + "/big.py", big_file(1'300));
  const auto encoder = std::make_shared<FakeEncoder>();
  CancelSource cancel;
  int batches = 0;
  encoder->before_batch = [&]() -> Status {
    if (++batches == 4) {
      cancel.cancel();
      return Error{Code::Cancelled, "stopped"};
    }
    return {};
  };
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}, encoder};
  {
    const auto library = open_or_create(setup);
    const auto report = library->index({}, {}, cancel.token());
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, Code::Cancelled);
    const library::SearchAnswer answer = ask(*library, kQueries[0]);
    EXPECT_EQ(answer.mode, "hybrid");
    EXPECT_GT(answer.index.pending_chunks, 0U);
    EXPECT_LT(answer.index.pending_chunks, answer.index.chunks);
    EXPECT_FALSE(answer.index.complete);
  }
  EXPECT_EQ(encoder->fed().size(), 3U * 256U) << "three batches were committed";
  const auto library = open_or_create(setup);
  index_all(*library);
  const std::vector<std::string> fed = encoder->fed();
  EXPECT_EQ(std::set<std::string>(fed.begin(), fed.end()).size(), fed.size());
  EXPECT_EQ(status_of(*library).embedded_total, fed.size());
  EXPECT_EQ(status_of(*library).index.pending_chunks, 0U);
}

TEST(Meaning, of_a_broken_encoder_leaves_the_words_and_says_so) {
  const ScratchFolder scratch("meaning-broken");
  Corpus corpus(scratch.path() + "/tree", 8);
  corpus.add_files(50);
  const auto encoder = std::make_shared<FakeEncoder>();
  encoder->before_batch = []() -> Status { return Error{Code::Io, "the server is gone"}; };
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  const library::IndexReport report = index_all(*library);
  ASSERT_FALSE(report.notes.empty());
  EXPECT_NE(report.notes.back().find("the server is gone"), std::string::npos);
  EXPECT_FALSE(ask(*library, kQueries[0]).results.empty());
}

TEST(Meaning, answers_are_the_same_for_any_threads_and_history) {  // INV-10
  const ScratchFolder scratch("meaning-history");
  Corpus corpus(scratch.path() + "/tree", 9);
  corpus.add_files(300);
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto edited = open_or_create({corpus.root(), scratch.path() + "/edited", 2, {}, encoder});
  index_all(*edited);
  for (int i = 0; i < 4; ++i) {
    corpus.edit_files(40);
    corpus.move_files(10);
    corpus.delete_files(10);
    index_all(*edited);
  }
  for (const std::size_t threads : {1U, 2U}) {
    const auto fresh = open_or_create(
        {corpus.root(), scratch.path() + "/fresh" + std::to_string(threads), threads, {}, encoder});
    index_all(*fresh);
    for (const auto mode : {library::SearchMode::Meaning, library::SearchMode::Hybrid}) {
      const std::vector<std::string> lines = lines_of_answers(*fresh, mode);
      EXPECT_GT(lines.size(), 100U);
      EXPECT_EQ(lines, lines_of_answers(*edited, mode));
    }
  }
}

TEST(Meaning, damaged_or_missing_vector_files_are_written_again_without_embedding) {  // INV-3
  const ScratchFolder scratch("meaning-damage");
  Corpus corpus(scratch.path() + "/tree", 10);
  corpus.add_files(50);
  write_file(corpus.root() + "/big.py", big_file(1'300));
  const auto encoder = std::make_shared<FakeEncoder>();
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}, encoder};
  std::vector<std::string> expected;
  {
    const auto library = open_or_create(setup);
    index_all(*library);
    expected = lines_of_answers(*library, library::SearchMode::Meaning);
  }
  ASSERT_EQ(vector_files(setup.directory).size(), 1U);
  const std::uint64_t embedded = encoder->counters().texts;
  const auto size = std::filesystem::file_size(vector_files(setup.directory)[0]);
  for (int round = 0; round < 4; ++round) {
    const std::filesystem::path path = vector_files(setup.directory).at(0);
    if (round == 0) {
      std::filesystem::remove(path);
    } else if (round == 1) {
      std::filesystem::resize_file(path, size / 2);
    } else {  // in the hashes, which are read at once, and in the codes, which are read later
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(round == 2 ? 100 : static_cast<std::streamoff>(size) - 20'000);
      file.write("damage", 6);
    }
    const auto library = open_or_create(setup);
    EXPECT_EQ(lines_of_answers(*library, library::SearchMode::Meaning), expected) << round;
    EXPECT_EQ(vector_files(setup.directory).size(), 1U);
  }
  EXPECT_EQ(encoder->counters().texts, embedded);
}

TEST(Meaning, filters_are_applied_before_the_best_are_taken) {  // INV-9
  const ScratchFolder scratch("meaning-filter");
  Corpus corpus(scratch.path() + "/tree", 12);
  corpus.add_files(600);
  write_file(corpus.root() + "/far/away.lua", "-- nothing that anybody asks for\nlocal x = 1\n");
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  index_all(*library);
  // It is far from being among the best of all, and the only one that passes.
  for (const auto mode : {library::SearchMode::Meaning, library::SearchMode::Hybrid}) {
    const library::SearchAnswer answer =
        ask_by(*library, mode, "anybody session token nothing path:far");
    ASSERT_EQ(answer.results.size(), 1U);
    EXPECT_EQ(answer.results[0].path, "far/away.lua");
  }
}

TEST(Meaning, what_is_forgotten_leaves_no_vector) {  // INV-11
  const ScratchFolder scratch("meaning-forget");
  Corpus corpus(scratch.path() + "/tree", 13);
  corpus.add_files(100);
  write_file(corpus.root() + "/secret/big.py", big_file(20, 3));
  const auto encoder = std::make_shared<FakeEncoder>();
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}, encoder};
  const auto library = open_or_create(setup);
  const std::uint64_t before = index_all(*library).embedded;
  // An older version of the file is kept for a branch switched back; it goes as well.
  write_file(corpus.root() + "/secret/big.py", big_file(20, 4));
  index_all(*library);
  EXPECT_GT(status_of(*library).vectors, before);
  const auto report = library->forget({corpus.root() + "/secret"}, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  const library::StatusReport status = status_of(*library);
  const auto fresh = open_or_create({corpus.root(), scratch.path() + "/fresh", 2, {}, encoder});
  std::filesystem::remove_all(corpus.root() + "/secret");
  EXPECT_EQ(status.vectors, index_all(*fresh).embedded);
}

TEST(Meaning, unneeded_vectors_are_kept_for_a_while_and_bounded) {
  const ScratchFolder scratch("meaning-bounded");
  Corpus corpus(scratch.path() + "/tree", 14);
  corpus.add_files(300);
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  index_all(*library);
  bool kept_some = false;
  for (int i = 0; i < 12; ++i) {
    corpus.edit_files(120);
    index_all(*library);
    const library::StatusReport status = status_of(*library);
    kept_some = kept_some || status.vectors > status.index.chunks;
    EXPECT_LE(status.vectors, status.index.chunks * 6 / 5 + 256);
  }
  EXPECT_TRUE(kept_some);
}

TEST(Meaning, of_another_model_is_built_beside_the_first_and_switched_at_once) {
  const ScratchFolder scratch("meaning-switch");
  Corpus corpus(scratch.path() + "/tree", 15);
  corpus.add_files(300);
  LibrarySetup setup{
      corpus.root(), scratch.path() + "/library", 2, {}, std::make_shared<FakeEncoder>("first")};
  const auto first = setup.encoder;
  std::vector<std::string> answers;
  {
    const auto library = open_or_create(setup);
    index_all(*library);
    answers = lines_of_answers(*library, library::SearchMode::Meaning);
  }
  const auto second = std::make_shared<FakeEncoder>("second");
  CancelSource cancel;
  int batches = 0;
  second->before_batch = [&]() -> Status {
    return ++batches == 2 ? Status(Error{Code::Cancelled, "stopped"}) : Status();
  };
  library::LibraryOptions options = options_of(setup);
  options.encoder = second;
  options.encoder_of = [&](const std::string& key) {
    return key.find("first") != std::string::npos ? first : nullptr;
  };
  auto library = library::Library::open(options);
  ASSERT_TRUE(library.ok());
  ASSERT_FALSE((*library)->index({}, {}, {}).ok());
  EXPECT_EQ(lines_of_answers(**library, library::SearchMode::Meaning), answers)
      << "until it is complete the old ones answer";
  index_all(**library);
  EXPECT_NE(status_of(**library).model.find("second"), std::string::npos);
  EXPECT_EQ(second->counters().texts, status_of(**library).vectors);
  EXPECT_NE(lines_of_answers(**library, library::SearchMode::Meaning), answers);
  EXPECT_LE(vector_files(setup.directory).size(), 1U) << "the files of the first are gone";
}

TEST(Meaning, of_another_precision_takes_the_place_of_the_first_only_when_that_is_said) {
  const ScratchFolder scratch("meaning-precision");
  Corpus corpus(scratch.path() + "/tree", 16);
  corpus.add_files(60);
  const auto f32 = std::make_shared<FakeEncoder>("one", "f32");
  const auto int8 = std::make_shared<FakeEncoder>("one", "int8");
  LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}, f32};
  const std::uint64_t vectors = index_all(*open_or_create(setup)).embedded;
  write_file(corpus.root() + "/new.py", big_file(3));
  library::LibraryOptions options = options_of(setup);
  options.encoder = int8;
  options.encoder_of = [&](const std::string& key) {
    return key.find(":f32:") != std::string::npos ? f32 : nullptr;
  };
  options.keeps_precision = true;
  {
    const auto library = library::Library::open(options);
    ASSERT_TRUE(library.ok());
    EXPECT_GT(index_all(**library).embedded, 0U);
    EXPECT_EQ(f32->counters().texts, status_of(**library).vectors);
    EXPECT_EQ(int8->counters().texts, 0U);
    EXPECT_NE(status_of(**library).model.find(":f32:"), std::string::npos);
    EXPECT_EQ(ask(**library, kQueries[0]).mode, "hybrid");
  }
  options.keeps_precision = false;
  const auto library = library::Library::open(options);
  ASSERT_TRUE(library.ok());
  EXPECT_GT(index_all(**library).embedded, vectors);
  EXPECT_EQ(int8->counters().texts, status_of(**library).vectors);
  EXPECT_NE(status_of(**library).model.find(":int8:"), std::string::npos);
}

TEST(Meaning, similar_finds_the_near_and_leaves_out_the_file_itself) {
  const ScratchFolder scratch("meaning-similar");
  Corpus corpus(scratch.path() + "/tree", 16);
  corpus.add_files(100);
  write_file(corpus.root() + "/a/one.py", "def pour(tea):\n    return kettle(tea, sugar, milk)\n");
  write_file(corpus.root() + "/b/two.py", "def brew(tea):\n    return kettle(tea, sugar, lemon)\n");
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, encoder});
  index_all(*library);
  for (const std::uint32_t line : {0U, 2U}) {
    library::SimilarRequest request;
    request.path = corpus.root() + "/a/one.py";
    request.line = line;
    const auto answer = library->similar(request, {});
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_FALSE(answer->results.empty());
    EXPECT_EQ(answer->results[0].path, "b/two.py");
    EXPECT_TRUE(std::none_of(answer->results.begin(), answer->results.end(),
                             [](const auto& hit) { return hit.path == "a/one.py"; }));
  }
  library::SimilarRequest missing;
  missing.path = corpus.root() + "/a/none.py";
  EXPECT_EQ(library->similar(missing, {}).error().code, Code::NotFound);
}

TEST(Meaning, a_budget_bounds_the_text_of_an_answer) {
  const ScratchFolder scratch("meaning-budget");
  Corpus corpus(scratch.path() + "/tree", 17);
  corpus.add_files(100);
  const auto library = open_or_create({corpus.root(), scratch.path() + "/library", 2, {}, {}});
  index_all(*library);
  for (const std::uint64_t budget : {40U, 300U, 1'000U}) {
    library::SearchRequest request;
    request.query = "request";
    request.budget_tokens = budget;
    const auto answer = library->search(request, {});
    ASSERT_TRUE(answer.ok());
    ASSERT_FALSE(answer->results.empty());
    EXPECT_LE(answer->tokens, budget);
    std::size_t bytes = 0;
    for (const library::SearchHit& hit : answer->results) {
      bytes += hit.text.size();
    }
    EXPECT_LE(bytes, budget * 4);
    EXPECT_EQ(answer->tokens_by, "estimate");
  }
  // With a model its tokenizer counts, and comes to another number.
  const auto encoder = std::make_shared<FakeEncoder>();
  const auto meant = open_or_create({corpus.root(), scratch.path() + "/meant", 2, {}, encoder});
  index_all(*meant);
  library::SearchRequest request;
  request.query = "request";
  request.budget_tokens = 2'000;
  const auto answer = meant->search(request, {});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->tokens_by, "model");
  EXPECT_LE(answer->tokens, 2'000U);
  std::size_t tokens = 0;
  for (const library::SearchHit& hit : answer->results) {
    tokens += encoder->count_tokens(hit.text);
  }
  EXPECT_GT(tokens, 0U);
  EXPECT_LE(tokens, answer->tokens);
}

}  // namespace
}  // namespace sonde::testing
