// search and similar: places found in the index.

#include <algorithm>
#include <cctype>

#include "faces/mcp/answers.h"
#include "faces/mcp/arguments.h"
#include "faces/mcp/search_filters.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::uint64_t kResults = 10;
constexpr std::uint64_t kResultLimit = 100;
constexpr std::uint64_t kBudget = 6'000;
constexpr std::uint64_t kBudgetLimit = 200'000;
constexpr std::uint64_t kContextLimit = 200;
// Tokens of what stands around a result's text: id, score, fences, further places.
constexpr std::uint64_t kAround = 96;
constexpr std::uint64_t kLeastForOne = 160;

constexpr const char* kFilters = R"json(
    "lang": {"type": "array", "items": {"type": "string"}, "description": "only these languages, such as python or cpp"},
    "path": {"type": "array", "items": {"type": "string"}, "description": "only paths that fit one of these globs, such as src/**/*.ts"},
    "kind": {"type": "array", "items": {"type": "string", "enum": ["function", "method", "class", "struct", "enum", "interface", "trait", "module", "type", "constant", "doc", "data", "cell", "text"]}, "description": "only these kinds of places"})json";
constexpr const char* kRoot = R"json(,
    "root": {"type": "string", "description": "only this root (its path or last part), when several are open"})json";

const char* nothing_advice(const Arguments& arguments) {
  const bool filtered = arguments.has("lang") || arguments.has("path") || arguments.has("kind") ||
                        arguments.has("symbol");
  return filtered ? "Search again without the filters, or with other words."
                  : "Search again with fewer or other words; `outline` of a folder shows what "
                    "there is.";
}

Result<ToolAnswer> run_search(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  library::SearchRequest request;
  TRY_ASSIGN(request.query, arguments.needed_text("query"));
  TRY_ASSIGN(const std::uint64_t n, arguments.number("n", kResults, 1, kResultLimit));
  TRY_ASSIGN(const std::string mode, arguments.text("mode", "auto"));
  TRY_ASSIGN(request.mode, search_mode_named(mode));
  TRY(read_filters(arguments, request));
  TRY_ASSIGN(request.symbols, arguments.list("symbol"));
  TRY_ASSIGN(const std::uint64_t budget,
             arguments.number("budget_tokens", kBudget, 100, kBudgetLimit));
  TRY_ASSIGN(const std::uint64_t context, arguments.number("context", 0, 0, kContextLimit));
  TRY_ASSIGN(const std::string root, arguments.text("root"));
  TRY(arguments.finish());
  request.context_lines = static_cast<std::uint32_t>(context);
  const auto ask = [&](library::Library& library, std::vector<std::string> within,
                       std::size_t roots) {
    const std::uint64_t share = budget / roots;
    request.within = std::move(within);
    request.limit = std::clamp<std::uint64_t>(share / kLeastForOne, 1, n);
    request.budget_tokens = share - std::min(kAround * request.limit, share / 2);
    return library.search(request, call.cancel);
  };
  TRY_ASSIGN(std::vector<RootAnswer> answers, ask_roots<library::SearchAnswer>(call, root, ask));
  return answer_with(call, std::move(answers), n, nothing_advice(arguments));
}

Result<ToolAnswer> run_similar(const ToolCall& call, const Json& json) {
  Arguments arguments(json);
  library::SimilarRequest request;
  TRY_ASSIGN(const std::string file, arguments.needed_text("file"));
  TRY_ASSIGN(const std::uint64_t line, arguments.number("line", 0, 0, UINT32_MAX));
  TRY_ASSIGN(request.limit, arguments.number("n", kResults, 1, kResultLimit));
  TRY(read_filters(arguments, request));
  TRY(arguments.finish());
  request.line = static_cast<std::uint32_t>(line);
  TRY_ASSIGN(const PathInRoot place, call.workspace.resolve(file, call.cancel));
  TRY_ASSIGN(request.path, place.project->as_source_spells(place.path, call.cancel));
  TRY_ASSIGN(request.within, place.project->scope(call.cancel));
  TRY_ASSIGN(const auto library, place.project->library(call.cancel));
  TRY_ASSIGN(library::SearchAnswer answer, library->similar(request, call.cancel));
  std::vector<RootAnswer> answers;
  answers.push_back({place.project, std::move(answer)});
  return answer_with(call, std::move(answers), request.limit,
                     "Nothing else means nearly the same.");
}

}  // namespace

Tool search_tool() {
  Tool tool;
  tool.name = "search";
  tool.subject = "query";
  tool.title = "Search the project";
  tool.description =
      "Find code and text in the project by what it does or says. Use this first, before grep or "
      "reading whole files. The query may be a question (\"where are expired sessions removed\"), "
      "a "
      "description, names, or a pasted error message; it is matched by words and by meaning at "
      "once. "
      "Returns the best places, best first, each with path, lines, symbol, id and text, within "
      "budget_tokens in all. In a query, \"quotes\" demand a phrase and -word excludes one. If the "
      "answer has notes, the index is not complete: what you miss may still come.";
  tool.input_schema = input_schema_of(
      R"json("query": {"type": "string", "description": "what to find: a question, a description, names, an error message"},
    "n": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "description": "results at most"},
    "mode": {"type": "string", "enum": ["auto", "words", "meaning", "hybrid"], "default": "auto", "description": "words: for exact names only; auto is best otherwise"},
    "symbol": {"type": "array", "items": {"type": "string"}, "description": "only places that define this name"},
    "budget_tokens": {"type": "integer", "minimum": 100, "maximum": 200000, "default": 6000, "description": "tokens of the places with what is said of each, at most"},
    "context": {"type": "integer", "minimum": 0, "maximum": 200, "default": 0, "description": "lines around each place"},)json" +
          std::string(kFilters) + kRoot,
      "query");
  tool.output_schema = search_schema();
  tool.run = run_search;
  return tool;
}

Tool similar_tool() {
  Tool tool;
  tool.name = "similar";
  tool.subject = "file";
  tool.title = "Similar places";
  tool.description =
      "Find places that mean nearly the same as a file, or as what stands at a line of it: "
      "duplicates, other implementations, the tests of it, code to imitate. Needs vectors; without "
      "a "
      "model it says so.";
  tool.input_schema = input_schema_of(
      R"json("file": {"type": "string", "description": "a file of the project"},
    "line": {"type": "integer", "minimum": 0, "description": "a line in it; without it the whole file is meant"},
    "n": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "description": "results at most"},)json" +
          std::string(kFilters),
      "file");
  tool.output_schema = search_schema();
  tool.run = run_similar;
  return tool;
}

}  // namespace sonde::faces::mcp
