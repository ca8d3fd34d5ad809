// outline and read: what is in a file or folder.

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "faces/json/objects.h"
#include "faces/mcp/answers.h"
#include "faces/mcp/arguments.h"
#include "faces/mcp/text_lines.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::uint64_t kLines = 400;
constexpr std::uint64_t kLineLimit = 5'000;
constexpr std::uint64_t kOutlineFiles = 100;
constexpr std::uint64_t kOutlineFileLimit = 1'000;
constexpr std::size_t kOutlineSymbols = 1'000;
constexpr std::uint64_t kOutlineDepth = 16;

Object schema_from(const char* text) { return Object::parse(text); }

std::string outline_text(const ToolCall& call, Project& project,
                         const library::OutlineAnswer& answer) {
  std::string text;
  for (const library::OutlineFile& file : answer.files) {
    text += fmt::format(
        "{}  {} {}{}{}\n",
        to_valid_utf8(call.workspace.shown(project, file.source_path + "/" + file.path)),
        file.lines, file.lines == 1 ? "line" : "lines",
        file.stale ? "  (changed on disk since it was read in)" : "",
        file.known ? "" : "  (its symbols are not known yet)");
    for (const library::OutlineSymbol& symbol : file.symbols) {
      text += fmt::format("{:{}}{}-{}  {} {}{}\n", "", 2 * (symbol.depth + 1), symbol.line,
                          symbol.end_line, symbol.kind, to_valid_utf8(symbol.name),
                          symbol.declaration ? "  (declaration)" : "");
    }
  }
  return text;
}

/// Cuts the symbols of all files to `limit` together. @return how many were left out
std::size_t limit_symbols(std::size_t limit, library::OutlineAnswer& answer) {
  std::size_t left_out = 0;
  std::size_t room = limit;
  for (library::OutlineFile& file : answer.files) {
    if (file.symbols.size() > room) {
      left_out += file.symbols.size() - room;
      file.symbols.resize(room);
    }
    room -= file.symbols.size();
  }
  return left_out;
}

ToolAnswer outline_answer(const ToolCall& call, Project& project, library::OutlineAnswer outlined) {
  const std::size_t left_out = limit_symbols(kOutlineSymbols, outlined);
  ToolAnswer answer;
  answer.structured = json::outline_object(outlined).value();
  answer.structured["left_out_symbols"] = left_out;
  answer.text = outline_text(call, project, outlined);
  std::vector<std::string> notes = notes_on(project, outlined.index);
  if (outlined.total > outlined.files.size()) {
    notes.push_back(fmt::format("{} more files; ask for a folder inside, or for more with n",
                                outlined.total - outlined.files.size()));
  }
  if (left_out > 0) {
    notes.push_back(fmt::format("{} more symbols; ask for a folder or file inside", left_out));
  }
  put_notes(answer, notes);
  return answer;
}

Result<ToolAnswer> run_outline(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  library::OutlineRequest request;
  TRY_ASSIGN(const std::string path, arguments.needed_text("path"));
  TRY_ASSIGN(const std::uint64_t depth, arguments.number("depth", 0, 0, kOutlineDepth));
  TRY_ASSIGN(request.limit, arguments.number("n", kOutlineFiles, 1, kOutlineFileLimit));
  TRY(arguments.finish());
  request.depth = static_cast<std::uint32_t>(depth);
  TRY_ASSIGN(const PathInRoot place, call.workspace.resolve(path, call.cancel));
  TRY_ASSIGN(const auto library, place.project->library(call.cancel));
  TRY_ASSIGN(request.path, place.project->as_source_spells(place.path, call.cancel));
  auto outlined = library->outline(request, call.cancel);
  if (!outlined.ok()) {
    const bool indexing = place.project->state().phase == ProjectState::Phase::Indexing;
    return indexing && outlined.error().code == Code::NotFound
               ? Error{Code::Busy, path + " is not indexed yet, indexing is under way"}
               : outlined.error();
  }
  return outline_answer(call, *place.project, std::move(*outlined));
}

ToolAnswer read_answer(const std::string& shown, const Lines& lines, bool stale) {
  ToolAnswer answer;
  answer.structured["path"] = to_valid_utf8(shown);
  answer.structured["start_line"] = lines.first;
  answer.structured["end_line"] = lines.last;
  answer.structured["total_lines"] = lines.total;
  answer.structured["text"] = to_valid_utf8(lines.text);
  answer.structured["stale"] = stale;
  answer.text = fmt::format("{}:{}-{} of {} lines\n{}", to_valid_utf8(shown), lines.first,
                            lines.last, lines.total, to_valid_utf8(lines.text));
  if (lines.last < lines.total) {
    answer.text += fmt::format("\nnote: goes on at line {}\n", lines.last + 1);
  }
  return answer;
}

/// A result's place, while its file is the same version. In which root it is, its id tells.
Result<ToolAnswer> read_result(const ToolCall& call, const std::string& id) {
  TRY_ASSIGN(const auto projects, call.workspace.projects(call.cancel));
  Error last{Code::NotFound, "no root has this result"};
  for (const auto& project : projects) {
    TRY_ASSIGN(const auto library, project->library(call.cancel));
    auto hit = library->result(id);
    if (!hit.ok()) {
      last = hit.error();
      continue;
    }
    const std::string path = hit->source_path + "/" + hit->path;
    if (hit->stale) {
      return Error{Code::NotFound, call.workspace.shown(*project, path) +
                                       " changed since this result was found; search again, or "
                                       "read it by path and lines"};
    }
    Lines lines{hit->start_line, hit->end_line, hit->end_line, hit->text};
    ToolAnswer answer = read_answer(call.workspace.shown(*project, path), lines, false);
    return answer;
  }
  return last;
}

Result<ToolAnswer> run_read(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  TRY_ASSIGN(const std::string path, arguments.text("path"));
  TRY_ASSIGN(const std::string id, arguments.text("id"));
  TRY_ASSIGN(const std::uint64_t first, arguments.number("start_line", 1, 1, UINT32_MAX));
  TRY_ASSIGN(const std::uint64_t last,
             arguments.number("end_line", first + kLines - 1, first, UINT32_MAX));
  TRY(arguments.finish());
  if (path.empty() == id.empty()) {
    return Error{Code::InvalidArgument, "`read` takes either `path` or the `id` of a result"};
  }
  if (!id.empty()) {
    return read_result(call, id);
  }
  TRY_ASSIGN(const PathInRoot place, call.workspace.resolve(path, call.cancel));
  TRY_ASSIGN(const std::string text, text_of_file(place.path));
  const Lines lines = cut_lines(text, first, std::min(last, first + kLineLimit - 1));
  if (first > lines.total && lines.total > 0) {
    return Error{Code::InvalidArgument, fmt::format("{} has {} lines", path, lines.total)};
  }
  if (lines.last < first && lines.total > 0) {
    return Error{Code::Limit, fmt::format("line {} of {} is longer than {} bytes", first, path,
                                          kTextLimitBytes)};
  }
  return read_answer(call.workspace.shown(*place.project, place.path), lines, false);
}

}  // namespace

Tool outline_tool() {
  Tool tool;
  tool.name = "outline";
  tool.title = "Outline of a file or folder";
  tool.description =
      "List what a file or folder defines: functions, classes, types and constants with their "
      "lines; of a folder, what its files define at their top. Cheaper than reading files; use it "
      "to learn how a folder or a large file is laid out, then `read` the lines you need. At most "
      "1000 symbols at once.";
  tool.input_schema = schema_from(R"json({"type": "object", "properties": {
    "path": {"type": "string", "description": "a file or folder; \".\" for a root"},
    "depth": {"type": "integer", "minimum": 0, "maximum": 16, "default": 0, "description": "levels of symbols within symbols; 0: all in a file, one in a folder"},
    "n": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "description": "files at most"}},
    "required": ["path"], "additionalProperties": false})json");
  tool.output_schema = schema_from(R"json({"type": "object", "properties": {
    "root": {"type": "string"}, "total": {"type": "integer"},
    "files": {"type": "array", "items": {"type": "object", "properties": {
      "path": {"type": "string"}, "language": {"type": "string"}, "lines": {"type": "integer"},
      "stale": {"type": "boolean"}, "known": {"type": "boolean"},
      "symbols": {"type": "array", "items": {"type": "object", "properties": {
        "name": {"type": "string"}, "scope": {"type": ["string", "null"]},
        "kind": {"type": "string"}, "depth": {"type": "integer"},
        "line": {"type": "integer"}, "end_line": {"type": "integer"}},
        "required": ["name", "kind", "line", "end_line"]}}},
      "required": ["path", "symbols"]}},
    "left_out_symbols": {"type": "integer"}, "unknown_files": {"type": "integer"},
    "notes": {"type": "array", "items": {"type": "string"}}},
    "required": ["files", "total", "notes"]})json");
  tool.output_schema["properties"]["index"] = completeness_schema();
  tool.run = run_outline;
  return tool;
}

Tool read_tool() {
  Tool tool;
  tool.name = "read";
  tool.title = "Read lines of a file";
  tool.description =
      "Read lines of a file of the project as they are on disk now (by path), or exactly the place "
      "that a result named (by id, as long as that file has not changed). Without end_line at most "
      "400 lines are given; the answer says where it goes on.";
  tool.input_schema = schema_from(R"json({"type": "object", "properties": {
    "path": {"type": "string", "description": "a file, absolute or from the root"},
    "start_line": {"type": "integer", "minimum": 1, "default": 1},
    "end_line": {"type": "integer", "minimum": 1, "description": "inclusive"},
    "id": {"type": "string", "description": "of a result, instead of a path"}},
    "additionalProperties": false})json");
  tool.output_schema = schema_from(R"json({"type": "object", "properties": {
    "path": {"type": "string"}, "start_line": {"type": "integer"}, "end_line": {"type": "integer"},
    "total_lines": {"type": "integer"}, "text": {"type": "string"}, "stale": {"type": "boolean"}},
    "required": ["path", "start_line", "end_line", "text"]})json");
  tool.run = run_read;
  return tool;
}

}  // namespace sonde::faces::mcp
