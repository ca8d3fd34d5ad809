// Questions about the structure of code, asked of whole libraries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
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
using ::testing::UnorderedElementsAre;

constexpr const char* kSessions = R"(import logging
from base import Base

class Session(Base):
    def get(self, url):
        # send is what does it
        return self.send(url)

    def send(self, url):
        def log():
            logging.info(url)
        log()
        return connect(url)

class Other:
    def get(self):
        return 1
)";
constexpr const char* kApp = R"(import { Session } from './sessions';

export function load(url: string): Session {
  const s = new Session();
  return s.get(url);
}
const handlers = [load];
load("x");
)";
constexpr const char* kHeader = "int connect(const char *url);\n";
constexpr const char* kConnect = R"(#include "connect.h"

int connect(const char *url)
{
	return open_socket(url);
}
)";

/// A project of a few files, indexed.
struct Project {
  explicit Project(const std::string& name, std::shared_ptr<embed::Encoder> with = nullptr)
      : scratch(name), encoder(std::move(with)) {
    write("pkg/sessions.py", kSessions);
    write("web/app.ts", kApp);
    write("c/connect.h", kHeader);
    write("c/connect.c", kConnect);
    write("tests/test_sessions.py",
          "from sessions import Session\n\ndef test_get():\n    Session().get('x')\n");
    write("README.md", "# Session\n\nCall get on a Session.\n");
    library = open();
    index_all(*library);
  }
  void write(const std::string& path, const std::string& text) const {
    write_file(root() + "/" + path, text);
  }
  [[nodiscard]] std::string root() const { return scratch.path() + "/tree"; }
  [[nodiscard]] LibrarySetup setup() const {
    return {root(), scratch.path() + "/library", 2, {}, encoder};
  }
  [[nodiscard]] std::unique_ptr<library::Library> open() const { return open_or_create(setup()); }

  ScratchFolder scratch;
  std::shared_ptr<embed::Encoder> encoder;
  std::unique_ptr<library::Library> library;
};

library::SymbolRequest of(const std::string& symbol, std::uint32_t depth = 1) {
  library::SymbolRequest request;
  request.symbol = symbol;
  request.depth = depth;
  return request;
}

std::string line_of(const library::CodePlace& place) {
  return place.path + ":" + std::to_string(place.line) + " " + place.kind + " " +
         (place.scope.empty() ? "" : place.scope + ".") + place.symbol;
}

template <typename Answer>
Answer must(Result<Answer> answer) {
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
  return answer.ok() ? std::move(answer).value() : Answer{};
}

std::vector<std::string> lines_of(const library::SymbolAnswer& answer) {
  std::vector<std::string> lines;
  for (const library::CodePlace& place : answer.places) {
    lines.push_back(line_of(place));
  }
  return lines;
}

std::vector<std::string> callers_of(const library::CallsAnswer& answer) {
  std::vector<std::string> lines;
  for (const library::CallEdge& edge : answer.edges) {
    lines.push_back(std::to_string(edge.depth) + " " + edge.caller.path + ":" +
                    std::to_string(edge.lines.front()) + " " +
                    (edge.caller.scope.empty() ? "" : edge.caller.scope + ".") +
                    edge.caller.symbol + " > " + edge.callee);
  }
  return lines;
}

TEST(Code, definitions_stand_before_declarations_and_code_before_tests) {
  const Project project("code-definition");
  EXPECT_THAT(lines_of(must(project.library->definition(of("connect"), {}))),
              ElementsAre("c/connect.c:3 function connect", "c/connect.h:1 function connect"));
  const library::SymbolAnswer get = must(project.library->definition(of("Session.get"), {}));
  EXPECT_THAT(lines_of(get), ElementsAre("pkg/sessions.py:5 function Session.get"));
  EXPECT_EQ(get.places[0].text, "def get(self, url):");
  EXPECT_EQ(get.places[0].end_line, 7U);
  EXPECT_TRUE(get.index.complete);
  EXPECT_THAT(lines_of(must(project.library->definition(of("Session::get"), {}))),
              ElementsAre("pkg/sessions.py:5 function Session.get"));
  // Functions within functions are no symbols of the word index, but are found.
  EXPECT_THAT(lines_of(must(project.library->definition(of("log"), {}))),
              ElementsAre("pkg/sessions.py:10 function Session.send.log"));
}

TEST(Code, what_is_found_only_loosely_is_said) {
  const Project project("code-loose");
  library::SymbolAnswer answer = must(project.library->definition(of("Nobody.send"), {}));
  EXPECT_THAT(lines_of(answer), ElementsAre("pkg/sessions.py:9 function Session.send"));
  EXPECT_THAT(answer.index.notes, Contains(HasSubstr("no send is defined in Nobody")));
  answer = must(project.library->definition(of("SEND"), {}));
  EXPECT_THAT(lines_of(answer), ElementsAre("pkg/sessions.py:9 function Session.send"));
  EXPECT_THAT(answer.index.notes, Contains(HasSubstr("upper and lower case")));
  EXPECT_THAT(lines_of(must(project.library->definition(of("nowhere_at_all"), {}))), IsEmpty());
  EXPECT_EQ(project.library->definition(of("++"), {}).error().code, Code::InvalidArgument);
  EXPECT_EQ(project.library->definition(of(""), {}).error().code, Code::InvalidArgument);
}

TEST(Code, references_are_edges_of_the_trees_and_then_mentions) {
  const Project project("code-references");
  EXPECT_THAT(
      lines_of(must(project.library->references(of("send"), {}))),
      ElementsAre("pkg/sessions.py:7 call Session.get", "pkg/sessions.py:6 mention Session.get"));
  library::SymbolRequest request = of("Session");
  request.mentions = false;
  EXPECT_THAT(
      lines_of(must(project.library->references(request, {}))),
      ElementsAre("web/app.ts:1 import ", "web/app.ts:3 type load", "web/app.ts:4 call load",
                  "tests/test_sessions.py:1 import ", "tests/test_sessions.py:4 call test_get"));
  EXPECT_THAT(lines_of(must(project.library->references(of("Base"), {}))),
              ElementsAre("pkg/sessions.py:2 import ", "pkg/sessions.py:4 inherit Session"));
  EXPECT_THAT(lines_of(must(project.library->references(of("load"), {}))),
              ElementsAre("web/app.ts:7 use handlers", "web/app.ts:8 call "));
  request.languages = {"python"};
  EXPECT_THAT(
      lines_of(must(project.library->references(request, {}))),
      ElementsAre("tests/test_sessions.py:1 import ", "tests/test_sessions.py:4 call test_get"));
  request.languages.clear();
  request.within = {project.root() + "/web"};
  request.limit = 1;
  const library::SymbolAnswer one = must(project.library->references(request, {}));
  EXPECT_EQ(one.places.size(), 1U);
  EXPECT_EQ(one.total, 3U);
}

TEST(Code, callers_and_callees_are_followed_to_a_depth) {
  const Project project("code-calls");
  EXPECT_THAT(callers_of(must(project.library->callers(of("connect"), {}))),
              ElementsAre("1 pkg/sessions.py:13 Session.send > connect"));
  EXPECT_THAT(callers_of(must(project.library->callers(of("connect", 3), {}))),
              ElementsAre("1 pkg/sessions.py:13 Session.send > connect",
                          "2 pkg/sessions.py:7 Session.get > send", "3 web/app.ts:5 load > get",
                          "3 tests/test_sessions.py:4 test_get > get"));
  const library::CallsAnswer callees = must(project.library->callees(of("send", 2), {}));
  EXPECT_THAT(callers_of(callees),
              UnorderedElementsAre("1 pkg/sessions.py:11 Session.send > info",
                                   "1 pkg/sessions.py:12 Session.send > log",
                                   "1 pkg/sessions.py:13 Session.send > connect",
                                   "2 pkg/sessions.py:11 Session.send.log > info",
                                   "2 c/connect.c:5 connect > open_socket"));
  for (const library::CallEdge& edge : callees.edges) {
    if (edge.callee == "connect") {
      EXPECT_EQ(edge.definitions_total, 2U);
      EXPECT_EQ(line_of(edge.definitions[0]), "c/connect.c:3 function connect");
    }
  }
  const library::CallsAnswer two = must(project.library->callees(of("get"), {}));
  EXPECT_THAT(two.index.notes, Contains(HasSubstr("2 definitions have this one")));
}

TEST(Code, outlines_show_what_files_define) {
  const Project project("code-outline");
  const library::OutlineAnswer file =
      must(project.library->outline({project.root() + "/pkg/sessions.py"}, {}));
  ASSERT_EQ(file.files.size(), 1U);
  std::vector<std::string> symbols;
  for (const library::OutlineSymbol& symbol : file.files[0].symbols) {
    symbols.push_back(std::string(symbol.depth, ' ') + symbol.kind + " " + symbol.name + " " +
                      std::to_string(symbol.line));
  }
  EXPECT_THAT(symbols, ElementsAre("class Session 4", " function get 5", " function send 9",
                                   "  function log 10", "class Other 15", " function get 16"));
  const library::OutlineAnswer folder = must(project.library->outline({project.root()}, {}));
  EXPECT_EQ(folder.total, 6U);
  for (const library::OutlineFile& each : folder.files) {
    for (const library::OutlineSymbol& symbol : each.symbols) {
      EXPECT_EQ(symbol.depth, 0U);
    }
  }
  EXPECT_EQ(project.library->outline({project.root() + "/none.py"}, {}).error().code,
            Code::NotFound);
  EXPECT_EQ(project.library->outline({"/elsewhere"}, {}).error().code, Code::InvalidArgument);
}

TEST(Code, edits_moves_and_removals_are_seen_at_once) {
  const Project project("code-edit");
  project.write("web/app.ts", "export function fetchAll() { return connect('y'); }\n");
  EXPECT_THAT(callers_of(must(project.library->callers(of("connect"), {}))),
              ElementsAre("1 pkg/sessions.py:13 Session.send > connect",
                          "1 web/app.ts:1 fetchAll > connect"));
  std::filesystem::rename(project.root() + "/web", project.root() + "/app");
  std::filesystem::remove(project.root() + "/pkg/sessions.py");
  EXPECT_THAT(callers_of(must(project.library->callers(of("connect"), {}))),
              ElementsAre("1 app/app.ts:1 fetchAll > connect"));
  EXPECT_THAT(lines_of(must(project.library->definition(of("Session"), {}))),
              ElementsAre("README.md:1 doc Session"));
}

TEST(Code, of_a_library_with_any_history_is_that_of_a_fresh_one) {
  const Project project("code-history");
  Corpus corpus(project.root() + "/corpus", 5);
  corpus.add_files(60);
  index_all(*project.library);
  project.write("web/app.ts", "export function fetchAll() { return connect('y'); }\n");
  std::filesystem::rename(project.root() + "/c", project.root() + "/core");
  index_all(*project.library);
  LibrarySetup fresh = project.setup();
  fresh.directory = project.scratch.path() + "/fresh";
  fresh.threads = 1;
  const auto other = open_or_create(fresh);
  index_all(*other);
  for (const char* symbol : {"connect", "Session", "get", "fetchAll", "retry"}) {
    EXPECT_EQ(lines_of(must(project.library->references(of(symbol), {}))),
              lines_of(must(other->references(of(symbol), {}))));
    EXPECT_EQ(lines_of(must(project.library->definition(of(symbol), {}))),
              lines_of(must(other->definition(of(symbol), {}))));
    EXPECT_EQ(callers_of(must(project.library->callers(of(symbol, 3), {}))),
              callers_of(must(other->callers(of(symbol, 3), {}))));
  }
}

/// Takes a library back to what the version before structures made.
void take_structures_away(const std::string& directory) {
  const auto vfs = store::ChecksumVfs::create("", store::ChecksumVfs::Locks::Shared);
  ASSERT_TRUE(vfs.ok());
  store::ConnectionOptions how;
  how.path = directory + "/library.db";
  how.mode = store::ConnectionOptions::Mode::Write;
  const auto connection = store::Connection::open(**vfs, how);
  ASSERT_TRUE(connection.ok()) << connection.error().message;
  ASSERT_TRUE((*connection)
                  ->script("BEGIN; DROP TABLE structures; DROP TABLE vector_blocks; "
                           "PRAGMA user_version=2; COMMIT")
                  .ok());
}

TEST(Code, of_an_older_library_is_said_to_be_unknown_and_read_by_the_next_index) {
  const auto encoder = std::make_shared<FakeEncoder>();
  Project project("code-upgrade", encoder);
  const std::vector<std::string> truth = dump_truth(project.setup().directory);
  const auto vectors = dump_vectors(project.setup().directory);
  const auto segments = segment_bytes(project.setup().directory);
  const auto answers = lines_of(must(project.library->references(of("get"), {})));
  const std::uint64_t embedded = encoder->counters().texts;
  project.library.reset();
  take_structures_away(project.setup().directory);

  project.library = project.open();
  const library::SymbolAnswer unknown = must(project.library->references(of("get"), {}));
  EXPECT_THAT(unknown.places, IsEmpty());
  EXPECT_EQ(unknown.structure.unknown_files, 6U);
  EXPECT_FALSE(unknown.index.complete);
  EXPECT_THAT(unknown.index.notes, Contains(HasSubstr("6 files is not known yet")));
  EXPECT_FALSE(ask(*project.library, "session").results.empty());

  const library::IndexReport report = index_all(*project.library);
  EXPECT_EQ(report.chunks_written, 0U);
  EXPECT_EQ(report.embedded, 0U);
  EXPECT_EQ(report.unchanged, 6U);
  EXPECT_EQ(lines_of(must(project.library->references(of("get"), {}))), answers);
  EXPECT_EQ(dump_truth(project.setup().directory), truth);
  EXPECT_EQ(dump_vectors(project.setup().directory), vectors);
  EXPECT_EQ(segment_bytes(project.setup().directory), segments);
  EXPECT_EQ(encoder->counters().texts, embedded);
  EXPECT_EQ(must(project.library->references(of("get"), {})).structure.unknown_files, 0U);
}

TEST(Code, of_forgotten_files_is_gone) {
  const Project project("code-forget");
  ASSERT_TRUE(project.library->forget({project.root() + "/pkg"}, {}).ok());
  EXPECT_THAT(must(project.library->callers(of("connect"), {})).edges, IsEmpty());
  EXPECT_THAT(lines_of(must(project.library->definition(of("log"), {}))), IsEmpty());
}

}  // namespace
}  // namespace sonde::testing
