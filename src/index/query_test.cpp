#include "index/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace sonde::index {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Query parsed(std::string_view text) {
  auto query = parse_query(text);
  EXPECT_TRUE(query.ok()) << text;
  return query.ok() ? std::move(query).value() : Query{};
}

Error refused(std::string_view text) {
  auto query = parse_query(text);
  EXPECT_FALSE(query.ok()) << text;
  return query.ok() ? Error{} : query.error();
}

TEST(Query, words_phrases_exclusions_and_filters_come_apart) {
  const Query query = parsed(
      R"(retry "back off" limit -test -"old code" lang:python path:src/**/x.py kind:function symbol:Session.get)");
  EXPECT_EQ(query.words, "retry limit");
  EXPECT_THAT(query.phrases, ElementsAre("back off"));
  EXPECT_THAT(query.excluded, ElementsAre("test", "old code"));
  EXPECT_THAT(query.languages, ElementsAre("python"));
  EXPECT_THAT(query.paths, ElementsAre("src/**/x.py"));
  EXPECT_THAT(query.kinds, ElementsAre(text::ChunkKind::Function));
  EXPECT_THAT(query.symbols, ElementsAre("Session.get"));
}

TEST(Query, code_is_words) {
  for (const char* text : {"std::vector", "http://x/y", "a->b", "x - y", "--no-refresh", "-1 z",
                           "path::join", "symbol::iterator", R"(printf("%d"))", "key:value"}) {
    const Query query = parsed(text);
    EXPECT_EQ(query.words, text);
    EXPECT_THAT(query.excluded, IsEmpty());
  }
}

TEST(Query, an_open_quote_is_closed_at_the_end) {
  EXPECT_THAT(parsed("\"event loop").phrases, ElementsAre("event loop"));
  EXPECT_THAT(parsed("x path:\"my folder/a").paths, ElementsAre("my folder/a"));
}

TEST(Query, values_may_be_quoted_listed_and_called_by_other_names) {
  EXPECT_THAT(parsed("x path:\"my folder\"").paths, ElementsAre("my folder"));
  EXPECT_THAT(parsed("x lang:C++,js language:py").languages,
              ElementsAre("cpp", "javascript", "python"));
  EXPECT_THAT(parsed("x kind:class,method").kinds,
              ElementsAre(text::ChunkKind::Class, text::ChunkKind::Function));
}

TEST(Query, nothing_to_search_for_is_refused) {
  for (const char* text : {"", "   ", "\"\"", "-x", "lang:c", "path:src kind:class",
                           "-> ++ ::", "\"--\"", "\xFF\xFE"}) {
    EXPECT_EQ(refused(text).code, Code::InvalidArgument) << text;
  }
  EXPECT_THAT(parsed("symbol:get").symbols, ElementsAre("get"));
  EXPECT_EQ(parsed("how is it").words, "how is it");
}

TEST(Query, a_filter_that_cannot_be_says_what_would_be_right) {
  EXPECT_THAT(refused("x lang:").message, HasSubstr("lang:python"));
  EXPECT_THAT(refused("x path: y").message, HasSubstr("path:src"));
  EXPECT_THAT(refused("x symbol:..").message, HasSubstr("symbol:Session.get"));
  EXPECT_THAT(refused("x kind:banana").message, HasSubstr("function"));
  EXPECT_THAT(refused("x -lang:c").message, HasSubstr("negated"));
}

TEST(Query, sizes_are_bounded) {
  EXPECT_EQ(refused(std::string(kQueryLimitBytes + 1, 'x')).code, Code::Limit);
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "-a ";
  }
  EXPECT_EQ(refused("x " + many).code, Code::Limit);
}

TEST(Query, any_bytes_parse_or_are_refused) {
  std::mt19937 random(5);
  constexpr std::string_view kAlphabet = "\"\"-: alng:path:kind:\xC3\xA4\xFF\n\t*[]{}()\\x,";
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 60, '\0');
    for (char& c : text) {
      c = kAlphabet[random() % kAlphabet.size()];
    }
    const auto query = parse_query(text);
    if (!query.ok()) {
      EXPECT_FALSE(query.error().message.empty());
    }
  }
}

struct PathCase {
  const char* pattern;
  const char* path;
  bool matches;
};

TEST(PathMatches, globs_folders_and_names) {
  const PathCase cases[] = {
      {"src", "src/a.py", true},
      {"src/", "src/a.py", true},
      {"./src", "src/a.py", true},
      {"flask", "src/flask/app.py", true},
      {"src/flask", "src/flask/app.py", true},
      {"app.py", "src/flask/app.py", true},
      {"app", "src/flask/app.py", false},
      {"sr", "src/a.py", false},
      {"/flask", "src/flask/app.py", false},
      {"/src", "src/flask/app.py", true},
      {"*.py", "src/flask/app.py", true},
      {"*.py", "app.pyc", false},
      {"src/*.py", "src/flask/app.py", false},
      {"src/*/app.py", "src/flask/app.py", true},
      {"src/**/app.py", "src/app.py", true},
      {"src/**/app.py", "src/a/b/app.py", true},
      {"src/**/app.py", "src/a/b/xapp.py", false},
      {"src/**", "src/a/b.py", true},
      {"**/b.py", "b.py", true},
      {"lib/src/*", "other/lib/src/x", true},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"a?c",
       "a\xC3\xA4"
       "c",
       true},
      {"a[b-d]c", "acc", true},
      {"a[!b-d]c", "acc", false},
      {"a[!b-d]c", "axc", true},
      {"a[b", "a[b", true},
      {"[", "[", true},
      {"*", "a", true},
      {"", "anything", true},
  };
  for (const PathCase& each : cases) {
    EXPECT_EQ(path_matches(each.pattern, each.path), each.matches)
        << each.pattern << " on " << each.path;
  }
}

TEST(PathMatches, many_stars_stay_cheap) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "*a**";
  }
  EXPECT_FALSE(path_matches(pattern + "b", std::string(2'000, 'a')));
}

}  // namespace
}  // namespace sonde::index
