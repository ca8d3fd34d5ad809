#include "faces/cli/render_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace sonde::faces::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

library::SearchAnswer one_result() {
  library::SearchHit hit;
  hit.source_path = "/home/me/project";
  hit.path = "src/net.py";
  hit.start_line = 10;
  hit.end_line = 12;
  hit.kind = "function";
  hit.symbol = "retry";
  hit.scope = "Session";
  hit.score = 0.875;
  hit.text = "# limits retries\ndef retry(self, count):\n\treturn count\n";
  hit.more = {{40, 45, "Limit", 0.5}};
  library::SearchAnswer answer;
  answer.query = "retry";
  answer.results = {hit};
  return answer;
}

RenderOptions plain_options() {
  RenderOptions options;
  options.working_directory = "/home/me/project";
  return options;
}

std::string people(const library::SearchAnswer& answer, const RenderOptions& options) {
  std::ostringstream out;
  render_for_people(out, answer, options);
  return out.str();
}

std::string plain(const library::SearchAnswer& answer) {
  std::ostringstream out;
  render_plain(out, answer, plain_options());
  return out.str();
}

TEST(RenderForPeople, shows_place_text_and_further_places) {
  EXPECT_EQ(people(one_result(), plain_options()),
            "src/net.py:10  Session.retry  function  0.88\n"
            "  10  # limits retries\n"
            "  11  def retry(self, count):\n"
            "  12      return count\n"
            "  also src/net.py:40  Limit  0.50\n");
}

TEST(RenderForPeople, paths_are_seen_from_the_working_folder) {
  RenderOptions options = plain_options();
  options.working_directory = "/home/me/project/docs";
  EXPECT_THAT(people(one_result(), options), HasSubstr("../src/net.py:10  "));
}

TEST(RenderForPeople, marks_the_words_and_links_the_place) {
  RenderOptions options = plain_options();
  options.painter = {true, true, "host"};
  const std::string text = people(one_result(), options);
  EXPECT_THAT(text, HasSubstr("\x1b]8;;file://host/home/me/project/src/net.py\x1b\\"));
  EXPECT_THAT(text, HasSubstr("def \x1b[1;31mretry\x1b[0m(self"));
}

TEST(RenderForPeople, long_places_show_the_lines_that_matter_and_count_the_rest) {
  library::SearchAnswer answer = one_result();
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += i == 30 ? "here is retry\n" : "filler " + std::to_string(i) + "\n";
  }
  answer.results[0].text = text;
  const std::string shown = people(answer, plain_options());
  EXPECT_THAT(shown, HasSubstr("  40  here is retry\n"));
  EXPECT_THAT(shown, HasSubstr("(21 lines before)"));
  EXPECT_THAT(shown, HasSubstr("(9 lines more)"));
  EXPECT_LE(std::count(shown.begin(), shown.end(), '\n'), 14);
}

TEST(RenderForPeople, context_is_shown_whole_with_its_own_line_numbers) {
  library::SearchAnswer answer = one_result();
  answer.results[0].context_start_line = 9;
  answer.results[0].context =
      "before\n# limits retries\ndef retry(self, count):\n\treturn\nafter\n";
  EXPECT_THAT(people(answer, plain_options()), HasSubstr("   9  before\n"));
  EXPECT_THAT(people(answer, plain_options()), HasSubstr("  13  after\n"));
}

TEST(RenderForPeople, says_that_a_file_changed) {
  library::SearchAnswer answer = one_result();
  answer.results[0].stale = true;
  EXPECT_THAT(people(answer, plain_options()), HasSubstr("changed on the disk since"));
}

TEST(RenderForPeople, explains_a_score) {
  library::SearchAnswer answer = one_result();
  answer.results[0].words = 12.5;
  answer.results[0].boosts = {{"definition", 0.3}, {"test", -0.1}};
  RenderOptions options = plain_options();
  options.explain = true;
  EXPECT_THAT(people(answer, options),
              HasSubstr("score: words 12.500, definition +0.300, test -0.100"));
}

TEST(RenderForPeople, no_byte_of_a_file_or_name_reaches_the_terminal_as_control) {
  library::SearchAnswer answer = one_result();
  library::SearchHit& hit = answer.results[0];
  hit.path = "evil\x1b[2J\n.py";
  hit.symbol = "x\x1b]0;title\x07";
  hit.kind = "\x1b";
  hit.text =
      "\x1b[31mred\r\xc2\x9b"
      "1m\n\xff\xfe\n";
  hit.more = {{1, 2, "\x1bzz", 0.1}};
  const std::string shown = people(answer, plain_options());
  for (const char c : shown) {
    ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown;
  }
  EXPECT_THAT(shown, HasSubstr("evil\\x1b[2J\\x0a.py"));
}

TEST(RenderForPeople, lines_do_not_pass_the_width) {
  library::SearchAnswer answer = one_result();
  answer.results[0].text = std::string(500, 'x') + "\n";
  answer.results[0].symbol.clear();
  answer.results[0].more.clear();
  std::istringstream lines(people(answer, plain_options()));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), 80U);
  }
}

TEST(RenderPlain, prints_as_grep_does_with_the_line_that_names_the_symbol) {
  EXPECT_EQ(plain(one_result()),
            "src/net.py:11:def retry(self, count):\n"
            "src/net.py:40:Limit\n");
}

TEST(RenderPlain, without_a_symbol_the_line_with_most_words_stands_for_the_place) {
  library::SearchAnswer answer = one_result();
  answer.query = "limit retries";
  answer.results[0].symbol.clear();
  answer.results[0].text = "/****\n * words\n * retry\n * limits of retries\n";
  answer.results[0].more.clear();
  EXPECT_EQ(plain(answer), "src/net.py:13: * limits of retries\n");
}

TEST(RenderPlain, without_any_word_the_first_line_that_says_something_stands_for_the_place) {
  library::SearchAnswer answer = one_result();
  answer.results[0].symbol.clear();
  answer.results[0].text = "\n  \n/***\nfirst\nsecond\n";
  answer.results[0].more.clear();
  EXPECT_EQ(plain(answer), "src/net.py:13:first\n");
  answer.results[0].text.clear();
  EXPECT_EQ(plain(answer), "src/net.py:10:\n");
}

TEST(RenderPlain, context_prints_every_line_as_grep_does) {
  library::SearchAnswer answer = one_result();
  answer.results.push_back(answer.results[0]);
  for (library::SearchHit& hit : answer.results) {
    hit.context_start_line = 9;
    hit.context = "before\na\nb\nc\nafter";
  }
  const std::string one =
      "src/net.py-9-before\nsrc/net.py:10:a\nsrc/net.py:11:b\nsrc/net.py:12:c\nsrc/"
      "net.py-13-after\n";
  EXPECT_EQ(plain(answer), one + "--\n" + one);
}

TEST(RenderPlain, a_name_with_a_line_feed_is_still_one_line) {
  library::SearchAnswer answer = one_result();
  answer.results[0].path = "a\nb.py";
  answer.results[0].more.clear();
  EXPECT_EQ(plain(answer), "a\\x0ab.py:11:def retry(self, count):\n");
}

TEST(RenderPaths, prints_paths_only) {
  std::ostringstream out;
  render_paths(out, one_result(), plain_options());
  EXPECT_EQ(out.str(), "src/net.py\n");
}

}  // namespace
}  // namespace sonde::faces::cli
