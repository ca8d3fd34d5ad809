#include "library/code_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "library/code_calls.h"
#include "library/code_names.h"
#include "library/code_references.h"

namespace sonde::library {

namespace {

constexpr std::size_t kShownDefinitions = 10;  // of what was asked for
constexpr std::size_t kShownMeanings = 3;      // of a called name

Status show_edges(CodeLookup& lookup, const std::vector<CallTree::Edge>& edges, std::size_t limit,
                  CallsAnswer& answer) {
  answer.total = edges.size();
  for (const CallTree::Edge& edge : edges) {
    if (answer.edges.size() >= limit) {
      break;
    }
    std::optional<CodePlace> caller;
    if (edge.caller != 0) {
      TRY_ASSIGN(caller, place_of(lookup, FoundDefinition{edge.file, edge.caller - 1}));
    } else {
      TRY_ASSIGN(caller, place_of(lookup, FoundPlace{edge.file, edge.lines.front(), 0, "module"}));
    }
    if (!caller) {
      continue;
    }
    CallEdge shown;
    shown.depth = edge.depth;
    shown.caller = std::move(*caller);
    shown.callee = edge.callee;
    shown.lines = edge.lines;
    shown.definitions_total = edge.meanings.size();
    TRY(show(lookup, edge.meanings, kShownMeanings, shown.definitions));
    answer.edges.push_back(std::move(shown));
  }
  return {};
}

}  // namespace

void note_state(const StructureState& state, Completeness& index) {
  if (state.unknown_files > 0) {
    index.complete = false;
    index.notes.push_back(fmt::format(
        "the structure of {} files is not known yet; `sonde index` reads it", state.unknown_files));
  }
  if (state.windowed > 0) {
    index.notes.push_back(fmt::format(
        "{} files have no syntax tree (`sonde status --quarantine` says why)", state.windowed));
  }
}

Result<SymbolAnswer> answer_symbol(const CodeContext& context, const SymbolRequest& request,
                                   SymbolQuestion question) {
  TRY_ASSIGN(Asked asked, parse_symbol(request.symbol));
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(lookup.restrict_to(request.languages, request.within));
  SymbolAnswer answer;
  answer.symbol = request.symbol;
  Lenience lenience;
  if (question == SymbolQuestion::Definition) {
    TRY_ASSIGN(const std::vector<FoundDefinition> found, definitions_of(lookup, asked, lenience));
    answer.total = found.size();
    TRY(show(lookup, found, request.limit, answer.places));
    TRY(finish_answer(context, lookup, std::move(lenience.notes), answer));
    return answer;
  }
  References references(lookup, NameMatch(asked.name, NameMatch::Case::Exact));
  TRY(references.collect(asked.name, request.mentions));
  const std::vector<FoundPlace> found = references.take();
  answer.total = found.size();
  TRY(show(lookup, found, request.limit, answer.places));
  if (!asked.scope.empty()) {
    lenience.notes.push_back(
        fmt::format("references are by name: these are to every {}, not only to that of {}",
                    asked.name, asked.scope));
  }
  if (references.cut()) {
    lenience.notes.push_back("the name stands in more text than was looked through for mentions");
  }
  TRY(finish_answer(context, lookup, std::move(lenience.notes), answer));
  return answer;
}

Result<CallsAnswer> answer_calls(const CodeContext& context, const SymbolRequest& request,
                                 CallQuestion question) {
  TRY_ASSIGN(Asked asked, parse_symbol(request.symbol));
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(lookup.restrict_to(request.languages, request.within));
  CallsAnswer answer;
  answer.symbol = request.symbol;
  Lenience lenience;
  TRY_ASSIGN(const std::vector<FoundDefinition> roots, definitions_of(lookup, asked, lenience));
  TRY(show(lookup, roots, kShownDefinitions, answer.definitions));
  CallTree tree(lookup, request.depth);
  TRY(question == CallQuestion::Callers ? tree.callers(asked.name, lenience.how)
                                        : tree.callees(roots));
  TRY(show_edges(lookup, tree.edges(), request.limit, answer));
  if (roots.size() > 1) {
    lenience.notes.push_back(
        fmt::format("calls are by name, and {} definitions have this one", roots.size()));
  } else if (question == CallQuestion::Callees && roots.empty()) {
    lenience.notes.push_back("nothing of that name is defined in the library");
  }
  if (tree.cut()) {
    lenience.notes.push_back("the tree is larger than what was followed");
  }
  TRY(finish_answer(context, lookup, std::move(lenience.notes), answer));
  return answer;
}

}  // namespace sonde::library
