#pragma once
// What several tools answer alike: results as text for a model, and how complete they are.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faces/json/objects.h"
#include "faces/mcp/tools.h"

namespace sonde::faces::mcp {

/// One root's answer.
template <typename Answer>
struct Rooted {
  std::shared_ptr<Project> project;
  Answer answer;
};
using RootAnswer = Rooted<library::SearchAnswer>;

/// Asks every chosen root.
/// @param root  as Workspace::chosen takes it
/// @param ask   (Library&, what to stay within, number of roots) -> Result<Answer>
template <typename Answer, typename Ask>
Result<std::vector<Rooted<Answer>>> ask_roots(const ToolCall& call, const std::string& root,
                                              const Ask& ask) {
  TRY_ASSIGN(const auto projects, call.workspace.chosen(root, call.cancel));
  std::vector<Rooted<Answer>> answers;
  for (const auto& project : projects) {
    TRY_ASSIGN(const auto library, project->library(call.cancel));
    TRY_ASSIGN(std::vector<std::string> within, project->scope(call.cancel));
    TRY_ASSIGN(Answer answer, ask(*library, std::move(within), projects.size()));
    answers.push_back({project, std::move(answer)});
  }
  return answers;
}

/// The answers of all roots as one: the best `limit` of them all, as `sonde search --json` writes
/// them; with several roots each result names its `root`. `notes` when something is to be known.
/// @param answers  at least one
/// @param nothing  what to try when nothing was found
ToolAnswer answer_with(const ToolCall& call, std::vector<RootAnswer> answers, std::size_t limit,
                       const std::string& nothing, json::Explain explain = json::Explain::No);

/// What is to be known about an answer of this project: indexing under way, what is stale.
std::vector<std::string> notes_on(Project& project, const library::Completeness& index);
/// notes_on() each of them, with its root where there are several.
template <typename Answer>
std::vector<std::string> notes_on_all(const std::vector<Rooted<Answer>>& answers) {
  std::vector<std::string> notes;
  for (const Rooted<Answer>& each : answers) {
    for (const std::string& note : notes_on(*each.project, each.answer.index)) {
      notes.push_back(answers.size() > 1 ? each.project->root() + ": " + note : note);
    }
  }
  return notes;
}
/// Puts the notes into both forms of an answer.
void put_notes(ToolAnswer& answer, const std::vector<std::string>& notes);

/// Adds another library's counts; the notes are left as they are.
void add_up(library::Completeness& sum, const library::Completeness& further);

/// Text of a file between fences that it does not hold.
std::string fenced(const std::string& text);

/// JSON Schema, draft 2020-12, of a tool's arguments.
/// @param properties  in JSON, without braces
Object input_schema_of(const std::string& properties, const char* required);

/// Likewise of the structured content of search and similar.
Object search_schema();
/// Of the object `index` in it.
Object completeness_schema();

}  // namespace sonde::faces::mcp
