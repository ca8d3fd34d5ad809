// What nothing uses, which imports go in a circle, how complex functions are: asked of whole
// libraries.

#include "library/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/checksum_vfs.h"
#include "store/sqlite.h"
#include "support/corpus.h"
#include "support/fake_encoder.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Files = std::vector<std::pair<const char*, const char*>>;

struct Project {
  Project(const std::string& name, const Files& files,
          std::shared_ptr<embed::Encoder> with = nullptr)
      : scratch(name), encoder(std::move(with)) {
    for (const auto& [path, text] : files) {
      write_file(root() + "/" + path, text);
    }
    library = open_or_create(setup());
    index_all(*library);
  }
  [[nodiscard]] std::string root() const { return scratch.path() + "/tree"; }
  [[nodiscard]] LibrarySetup setup() const {
    return {root(), scratch.path() + "/library", 2, {}, encoder};
  }
  ScratchFolder scratch;
  std::shared_ptr<embed::Encoder> encoder;
  std::unique_ptr<library::Library> library;
};

template <typename Answer>
Answer must(Result<Answer> answer) {
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
  return answer.ok() ? std::move(answer).value() : Answer{};
}

/// "path name" of everything that nothing seems to use.
std::vector<std::string> unused_in(const Project& project, double confidence = 0.6) {
  library::UnusedRequest request;
  request.min_confidence = confidence;
  std::vector<std::string> names;
  for (const library::UnusedSymbol& each : must(project.library->unused(request, {})).symbols) {
    EXPECT_LT(each.confidence, 1.0);
    EXPECT_FALSE(each.reason.empty());
    names.push_back(each.place.path + " " + each.place.symbol);
  }
  return names;
}

TEST(Unused, is_what_no_code_names_in_any_language) {
  const Project project(
      "unused-languages",
      {{"a.py", "def used(): pass\ndef dead(n):\n    return dead(n - 1)\nused()\n"},
       {"b.c",
        "static int dead_c(void) { return 1; }\nint main(void) { return helper(); }\n"
        "int helper(void) { return 2; }\n"},
       {"b.h", "int helper(void);\n"},
       {"c.ts", "function deadTs() {}\nfunction live() {}\nexport const x = [live];\n"},
       {"d.go", "package d\nfunc deadGo() {}\nfunc Live() { x.other() }\nfunc other() {}\n"},
       {"e.rs", "fn dead_rs() {}\nfn main() { live(); }\nfn live() {}\n"},
       {"F.java",
        "class F { private void deadJava() {} public void api() {} }\n"
        "class G { F f; G() {} }\n"}});
  EXPECT_THAT(unused_in(project),
              ElementsAre("F.java deadJava", "F.java G", "a.py dead", "b.c dead_c", "c.ts deadTs",
                          "d.go deadGo", "e.rs dead_rs"));
}

TEST(Unused, leaves_out_what_is_used_without_being_named) {
  const Project project(
      "unused-entries",
      {{"a.py",
        "import x\n@app.route('/')\ndef handler(): pass\nclass A(x.Base):\n"
        "    def __repr__(self): pass\n    def run(self): pass\nA()\n"},
       {"tests/test_a.py", "def test_it(): pass\ndef make(): pass\n"},
       {"b.rs", "struct S;\nimpl Display for S { fn fmt(&self) {} }\nfn main() { S }\n"},
       {"C.java",
        "class C { @Override public String toString() { return \"\"; } C() {} }\nnew C();\n"},
       {"d.cpp", "struct D { D(); ~D(); void v() override; };\nint main() { D d; }\n"}});
  EXPECT_THAT(unused_in(project), IsEmpty());
}

TEST(Unused, is_less_sure_where_the_name_is_spoken_of) {
  const Project project("unused-spoken", {{"a.py",
                                           "def _in_string(): pass\ndef _in_text(): pass\n"
                                           "def _in_build(): pass\ndef _nowhere(): pass\n"
                                           "print('_in_string')\n"},
                                          {"README.md", "# About\n\nCall `_in_text` never.\n"},
                                          {"Makefile", "all:\n\tpython -c _in_build\n"}});
  EXPECT_THAT(unused_in(project), ElementsAre("a.py _in_text", "a.py _nowhere"));
  library::UnusedRequest request;
  request.min_confidence = 0;
  std::vector<std::string> reasons;
  for (const auto& each : must(project.library->unused(request, {})).symbols) {
    reasons.push_back(each.place.symbol + ": " + each.reason);
  }
  EXPECT_THAT(reasons, Contains("_in_string: private; its name stands in a string (a.py:5)"));
  EXPECT_THAT(reasons, Contains("_in_text: private; a comment or text speaks of it (README.md:3)"));
  EXPECT_THAT(reasons, Contains(HasSubstr("_in_build: private; its name stands in a file that is "
                                          "no code (Makefile:2)")));
  EXPECT_THAT(reasons, Contains("_nowhere: private"));
}

TEST(Unused, is_less_sure_of_what_is_public_and_looks_for_uses_outside_of_the_scope) {
  const Project project("unused-public", {{"src/a.rs", "pub fn api() {}\npub fn used() {}\n"},
                                          {"bin/b.rs", "fn main() { used(); }\nfn dead() {}\n"}});
  EXPECT_THAT(unused_in(project), ElementsAre("bin/b.rs dead"));
  EXPECT_THAT(unused_in(project, 0.4), ElementsAre("bin/b.rs dead", "src/a.rs api"));
  library::UnusedRequest request;
  request.min_confidence = 0;
  request.scope.path_globs = {"src/**"};
  const library::UnusedAnswer answer = must(project.library->unused(request, {}));
  ASSERT_EQ(answer.symbols.size(), 1U);
  EXPECT_EQ(answer.symbols[0].place.symbol, "api");
  EXPECT_EQ(answer.definitions, 2U);
}

std::vector<std::string> cycles_of(const library::CyclesAnswer& answer) {
  std::vector<std::string> lines;
  for (const library::ImportCycle& cycle : answer.cycles) {
    std::string line = std::to_string(cycle.members) + ":";
    for (const library::CycleStep& step : cycle.steps) {
      line += " " + step.path + ":" + std::to_string(step.line);
    }
    lines.push_back(line);
  }
  return lines;
}

TEST(Cycles, are_found_in_each_language_with_a_shortest_way_round) {
  const Project project(
      "cycles-languages",
      {{"p/__init__.py", ""},
       {"p/a.py", "from . import b\n"},
       {"p/b.py", "import os\n\nfrom p.c import f\n"},
       {"p/c.py", "from .a import g\nfrom .b import h\n"},
       {"w/x.ts", "import { y } from './y';\n"},
       {"w/y.ts", "export { x } from './x.js';\n"},
       {"go.mod", "module example.com/m\n\ngo 1.22\n"},
       {"g/one/a.go", "package one\n\nimport \"example.com/m/g/two\"\n"},
       {"g/two/b.go", "package two\n\nimport (\n\t\"fmt\"\n\t\"example.com/m/g/one\"\n)\n"},
       {"g/two/b_test.go", "package two\n"},
       {"c/l.h", "#include \"m.h\"\n"},
       {"c/m.h", "#include \"l.h\"\n"},
       {"r/src/lib.rs", "mod a;\nmod b;\n"},
       {"r/src/a.rs", "use crate::b::f;\n"},
       {"r/src/b.rs", "use crate::a::{g, h};\n"}});
  const library::CyclesAnswer answer = must(project.library->cycles({}, {}));
  EXPECT_THAT(
      cycles_of(answer),
      ElementsAre("3: p/b.py:3 p/c.py:2", "2: c/l.h:1 c/m.h:1", "2: g/one/a.go:3 g/two/b.go:5",
                  "2: r/src/a.rs:1 r/src/b.rs:1", "2: w/x.ts:1 w/y.ts:1"));
  EXPECT_EQ(answer.total, 5U);
  EXPECT_EQ(answer.imports, 14U);
  EXPECT_EQ(answer.resolved, 12U);  // not os and fmt
  EXPECT_THAT(answer.index.notes, Contains(HasSubstr("2 of 14 imports are of no file")));
}

TEST(Cycles, are_none_where_an_import_is_late_or_of_types_alone) {
  const Project project(
      "cycles-none",
      {{"a.py", "import b\n"},
       {"b.py", "def f():\n    import a\n"},
       {"c.py", "import d\n"},
       {"d.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import c\n"},
       {"x.ts", "import { y } from './y';\n"},
       {"y.ts", "import type { x } from './x';\n"}});
  const library::CyclesAnswer answer = must(project.library->cycles({}, {}));
  EXPECT_THAT(answer.cycles, IsEmpty());
  EXPECT_EQ(answer.deferred, 1U);
}

constexpr const char* kComplex =
    "def simple():\n    return 1\n\n"
    "def nested(a, b):\n    if a:\n        for x in b:\n            if x and a:\n"
    "                return x\n";

TEST(Analyze, shows_the_most_complex_functions_first_and_what_is_beyond_a_threshold) {
  const Project project("analyze", {{"a.py", kComplex}});
  library::AnalyzeRequest request;
  const library::AnalyzeAnswer answer = must(project.library->analyze(request, {}));
  ASSERT_EQ(answer.functions.size(), 2U);
  const library::MeasuredFunction& first = answer.functions[0];
  EXPECT_EQ(first.place.symbol, "nested");
  EXPECT_EQ(first.measures, (text::Measures{5, 7, 3, 2}));
  EXPECT_EQ(first.lines, 5U);
  EXPECT_EQ(answer.functions[1].measures, (text::Measures{1, 0, 0, 0}));
  EXPECT_THAT(answer.findings, IsEmpty());
  EXPECT_DOUBLE_EQ(answer.mean_cognitive, 3.5);

  request.thresholds.cognitive = 6;
  request.thresholds.parameters = 2;
  const library::AnalyzeAnswer limited = must(project.library->analyze(request, {}));
  ASSERT_EQ(limited.findings.size(), 1U);
  EXPECT_EQ(limited.findings[0].metric, "cognitive");
  EXPECT_EQ(limited.findings[0].value, 7U);
  request.scope.languages = {"go"};
  EXPECT_EQ(must(project.library->analyze(request, {})).total, 0U);
}

/// As an older version left it: structures of another version.
void make_structures_old(const std::string& directory) {
  const auto vfs = store::ChecksumVfs::create("", store::ChecksumVfs::Locks::Shared);
  ASSERT_TRUE(vfs.ok());
  store::ConnectionOptions how;
  how.path = directory + "/library.db";
  how.mode = store::ConnectionOptions::Mode::Write;
  const auto connection = store::Connection::open(**vfs, how);
  ASSERT_TRUE(connection.ok()) << connection.error().message;
  ASSERT_TRUE((*connection)->script("BEGIN; UPDATE structures SET version=1; COMMIT").ok());
}

TEST(Analyze, of_a_library_from_before_is_said_to_be_unknown_and_costs_no_chunk_and_no_vector) {
  const auto encoder = std::make_shared<FakeEncoder>();
  Project project("analyze-upgrade", {{"a.py", kComplex}}, encoder);
  const std::uint64_t embedded = encoder->counters().texts;
  project.library.reset();
  make_structures_old(project.setup().directory);
  project.library = open_or_create(project.setup());
  const library::AnalyzeAnswer unknown = must(project.library->analyze({}, {}));
  EXPECT_EQ(unknown.total, 0U);
  EXPECT_EQ(unknown.structure.unknown_files, 1U);
  EXPECT_FALSE(unknown.index.complete);
  const library::IndexReport report = index_all(*project.library);
  EXPECT_EQ(report.chunks_written, 0U);
  EXPECT_EQ(must(project.library->analyze({}, {})).total, 2U);
  EXPECT_EQ(encoder->counters().texts, embedded);
}

}  // namespace
}  // namespace sonde::testing
