#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/open_or_create.h"
#include "faces/cli/output.h"
#include "faces/wording.h"
#include "library/watch.h"

namespace sonde::faces::cli {

namespace {

using Kind = library::WatchReport::Kind;

/// "12 places written, 12 embedded, 132 ms"
std::string work_of(const library::WatchReport& report) {
  const library::IndexReport& changes = report.changes;
  std::string text = counted(changes.chunks_written, "place", "places") + " written";
  if (changes.embedded > 0) {
    text += fmt::format(", {} embedded", with_commas(changes.embedded));
  }
  if (changes.pending_chunks > 0) {
    text += fmt::format(", {} not searchable by meaning yet", with_commas(changes.pending_chunks));
  }
  return text + ", " + human_duration(report.seconds);
}

std::string line_of(const Context& context, const library::WatchReport& report,
                    const std::string& root) {
  switch (report.kind) {
    case Kind::Ready:
      return fmt::format("watching {}: {}, {}", context.shown_path(root),
                         counted(report.changes.files_seen, "file", "files"), work_of(report));
    case Kind::Changes:
      return changes_of(report.changes, Unchanged::Leave) + ": " + work_of(report);
    case Kind::Embedded:
      return fmt::format("{} made in {}", counted(report.changes.embedded, "vector", "vectors"),
                         human_duration(report.seconds));
    case Kind::Waiting: return "waiting: " + report.message;
    case Kind::Note: break;
  }
  return report.message;
}

void print(const Context& context, const library::WatchReport& report, const std::string& root) {
  std::ostream& out = context.streams.out;
  if (context.invocation.json()) {
    out << json::watch_object(report).text(json::Layout::OneLine) << std::flush;
  } else if (report.kind == Kind::Waiting || report.kind == Kind::Note) {
    context.note(line_of(context, report, root));
  } else if (!context.invocation.common.quiet) {
    out << line_of(context, report, root) << std::endl;
  }
}

}  // namespace

Result<int> run_watch(Context& context) {
  const WatchCommandOptions& asked = context.invocation.watch;
  TRY_ASSIGN(const OpenedLibrary opened, open_or_create(context, asked.paths));
  const library::Location& location = opened.options.location;
  if (opened.created) {
    context.note("made a library in " + context.shown_path(location.directory));
  }
  library::WatchOptions options;
  options.library_folder = location.directory;
  options.config = opened.options.config;
  options.parts = opened.parts;
  options.embed = context.invocation.index.request.embed && opened.options.encoder != nullptr;
  options.poll = asked.poll;
  if (context.invocation.index.request.embed && !opened.options.encoder_trouble.empty()) {
    context.note("no meaning is made: " + opened.options.encoder_trouble);
  }
  ProgressLine progress = context.progress();
  CancelSource nobody_reads;
  const auto sink = [&](const library::WatchReport& report) {
    progress.clear();
    print(context, report, location.root);
    if (!context.streams.out) {
      nobody_reads.cancel();
    }
  };
  const Status ended = library::watch(*opened.library, options, sink, progress.sink(),
                                      context.cancel.or_when(nobody_reads.token()));
  progress.clear();
  if (ended.error().code != Code::Cancelled) {
    return ended.error();
  }
  // How it is meant to end: no error, though the exit code says what ended it.
  return context.cancel.cancelled() ? kInterrupted : kDone;
}

}  // namespace sonde::faces::cli
