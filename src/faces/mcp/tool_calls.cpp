// callers and callees: the calls from and to a function, followed to a depth.

#include <fmt/format.h>

#include "base/utf8.h"
#include "faces/json/objects.h"
#include "faces/mcp/code_question.h"

namespace sonde::faces::mcp {

namespace {

using Calls = library::CallsAnswer;

constexpr std::uint64_t kEdges = 50;
constexpr std::size_t kLinesShown = 5;

enum class Direction { Callers, Callees };

std::string lines_of(const std::vector<std::uint32_t>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kLinesShown; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(lines[i]);
  }
  return lines.size() > kLinesShown ? text + ", ..." : text;
}

std::string edge_text(const ToolCall& call, const Project& project, const library::CallEdge& edge,
                      Direction direction) {
  const std::string indent(2 * (static_cast<std::size_t>(edge.depth) - 1), ' ');
  const std::string caller =
      edge.caller.symbol.empty() ? "code outside of any definition" : named(edge.caller);
  const std::uint32_t line = edge.lines.empty() ? edge.caller.line : edge.lines.front();
  const std::string where = indent + shown_line(call, project, edge.caller, line);
  const std::string stale = edge.caller.stale ? "  (changed on disk since it was read in)" : "";
  if (direction == Direction::Callers) {
    return fmt::format("{}  {}  calls {} on {}{}\n", where, caller, to_valid_utf8(edge.callee),
                       lines_of(edge.lines), stale);
  }
  std::string text =
      fmt::format("{}  {}  called by {}{}\n", where, to_valid_utf8(edge.callee), caller, stale);
  for (const library::CodePlace& place : edge.definitions) {
    text += fmt::format("{}    defined at {}  {}\n", indent,
                        shown_line(call, project, place, place.line), named(place));
  }
  if (edge.definitions_total > edge.definitions.size()) {
    text += fmt::format("{}    and {} more of that name\n", indent,
                        edge.definitions_total - edge.definitions.size());
  }
  return text;
}

ToolAnswer answer_calls(const ToolCall& call, const std::vector<Rooted<Calls>>& answers,
                        Direction direction) {
  Calls sum = code_sum(answers);
  for (const Rooted<Calls>& each : answers) {
    sum.edges.insert(sum.edges.end(), each.answer.edges.begin(), each.answer.edges.end());
    sum.definitions.insert(sum.definitions.end(), each.answer.definitions.begin(),
                           each.answer.definitions.end());
  }
  ToolAnswer answer;
  answer.structured = json::calls_object(sum, direction == Direction::Callers ? "sonde.callers/1"
                                                                              : "sonde.callees/1")
                          .value();
  std::size_t at = 0;
  for (const Rooted<Calls>& each : answers) {
    for (const library::CallEdge& edge : each.answer.edges) {
      if (answers.size() > 1) {
        answer.structured["edges"][at]["root"] = to_valid_utf8(each.project->root());
      }
      answer.text += edge_text(call, *each.project, edge, direction);
      ++at;
    }
  }
  if (sum.edges.empty()) {
    answer.text =
        "No call was found. Calls are told by name from the syntax; `references` and "
        "`search` find other uses of a name.\n";
  }
  std::vector<std::string> notes = notes_on_all(answers);
  if (sum.total > sum.edges.size()) {
    notes.push_back(fmt::format("{} of {} calls; `n` gives more", sum.edges.size(), sum.total));
  }
  put_notes(answer, notes);
  return answer;
}

Result<ToolAnswer> run_calls(const ToolCall& call, const Json& json, Direction direction) {
  Arguments arguments(json);
  TRY_ASSIGN(CodeQuestion question, read_code_question(arguments, kEdges));
  TRY_ASSIGN(const std::uint64_t depth, arguments.number("depth", 1, 1, library::kMaxCallDepth));
  TRY(arguments.finish());
  question.request.depth = static_cast<std::uint32_t>(depth);
  const auto ask = [&](library::Library& library, const library::SymbolRequest& asked) {
    return direction == Direction::Callers ? library.callers(asked, call.cancel)
                                           : library.callees(asked, call.cancel);
  };
  TRY_ASSIGN(const std::vector<Rooted<Calls>> answers, ask_code<Calls>(call, question, ask));
  return answer_calls(call, answers, direction);
}

Tool calls_tool(Direction direction) {
  Tool tool;
  tool.input_schema = input_schema_of(
      code_question_properties(kEdges) +
          R"json(, "depth": {"type": "integer", "minimum": 1, "maximum": 8, "default": 1, "description": "how many calls are followed"})json",
      "symbol");
  Object edges = Object::parse(R"json({"edges": {"type": "array", "items": {"type": "object",
    "properties": {
      "root": {"type": "string"}, "depth": {"type": "integer"}, "callee": {"type": "string"},
      "lines": {"type": "array", "items": {"type": "integer"}},
      "definitions_total": {"type": "integer"}},
    "required": ["depth", "caller", "callee", "lines"]}}})json");
  Object places;
  places["type"] = "array";
  places["items"] = place_schema();
  edges["edges"]["items"]["properties"]["caller"] = place_schema();
  edges["edges"]["items"]["properties"]["definitions"] = places;
  edges["definitions"] = places;
  tool.output_schema = code_schema(std::move(edges), "edges");
  tool.run = [direction](const ToolCall& call, const Json& json) {
    return run_calls(call, json, direction);
  };
  return tool;
}

}  // namespace

Tool callers_tool() {
  Tool tool = calls_tool(Direction::Callers);
  tool.name = "callers";
  tool.subject = "symbol";
  tool.title = "What calls a function";
  tool.description =
      "Find what calls a function or method, and with depth what calls those. By name, from "
      "syntax trees: calls through other names, or to another function of the same name, are not "
      "told apart. Use it to see what a change touches.";
  return tool;
}

Tool callees_tool() {
  Tool tool = calls_tool(Direction::Callees);
  tool.name = "callees";
  tool.subject = "symbol";
  tool.title = "What a function calls";
  tool.description =
      "Find what a function or method calls, where each of these may be defined, and with depth "
      "what those call. By name, from syntax trees. Use it to follow how something is done.";
  return tool;
}

}  // namespace sonde::faces::mcp
