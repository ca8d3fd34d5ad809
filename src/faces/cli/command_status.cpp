#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

void line(std::ostream& out, const char* name, const std::string& value) {
  out << fmt::format("{:<12}{}\n", name, value);
}

std::string freshness(const library::Completeness& index) {
  const std::string note = completeness_note(index);
  if (!note.empty()) {
    return note;
  }
  return index.complete ? "complete and up to date" : "not complete; `sonde index` goes on";
}

void print_counts(const Context& context, const library::StatusReport& report) {
  std::ostream& out = context.streams.out;
  line(out, "library", context.shown_path(report.directory));
  if (!report.note.empty()) {
    line(out, "", safe_line(report.note));
  }
  for (const library::SourceInfo& source : report.sources) {
    line(out, "source",
         fmt::format("{}  {}{}", safe_path(source.path), counted(source.files, "file", "files"),
                     source.present ? "" : "  (the folder is not there now)"));
  }
  line(out, "files", with_commas(report.index.files));
  line(out, "places", with_commas(report.index.chunks));
  line(out, "lines", with_commas(report.lines));
  line(out, "state", freshness(report.index));
  const std::string checked = json::utc_time(report.index.checked_at_ms);
  line(out, "checked", checked.empty() ? "never" : checked);
  line(out, "left out",
       fmt::format("{}{}", with_commas(report.skipped),
                   report.skipped > 0 ? "  (--skipped lists them)" : ""));
  line(out, "quarantined",
       fmt::format("{}{}", with_commas(report.index.quarantined),
                   report.index.quarantined > 0 ? "  (--quarantine lists them)" : ""));
  if (report.windowed > 0) {
    line(out, "windowed", counted(report.windowed, "file", "files") + " without a syntax tree");
  }
  line(out, "meaning",
       report.model.empty()
           ? "no vectors; searches are by words"
           : fmt::format("{} vectors by {}{}", with_commas(report.vectors), safe_line(report.model),
                         report.index.pending_chunks > 0
                             ? fmt::format(", {} to go", with_commas(report.index.pending_chunks))
                             : ""));
  line(out, "size",
       fmt::format("{} truth, {} derived, of {} source", human_size(report.bytes_truth),
                   human_size(report.bytes_derived), human_size(report.bytes_source)));
  if (report.writer_pid != 0) {
    line(out, "writer", fmt::format("process {} is writing now", report.writer_pid));
  }
  for (const std::string& note : report.index.notes) {
    line(out, "note", safe_line(note));
  }
}

void print_lists(const Context& context, const library::StatusReport& report) {
  std::ostream& out = context.streams.out;
  for (const library::SkippedInfo& entry : report.skipped_list) {
    out << fmt::format("{}: {}{}\n", context.shown_path(entry.source_path + "/" + entry.path),
                       safe_line(entry.reason),
                       entry.detail.empty() ? "" : " (" + safe_line(entry.detail) + ")");
  }
  for (const library::QuarantineInfo& entry : report.quarantine_list) {
    out << fmt::format("{}: {}\n", context.shown_path(entry.source_path + "/" + entry.path),
                       safe_line(entry.reason));
  }
}

}  // namespace

Result<int> run_status(Context& context) {
  const library::StatusRequest& request = context.invocation.status;
  TRY_ASSIGN(const auto library, open_library(context, context.environment.working_directory));
  TRY_ASSIGN(const library::StatusReport report, library->status(request, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::status_object(report, request));
  } else if (request.list_skipped || request.list_quarantine) {
    print_lists(context, report);
  } else {
    print_counts(context, report);
  }
  return kDone;
}

}  // namespace sonde::faces::cli
