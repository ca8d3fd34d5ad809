// `sonde unused`, `cycles` and `analyze` as people, scripts and CI see them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "faces/cli/exit_code.h"
#include "faces/cli/test_support.h"

namespace sonde::faces::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

library::CodePlace place_in(const Rig& rig, const std::string& path, const std::string& symbol) {
  library::CodePlace place;
  place.source = "0123456789abcdef";
  place.source_path = rig.folder + "/project";
  place.path = path;
  place.line = 7;
  place.end_line = 40;
  place.kind = "function";
  place.symbol = symbol;
  return place;
}

library::ComplexityFinding finding_in(const Rig& rig, const std::string& symbol,
                                      std::uint32_t value) {
  library::ComplexityFinding finding;
  finding.function.place = place_in(rig, "src/a b.py", symbol);
  finding.function.place.scope = "A";
  finding.metric = "cognitive";
  finding.value = value;
  finding.limit = 15;
  return finding;
}

TEST(UnusedCommand, groups_by_file_and_says_how_sure_it_is) {
  Rig rig;
  rig.with_library();
  rig.state.unused_answer.symbols = {{place_in(rig, "src/a.py", "f"), 0.95, "private"},
                                     {place_in(rig, "src/a.py", "g"), 0.8, "not said"}};
  rig.state.unused_answer.total = 2;
  rig.state.unused_answer.less_sure = 3;
  EXPECT_EQ(rig.run({"unused", "src", "-p", "*.py", "-l", "python", "--min-confidence", "0.7"}),
            kDone);
  EXPECT_EQ(rig.out,
            "src/a.py\n  7  function  f  0.95: private\n  7  function  g  0.80: not said\n");
  EXPECT_THAT(rig.err, HasSubstr("3 more with less confidence than 0.70"));
  const library::UnusedRequest& asked = rig.state.unused.at(0);
  EXPECT_THAT(asked.scope.within, ElementsAre(rig.folder + "/project/src"));
  EXPECT_THAT(asked.scope.path_globs, ElementsAre("*.py"));
  EXPECT_THAT(asked.scope.languages, ElementsAre("python"));
  EXPECT_DOUBLE_EQ(asked.min_confidence, 0.7);
  EXPECT_EQ(rig.run({"unused", "--fail", "--json"}), kNothingFound);
  const Json object = Json::parse(rig.out);
  EXPECT_EQ(object["schema"], "sonde.unused/1");
  EXPECT_EQ(object["symbols"][0]["confidence"], 0.95);
  EXPECT_EQ(object["less_sure"], 3);
  rig.state.unused_answer = {};
  EXPECT_EQ(rig.run({"unused", "--fail"}), kDone);
}

TEST(CyclesCommand, shows_a_way_round_and_counts_what_it_does_not_know) {
  Rig rig;
  rig.with_library();
  const std::string source = rig.folder + "/project";
  library::ImportCycle cycle;
  cycle.members = 5;
  cycle.paths = {"a.py", "b.py", "c.py", "d.py", "e.py"};
  cycle.steps = {{"s", source, "a.py", 1, "b", false}, {"s", source, "b.py", 3, "a", false}};
  rig.state.cycles_answer.cycles = {cycle};
  rig.state.cycles_answer.total = 1;
  rig.state.cycles_answer.unresolved = {{"os", 4}};
  rig.state.cycles_answer.index.notes = {"4 of 9 imports are of no file"};
  EXPECT_EQ(rig.run({"cycles"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("5 files in a circle; a shortest way round:\n"
                                 "  a.py:1  imports b\n  b.py:3  imports a\n"));
  EXPECT_THAT(rig.err, HasSubstr("4 of 9 imports are of no file"));
  EXPECT_EQ(rig.run({"cycles", "--json", "--fail"}), kNothingFound);
  const Json object = Json::parse(rig.out);
  EXPECT_EQ(object["cycles"][0]["steps"][1]["imported"], "a");
  EXPECT_EQ(object["unresolved"][0]["count"], 4);
}

TEST(AnalyzeCommand, shows_functions_without_a_threshold_and_takes_thresholds_from_the_settings) {
  Rig rig;
  rig.with_library();
  library::MeasuredFunction function;
  function.place = place_in(rig, "src/a.py", "f");
  function.measures = {12, 34, 3, 2};
  function.lines = 56;
  rig.state.analyze_answer.functions = {function};
  rig.state.analyze_answer.total = 1;
  EXPECT_EQ(rig.run({"analyze", "--top", "3"}), kDone);
  EXPECT_THAT(rig.out,
              HasSubstr("       34          12        3     56           2  src/a.py:7  f\n"));
  EXPECT_EQ(rig.state.analyzed.at(0).limit, 3U);
  EXPECT_EQ(rig.state.analyzed.at(0).thresholds, library::Thresholds{});
  rig.write("project/.sonde.toml", "[analyze]\ncognitive = 15\nlines = 90\n");
  EXPECT_EQ(rig.run({"analyze", "--max-lines", "0", "--max-nesting", "4"}), kDone);
  EXPECT_EQ(rig.state.analyzed.at(1).thresholds, (library::Thresholds{0, 15, 4, 0, 0}));
}

TEST(AnalyzeCommand, fails_for_what_is_new_or_worse_than_the_baseline_alone) {
  Rig rig;
  rig.with_library();
  rig.state.analyze_answer.findings = {finding_in(rig, "f", 20), finding_in(rig, "g", 30)};
  const std::vector<std::string> asked = {"analyze", "--max-cognitive", "15"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), asked.begin(), asked.end());
    return more;
  };
  EXPECT_EQ(rig.run(asked), kNothingFound);
  EXPECT_THAT(rig.out, HasSubstr("src/a b.py:7  cognitive complexity of A.f is 20, 15 at most\n"));
  EXPECT_EQ(rig.run(with({"--write-baseline", "known.json"})), kDone);
  EXPECT_EQ(rig.run(with({"--baseline", "known.json"})), kDone);
  EXPECT_EQ(rig.out, "");

  rig.state.analyze_answer.findings[0].function.place.line = 90;  // it moved
  rig.state.analyze_answer.findings[1].value = 31;
  rig.state.analyze_answer.findings.push_back(finding_in(rig, "h", 16));
  EXPECT_EQ(rig.run(with({"--baseline", "known.json", "--json"})), kNothingFound);
  const Json object = Json::parse(rig.out);
  EXPECT_EQ(object["failed"], true);
  EXPECT_EQ(object["findings"][0]["standing"], "known");
  EXPECT_EQ(object["findings"][1]["standing"], "worse");
  EXPECT_EQ(object["findings"][2]["standing"], "new");
}

TEST(AnalyzeCommand, refuses_a_baseline_that_is_none_and_findings_without_a_threshold) {
  Rig rig;
  rig.with_library();
  for (const char* text : {"", "[]", "{}", "{\"schema\":\"sonde.baseline/1\",\"findings\":[{}]}",
                           "{\"schema\":\"sonde.baseline/1\",\"findings\":[{\"path\":1}]}"}) {
    rig.write("project/bad.json", text);
    EXPECT_EQ(rig.run({"analyze", "--max-lines", "9", "--baseline", "bad.json"}), kFailure) << text;
    EXPECT_THAT(rig.err, HasSubstr("bad.json is no baseline"));
  }
  EXPECT_EQ(rig.run({"analyze", "--sarif"}), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("nothing is a finding without a threshold"));
}

/// What the schema of SARIF 2.1.0 requires of the objects that are used.
TEST(AnalyzeCommand, prints_sarif_with_what_its_schema_requires) {
  Rig rig;
  rig.with_library();
  rig.state.analyze_answer.findings = {finding_in(rig, "f", 20)};
  EXPECT_EQ(rig.run({"analyze", "--max-cognitive", "15", "--sarif"}), kNothingFound);
  const Json log = Json::parse(rig.out);
  EXPECT_EQ(log["version"], "2.1.0");
  ASSERT_EQ(log["runs"].size(), 1U);
  const Json& run = log["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["name"], "sonde");
  const Json& result = run["results"][0];
  EXPECT_EQ(result["message"]["text"], "cognitive complexity of A.f is 20, 15 at most");
  const Json& rule = run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()];
  EXPECT_EQ(rule["id"], result["ruleId"]);
  EXPECT_FALSE(rule["shortDescription"]["text"].get<std::string>().empty());
  const Json& location = result["locations"][0];
  const Json& artifact = location["physicalLocation"]["artifactLocation"];
  EXPECT_EQ(artifact["uri"], "src/a%20b.py");
  const Json& base = run["originalUriBaseIds"][artifact["uriBaseId"].get<std::string>()];
  EXPECT_THAT(base["uri"].get<std::string>(), testing::EndsWith("/project/"));
  EXPECT_EQ(location["physicalLocation"]["region"]["startLine"], 7);
  EXPECT_EQ(location["logicalLocations"][0]["fullyQualifiedName"], "A.f");
  EXPECT_EQ(run["invocations"][0]["executionSuccessful"], true);
  EXPECT_FALSE(result.contains("baselineState"));
  EXPECT_EQ(rig.run({"analyze", "--max-cognitive", "15", "--write-baseline", "known.json"}), kDone);
  EXPECT_EQ(rig.run({"analyze", "--max-cognitive", "15", "--baseline", "known.json", "--sarif"}),
            kDone);
  EXPECT_EQ(Json::parse(rig.out)["runs"][0]["results"][0]["baselineState"], "unchanged");
}

}  // namespace
}  // namespace sonde::faces::cli
