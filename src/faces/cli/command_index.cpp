#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/open_or_create.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

/// "ignored 300, binary 80", the most frequent first.
std::string sums_by_reason(const std::vector<library::SkippedInfo>& skipped) {
  std::map<std::string, std::uint64_t> sums;
  for (const library::SkippedInfo& entry : skipped) {
    ++sums[entry.reason];
  }
  std::vector<std::pair<std::string, std::uint64_t>> ordered(sums.begin(), sums.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [reason, count] : ordered) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, with_commas(count));
  }
  return text;
}

void print_summary(const Context& context, const library::IndexReport& report,
                   const library::StatusReport& status, bool created) {
  std::ostream& out = context.streams.out;
  if (created) {
    out << "made a library in " << context.shown_path(status.directory) << '\n';
  }
  out << fmt::format("{} in {}: {}\n", counted(status.index.files, "file", "files"),
                     human_duration(report.seconds), changes_of(report, Unchanged::Show));
  out << fmt::format("{}, {} written by this run", counted(status.index.chunks, "place", "places"),
                     with_commas(report.chunks_written));
  if (report.lines > 0 && report.seconds > 0) {
    const double rate = static_cast<double>(report.lines) / report.seconds;
    out << fmt::format(", {} ({} a second)", counted(report.lines, "line", "lines"),
                       with_commas(static_cast<std::uint64_t>(rate)));
  }
  out << '\n';
  if (report.vectors_taken > 0) {
    out << counted(report.vectors_taken, "vector", "vectors")
        << " taken from other working trees of this repository\n";
  }
  if (report.embedded > 0 || report.pending_chunks > 0) {
    out << counted(report.embedded, "vector", "vectors") << " made in "
        << human_duration(report.embed_seconds);
    if (report.pending_chunks > 0) {
      out << "; " << counted(report.pending_chunks, "place is", "places are")
          << " not searchable by meaning yet";
    }
    out << '\n';
  }
  if (report.skipped > 0) {
    out << "left out: " << safe_line(sums_by_reason(status.skipped_list))
        << " (`sonde status --skipped` lists them)\n";
  }
  if (report.windowed > 0) {
    out << counted(report.windowed, "file was", "files were")
        << " read without a syntax tree, in plain windows\n";
  }
  if (report.quarantined > 0) {
    out << counted(report.quarantined, "file", "files")
        << " could not be read (`sonde status --quarantine` says why)\n";
  }
}

}  // namespace

Result<int> run_index(Context& context) {
  library::IndexRequest request = context.invocation.index.request;
  const std::string& typed = context.invocation.index.path;
  TRY_ASSIGN(const OpenedLibrary opened,
             open_or_create(context, typed.empty() ? std::vector<std::string>()
                                                   : std::vector<std::string>{typed}));
  request.paths = opened.parts;
  auto run_it = [&]() -> Result<library::IndexReport> {
    ProgressLine progress = context.progress();
    return opened.library->index(request, progress.sink(), context.cancel);
  };
  TRY_ASSIGN(const library::IndexReport report, run_it());
  for (const std::string& note : report.notes) {
    context.note(note);
  }
  // What is gone is taken out of the library; what was never in it is a slip of the pen.
  if (!opened.absent.empty() && report.removed + report.moved == 0) {
    return nothing_there(opened.absent);
  }
  const int exit_code = report.embed_trouble.empty() ? kDone : kFailure;
  if (context.invocation.common.quiet && !context.invocation.json()) {
    return exit_code;
  }
  TRY_ASSIGN(const library::StatusReport status,
             opened.library->status({true, false}, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::index_object(report, status));
  } else {
    print_summary(context, report, status, opened.created);
  }
  return exit_code;
}

}  // namespace sonde::faces::cli
