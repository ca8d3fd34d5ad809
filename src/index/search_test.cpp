#include "index/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "index/ranking.h"
#include "index/search_testing.h"
#include "text/analyzer.h"

namespace sonde::index {
namespace {

using search_testing::compact_segment_of;
using search_testing::dump;
using search_testing::found;
using search_testing::paths;
using search_testing::random_files;
using search_testing::segment_of;
using search_testing::TestDoc;
using search_testing::TestFile;
using search_testing::view_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// BM25 of every doc from its text alone: [file][doc].
std::vector<std::vector<double>> brute_force(const std::vector<TestFile>& files,
                                             const std::vector<std::string>& terms) {
  const Ranking ranking;
  text::Analyzer analyzer;
  double length = 0;
  double docs = 0;
  for (const TestFile& file : files) {
    for (const TestDoc& doc : file.docs) {
      analyzer.analyze(doc.text);
      length += analyzer.length();
      ++docs;
    }
  }
  std::vector<std::vector<double>> scores(files.size());
  for (std::size_t f = 0; f < files.size(); ++f) {
    scores[f].resize(files[f].docs.size());
  }
  for (const std::string& term : terms) {
    std::vector<std::tuple<std::size_t, std::size_t, double, double>> holds;
    for (std::size_t f = 0; f < files.size(); ++f) {
      for (std::size_t d = 0; d < files[f].docs.size(); ++d) {
        double tf = 0;
        for (const text::Word& word : analyzer.analyze(files[f].docs[d].text)) {
          tf += analyzer.term(word) == term ? 1 : 0;
        }
        const double words = analyzer.length();
        for (const text::Word& word : analyzer.analyze(files[f].docs[d].symbol)) {
          tf += analyzer.term(word) == term ? ranking.defines : 0;
        }
        if (tf > 0) {
          holds.emplace_back(f, d, tf, words);
        }
      }
    }
    const auto df = static_cast<double>(holds.size());
    const double idf = std::log(1 + (docs - df + 0.5) / (df + 0.5));
    for (const auto& [f, d, tf, words] : holds) {
      const double norm = ranking.k1 * (1 - ranking.b + ranking.b * words * docs / length);
      scores[f][d] += idf * (ranking.k1 + 1) * tf / (tf + norm);
    }
  }
  return scores;
}

TEST(Search, words_score_as_bm25_of_the_plain_texts) {
  const std::vector<TestFile> files = random_files(3, 60);
  const auto expected = brute_force(files, {"wcaq", "wbbq", "wzaq"});
  SearchOptions options;
  options.limit = 1000;
  options.by_chunk = true;
  const SearchResult result = found(view_of(files), "wcaq wbbq wzaq", options);
  std::size_t matching = 0;
  for (const auto& file : expected) {
    matching += static_cast<std::size_t>(
        std::count_if(file.begin(), file.end(), [](double score) { return score > 0; }));
  }
  EXPECT_GT(matching, 20U);
  EXPECT_EQ(result.matched_docs, matching);
  ASSERT_EQ(result.files.size(), matching);
  for (const FileHit& hit : result.files) {
    const auto file = static_cast<std::size_t>(
        std::find_if(files.begin(), files.end(),
                     [&](const TestFile& each) { return each.path == hit.path; }) -
        files.begin());
    const double score = expected[file][hit.chunks[0].ordinal];
    EXPECT_NEAR(hit.chunks[0].words, score, 1e-4 * score) << hit.path;
  }
}

/// The same files spread over `parts` segments, with other files that are dead in each.
using MakeSegment = std::shared_ptr<const Segment> (*)(const std::vector<TestFile>&);
IndexView spread(const std::vector<TestFile>& files, std::size_t parts, bool with_dead,
                 MakeSegment make = segment_of) {
  IndexView view;
  for (std::size_t p = 0; p < parts; ++p) {
    std::vector<TestFile> mine;
    for (std::size_t f = p; f < files.size(); f += parts) {
      mine.push_back(files[f]);
    }
    std::vector<std::string> dead_paths;
    if (with_dead) {
      for (TestFile dead : random_files(static_cast<std::uint32_t>(100 + p), 9)) {
        dead.path = "a" + std::to_string(p) + dead.path;
        dead_paths.push_back(dead.path);
        mine.push_back(std::move(dead));
      }
    }
    LiveSegment live{make(mine), {}};
    for (const std::string& path : dead_paths) {
      live.dead_files.push_back(live.segment->find_file("s", path).value());
    }
    std::sort(live.dead_files.begin(), live.dead_files.end());
    view.push_back(std::move(live));
  }
  return view;
}

TEST(Search, answers_do_not_depend_on_segments_or_dead_files_INV_10) {
  const std::vector<TestFile> files = random_files(17, 150);
  const IndexView one = spread(files, 1, false);
  SearchOptions options;
  options.explain = true;
  options.limit = 40;
  for (const char* query :
       {"wcaq wbbq", "wcaq -wdaq lang:c", "\"wcaq wdaq\" weaq", "waaq wbaq wcaq wdaq path:dir3",
        "symbol:wcaq", "wcaq kind:function", "f17 wcaq"}) {
    for (const bool by_chunk : {false, true}) {
      options.by_chunk = by_chunk;
      const std::string expected = dump(found(one, query, options));
      EXPECT_NE(expected, "0\n") << query;
      for (const std::size_t parts : {1U, 2U, 7U}) {
        EXPECT_EQ(dump(found(spread(files, parts, false), query, options)), expected) << query;
        EXPECT_EQ(dump(found(spread(files, parts, true), query, options)), expected) << query;
        EXPECT_EQ(dump(found(spread(files, parts, true, compact_segment_of), query, options)),
                  expected)
            << query;
      }
    }
  }
}

TEST(Search, identical_files_tie_in_order_of_their_paths) {
  std::vector<TestFile> files;
  for (int i = 0; i < 900; ++i) {
    files.push_back({"f" + std::to_string(1000 + i) + ".py", {{"same words here"}}});
  }
  EXPECT_THAT(paths(found(spread(files, 5, false), "same words", {.limit = 3})),
              ElementsAre("f1000.py", "f1001.py", "f1002.py"));
}

TEST(Search, a_filter_finds_even_the_worst_match) {
  std::vector<TestFile> files;
  for (int i = 0; i < 10'000; ++i) {
    files.push_back({"good/f" + std::to_string(i) + ".py", {{"needle needle needle needle"}}});
  }
  files.push_back({"bad/only.c", {{"needle and " + std::string(600, 'x') + " many other words"}}});
  files.back().language = "c";
  files.back().docs[0].kind = text::ChunkKind::Doc;
  const IndexView view = view_of(files);
  for (const char* query : {"needle lang:c", "needle path:bad", "needle kind:doc",
                            "needle path:b*/*.c", "needle \"many other\""}) {
    EXPECT_THAT(paths(found(view, query)), ElementsAre("bad/only.c")) << query;
  }
}

TEST(Search, scopes_confine_to_parts_of_sources) {
  std::vector<TestFile> files = {
      {"src/a.py", {{"needle"}}}, {"srcs/b.py", {{"needle"}}}, {"src/a.py", {{"needle"}}}};
  files[2].source = "t";
  Query query = parse_query("needle").value();
  query.scopes = {{"s", "src"}};
  const SearchResult result = search(view_of(files), query, {}, {}).value();
  ASSERT_EQ(result.files.size(), 1U);
  EXPECT_EQ(result.files[0].source + result.files[0].path, "ssrc/a.py");
}

TEST(Search, phrases_stand_in_order_and_cross_parts_of_identifiers) {
  const IndexView view = view_of({{"a.py", {{"the event loop runs"}}},
                                  {"b.py", {{"loop the event"}}},
                                  {"c.py", {{"x = runEventLoop()"}}},
                                  {"d.py", {{"event_loop"}}},
                                  {"e.py", {{"event big loop"}}}});
  EXPECT_THAT(paths(found(view, "\"event loop\"")), UnorderedElementsAre("a.py", "c.py", "d.py"));
  EXPECT_THAT(paths(found(view, "\"run event loop\"")), ElementsAre("c.py"));
  EXPECT_THAT(paths(found(view, "\"runEventLoop\"")), ElementsAre("c.py"));
  EXPECT_THAT(paths(found(view, "\"loop\" \"big\"")), ElementsAre("e.py"));
}

TEST(Search, excluded_words_and_phrases_are_in_no_answer) {
  const IndexView view = view_of({{"a.py", {{"retry with back off"}, {"retry test"}}},
                                  {"b.py", {{"retry test_case"}}},
                                  {"c.py", {{"retry off back"}}}});
  EXPECT_THAT(paths(found(view, "retry -test")), UnorderedElementsAre("a.py", "c.py"));
  EXPECT_EQ(found(view, "retry -test").files[0].chunks.size(), 1U);
  EXPECT_THAT(paths(found(view, "retry -\"back off\" -test")), ElementsAre("c.py"));
}

TEST(Search, symbols_are_found_by_name_and_by_scope) {
  TestFile file{"a.py", {{"def get(self)", "get"}, {"other get get get"}}};
  FileInput input;
  DocInput doc;
  doc.symbol = "get_user";
  doc.scope = "app.Session";
  doc.text = "def get_user";
  input.source = "s";
  input.path = "b.py";
  input.docs = {doc};
  const IndexView view = {{search_testing::make_memory_segment(
                               {search_testing::analyzed(file), analyze_file(input)}, "t")
                               .value(),
                           {}}};
  EXPECT_THAT(paths(found(view, "symbol:get")), ElementsAre("a.py"));
  EXPECT_EQ(found(view, "symbol:get").files[0].chunks.size(), 1U);
  for (const char* query : {"symbol:get_user", "symbol:getUser", "symbol:Session.get_user",
                            "symbol:app.Session.get_user", "symbol:Session::get_user"}) {
    EXPECT_THAT(paths(found(view, query)), ElementsAre("b.py")) << query;
  }
  EXPECT_THAT(paths(found(view, "symbol:Other.get_user")), IsEmpty());
}

TEST(Search, unicode_meets_whatever_way_it_is_written) {
  const IndexView view = view_of({{"a.py", {{"Zürich station"}}},
                                  {"b.py", {{"İstanbul"}}},
                                  {"c.py", {{"全文検索エンジン"}}},
                                  {"d.py", {{"launch 🚀"}}},
                                  {"e.py", {{"黒い猫"}}}});
  EXPECT_THAT(paths(found(view, "zurich")), ElementsAre("a.py"));
  EXPECT_THAT(paths(found(view, "ZÜRICH")), ElementsAre("a.py"));
  EXPECT_THAT(paths(found(view, "istanbul")), ElementsAre("b.py"));
  EXPECT_THAT(paths(found(view, "検索")), ElementsAre("c.py"));
  EXPECT_THAT(paths(found(view, "\"文検\"")), ElementsAre("c.py"));
  EXPECT_THAT(paths(found(view, "🚀")), ElementsAre("d.py"));
  EXPECT_THAT(paths(found(view, "猫")), ElementsAre("e.py"));
}

TEST(Search, stop_words_count_only_when_there_is_nothing_else) {
  const IndexView view = view_of(
      {{"a.py", {{"routes are registered here"}}}, {"b.py", {{"how are you and how is it"}}}});
  EXPECT_EQ(paths(found(view, "how are routes registered")).front(), "a.py");
  EXPECT_THAT(paths(found(view, "how are routes registered")), ElementsAre("a.py"));
  EXPECT_THAT(paths(found(view, "how is it")), ElementsAre("b.py"));
}

TEST(Search, a_definition_comes_before_its_uses_and_tests_come_later) {
  TestFile test{"tests/test_session.py", {{"class Session session session", "Session"}}};
  test.traits = kTest;
  const IndexView view =
      view_of({{"src/uses.py", {{"session session Session(session)"}}},
               {"src/model.py", {{"class Session: a session of a user", "Session"}}},
               test});
  EXPECT_EQ(paths(found(view, "Session")).front(), "src/model.py");
  EXPECT_EQ(paths(found(view, "session test")).front(), "tests/test_session.py");
}

TEST(Search, a_pasted_stack_trace_finds_its_frames_innermost_first) {
  const auto numbered = [](TestFile file) {
    FileInput input;
    input.source = "s";
    input.path = file.path;
    input.language = "python";
    for (std::uint32_t i = 0; i < file.docs.size(); ++i) {
      DocInput doc;
      doc.text = file.docs[i].text;
      doc.start_byte = 100 * i;
      doc.end_byte = 100 * i + 99;
      doc.start_line = 20 * i + 1;
      doc.end_line = 20 * i + 20;
      input.docs.push_back(doc);
    }
    return analyze_file(input);
  };
  const IndexView view = {
      {search_testing::make_memory_segment(
           {numbered({"app/main.py", {{"import pool and run run run"}, {"acquire a pool"}}}),
            numbered(
                {"app/db/pool.py", {{"the pool: acquire raise timeout"}, {"other"}, {"last"}}}),
            numbered({"app/noise.py", {{"acquire run raise timeout no connection pool pool"}}})},
           "t")
           .value(),
       {}}};
  const SearchResult result = found(view,
                                    "Traceback (most recent call last):\n"
                                    "  File \"/srv/app/main.py\", line 3, in <module>\n"
                                    "    run()\n"
                                    "  File \"/srv/app/db/pool.py\", line 45, in acquire\n"
                                    "    raise Timeout(\"no -connection\")\n");
  EXPECT_THAT(paths(result), ElementsAre("app/db/pool.py", "app/main.py", "app/noise.py"));
  EXPECT_EQ(result.files[0].chunks[0].start_line, 41U);
  EXPECT_EQ(found(view, "pool.py:25 pool").files[0].chunks[0].start_line, 21U);
  EXPECT_EQ(paths(found(view, "noise.py pool")).front(), "app/noise.py");
}

TEST(Search, other_platforms_and_older_versions_come_later_unless_asked_for) {
  const IndexView twins = view_of({{"src/unix/tcp.c", {{"accept a connection"}}},
                                   {"src/win/tcp.c", {{"accept a connection connection"}}}});
  EXPECT_EQ(paths(found(twins, "accept connection")).front(), "src/unix/tcp.c");
  EXPECT_EQ(paths(found(twins, "accept connection win")).front(), "src/win/tcp.c");
  EXPECT_EQ(paths(found(twins, "accept connection on windows")).front(), "src/win/tcp.c");
  const IndexView versions = view_of({{"api/v3/types.ts", {{"parse the schema schema"}}},
                                      {"api/v4/types.ts", {{"parse the schema"}}}});
  EXPECT_EQ(paths(found(versions, "parse schema")).front(), "api/v4/types.ts");
  EXPECT_EQ(paths(found(versions, "v3 parse schema")).front(), "api/v3/types.ts");
  const IndexView alone = view_of({{"api/v3/types.ts", {{"parse the schema schema"}}},
                                   {"web/v4/types.ts", {{"parse the schema"}}}});
  EXPECT_EQ(paths(found(alone, "parse schema")).front(), "api/v3/types.ts");
}

TEST(Search, scores_are_between_0_and_1_descend_and_are_explained) {
  SearchOptions options;
  options.limit = 100;
  options.explain = true;
  const IndexView view = view_of(random_files(9, 100));
  const SearchResult all = found(view, "wcaq wbbq wcbq", options);
  ASSERT_GT(all.files.size(), 10U);
  double last = 1;
  for (const FileHit& file : all.files) {
    EXPECT_LE(file.score, last);
    EXPECT_GT(file.score, 0);
    EXPECT_EQ(file.score, file.chunks[0].score);
    EXPECT_FALSE(file.parts.empty());
    EXPECT_LE(file.chunks.size(), 1 + options.more_per_file);
    last = file.score;
  }
  options.min_score = all.files[5].score;
  EXPECT_LE(found(view, "wcaq wbbq wcbq", options).files.size(), 10U);
  EXPECT_GE(found(view, "wcaq wbbq wcbq", options).files.size(), 6U);
}

TEST(Search, nothing_found_is_an_empty_answer) {
  EXPECT_THAT(found(view_of(random_files(2, 5)), "nowhere").files, IsEmpty());
  EXPECT_THAT(found({}, "nowhere").files, IsEmpty());
  EXPECT_THAT(found(view_of({}), "nowhere").files, IsEmpty());
}

TEST(Search, long_queries_are_answered) {
  std::string text;
  std::mt19937 random(4);
  while (text.size() < 60'000) {
    text += search_testing::random_text(random, 10) + " ";
  }
  const SearchResult result = found(view_of(random_files(2, 50)), text);
  EXPECT_FALSE(result.files.empty());
}

TEST(Search, a_cancelled_search_says_so) {
  CancelSource source;
  source.cancel();
  const auto result =
      search(view_of(random_files(2, 5)), parse_query("wcaq").value(), {}, source.token());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::Cancelled);
}

}  // namespace
}  // namespace sonde::index
