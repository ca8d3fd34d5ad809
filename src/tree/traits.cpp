// What a path says about a file: whole components and the shapes of file names.

#include <algorithm>
#include <array>
#include <cstddef>

#include "tree/name_table.h"
#include "tree/names.h"
#include "tree/walk.h"

namespace sonde::tree {
namespace {

using std::string_view;

constexpr auto kTestFolders = sorted(std::to_array<string_view>({"test",
                                                                 "tests",
                                                                 "testing",
                                                                 "spec",
                                                                 "specs",
                                                                 "__tests__",
                                                                 "__test__",
                                                                 "__mocks__",
                                                                 "__fixtures__",
                                                                 "__snapshots__",
                                                                 "testdata",
                                                                 "test-data",
                                                                 "test_data",
                                                                 "fixture",
                                                                 "fixtures",
                                                                 "testsuite",
                                                                 "test-suite",
                                                                 "testcases",
                                                                 "test_utils",
                                                                 "testutil",
                                                                 "testutils",
                                                                 "unittest",
                                                                 "unittests",
                                                                 "unit-tests",
                                                                 "unit_tests",
                                                                 "integration-tests",
                                                                 "integration_tests",
                                                                 "integrationtest",
                                                                 "functional-tests",
                                                                 "functionaltests",
                                                                 "acceptance-tests",
                                                                 "regression-tests",
                                                                 "e2e",
                                                                 "e2e-tests",
                                                                 "androidtest",
                                                                 "commontest",
                                                                 "jvmtest",
                                                                 "jstest",
                                                                 "nativetest",
                                                                 "iostest",
                                                                 "mocks",
                                                                 "golden",
                                                                 "goldens",
                                                                 "cypress",
                                                                 "conformance",
                                                                 "t",
                                                                 "tck",
                                                                 "fuzz",
                                                                 "fuzzing",
                                                                 "benches",
                                                                 "benchmark",
                                                                 "benchmarks"}));

constexpr auto kExampleFolders = sorted(std::to_array<string_view>(
    {"example",    "examples",     "sample",      "samples",   "demo",       "demos",
     "docs_src",   "snippets",     "tutorial",    "tutorials", "playground", "playgrounds",
     "quickstart", "quickstarts",  "cookbook",    "recipes",   "sandbox",    "showcase",
     "_examples",  "code-samples", "code_samples"}));

// Code in these is there to be read beside prose; the prose itself is no example.
constexpr auto kDocumentFolders =
    sorted(std::to_array<string_view>({"doc", "docs", "documentation"}));
constexpr auto kProseEndings =
    std::to_array<string_view>({".md", ".mdx", ".rst", ".txt", ".adoc", ".asciidoc", ".org",
                                ".html", ".tex", ".d", ".1", ".3", ".7"});

constexpr auto kCompatFolders = sorted(std::to_array<string_view>(
    {"compat", "compatibility", "legacy", "deprecated", "polyfill", "polyfills", "shim", "shims",
     "backport", "backports", "obsolete", "_compat", "migration-compat"}));

constexpr auto kCompatStems = sorted(std::to_array<string_view>(
    {"compat", "_compat", "compatibility", "legacy", "deprecated", "deprecations", "polyfill",
     "polyfills", "shim", "shims", "backports", "py2compat", "py3compat"}));

// Lower case: what separates test names in languages of small letters.
constexpr auto kTestStemEndings = std::to_array<string_view>(
    {"_test",  "_tests", "_spec",  "_specs",     "-test",      "-tests",   "-spec",  ".test",
     ".tests", ".spec",  ".specs", "_unittest",  "_unittests", ".stories", ".story", ".cy",
     ".e2e",   ".bench", "_bench", "_benchmark", ".test-d",    ".spec-d"});
constexpr auto kTestStemStarts = std::to_array<string_view>({"test_", "tests_", "test-", "spec_"});
constexpr auto kTestNames =
    sorted(std::to_array<string_view>({"conftest", "test", "tests", "spec", "spec_helper",
                                       "test_helper", "testhelper", "setuptests"}));
// As written: a capital makes the border of a word.
constexpr auto kTestWords =
    std::to_array<string_view>({"Test", "Tests", "TestCase", "TestSuite", "TestBase", "Spec",
                                "Specs", "Benchmark", "Benchmarks"});
constexpr auto kStubEndings = std::to_array<string_view>(
    {".pyi", ".d.ts", ".d.mts", ".d.cts", ".rbi", ".mli", ".stub", ".stub.php"});
constexpr auto kTestExtensions = std::to_array<string_view>({".bats", ".snap", ".feature"});

bool is_lower_letter(char c) { return c >= 'a' && c <= 'z'; }

// "UserTest", "ParserSpec": the word ends the stem and something stands before it. "Latest" and
// "Contest" do not, their "test" is small.
bool ends_with_test_word(string_view stem) {
  return std::any_of(kTestWords.begin(), kTestWords.end(), [stem](string_view word) {
    return stem.size() > word.size() && stem.ends_with(word);
  });
}

// "TestParser": the word begins the stem and a capital follows.
bool starts_with_test_word(string_view stem) {
  constexpr string_view kWord = "Test";
  return stem.starts_with(kWord) && stem.size() > kWord.size() &&
         !is_lower_letter(stem[kWord.size()]);
}

void look_at_folder(string_view component, PathTraits& traits) {
  const std::string name = lower_name(component);
  traits.test = traits.test || has(kTestFolders, name) || name.ends_with(".tests") ||
                name.ends_with(".test") || name.ends_with("-tests") || name.ends_with("_tests") ||
                (component.size() > 5 && component.ends_with("Tests"));
  traits.example = traits.example || has(kExampleFolders, name) || name.ends_with("-examples") ||
                   name.ends_with("_examples") || name.ends_with(".samples");
  traits.compat = traits.compat || has(kCompatFolders, name) || name.ends_with("-compat") ||
                  name.ends_with("_compat");
  traits.vendored =
      traits.vendored || is_vendored_folder(component) || may_be_vendored_name(component);
}

void look_at_name(string_view name, PathTraits& traits) {
  const std::string lowered = lower_name(name);
  const std::size_t dot = name.rfind('.');
  const string_view stem = name.substr(0, dot == 0 ? string_view::npos : dot);
  const string_view lowered_stem = string_view(lowered).substr(0, stem.size());
  traits.stub = ends_with_one_of(lowered, kStubEndings);
  traits.generated = is_generated_name(name);
  traits.test = traits.test || has(kTestNames, lowered_stem) ||
                ends_with_one_of(lowered_stem, kTestStemEndings) ||
                ends_with_one_of(lowered, kTestExtensions) || ends_with_test_word(stem) ||
                starts_with_test_word(stem) ||
                std::any_of(kTestStemStarts.begin(), kTestStemStarts.end(),
                            [&](string_view start) { return lowered_stem.starts_with(start); });
  traits.example = traits.example || lowered_stem == "example" || lowered_stem == "demo" ||
                   lowered_stem.ends_with("_example") || lowered_stem.ends_with("-example") ||
                   lowered_stem.ends_with(".example") || lowered_stem.starts_with("example_") ||
                   lowered_stem.ends_with("_demo");
  traits.compat = traits.compat || has(kCompatStems, lowered_stem) ||
                  lowered_stem.ends_with("_compat") || lowered_stem.ends_with("-compat") ||
                  lowered_stem.ends_with("_deprecated") || lowered_stem.ends_with("_legacy") ||
                  lowered_stem.ends_with(".polyfill");
}

}  // namespace

PathTraits path_traits(string_view path) {
  PathTraits traits;
  const bool prose = ends_with_one_of(path, kProseEndings);
  while (true) {
    const std::size_t slash = path.find('/');
    if (slash == string_view::npos) {
      look_at_name(path, traits);
      return traits;
    }
    look_at_folder(path.substr(0, slash), traits);
    traits.example = traits.example || (!prose && has(kDocumentFolders, path.substr(0, slash)));
    path.remove_prefix(slash + 1);
  }
}

}  // namespace sonde::tree
