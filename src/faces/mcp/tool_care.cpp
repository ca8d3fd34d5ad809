// status and index: how far the index is, and bringing it up to date.

#include <fmt/format.h>

#include "base/utf8.h"
#include "faces/json/objects.h"
#include "faces/mcp/answers.h"
#include "faces/mcp/arguments.h"

namespace sonde::faces::mcp {

namespace {

std::string progress_text(const library::Progress& progress) {
  return progress.phase == library::Progress::Phase::Embed
             ? fmt::format("{} of {} places embedded", progress.embed_done, progress.embed_total)
             : fmt::format("{} of {} files read", progress.files_done, progress.files_total);
}

std::string counts_text(const library::StatusReport& report) {
  std::string text =
      fmt::format("  {} files, {} places, {}\n", report.index.files, report.index.chunks,
                  report.index.complete ? "complete and up to date" : "not complete");
  text += report.model.empty()
              ? "  no vectors: searches are by words alone\n"
              : fmt::format("  {} vectors by {}\n", report.vectors, to_valid_utf8(report.model));
  if (report.index.stale_files > 0) {
    text += fmt::format("  {} files changed and are not read in yet\n", report.index.stale_files);
  }
  if (report.index.pending_chunks > 0) {
    text +=
        fmt::format("  {} places are not searchable by meaning yet\n", report.index.pending_chunks);
  }
  if (report.skipped > 0 || report.index.quarantined > 0) {
    text += fmt::format("  {} files and folders left out, {} could not be read\n", report.skipped,
                        report.index.quarantined);
  }
  for (const std::string& note : report.index.notes) {
    text += "  note: " + to_valid_utf8(note) + "\n";
  }
  return text;
}

/// A root that has no library is told of too.
Result<Object> status_of(const ToolCall& call, Project& project, std::string& text) {
  const ProjectState state = project.state();
  Object object;
  object["root"] = to_valid_utf8(project.root());
  object["state"] = phase_name(state.phase);
  text += to_valid_utf8(project.root()) + ": " + phase_name(state.phase);
  if (state.phase == ProjectState::Phase::Indexing) {
    object["progress"] = progress_text(state.progress);
    text += ", " + progress_text(state.progress);
  }
  text += '\n';
  if (!state.problem.empty()) {
    object["problem"] = to_valid_utf8(state.problem);
    text += "  " + to_valid_utf8(state.problem) + "\n";
  }
  if (!state.directory.empty()) {
    TRY_ASSIGN(const auto library, project.library(call.cancel));
    TRY_ASSIGN(const library::StatusReport report, library->status({}, call.cancel));
    object["library"] = json::status_object(report, {}).value();
    text += counts_text(report);
  }
  return object;
}

Result<ToolAnswer> run_status(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  TRY(arguments.finish());
  TRY_ASSIGN(const auto projects, call.workspace.projects(call.cancel));
  ToolAnswer answer;
  answer.structured["roots"] = Object::array();
  for (const auto& project : projects) {
    TRY_ASSIGN(Object object, status_of(call, *project, answer.text));
    answer.structured["roots"].push_back(std::move(object));
  }
  return answer;
}

std::string report_text(const std::string& root, const library::IndexReport& report) {
  std::string text = fmt::format(
      "{}: {} files seen; {} new, {} changed, {} moved, {} gone, {} unchanged; {:.1f} s\n",
      to_valid_utf8(root), report.files_seen, report.added, report.changed, report.moved,
      report.removed, report.unchanged, report.seconds);
  if (report.pending_chunks > 0) {
    text += fmt::format("  {} places are not searchable by meaning yet\n", report.pending_chunks);
  }
  for (const std::string& note : report.notes) {
    text += "  note: " + to_valid_utf8(note) + "\n";
  }
  return text;
}

Result<ToolAnswer> run_index(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  library::IndexRequest request;
  TRY_ASSIGN(const std::string path, arguments.text("path"));
  TRY_ASSIGN(request.force, arguments.flag("force"));
  TRY(arguments.finish());
  TRY_ASSIGN(std::vector<std::shared_ptr<Project>> projects, call.workspace.projects(call.cancel));
  if (!path.empty()) {
    TRY_ASSIGN(const PathInRoot place, call.workspace.resolve(path, call.cancel));
    projects = {place.project};
    if (place.path != place.project->root()) {
      TRY_ASSIGN(std::string part, place.project->as_source_spells(place.path, call.cancel));
      request.paths.push_back(std::move(part));
    }
  }
  ToolAnswer answer;
  answer.structured["roots"] = Object::array();
  for (const auto& project : projects) {
    TRY_ASSIGN(const library::IndexReport report,
               project->index(request, call.progress, call.cancel));
    TRY_ASSIGN(const auto library, project->library(call.cancel));
    TRY_ASSIGN(const library::StatusReport status, library->status({true, false}, call.cancel));
    answer.structured["roots"].push_back(json::index_object(report, status).value());
    answer.text += report_text(project->root(), report);
  }
  return answer;
}

}  // namespace

Tool status_tool() {
  Tool tool;
  tool.name = "status";
  tool.title = "State of the index";
  tool.description =
      "Say for each root what the index holds, how far indexing is, and whether it is complete and "
      "up to date. Call it when an answer says that the index is incomplete.";
  tool.input_schema = Object::parse(
      R"json({"type": "object", "properties": {}, "additionalProperties": false})json");
  tool.output_schema = Object::parse(R"json({"type": "object", "properties": {
    "roots": {"type": "array", "items": {"type": "object", "properties": {
      "root": {"type": "string"},
      "state": {"type": "string", "enum": ["opening", "not indexed", "indexing", "ready", "failed"]},
      "progress": {"type": "string"}, "problem": {"type": "string"},
      "library": {"type": "object"}}, "required": ["root", "state"]}}},
    "required": ["roots"]})json");
  tool.run = run_status;
  return tool;
}

Tool index_tool() {
  Tool tool;
  tool.name = "index";
  tool.title = "Bring the index up to date";
  tool.description =
      "Read in what changed, and wait until it is done. Seldom needed: the index follows changes "
      "by "
      "itself. Use it after `status` says that something is missing, or with `force` to read "
      "everything again.";
  tool.input_schema = Object::parse(R"json({"type": "object", "properties": {
    "path": {"type": "string", "description": "only this file or folder; all roots without it"},
    "force": {"type": "boolean", "default": false, "description": "read every file again, also unchanged ones"}},
    "additionalProperties": false})json");
  tool.output_schema = Object::parse(R"json({"type": "object", "properties": {
    "roots": {"type": "array", "items": {"type": "object"}}}, "required": ["roots"]})json");
  tool.effect = Effect::Writes;
  tool.run = run_index;
  return tool;
}

}  // namespace sonde::faces::mcp
