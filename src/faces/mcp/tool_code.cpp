// definition and references: where a name stands, as the syntax trees tell it.

#include <fmt/format.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "faces/json/objects.h"
#include "faces/mcp/code_question.h"
#include "faces/mcp/text_lines.h"
#include "io/file_system.h"
#include "text/decode.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::uint64_t kDefinitions = 20;
constexpr std::uint64_t kReferences = 50;
constexpr std::size_t kBodies = 3;  // definitions that are given with their lines
constexpr std::uint32_t kBodyLines = 80;

/// Of one version of the file: empty when the disk holds another by now.
std::string body_of(const library::CodePlace& place) {
  const std::string path = io::join_path(place.source_path, place.path);
  const auto bytes = io::read_file(io::real_file_system(), path, kFileLimitBytes);
  if (!bytes.ok() || content_hash(*bytes).hex() != place.file_hash) {
    return {};
  }
  const std::uint32_t last = std::min(place.end_line, place.line + kBodyLines - 1);
  return cut_lines(text::decode_text(*bytes).text, place.line, last).text;
}

Result<ToolAnswer> answer_places(const ToolCall& call,
                                 std::vector<Rooted<library::SymbolAnswer>> answers,
                                 const char* schema, std::size_t bodies) {
  library::SymbolAnswer sum = code_sum(answers);
  for (const auto& each : answers) {
    sum.places.insert(sum.places.end(), each.answer.places.begin(), each.answer.places.end());
  }
  ToolAnswer answer;
  answer.structured = json::symbol_object(sum, schema).value();
  std::size_t at = 0;
  for (const auto& each : answers) {
    for (const library::CodePlace& place : each.answer.places) {
      Object& object = answer.structured["places"][at];
      if (answers.size() > 1) {
        object["root"] = to_valid_utf8(each.project->root());
      }
      const std::string body = at < bodies ? body_of(place) : std::string();
      answer.text += shown_line(call, *each.project, place, place.line) + "  " + named(place) +
                     (place.stale ? "  (changed on disk since it was read in)" : "");
      if (body.empty()) {
        answer.text += "  " + to_valid_utf8(place.text) + "\n";
      } else {
        object["body"] = to_valid_utf8(body);
        answer.text += fmt::format("  lines {}-{}\n{}", place.line, place.end_line, fenced(body));
      }
      ++at;
    }
  }
  std::vector<std::string> notes = notes_on_all(answers);
  if (sum.total > sum.places.size()) {
    notes.push_back(fmt::format("{} of {} places; `n` gives more", sum.places.size(), sum.total));
  }
  if (sum.places.empty()) {
    answer.text =
        "Nothing was found. As far as names are told from the syntax nothing is there; "
        "`search` finds where a name is written.\n";
  }
  put_notes(answer, notes);
  return answer;
}

Result<ToolAnswer> run_definition(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  TRY_ASSIGN(const CodeQuestion question, read_code_question(arguments, kDefinitions));
  TRY(arguments.finish());
  TRY_ASSIGN(auto answers, ask_code<library::SymbolAnswer>(
                               call, question,
                               [&](library::Library& library, const library::SymbolRequest& asked) {
                                 return library.definition(asked, call.cancel);
                               }));
  return answer_places(call, std::move(answers), "sonde.definition/1", kBodies);
}

Result<ToolAnswer> run_references(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  TRY_ASSIGN(CodeQuestion question, read_code_question(arguments, kReferences));
  TRY_ASSIGN(question.request.mentions, arguments.flag("mentions", true));
  TRY(arguments.finish());
  TRY_ASSIGN(auto answers, ask_code<library::SymbolAnswer>(
                               call, question,
                               [&](library::Library& library, const library::SymbolRequest& asked) {
                                 return library.references(asked, call.cancel);
                               }));
  return answer_places(call, std::move(answers), "sonde.references/1", 0);
}

Object places_schema() {
  Object list;
  list["places"]["type"] = "array";
  list["places"]["items"] = place_schema();
  return code_schema(std::move(list), "places");
}

}  // namespace

Tool definition_tool() {
  Tool tool;
  tool.name = "definition";
  tool.subject = "symbol";
  tool.title = "Where a name is defined";
  tool.description =
      "Find where a function, class, type or constant is defined, by its name (\"retry\" or "
      "\"Session.retry\"). From syntax trees, by name and not by types: a name that several places "
      "define gives all of them, definitions before declarations, code before tests. The first "
      "three come with their lines.";
  tool.input_schema = input_schema_of(code_question_properties(kDefinitions), "symbol");
  tool.output_schema = places_schema();
  tool.run = run_definition;
  return tool;
}

Tool references_tool() {
  Tool tool;
  tool.name = "references";
  tool.subject = "symbol";
  tool.title = "Where a name is used";
  tool.description =
      "Find what calls, imports, inherits from or otherwise names a function, class, type or "
      "constant, then where else in code and comments its name stands (mention). From syntax "
      "trees, by name and not by types. Use it before you change or remove something. One line "
      "for each place.";
  tool.input_schema = input_schema_of(
      code_question_properties(kReferences) +
          R"json(, "mentions": {"type": "boolean", "default": true, "description": "false: only what the syntax trees tell"})json",
      "symbol");
  tool.output_schema = places_schema();
  tool.run = run_references;
  return tool;
}

}  // namespace sonde::faces::mcp
