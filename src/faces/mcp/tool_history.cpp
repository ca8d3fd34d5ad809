// history: which commit changed or said something.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/utf8.h"
#include "faces/json/history_object.h"
#include "faces/mcp/answers.h"
#include "faces/mcp/arguments.h"
#include "library/config.h"
#include "library/histories.h"
#include "library/location.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::uint64_t kCommits = 8;
constexpr std::uint64_t kCommitLimit = 50;
constexpr std::size_t kHunks = 2;
constexpr std::size_t kHunkBytes = 800;                // of a hunk's lines
constexpr std::chrono::milliseconds kPatience{8'000};  // for reading new commits

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The first whole lines of it.
std::string cut_hunk(const std::string& text) {
  if (text.size() <= kHunkBytes) {
    return text;
  }
  const std::size_t end = text.rfind('\n', kHunkBytes);
  return text.substr(0,
                     end == std::string::npos ? utf8_boundary_before(text, kHunkBytes) : end + 1) +
         "...\n";
}

void cut_hunks(library::HistoryAnswer& answer) {
  for (library::HistoryHit& hit : answer.results) {
    for (library::HistoryHunk& hunk : hit.hunks) {
      hunk.text = cut_hunk(hunk.text);
    }
  }
}

void show(const ToolCall& call, const Project& project, const library::HistoryHit& hit,
          std::string& text) {
  text += fmt::format("{} {} {}: {}\n", hit.commit.substr(0, 12),
                      json::local_time(hit.time_s, hit.offset_min).substr(0, 10),
                      to_valid_utf8(hit.author), to_valid_utf8(hit.subject));
  for (const library::HistoryHunk& hunk : hit.hunks) {
    text +=
        fmt::format("  {}:{} {}\n",
                    to_valid_utf8(call.workspace.shown(project, hit.source_path + "/" + hunk.path)),
                    hunk.start_line, to_valid_utf8(hunk.function));
    text += hunk.text.empty() ? std::string() : fenced(to_valid_utf8(hunk.text));
  }
  if (hit.more_hunks > 0) {
    text += fmt::format("  and {} further places\n", hit.more_hunks);
  }
}

void add_up(library::HistoryAnswer& sum, const library::HistoryAnswer& further) {
  sum.total += further.total;
  sum.results.insert(sum.results.end(), further.results.begin(), further.results.end());
  sum.state.commits += further.state.commits;
  sum.state.reachable += further.state.reachable;
  sum.state.read += further.state.read;
  sum.state.unreadable += further.state.unreadable;
  sum.state.complete = sum.state.complete && further.state.complete;
  sum.state.bytes += further.state.bytes;
  sum.state.notes.insert(sum.state.notes.end(), further.state.notes.begin(),
                         further.state.notes.end());
}

/// What the history of an open library needs to be read.
Result<library::LibraryOptions> options_of(library::Library& library, const CancelToken& cancel) {
  library::LibraryOptions options;
  TRY_ASSIGN(const library::StatusReport status, library.status({}, cancel));
  options.location.directory = status.directory;
  options.location.root = status.root;
  TRY_ASSIGN(options.environment, library::environment_of_process());
  TRY_ASSIGN(options.config, library::read_config(options.environment, status.root));
  return options;
}

/// A root that is a part of its library is told of changes in it alone.
void keep_within(const std::vector<std::string>& within, library::HistoryAnswer& answer) {
  if (within.empty()) {
    return;
  }
  std::erase_if(answer.results, [&](library::HistoryHit& hit) {
    std::erase_if(hit.hunks, [&](const library::HistoryHunk& hunk) {
      return std::none_of(within.begin(), within.end(), [&](const std::string& folder) {
        return lies_in(hit.source_path + "/" + hunk.path, folder);
      });
    });
    return hit.hunks.empty();
  });
}

Result<library::HistoryRequest> read_request(Arguments& arguments) {
  library::HistoryRequest request;
  request.hunks_per_commit = kHunks;
  request.refresh_limit = kPatience;
  TRY_ASSIGN(request.query, arguments.needed_text("query"));
  TRY_ASSIGN(request.limit, arguments.number("n", kCommits, 1, kCommitLimit));
  TRY_ASSIGN(request.path_globs, arguments.list("path"));
  TRY_ASSIGN(request.author, arguments.text("author"));
  TRY_ASSIGN(const std::string since, arguments.text("since"));
  TRY_ASSIGN(const std::string until, arguments.text("until"));
  if (!since.empty()) {
    TRY_ASSIGN(request.since_s, library::parse_date(since, now_s()));
  }
  if (!until.empty()) {
    TRY_ASSIGN(request.until_s, library::parse_end_date(until, now_s()));
  }
  return request;
}

Result<ToolAnswer> run_history(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  TRY_ASSIGN(const library::HistoryRequest request, read_request(arguments));
  TRY_ASSIGN(const std::string root, arguments.text("root"));
  TRY(arguments.finish());
  const auto ask = [&](library::Library& library, const std::vector<std::string>& within,
                       std::size_t) -> Result<library::HistoryAnswer> {
    TRY_ASSIGN(const library::LibraryOptions options, options_of(library, call.cancel));
    TRY_ASSIGN(library::HistoryAnswer answer,
               library::search_histories(options, request, {}, call.cancel));
    keep_within(within, answer);
    return answer;
  };
  TRY_ASSIGN(std::vector<Rooted<library::HistoryAnswer>> answers,
             ask_roots<library::HistoryAnswer>(call, root, ask));
  for (auto& each : answers) {
    cut_hunks(each.answer);
  }
  ToolAnswer answer;
  library::HistoryAnswer sum = answers.front().answer;
  for (std::size_t i = 1; i < answers.size(); ++i) {
    add_up(sum, answers[i].answer);
  }
  for (const auto& each : answers) {
    for (const library::HistoryHit& hit : each.answer.results) {
      show(call, *each.project, hit, answer.text);
    }
  }
  if (sum.results.empty()) {
    answer.text = fmt::format("Nothing was found in {} commits.\n", sum.state.commits);
  }
  answer.structured = json::history_object(sum).value();
  put_notes(answer, sum.state.notes);
  return answer;
}

}  // namespace

Tool history_tool() {
  Tool tool;
  tool.name = "history";
  tool.title = "Search the git history";
  tool.description =
      "Find the commits that introduced, changed or removed something, or that say why: matches "
      "the words of commit messages, of added and removed lines, paths and enclosing functions. "
      "Use it to learn why code is as it is, when a bug came in, or how a similar change was made "
      "before. Best first, each with date, author, subject and the changed places that fit.";
  tool.input_schema = input_schema_of(
      fmt::format(
          R"json("query": {{"type": "string", "description": "words of the change or its reason; \"quotes\" demand a phrase, -word excludes one"}},
    "n": {{"type": "integer", "minimum": 1, "maximum": {}, "default": {}, "description": "commits at most"}},
    "path": {{"type": "array", "items": {{"type": "string"}}, "description": "only changes of paths that fit one of these globs"}},
    "author": {{"type": "string", "description": "a part of the author's name or address"}},
    "since": {{"type": "string", "description": "2024-05-31, or 3 weeks ago"}},
    "until": {{"type": "string", "description": "likewise"}},
    "root": {{"type": "string", "description": "only this root (its path or last part), when several are open"}})json",
          kCommitLimit, kCommits),
      "query");
  tool.output_schema = Object::parse(R"json({"type": "object", "properties": {
    "schema": {"type": "string"}, "query": {"type": "string"}, "total": {"type": "integer"},
    "results": {"type": "array", "items": {"type": "object", "properties": {
      "commit": {"type": "string"}, "date": {"type": "string"}, "author": {"type": "string"},
      "subject": {"type": "string"}, "body": {"type": "string"}, "score": {"type": "number"},
      "hunks": {"type": "array", "items": {"type": "object", "properties": {
        "path": {"type": "string"}, "start_line": {"type": "integer"},
        "function": {"type": ["string", "null"]}, "text": {"type": "string"}},
        "required": ["path", "start_line", "text"]}}},
      "required": ["commit", "date", "author", "subject", "hunks"]}},
    "history": {"type": "object"}, "notes": {"type": "array", "items": {"type": "string"}}},
    "required": ["results", "total", "history", "notes"]})json");
  tool.run = run_history;
  return tool;
}

}  // namespace sonde::faces::mcp
