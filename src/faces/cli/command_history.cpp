// `sonde history`.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/cli/query_words.h"
#include "faces/json/history_object.h"
#include "faces/wording.h"
#include "library/histories.h"
#include "library/location.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kShownIdDigits = 12;
constexpr std::size_t kShownHunkLines = 6;
constexpr std::size_t kLineWidth = 200;  // columns of a line's text at most
constexpr std::size_t kDayLength = 10;   // "2024-05-31"

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// From the first line that has a word of the query, or from the beginning.
std::size_t first_shown(const std::vector<std::string>& lines,
                        const std::vector<std::string>& words) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return !find_words(line, words).empty();
  });
  const auto first =
      found == lines.end() ? std::size_t{0} : static_cast<std::size_t>(found - lines.begin());
  const std::size_t most = lines.size() - std::min(lines.size(), kShownHunkLines);
  return std::min(first > 0 ? first - 1 : 0, most);
}

std::string marked(const Painter& painter, const std::string& line,
                   const std::vector<std::string>& words) {
  std::string shown;
  std::size_t at = 0;
  for (const Span& span : find_words(line, words)) {
    shown += line.substr(at, span.start - at) +
             painter.paint(Style::Match, line.substr(span.start, span.end - span.start));
    at = span.end;
  }
  return shown + line.substr(at);
}

void print_hunk(const Context& context, const library::HistoryHit& hit,
                const library::HistoryHunk& hunk, const std::vector<std::string>& words) {
  const Painter painter = context.painter_out();
  const std::string path = safe_path(library::relative_path(hit.source_path + "/" + hunk.path,
                                                            context.environment.working_directory));
  std::string head = "    " + painter.paint(Style::Path, path);
  if (hunk.start_line > 0) {
    head += ":" + painter.paint(Style::Line, std::to_string(hunk.start_line));
  }
  if (!hunk.old_path.empty()) {
    head += painter.paint(Style::Dim, "  was " + safe_path(hunk.old_path));
  }
  if (!hunk.function.empty()) {
    head += "  " + painter.paint(Style::Symbol, cut_to_width(safe_line(hunk.function), 80));
  }
  context.streams.out << head << '\n';
  const std::vector<std::string> lines = lines_of(hunk.text);
  const std::size_t first = first_shown(lines, words);
  const std::size_t end = std::min(lines.size(), first + kShownHunkLines);
  for (std::size_t i = first; i < end; ++i) {
    context.streams.out << "      "
                        << marked(painter, cut_to_width(safe_line(lines[i]), kLineWidth), words)
                        << '\n';
  }
  if (end < lines.size()) {
    context.streams.out << "      " << painter.paint(Style::Dim, "...") << '\n';
  }
}

void print_commit(const Context& context, const library::HistoryHit& hit,
                  const std::vector<std::string>& words) {
  const Painter painter = context.painter_out();
  const std::string date = json::local_time(hit.time_s, hit.offset_min).substr(0, kDayLength);
  context.streams.out << painter.paint(Style::Line, hit.commit.substr(0, kShownIdDigits)) << "  "
                      << date << "  " << painter.paint(Style::Dim, safe_line(hit.author)) << "  "
                      << marked(painter, cut_to_width(safe_line(hit.subject), kLineWidth), words)
                      << '\n';
  for (const library::HistoryHunk& hunk : hit.hunks) {
    print_hunk(context, hit, hunk, words);
  }
  if (hit.more_hunks > 0) {
    context.streams.out << "    "
                        << painter.paint(
                               Style::Dim,
                               fmt::format("and {}", counted(hit.more_hunks, "further place",
                                                             "further places")))
                        << '\n';
  }
}

Result<library::HistoryRequest> request_of(const Context& context) {
  const HistoryOptions& typed = context.invocation.history;
  library::HistoryRequest request = typed.request;
  const std::int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
  if (!typed.since.empty()) {
    TRY_ASSIGN(request.since_s, library::parse_date(typed.since, now_s));
  }
  if (!typed.until.empty()) {
    TRY_ASSIGN(request.until_s, library::parse_end_date(typed.until, now_s));
  }
  return request;
}

}  // namespace

Result<int> run_history(Context& context) {
  TRY_ASSIGN(const library::HistoryRequest request, request_of(context));
  TRY_ASSIGN(const library::LibraryOptions options,
             found_library(context, context.environment.working_directory));
  library::HistoryAnswer answer;
  {
    ProgressLine progress = context.progress();
    const auto show = [&](std::uint64_t done, std::uint64_t total) {
      progress.update_commits(done, total);
    };
    TRY_ASSIGN(answer, library::search_histories(options, request, show, context.cancel));
  }
  if (context.invocation.json()) {
    print_json(context, json::history_object(answer));
  } else {
    const std::vector<std::string> words = words_to_highlight(request.query);
    for (const library::HistoryHit& hit : answer.results) {
      print_commit(context, hit, words);
    }
  }
  context.streams.out.flush();
  if (answer.total > answer.results.size()) {
    context.note(fmt::format("{} of {} commits; -n shows more", with_commas(answer.results.size()),
                             with_commas(answer.total)));
  }
  for (const std::string& note : answer.state.notes) {
    context.note(note);
  }
  if (answer.results.empty()) {
    context.note(
        fmt::format("nothing found in {}", counted(answer.state.commits, "commit", "commits")));
  }
  return answer.results.empty() ? kNothingFound : kDone;
}

}  // namespace sonde::faces::cli
