#include "faces/cli/query_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sonde::faces::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> marked(const std::string& line, const std::string& query) {
  std::vector<std::string> parts;
  for (const Span& span : find_words(line, words_to_highlight(query))) {
    parts.push_back(line.substr(span.start, span.end - span.start));
  }
  return parts;
}

TEST(QueryWords, filters_exclusions_and_quotes_are_no_words) {
  EXPECT_THAT(words_to_highlight("open \"a file\" -closed lang:go path:src Open"),
              ElementsAre("open", "file"));
  EXPECT_THAT(filters_in_query("x lang:go \"lang:c in quotes\" path:\"a b\" std::vector"),
              ElementsAre("lang:go", "path:\"a b\""));
  EXPECT_EQ(without_filters("x lang:go -y kind:doc"), "x -y");
}

TEST(QueryWords, words_are_marked_in_identifiers_and_with_their_endings) {
  EXPECT_THAT(marked("def max_retries(retryLimit): limits", "retry limited"),
              ElementsAre("retries", "retry", "Limit", "limits"));
  EXPECT_THAT(marked("HTTPServer parseHTTP", "http"), ElementsAre("HTTP", "HTTP"));
}

TEST(QueryWords, the_inside_of_a_word_is_not_marked) {
  EXPECT_THAT(marked("concatenate cat", "cat"), ElementsAre("cat"));
}

TEST(QueryWords, any_bytes_are_safe) {
  EXPECT_TRUE(marked("", "x").empty());
  EXPECT_THAT(marked("\xff\xff"
                     "abc",
                     "abc"),
              ElementsAre());
  EXPECT_TRUE(words_to_highlight("\" - : -").empty());
  EXPECT_LE(words_to_highlight(std::string(100'000, 'a') + " b1 c2").size(), 64U);
}

}  // namespace
}  // namespace sonde::faces::cli
