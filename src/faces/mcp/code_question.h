#pragma once
// What the tools about code have in common: their arguments, how they ask, and how roots' answers
// become one.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faces/mcp/answers.h"
#include "faces/mcp/arguments.h"

namespace sonde::faces::mcp {

struct CodeQuestion {
  library::SymbolRequest request;
  std::string root;
  std::string path;  // as typed; empty: everywhere
};

/// `symbol`, `n`, `lang`, `path` and `root`. Errors: InvalidArgument.
Result<CodeQuestion> read_code_question(Arguments& arguments, std::uint64_t places);
/// The properties of these in a JSON schema, without braces.
std::string code_question_properties(std::uint64_t places);

/// Asks the chosen roots, or the one that holds the path.
/// @param ask  (Library&, const SymbolRequest&) -> Result<Answer>
template <typename Answer, typename Ask>
Result<std::vector<Rooted<Answer>>> ask_code(const ToolCall& call, const CodeQuestion& question,
                                             const Ask& ask) {
  library::SymbolRequest request = question.request;
  if (question.path.empty()) {
    return ask_roots<Answer>(
        call, question.root,
        [&](library::Library& library, std::vector<std::string> within, std::size_t) {
          request.within = std::move(within);
          return ask(library, request);
        });
  }
  TRY_ASSIGN(const PathInRoot place, call.workspace.resolve(question.path, call.cancel));
  TRY_ASSIGN(std::string spelled, place.project->as_source_spells(place.path, call.cancel));
  request.within = {std::move(spelled)};
  TRY_ASSIGN(const auto library, place.project->library(call.cancel));
  TRY_ASSIGN(Answer answer, ask(*library, request));
  std::vector<Rooted<Answer>> answers;
  answers.push_back({place.project, std::move(answer)});
  return answers;
}

/// What the answers say of their libraries, added up; without their places.
template <typename Answer>
Answer code_sum(const std::vector<Rooted<Answer>>& answers) {
  Answer sum;
  sum.symbol = answers.front().answer.symbol;
  sum.root = answers.front().answer.root;
  sum.index = answers.front().answer.index;
  for (const Rooted<Answer>& each : answers) {
    sum.took_ms += each.answer.took_ms;
    sum.total += each.answer.total;
    sum.structure.unknown_files += each.answer.structure.unknown_files;
    sum.structure.windowed += each.answer.structure.windowed;
    if (&each != &answers.front()) {
      add_up(sum.index, each.answer.index);
    }
  }
  return sum;
}

/// "src/a.py:12" as the client is shown it.
std::string shown_line(const ToolCall& call, const Project& project,
                       const library::CodePlace& place, std::uint32_t line);
/// "function Session.retry"; the kind alone where there is no name.
std::string named(const library::CodePlace& place);

/// JSON Schema of one place.
Object place_schema();
/// Of an answer with what all of them have and `further` properties.
/// @param list  the property that is always there beside these
Object code_schema(Object further, const char* list);

}  // namespace sonde::faces::mcp
