#include "faces/mcp/code_question.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::uint64_t kPlaceLimit = 500;

}  // namespace

Result<CodeQuestion> read_code_question(Arguments& arguments, std::uint64_t places) {
  CodeQuestion question;
  TRY_ASSIGN(question.request.symbol, arguments.needed_text("symbol"));
  TRY_ASSIGN(question.request.limit, arguments.number("n", places, 1, kPlaceLimit));
  TRY_ASSIGN(question.request.languages, arguments.list("lang"));
  TRY_ASSIGN(question.path, arguments.text("path"));
  TRY_ASSIGN(question.root, arguments.text("root"));
  if (question.request.symbol.find_first_of("\" \t\n") != std::string::npos) {
    return Error{Code::InvalidArgument,
                 "the argument `symbol` is one name, such as retry or Session.retry; `search` "
                 "takes questions"};
  }
  return question;
}

std::string code_question_properties(std::uint64_t places) {
  return fmt::format(
      R"json("symbol": {{"type": "string", "description": "one name, optionally with what encloses it: retry, Session.retry, Session::retry"}},
    "n": {{"type": "integer", "minimum": 1, "maximum": {}, "default": {}, "description": "results at most"}},
    "lang": {{"type": "array", "items": {{"type": "string"}}, "description": "only these languages, such as python or cpp"}},
    "path": {{"type": "string", "description": "only this file or folder"}},
    "root": {{"type": "string", "description": "only this root (its path or last part), when several are open"}})json",
      kPlaceLimit, places);
}

std::string shown_line(const ToolCall& call, const Project& project,
                       const library::CodePlace& place, std::uint32_t line) {
  return fmt::format(
      "{}:{}", to_valid_utf8(call.workspace.shown(project, place.source_path + "/" + place.path)),
      line);
}

std::string named(const library::CodePlace& place) {
  const std::string scope = place.scope.empty() ? "" : place.scope + ".";
  return to_valid_utf8(place.kind + (place.declaration ? " declaration" : "") +
                       (place.symbol.empty() ? "" : " " + scope + place.symbol));
}

Object place_schema() {
  return Object::parse(R"json({"type": "object", "properties": {
    "root": {"type": "string"}, "path": {"type": "string", "description": "below the root"},
    "line": {"type": "integer"}, "end_line": {"type": "integer"}, "language": {"type": "string"},
    "kind": {"type": "string"}, "symbol": {"type": ["string", "null"]},
    "scope": {"type": ["string", "null"]}, "declaration": {"type": "boolean"},
    "text": {"type": "string", "description": "the line"},
    "body": {"type": "string", "description": "of a definition: its lines, or the first of them"},
    "stale": {"type": "boolean"}},
    "required": ["path", "line", "kind", "text", "stale"]})json");
}

Object code_schema(Object further, const char* list) {
  Object schema = Object::parse(R"json({"type": "object", "properties": {
    "schema": {"type": "string"}, "root": {"type": "string"}, "symbol": {"type": "string"},
    "by_name": {"type": "boolean", "description": "true: which of several definitions of one name is meant is not known"},
    "total": {"type": "integer"}, "resource": {"type": "string"}, "unknown_files": {"type": "integer"},
    "notes": {"type": "array", "items": {"type": "string"}}},
    "required": ["symbol", "total", "notes"]})json");
  schema["properties"]["index"] = completeness_schema();
  schema["properties"].update(further);
  schema["required"].push_back(list);
  return schema;
}

}  // namespace sonde::faces::mcp
