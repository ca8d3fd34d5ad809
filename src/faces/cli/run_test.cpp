#include "faces/cli/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "faces/cli/exit_code.h"
#include "faces/cli/test_support.h"

namespace sonde::faces::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

TEST(Run, without_arguments_the_three_most_useful_commands_are_named) {
  Rig rig;
  EXPECT_EQ(rig.run({}), kDone);
  for (const char* command : {"sonde index", "sonde search", "sonde status"}) {
    EXPECT_THAT(rig.out, HasSubstr(command));
  }
}

TEST(Run, a_mistake_is_said_on_stderr_and_exits_2) {
  Rig rig;
  EXPECT_EQ(rig.run({"search"}), kFailure);
  EXPECT_THAT(rig.err, testing::StartsWith("sonde: "));
  EXPECT_EQ(rig.out, "");
}

TEST(Run, with_json_an_error_is_an_object_too) {
  Rig rig;
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"search", "--json"}, {"search", "x", "--json"}, {"status", "--json"}}) {
    EXPECT_EQ(rig.run(arguments), kFailure);
    const Json object = Json::parse(rig.out);
    EXPECT_EQ(object["schema"], "sonde.error/1");
    EXPECT_EQ(object["error"]["exit_code"], 2);
    EXPECT_FALSE(object["error"]["message"].get<std::string>().empty());
    EXPECT_FALSE(object["error"]["code"].get<std::string>().empty());
  }
}

TEST(Run, every_code_has_its_exit_code_and_a_remedy) {
  const std::pair<Code, int> codes[] = {
      {Code::NotFound, 2},    {Code::InvalidArgument, 2}, {Code::Corruption, 3},
      {Code::Io, 2},          {Code::NoSpace, 2},         {Code::Busy, 4},
      {Code::Cancelled, 130}, {Code::Unsupported, 2},     {Code::Limit, 2},
      {Code::Internal, 2},
  };
  Rig rig;
  rig.with_library();
  for (const auto& [code, exit_code] : codes) {
    rig.state.error = Error{code, "the message"};
    EXPECT_EQ(rig.run({"search", "x", "--json"}), exit_code) << code_name(code);
    EXPECT_EQ(Json::parse(rig.out)["error"]["exit_code"], exit_code);
  }
  rig.state.error.reset();
  rig.state.open_error = Error{Code::Corruption, "library.db is empty"};
  EXPECT_EQ(rig.run({"search", "x"}), kNeedsRepair);
  EXPECT_THAT(rig.err, HasSubstr("sonde doctor"));
}

TEST(Run, an_interrupted_index_says_that_it_goes_on) {
  Rig rig;
  rig.with_library();
  rig.cancel.cancel();
  EXPECT_EQ(rig.run({"index"}), kInterrupted);
  EXPECT_THAT(rig.err, HasSubstr("goes on from there"));
  EXPECT_EQ(std::count(rig.err.begin(), rig.err.end(), '\n'), 1);
}

TEST(Run, an_exception_becomes_a_message) {
  Rig rig;
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in;
  Streams streams{out, err, in, {}, {}, false, false};
  LibraryDoor door;
  door.open = [](const library::LibraryOptions&) -> LibraryDoor::Opened {
    throw std::runtime_error("thrown in a test");
  };
  rig.with_library();
  EXPECT_EQ(run({"status"}, rig.environment, streams, door, {}, {}), kFailure);
  EXPECT_THAT(err.str(), HasSubstr("thrown in a test"));
}

TEST(CodeQuestions, print_places_and_exit_1_when_there_are_none) {
  Rig rig;
  rig.with_library();
  library::CodePlace place;
  place.source_path = rig.folder + "/project";
  place.path = "src/net.py";
  place.line = 7;
  place.kind = "function";
  place.symbol = "get";
  place.scope = "Session";
  place.text = "def get(self):\x1b[31m";
  rig.state.symbol_answer.places = {place};
  rig.state.symbol_answer.total = 3;
  EXPECT_EQ(rig.run({"definition", "get", "src"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("src/net.py:7  function  Session.get  def get(self):"));
  EXPECT_EQ(rig.out.find('\x1b'), std::string::npos);
  EXPECT_THAT(rig.err, HasSubstr("1 of 3 places"));
  EXPECT_THAT(rig.state.symbols.at(0).within, ElementsAre(rig.folder + "/project/src"));
  EXPECT_EQ(rig.run({"references", "get", "--json"}), kDone);
  const Json object = Json::parse(rig.out);
  EXPECT_EQ(object["schema"], "sonde.references/1");
  EXPECT_EQ(object["places"][0]["scope"], "Session");
  EXPECT_EQ(object["total"], 3);
  rig.state.calls_answer.edges.push_back({1, place, "send", {9, 11}, {}, 0});
  EXPECT_EQ(rig.run({"callers", "send"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("src/net.py:9  Session.get  calls send on 9, 11"));
  EXPECT_EQ(rig.run({"callees", "send", "--json"}), kDone);
  EXPECT_EQ(Json::parse(rig.out)["edges"][0]["callee"], "send");
  rig.state.symbol_answer = {};
  EXPECT_EQ(rig.run({"definition", "none"}), kNothingFound);
  EXPECT_THAT(rig.err, HasSubstr("nothing found for none"));
}

TEST(CodeQuestions, outline_shows_symbols_by_depth) {
  Rig rig;
  rig.with_library();
  library::OutlineFile file;
  file.source_path = rig.folder + "/project";
  file.path = "src/net.py";
  file.lines = 120;
  file.symbols = {{"Session", "", "class", 7, 90, 0, false, false},
                  {"get", "Session", "function", 12, 20, 1, false, false}};
  rig.state.outline_answer.files = {file};
  rig.state.outline_answer.total = 1;
  EXPECT_EQ(rig.run({"outline"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("    7  class  Session\n"));
  EXPECT_THAT(rig.out, HasSubstr("     12  function  get\n"));
  EXPECT_EQ(rig.state.outlined.at(0).path, rig.folder + "/project");
  EXPECT_EQ(rig.run({"outline", "src", "--json"}), kDone);
  EXPECT_EQ(Json::parse(rig.out)["files"][0]["symbols"][1]["name"], "get");
}

TEST(Search, in_a_folder_without_a_library_says_what_to_do) {
  Rig rig;
  EXPECT_EQ(rig.run({"search", "x"}), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("sonde index"));
}

TEST(Search, hands_the_request_on_with_the_settings_defaults) {
  Rig rig;
  rig.with_library();
  rig.write("project/.sonde.toml", "threads = 7\n[search]\nresults = 25\nrefresh = false\n");
  rig.state.answer.results = {hit_in(rig, "src/net.py")};
  EXPECT_EQ(rig.run({"search", "x", "src", "--max-rss", "1GB"}), kDone);
  const library::SearchRequest& request = rig.state.searched.at(0);
  EXPECT_EQ(request.limit, 25U);
  EXPECT_FALSE(request.refresh);
  EXPECT_THAT(request.within, ElementsAre(rig.folder + "/project/src"));
  EXPECT_EQ(rig.state.opened.at(0).config.threads, 7U);
  EXPECT_EQ(rig.state.opened.at(0).config.max_rss_bytes, 1ULL << 30);
  EXPECT_EQ(rig.run({"search", "x", "-n", "3", "--threads", "2"}), kDone);
  EXPECT_EQ(rig.state.searched.at(1).limit, 3U);
  EXPECT_EQ(rig.state.opened.at(1).config.threads, 2U);
}

TEST(Search, a_library_is_also_found_by_the_path_to_search_in) {
  Rig rig;
  rig.with_library();
  rig.environment.working_directory = rig.folder + "/home";
  EXPECT_EQ(rig.run({"search", "x", "../project/src"}), kNothingFound);
  EXPECT_EQ(rig.state.opened.at(0).location.root, rig.folder + "/project");
}

TEST(Search, a_query_without_quotes_is_explained) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"search", "where", "are", "retries"}), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("there is no file or folder are"));
  EXPECT_THAT(rig.err, HasSubstr("quotes"));
}

TEST(Search, nothing_found_exits_1_and_says_what_may_help) {
  Rig rig;
  rig.with_library();
  rig.state.answer.index.files = 10;
  EXPECT_EQ(rig.run({"search", "xyzzy"}), kNothingFound);
  EXPECT_EQ(rig.out, "");
  EXPECT_THAT(rig.err, HasSubstr("nothing found for xyzzy"));
  EXPECT_THAT(rig.err, HasSubstr("spelling"));
  EXPECT_EQ(rig.run({"search", "xyzzy", "--quiet"}), kNothingFound);
  EXPECT_EQ(rig.err, "");
}

TEST(Search, nothing_found_in_an_empty_library_says_so) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"search", "x"}), kNothingFound);
  EXPECT_THAT(rig.err, HasSubstr("holds no files"));
}

TEST(Search, filters_that_excluded_everything_are_named) {
  Rig rig;
  rig.with_library();
  rig.state.answer.index.files = 10;
  rig.state.answer_without_filters = rig.state.answer;
  rig.state.answer_without_filters->results = {hit_in(rig, "src/net.py")};
  EXPECT_EQ(rig.run({"search", "retry kind:doc", "--lang", "go"}), kNothingFound);
  EXPECT_THAT(rig.err, HasSubstr("results without the filters: kind:doc --lang go"));
  EXPECT_EQ(rig.state.searched.at(1).query, "retry");
  EXPECT_THAT(rig.state.searched.at(1).languages, IsEmpty());
}

TEST(Search, an_incomplete_answer_says_so_on_stderr) {
  Rig rig;
  rig.with_library();
  rig.state.answer.results = {hit_in(rig, "src/net.py")};
  rig.state.answer.index.stale_files = 3;
  rig.state.answer.index.pending_chunks = 1;
  rig.state.answer.index.quarantined = 2;
  rig.state.answer.index.notes = {"the folder /disk is not there"};
  EXPECT_EQ(rig.run({"search", "retry"}), kDone);
  EXPECT_THAT(rig.err, HasSubstr("3 files have changed"));
  EXPECT_THAT(rig.err, HasSubstr("1 place is not searchable by meaning yet"));
  EXPECT_THAT(rig.err, HasSubstr("status --quarantine"));
  EXPECT_THAT(rig.err, HasSubstr("the folder /disk is not there"));
  EXPECT_THAT(rig.out, Not(HasSubstr("changed")));
}

TEST(Search, a_pipe_gets_plain_lines_and_a_terminal_colours) {
  Rig rig;
  rig.with_library();
  rig.state.answer.query = "retry";
  rig.state.answer.results = {hit_in(rig, "src/net.py")};
  EXPECT_EQ(rig.run({"search", "retry"}), kDone);
  EXPECT_EQ(rig.out, "src/net.py:11:def retry(self, count):\n");
  EXPECT_EQ(rig.run({"search", "retry", "--color", "always"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("\x1b[1;35msrc/net.py"));
  EXPECT_THAT(rig.out, Not(HasSubstr("\x1b]8;;")));
  rig.on_terminal();
  EXPECT_EQ(rig.run({"search", "retry"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("\x1b[1;35msrc/net.py"));
  EXPECT_THAT(rig.out, HasSubstr("\x1b]8;;file://host/"));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"search", "retry", "--color", "never"}}) {
    EXPECT_EQ(rig.run(arguments), kDone);
    EXPECT_THAT(rig.out, Not(HasSubstr("\x1b")));
  }
  rig.no_color = true;
  EXPECT_EQ(rig.run({"search", "retry"}), kDone);
  EXPECT_THAT(rig.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(rig.out, HasSubstr("src/net.py:10  Session.retry"));
}

TEST(Search, settings_may_switch_colours_off) {
  Rig rig;
  rig.with_library();
  rig.on_terminal();
  rig.write("home/.config/sonde/config.toml", "color = \"never\"\n");
  rig.state.answer.results = {hit_in(rig, "src/net.py")};
  EXPECT_EQ(rig.run({"search", "retry"}), kDone);
  EXPECT_THAT(rig.out, Not(HasSubstr("\x1b")));
}

TEST(Search, prints_paths_only_when_asked) {
  Rig rig;
  rig.with_library();
  rig.state.answer.results = {hit_in(rig, "src/net.py"), hit_in(rig, "b.py")};
  EXPECT_EQ(rig.run({"search", "retry", "--files"}), kDone);
  EXPECT_EQ(rig.out, "src/net.py\nb.py\n");
  EXPECT_EQ(rig.run({"search", "retry", "--files", "--json"}), kDone);
  EXPECT_EQ(Json::parse(rig.out)["files"][1]["path"], "b.py");
}

TEST(Search, json_lines_end_with_how_complete_they_are) {
  Rig rig;
  rig.with_library();
  rig.state.answer.results = {hit_in(rig, "src/net.py"), hit_in(rig, "b.py")};
  EXPECT_EQ(rig.run({"search", "retry", "--jsonl"}), kDone);
  std::istringstream lines(rig.out);
  std::vector<Json> objects;
  for (std::string line; std::getline(lines, line);) {
    objects.push_back(Json::parse(line));
  }
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(objects[0]["path"], "src/net.py");
  EXPECT_EQ(objects[2]["index"]["complete"], true);
}

TEST(Search, nothing_found_is_still_an_object) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"search", "x", "--json"}), kNothingFound);
  EXPECT_THAT(Json::parse(rig.out)["results"], IsEmpty());
}

TEST(Search, context_of_no_lines_prints_the_whole_place) {
  Rig rig;
  rig.with_library();
  rig.state.answer.results = {hit_in(rig, "a.py")};
  EXPECT_EQ(rig.run({"search", "retry", "--context", "0"}), kDone);
  EXPECT_EQ(
      rig.out,
      "a.py:10:# limits retries\na.py:11:def retry(self, count):\na.py:12:    return count\n");
}

TEST(Index, makes_a_library_at_the_top_of_the_work_tree) {
  Rig rig;
  rig.make("project/.git");
  rig.environment.working_directory = rig.folder + "/project/src";
  rig.state.index_report.added = 2;
  EXPECT_EQ(rig.run({"index"}), kDone) << rig.err;
  EXPECT_EQ(rig.state.created.at(0).location.directory, rig.folder + "/project/.sonde");
  EXPECT_THAT(rig.state.indexed.at(0).paths, IsEmpty());
  EXPECT_THAT(rig.out, HasSubstr("made a library in ../.sonde"));
  EXPECT_THAT(rig.out, HasSubstr("2 new"));
}

TEST(Index, makes_a_library_at_the_path_that_was_given) {
  Rig rig;
  rig.make("project/.git");
  EXPECT_EQ(rig.run({"index", "src"}), kDone) << rig.err;
  EXPECT_EQ(rig.state.created.at(0).location.root, rig.folder + "/project/src");
}

TEST(Index, of_a_part_of_a_source_reads_that_part) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"index", "src", "--force"}), kDone) << rig.err;
  EXPECT_THAT(rig.state.created, IsEmpty());
  EXPECT_THAT(rig.state.indexed.at(0).paths, ElementsAre(rig.folder + "/project/src"));
  EXPECT_TRUE(rig.state.indexed.at(0).force);
}

TEST(Index, of_a_part_named_through_a_link_reads_that_part) {
  Rig rig;
  rig.with_library();
  std::filesystem::create_directory_symlink(rig.folder + "/project/src", rig.folder + "/home/link");
  EXPECT_EQ(rig.run({"index", "../home/link", "--library", ".sonde"}), kDone) << rig.err;
  EXPECT_THAT(rig.state.indexed.at(0).paths, ElementsAre(rig.folder + "/project/src"));
}

TEST(Index, outside_every_source_adds_nothing_and_says_how_to) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"index", "../home", "--library", ".sonde"}), kFailure);
  EXPECT_THAT(rig.state.indexed, IsEmpty());
  EXPECT_THAT(rig.err, HasSubstr("sonde source add ../home"));
  EXPECT_THAT(rig.err, HasSubstr("--library"));
}

TEST(Index, of_what_is_neither_on_the_disk_nor_in_the_library_is_refused) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"index", "src/nowhere.py"}), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("there is no src/nowhere.py"));
  rig.state.index_report.removed = 1;
  EXPECT_EQ(rig.run({"index", "src/gone.py"}), kDone) << rig.err;
}

TEST(Index, that_could_not_embed_says_what_it_did_and_ends_as_a_failure) {
  Rig rig;
  rig.with_library();
  rig.state.index_report.added = 7;
  rig.state.index_report.embed_trouble = "the server is gone";
  EXPECT_EQ(rig.run({"index"}), kFailure);
  EXPECT_THAT(rig.out, HasSubstr("7 new"));
  EXPECT_EQ(rig.run({"index", "--json"}), kFailure);
  EXPECT_THAT(rig.out, HasSubstr("\"embed_trouble\":\"the server is gone\""));
}

TEST(Index, of_nothing_is_refused) {
  Rig rig;
  EXPECT_EQ(rig.run({"index", "nowhere"}), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("there is no nowhere"));
  EXPECT_THAT(rig.state.created, IsEmpty());
}

TEST(Index, sums_up_what_was_done_and_left_out) {
  Rig rig;
  rig.with_library();
  rig.state.index_report.added = 1200;
  rig.state.index_report.removed = 3;
  rig.state.index_report.skipped = 3;
  rig.state.index_report.lines = 120'000;
  rig.state.index_report.seconds = 2;
  rig.state.index_report.notes = {"the worker died once"};
  rig.state.status.skipped_list = {
      {"", "a", "binary", ""}, {"", "b", "ignored", ""}, {"", "c", "ignored", ""}};
  EXPECT_EQ(rig.run({"index"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("1,200 new, 3 gone"));
  EXPECT_THAT(rig.out, HasSubstr("60,000 a second"));
  EXPECT_THAT(rig.out, HasSubstr("ignored 2, binary 1"));
  EXPECT_THAT(rig.err, HasSubstr("the worker died once"));
  EXPECT_EQ(rig.run({"index", "--json"}), kDone);
  EXPECT_EQ(Json::parse(rig.out)["skipped_by_reason"]["ignored"], 2);
  EXPECT_EQ(rig.run({"index", "--quiet"}), kDone);
  EXPECT_EQ(rig.out + rig.err, "");
}

TEST(Index, progress_is_drawn_on_a_terminal_only_and_cleared) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"index"}), kDone);
  EXPECT_EQ(rig.err, "");
  rig.on_terminal();
  EXPECT_EQ(rig.run({"index"}), kDone);
  EXPECT_THAT(rig.err, HasSubstr("indexing  1/2 files"));
  EXPECT_TRUE(rig.err.ends_with("\r\x1b[K"));
}

TEST(Source, is_added_removed_and_listed) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"source", "add", "../home"}), kDone);
  EXPECT_THAT(rig.state.added, ElementsAre(rig.folder + "/home"));
  EXPECT_EQ(rig.run({"source", "remove", "0123456789abcdef"}), kDone);
  EXPECT_EQ(rig.run({"source", "remove", "../home"}), kDone);
  EXPECT_THAT(rig.state.removed, ElementsAre("0123456789abcdef", rig.folder + "/home"));
  EXPECT_EQ(rig.run({"source", "list"}), kDone);
  EXPECT_EQ(rig.out, "0123456789abcdef  " + rig.folder + "/project  1 file\n");
  EXPECT_EQ(rig.run({"source", "list", "--json"}), kDone);
  EXPECT_EQ(Json::parse(rig.out)["sources"][0]["id"], "0123456789abcdef");
}

TEST(Status, tells_counts_or_lists) {
  Rig rig;
  rig.with_library();
  rig.state.status.index.files = 1234;
  rig.state.status.skipped = 1;
  rig.state.status.writer_pid = 77;
  EXPECT_EQ(rig.run({"status"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("files       1,234\n"));
  EXPECT_THAT(rig.out, HasSubstr("complete and up to date"));
  EXPECT_THAT(rig.out, HasSubstr("process 77"));
  rig.state.status.skipped_list = {{rig.folder + "/project", "x\x1b.bin", "binary", "by name"}};
  EXPECT_EQ(rig.run({"status", "--skipped"}), kDone);
  EXPECT_EQ(rig.out, "x\\x1b.bin: binary (by name)\n");
}

TEST(Forget, names_what_is_excluded_and_what_was_not_reached) {
  Rig rig;
  rig.with_library();
  rig.state.forget_report.files = 1;
  rig.state.forget_report.paths = {rig.folder + "/project/secret.txt", "in/source.txt"};
  rig.state.forget_report.retained = {"/backup/old.db"};
  rig.environment.working_directory = rig.folder + "/home";
  EXPECT_EQ(rig.run({"forget", "../project/secret.txt"}), kDone) << rig.err;
  EXPECT_THAT(rig.state.forgotten, ElementsAre(rig.folder + "/project/secret.txt"));
  EXPECT_THAT(rig.out, HasSubstr("left out from now on: ../project/secret.txt"));
  EXPECT_THAT(rig.out, HasSubstr("left out from now on: in/source.txt\n"));
  EXPECT_THAT(rig.err, HasSubstr("/backup/old.db"));
}

TEST(Forget, that_is_pending_is_not_done) {
  Rig rig;
  rig.with_library();
  rig.state.forget_report.pending = true;
  EXPECT_EQ(rig.run({"forget", "x", "--quiet"}), kHeld);
  EXPECT_THAT(rig.err, HasSubstr("pending"));
}

TEST(Doctor, exits_3_when_something_is_wrong) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"doctor"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("everything checks"));
  rig.state.doctor_report.healthy = false;
  rig.state.doctor_report.findings = {{true, "page 3 is damaged", "salvage"}};
  EXPECT_EQ(rig.run({"doctor"}), kNeedsRepair);
  EXPECT_THAT(rig.out, HasSubstr("damage: page 3 is damaged\n  remedy: salvage\n"));
  EXPECT_THAT(rig.out, HasSubstr("doctor --repair"));
  EXPECT_FALSE(rig.state.repaired);
  EXPECT_EQ(rig.run({"doctor", "--repair", "--json"}), kNeedsRepair);
  EXPECT_TRUE(rig.state.repaired);
  EXPECT_EQ(Json::parse(rig.out)["findings"][0]["what"], "page 3 is damaged");
}

TEST(Reset, without_a_terminal_needs_yes) {
  Rig rig;
  rig.with_library();
  EXPECT_EQ(rig.run({"reset"}, "y\n"), kFailure);
  EXPECT_THAT(rig.err, HasSubstr("--yes"));
  EXPECT_EQ(rig.state.resets, 0);
  EXPECT_EQ(rig.run({"reset", "--yes"}), kDone);
  EXPECT_EQ(rig.state.resets, 1);
  EXPECT_THAT(rig.out, HasSubstr(".sonde.backup"));
}

TEST(Reset, asks_on_a_terminal) {
  Rig rig;
  rig.with_library();
  rig.on_terminal();
  EXPECT_EQ(rig.run({"reset"}, "n\n"), kFailure);
  EXPECT_EQ(rig.run({"reset"}, ""), kFailure);
  EXPECT_EQ(rig.state.resets, 0);
  EXPECT_EQ(rig.run({"reset"}, "y\n"), kDone);
  EXPECT_EQ(rig.state.resets, 1);
}

}  // namespace
}  // namespace sonde::faces::cli
