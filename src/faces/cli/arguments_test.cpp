#include "faces/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sonde::faces::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Invocation parsed(const std::vector<std::string>& arguments) {
  auto result = parse_arguments(arguments);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? result->invocation : Invocation{};
}

std::string refused(const std::vector<std::string>& arguments) {
  const auto result = parse_arguments(arguments);
  EXPECT_FALSE(result.ok());
  if (result.ok()) {
    return "";
  }
  EXPECT_EQ(result.error().code, Code::InvalidArgument);
  return result.error().message;
}

TEST(Arguments, of_questions_about_code_are_read) {
  const Invocation callers =
      parsed({"callers", "Session.get", "src", "--depth", "3", "-n", "7", "-l", "go,c"});
  EXPECT_EQ(callers.command, Command::Callers);
  EXPECT_EQ(callers.code.symbol.symbol, "Session.get");
  EXPECT_EQ(callers.code.symbol.depth, 3U);
  EXPECT_EQ(callers.code.symbol.limit, 7U);
  EXPECT_THAT(callers.code.symbol.within, ElementsAre("src"));
  EXPECT_THAT(callers.code.symbol.languages, ElementsAre("go", "c"));
  EXPECT_TRUE(callers.code.symbol.refresh);
  const Invocation references = parsed({"references", "get", "--no-mentions", "--no-refresh"});
  EXPECT_EQ(references.command, Command::References);
  EXPECT_FALSE(references.code.symbol.mentions);
  EXPECT_FALSE(references.code.symbol.refresh);
  EXPECT_EQ(parsed({"definition", "get"}).command, Command::Definition);
  EXPECT_EQ(parsed({"callees", "get"}).command, Command::Callees);
  const Invocation outline = parsed({"outline", "src", "--depth", "2"});
  EXPECT_EQ(outline.command, Command::Outline);
  EXPECT_EQ(outline.code.outline.path, "src");
  EXPECT_EQ(outline.code.outline.depth, 2U);
  EXPECT_FALSE(parse_arguments({"callers", "get", "--depth", "9"}).ok());
  EXPECT_FALSE(parse_arguments({"definition"}).ok());
}

TEST(Arguments, meaning_has_its_options) {
  const Invocation plain = parsed({"search", "x"});
  EXPECT_EQ(plain.search.request.mode, library::SearchMode::Auto);
  EXPECT_EQ(plain.search.request.budget_tokens, 0U);
  EXPECT_TRUE(parsed({"index"}).index.request.embed);
  EXPECT_FALSE(parsed({"index", "--no-embed"}).index.request.embed);
  const Invocation asked = parsed({"search", "x", "--mode", "hybrid", "--budget", "900"});
  EXPECT_EQ(asked.search.request.mode, library::SearchMode::Hybrid);
  EXPECT_EQ(asked.search.request.budget_tokens, 900U);
  const Invocation watch = parsed({"watch", "src", "docs", "--poll", "--no-embed"});
  EXPECT_EQ(watch.command, Command::Watch);
  EXPECT_THAT(watch.watch.paths, ElementsAre("src", "docs"));
  EXPECT_TRUE(watch.watch.poll);
  EXPECT_FALSE(watch.index.request.embed);
  EXPECT_EQ(plain.common.precision, "");
  EXPECT_EQ(parsed({"index", "--precision", "int8"}).common.precision, "int8");
  EXPECT_EQ(parsed({"watch", "--precision", "f32"}).common.precision, "f32");
  EXPECT_EQ(parsed({"embed", "x", "--precision", "auto"}).common.precision, "auto");
  EXPECT_FALSE(parse_arguments({"index", "--precision", "fp16"}).ok());
  const Invocation bench = parsed({"bench", "encoder", "--texts", "t", "--vectors", "v.npy"});
  EXPECT_EQ(bench.command, Command::BenchEncoder);
  EXPECT_EQ(bench.bench.encoder.texts, "t");
  EXPECT_EQ(bench.bench.encoder.vectors, "v.npy");
  const Invocation similar = parsed({"similar", "a.py:7", "src", "-n", "3", "--lang", "go"});
  EXPECT_EQ(similar.command, Command::Similar);
  EXPECT_EQ(similar.similar.place, "a.py:7");
  EXPECT_EQ(similar.search.request.limit, 3U);
  EXPECT_THAT(similar.search.request.within, ElementsAre("src"));
}

TEST(Arguments, a_search_takes_every_option) {
  const Invocation call = parsed(
      {"search", "where is it", "src",       "docs",    "-n",           "5",      "--mode",
       "words",  "--lang",      "go,c",      "--lang",  "rust",         "--path", "src/**",
       "--kind", "function",    "--symbol",  "get",     "--min-score",  "0.25",   "--context",
       "3",      "--chunks",    "--explain", "--exact", "--no-refresh", "--json"});
  EXPECT_EQ(call.command, Command::Search);
  const library::SearchRequest& request = call.search.request;
  EXPECT_EQ(request.query, "where is it");
  EXPECT_THAT(request.within, ElementsAre("src", "docs"));
  EXPECT_EQ(request.limit, 5U);
  EXPECT_TRUE(call.search.limit_given);
  EXPECT_THAT(request.languages, ElementsAre("go", "c", "rust"));
  EXPECT_THAT(request.path_globs, ElementsAre("src/**"));
  EXPECT_THAT(request.kinds, ElementsAre("function"));
  EXPECT_THAT(request.symbols, ElementsAre("get"));
  EXPECT_DOUBLE_EQ(request.min_score, 0.25);
  EXPECT_EQ(request.context_lines, 3U);
  EXPECT_TRUE(call.search.context_given);
  EXPECT_TRUE(request.by_chunk);
  EXPECT_TRUE(request.explain);
  EXPECT_TRUE(request.exact);
  EXPECT_FALSE(request.refresh);
  EXPECT_TRUE(call.json());
}

TEST(Arguments, a_benchmark_of_vectors_needs_its_three_files) {
  const Invocation call =
      parsed({"bench", "vectors", "--data", "a", "--queries", "b", "--truth", "c", "--k", "5"});
  EXPECT_EQ(call.command, Command::BenchVectors);
  EXPECT_EQ(call.bench.vectors.data, "a");
  EXPECT_EQ(call.bench.vectors.count, 5U);
  EXPECT_EQ(call.bench.vectors.dimensions, 384U);
  EXPECT_FALSE(parse_arguments({"bench", "vectors", "--data", "a"}).ok());
}

TEST(Arguments, an_option_with_a_value_takes_no_more_than_one) {
  const Invocation call = parsed({"search", "--lang", "go", "query", "--path", "a", "folder"});
  EXPECT_EQ(call.search.request.query, "query");
  EXPECT_THAT(call.search.request.within, ElementsAre("folder"));
}

TEST(Arguments, a_query_may_be_any_word_also_a_command) {
  for (const char* query : {"index", "search", "status", "source", "reset", "completion"}) {
    const Invocation call = parsed({"search", query});
    EXPECT_EQ(call.command, Command::Search) << query;
    EXPECT_EQ(call.search.request.query, query);
    EXPECT_TRUE(call.search.request.within.empty());
  }
}

TEST(Arguments, a_query_that_begins_with_a_minus_goes_after_two) {
  EXPECT_EQ(parsed({"search", "--", "-not this"}).search.request.query, "-not this");
  EXPECT_EQ(parsed({"search", "this -not"}).search.request.query, "this -not");
  EXPECT_THAT(refused({"search", "-not this"}), HasSubstr("after --"));
}

TEST(Arguments, odd_bytes_in_a_query_or_path_come_through) {
  const Invocation call = parsed({"search", "caf\xc3\xa9 \"a b\" [x] \xff", "\xfe.txt"});
  EXPECT_EQ(call.search.request.query, "caf\xc3\xa9 \"a b\" [x] \xff");
  EXPECT_THAT(call.search.request.within, ElementsAre("\xfe.txt"));
}

TEST(Arguments, options_everywhere_may_stand_before_and_after_the_command) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--library", "L", "--quiet", "--threads", "2", "--max-rss", "1GB", "status"},
           {"status", "--library", "L", "--quiet", "--threads", "2", "--max-rss", "1GB"}}) {
    const Invocation call = parsed(arguments);
    EXPECT_EQ(call.command, Command::Status);
    EXPECT_EQ(call.common.library, "L");
    EXPECT_TRUE(call.common.quiet);
    EXPECT_EQ(call.common.threads, 2U);
    EXPECT_EQ(call.common.max_rss_bytes, 1ULL << 30);
  }
}

TEST(Arguments, every_command_is_known) {
  const std::pair<std::vector<std::string>, Command> cases[] = {
      {{}, Command::None},
      {{"index"}, Command::Index},
      {{"index", "."}, Command::Index},
      {{"source", "add", "x"}, Command::SourceAdd},
      {{"source", "list"}, Command::SourceList},
      {{"source", "remove", "x"}, Command::SourceRemove},
      {{"status", "--skipped", "--quarantine"}, Command::Status},
      {{"forget", "a", "b"}, Command::Forget},
      {{"doctor", "--repair"}, Command::Doctor},
      {{"retry", "a.py"}, Command::Retry},
      {{"selftest", "--seconds", "5"}, Command::Selftest},
      {{"reset", "--yes"}, Command::Reset},
      {{"completion", "bash"}, Command::Completion},
      {{"serve"}, Command::Serve},
      {{"serve", "--listen", "[::1]:0", "--root", "a", "--root", "b", "--allow-host", "c"},
       Command::Serve},
  };
  for (const auto& [arguments, command] : cases) {
    EXPECT_EQ(parsed(arguments).command, command);
  }
}

TEST(Arguments, an_index_takes_jobs_as_threads) {
  const Invocation call = parsed({"index", "lib", "--force", "--compact", "--jobs", "3"});
  EXPECT_EQ(call.index.path, "lib");
  EXPECT_TRUE(call.index.request.force);
  EXPECT_TRUE(call.index.request.compact);
  EXPECT_EQ(call.common.threads, 3U);
}

TEST(Arguments, mistakes_are_named_with_the_way_to_the_help) {
  EXPECT_THAT(refused({"serach", "x"}), HasSubstr("no command \"serach\""));
  EXPECT_THAT(refused({"search"}), HasSubstr("sonde search --help"));
  EXPECT_THAT(refused({"search", "x", "--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(refused({"search", "x", "-n", "0"}), HasSubstr("--limit"));
  EXPECT_THAT(refused({"search", "x", "-n", "many"}), HasSubstr("many"));
  EXPECT_THAT(refused({"search", "x", "--min-score", "2"}), HasSubstr("--min-score"));
  EXPECT_THAT(refused({"search", "x", "--kind", "banana"}), HasSubstr("banana"));
  EXPECT_THAT(refused({"search", "x", "--mode", "magic"}), HasSubstr("magic"));
  EXPECT_THAT(refused({"search", "x", "--files", "--chunks"}), HasSubstr("--files"));
  EXPECT_THAT(refused({"source"}), HasSubstr("sonde source --help"));
  EXPECT_THAT(refused({"source", "add"}), HasSubstr("sonde source add --help"));
  EXPECT_THAT(refused({"forget"}), HasSubstr("sonde forget --help"));
  EXPECT_THAT(refused({"completion", "tcsh"}), HasSubstr("tcsh"));
  EXPECT_THAT(refused({"status", "--max-rss", "lots"}), HasSubstr("lots"));
  EXPECT_THAT(refused({"status", "--max-rss", "1MB"}), HasSubstr("at least 64MB"));
  EXPECT_THAT(refused({"--color", "pink", "status"}), HasSubstr("pink"));
}

TEST(Arguments, help_and_version_are_there_for_every_command) {
  EXPECT_THAT(parse_arguments({"--version"})->print, testing::StartsWith("sonde "));
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"index", "--help"}, {"source", "add", "-h"}, {"search", "--help"}}) {
    const auto result = parse_arguments(arguments);
    ASSERT_TRUE(result.ok());
    EXPECT_THAT(result->print, HasSubstr("--library"));
  }
  EXPECT_THAT(parse_arguments({"search", "--help"})->print, HasSubstr("--no-refresh"));
}

}  // namespace
}  // namespace sonde::faces::cli
