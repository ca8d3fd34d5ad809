// Files that no source tree should hold: each costs itself at most, with a reason [INV-5].

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

class OddFiles : public ::testing::Test {
 protected:
  OddFiles() { write_file(root_ + "/plain.py", "def plain_gribble():\n    return 1\n"); }

  std::string reason_of(library::Library& library, const std::string& path) {
    const auto status = library.status({true, false}, {});
    if (status.ok()) {
      for (const library::SkippedInfo& entry : status->skipped_list) {
        if (entry.path == path || entry.path == path + "/") {
          return entry.reason;
        }
      }
    }
    return "";
  }

  ScratchFolder scratch_{"odd"};
  std::string root_ = scratch_.path() + "/tree";
  LibrarySetup setup_{root_, scratch_.path() + "/library", 2, {}};
};

TEST_F(OddFiles, pipes_are_left_out_and_never_waited_for) {
  ASSERT_EQ(mkfifo((root_ + "/pipe.py").c_str(), 0644), 0);
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).added, 1U);
  EXPECT_EQ(reason_of(*library, "pipe.py"), "special file");
  EXPECT_EQ(files_with(*library, "plain_gribble"), 1U);
}

TEST_F(OddFiles, a_file_that_becomes_a_pipe_or_a_folder_is_gone) {
  write_file(root_ + "/turns.py", "def turning_gribble():\n    return 2\n");
  write_file(root_ + "/folds.py", "def folding_gribble():\n    return 3\n");
  const auto library = open_or_create(setup_);
  index_all(*library);
  EXPECT_EQ(files_with(*library, "turning_gribble"), 1U);
  fs::remove(root_ + "/turns.py");
  ASSERT_EQ(mkfifo((root_ + "/turns.py").c_str(), 0644), 0);
  fs::remove(root_ + "/folds.py");
  write_file(root_ + "/folds.py/inside.py", "def inside_gribble():\n    return 4\n");
  EXPECT_EQ(files_with(*library, "turning_gribble"), 0U) << "checked against the disk, unindexed";
  index_all(*library);
  EXPECT_EQ(files_with(*library, "turning_gribble"), 0U);
  EXPECT_EQ(files_with(*library, "folding_gribble"), 0U);
  EXPECT_EQ(files_with(*library, "inside_gribble"), 1U);
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

TEST_F(OddFiles, names_that_are_not_utf_8_are_found_with_their_bytes) {
  const std::string name = "caf\xe9\xff\x01 \n.py";
  write_file(root_ + "/d\xfe/" + name, "def bytes_gribble():\n    return 5\n");
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).added, 2U);
  const library::SearchAnswer answer = ask(*library, "\"bytes_gribble\"");
  ASSERT_EQ(answer.results.size(), 1U);
  EXPECT_EQ(answer.results[0].path, "d\xfe/" + name);
  EXPECT_FALSE(answer.results[0].stale);
  EXPECT_EQ(index_all(*library).unchanged, 2U);
  fs::rename(root_ + "/d\xfe", root_ + "/d\xfd");
  EXPECT_EQ(index_all(*library).moved, 1U);
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

TEST_F(OddFiles, loops_of_links_end_with_a_reason) {
  fs::create_directories(root_ + "/a/b");
  fs::create_directory_symlink("..", root_ + "/a/b/up");
  fs::create_symlink("two.py", root_ + "/one.py");
  fs::create_symlink("one.py", root_ + "/two.py");
  fs::create_symlink("/nowhere/at/all.py", root_ + "/broken.py");
  fs::create_directory_symlink(root_, root_ + "/a/all");
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).added, 1U);
  for (const char* path : {"a/b/up", "one.py", "two.py", "broken.py", "a/all"}) {
    EXPECT_EQ(reason_of(*library, path), "symbolic link") << path;
  }
}

TEST_F(OddFiles, a_line_of_2_gib_is_left_out_by_its_size_unread) {
  write_file(root_ + "/huge.py", "");
  fs::resize_file(root_ + "/huge.py", 2ULL << 30);
  const auto library = open_or_create(setup_);
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.added, 1U);
  EXPECT_LT(report.bytes, 1'000U);
  EXPECT_EQ(reason_of(*library, "huge.py"), "too large");
  // It shrinks to something that can be read.
  write_file(root_ + "/huge.py", "def shrunk_gribble():\n    return 6\n");
  index_all(*library);
  EXPECT_EQ(files_with(*library, "shrunk_gribble"), 1U);
  EXPECT_EQ(reason_of(*library, "huge.py"), "");
}

/// Words in one line, the last of them `last`.
std::string one_line(std::size_t bytes, const std::string& last) {
  std::string line;
  line.reserve(bytes + 64);
  for (std::uint64_t i = 0; line.size() < bytes; ++i) {
    line += "word" + std::to_string(i % 5'000) + " ";
  }
  return line + last;
}

TEST_F(OddFiles, a_single_line_below_the_size_cap_is_searched_to_its_end) {
  write_file(root_ + "/line.txt", one_line(15U << 20, "gribbleattheend"));
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).added, 2U);
  EXPECT_EQ(files_with(*library, "gribbleattheend"), 1U);
  for (const library::SearchHit& hit : ask(*library, "gribbleattheend").results) {
    EXPECT_LT(hit.text.size(), 64U << 10) << "a place is no whole file";
  }
}

TEST_F(OddFiles, a_raised_size_cap_reads_what_was_left_out_for_its_size) {
  write_file(root_ + "/line.txt", one_line(17U << 20, "gribbleattheend"));
  index_all(*open_or_create(setup_));
  library::LibraryOptions options = options_of(setup_);
  options.config.size_cap_bytes = 64U << 20;
  auto library = library::Library::open(options);
  ASSERT_TRUE(library.ok());
  EXPECT_EQ(index_all(**library).added, 1U);
  EXPECT_EQ(files_with(**library, "gribbleattheend"), 1U);
  // And the default cap again: it is left out again.
  const auto lowered = open_or_create(setup_);
  EXPECT_EQ(index_all(*lowered).removed, 1U);
  EXPECT_EQ(files_with(*lowered, "gribbleattheend"), 0U);
}

TEST_F(OddFiles, asking_for_generated_files_reads_those_that_were_left_out) {
  write_file(root_ + "/made.go", "// Code generated by gribbler. DO NOT EDIT.\npackage p\n");
  index_all(*open_or_create(setup_));
  library::LibraryOptions options = options_of(setup_);
  options.config.include_generated = true;
  auto library = library::Library::open(options);
  ASSERT_TRUE(library.ok());
  EXPECT_EQ(index_all(**library).added, 1U);
  EXPECT_EQ(reason_of(**library, "made.go"), "");
}

TEST_F(OddFiles, sondeignore_brings_back_a_file_left_out_for_its_content) {
  write_file(root_ + "/made.go", "// Code generated by gribbler. DO NOT EDIT.\npackage p\n");
  const auto library = open_or_create(setup_);
  index_all(*library);
  EXPECT_EQ(reason_of(*library, "made.go"), "generated");
  write_file(root_ + "/.sondeignore", "!made.go\n");
  EXPECT_EQ(index_all(*library).added, 1U);
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

TEST_F(OddFiles, what_was_left_out_and_is_gone_is_not_listed_any_more) {
  write_file(root_ + "/made.go", "// Code generated by gribbler. DO NOT EDIT.\npackage p\n");
  write_file(root_ + "/sub/blob.txt", std::string("a\0b", 3));
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).skipped, 2U);
  fs::remove(root_ + "/made.go");
  library::IndexRequest part;
  part.paths = {root_ + "/sub"};
  index_all(*library, part);
  EXPECT_EQ(reason_of(*library, "sub/blob.txt"), "binary");
  EXPECT_EQ(index_all(*library).skipped, 1U);
  EXPECT_EQ(reason_of(*library, "made.go"), "");
  expect_equal_to_fresh(*library, setup_, scratch_.path() + "/fresh");
}

TEST_F(OddFiles, deep_nesting_costs_at_most_the_syntax_tree) {
  constexpr std::size_t kBrackets = 100'000;
  const std::string open(kBrackets, '[');
  const std::string close(kBrackets, ']');
  std::string functions;
  for (int i = 0; i < 5'000; ++i) {
    functions += std::string(static_cast<std::size_t>(i % 200), ' ') + "function f" +
                 std::to_string(i) + "() {\n";
  }
  functions += "deepest_gribble();\n" + std::string(5'000, '}') + "\n";
  std::string python;
  for (std::size_t i = 0; i < 2'000; ++i) {
    python += std::string(i, ' ') + "def g" + std::to_string(i) + "():\n";
  }
  python += std::string(2'000, ' ') + "pythonic_gribble()\n";
  write_file(root_ + "/brackets.json", open + "\"bracket_gribble\"" + close);
  write_file(root_ + "/brackets.py", "value = " + open + "'listed_gribble'" + close + "\n");
  write_file(root_ + "/brackets.c", "int x = " + std::string(kBrackets, '(') + "c_gribble" +
                                        std::string(kBrackets, ')') + ";\n");
  write_file(root_ + "/functions.js", functions);
  write_file(root_ + "/functions.py", python);
  const auto library = open_or_create(setup_);
  EXPECT_EQ(index_all(*library).added, 6U);
  for (const char* word : {"bracket_gribble", "listed_gribble", "c_gribble", "deepest_gribble",
                           "pythonic_gribble", "plain_gribble"}) {
    EXPECT_EQ(files_with(*library, word), 1U) << word;
  }
  EXPECT_EQ(index_all(*library).unchanged, 6U) << "the next run does not meet it again";
}

TEST_F(OddFiles, every_encoding_is_text_that_can_be_found) {
  const auto utf16 = [](const std::string& ascii, bool little) {
    std::string bytes = little ? "\xff\xfe" : "\xfe\xff";
    for (const char c : ascii) {
      bytes += little ? std::string{c, '\0'} : std::string{'\0', c};
    }
    return bytes;
  };
  write_file(root_ + "/little.py", utf16("def little_gribble():\n    return 7\n", true));
  write_file(root_ + "/big.py", utf16("def big_gribble():\n    return 8\n", false));
  write_file(root_ + "/odd.py", utf16("def odd_gribble():\n    return 9\n", true) + "x");
  write_file(root_ + "/latin.py", "# caf\xe9 cr\xe8me\ndef latin_gribble():\n    return 10\n");
  write_file(root_ + "/mixed.py",
             "# \xc3\xa9 then \xe9 \xf0\x28 \xed\xa0\x80 \xc0\x80\n"
             "def mixed_gribble():\n    return 11\n");
  write_file(root_ + "/marked.py",
             "\xef\xbb\xbf"
             "def marked_gribble():\n    return 12\n");
  write_file(root_ + "/cut.py", "def cut_gribble():\n    return '\xe2\x82");
  write_file(root_ + "/lone.py", std::string("\xff\xfe\x00\xd8", 4) +
                                     utf16("def lone_gribble():\n    return 13\n", true).substr(2));
  write_file(root_ + "/empty.py", "");
  write_file(root_ + "/blank.py", "\n\n\n");
  write_file(root_ + "/returns.py", "def returns_gribble():\r    return 14\r");
  const auto library = open_or_create(setup_);
  index_all(*library);
  for (const char* word :
       {"little_gribble", "big_gribble", "odd_gribble", "latin_gribble", "mixed_gribble",
        "marked_gribble", "cut_gribble", "lone_gribble", "returns_gribble"}) {
    EXPECT_EQ(files_with(*library, word), 1U) << word;
  }
  EXPECT_EQ(files_with(*library, "caf\xc3\xa9"), 1U) << "found in UTF-8, whatever the file has";
}

TEST_F(OddFiles, a_source_that_is_not_there_is_not_a_deletion) {
  const auto library = open_or_create(setup_);
  index_all(*library);
  fs::rename(root_, root_ + "-unplugged");
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.removed, 0U);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_NE(report.notes[0].find(root_), std::string::npos);
  library::SearchRequest request;
  request.query = "plain_gribble";
  const auto answer = library->search(request, {});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  ASSERT_EQ(answer->results.size(), 1U) << "shown as last seen";
  EXPECT_TRUE(answer->results[0].stale);
  EXPECT_FALSE(answer->index.complete);
  EXPECT_FALSE(answer->index.notes.empty());
  fs::rename(root_ + "-unplugged", root_);
  EXPECT_EQ(index_all(*library).unchanged, 1U);
  EXPECT_FALSE(ask(*library, "plain_gribble").results[0].stale);
}

}  // namespace
}  // namespace sonde::testing
