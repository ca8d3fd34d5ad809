#include "faces/http/search_arguments.h"

#include "faces/http/target.h"
#include "faces/mcp/arguments.h"
#include "faces/mcp/search_filters.h"

namespace sonde::faces::http {

namespace {

constexpr std::uint64_t kResults = 10;
constexpr std::uint64_t kResultLimit = 1'000;
constexpr std::uint64_t kContextLimit = 1'000;
constexpr std::uint64_t kBudgetLimit = 10'000'000;

bool is_flag(const std::string& name) {
  return name == "by_chunk" || name == "exact" || name == "explain" || name == "refresh";
}

/// One value is that value, several of one name are a list.
Result<mcp::Json> object_of(const Request& request) {
  TRY_ASSIGN(const Parameters parameters, query_parameters(request.target));
  mcp::Json object = mcp::Json::object();
  for (const auto& [name, value] : parameters) {
    const bool truth = is_flag(name) && (value == "true" || value == "false");
    mcp::Json one = truth ? mcp::Json(value == "true") : mcp::Json(value);
    mcp::Json& kept = object[name];
    if (kept.is_null()) {
      kept = std::move(one);
    } else if (kept.is_array()) {
      kept.push_back(value);
    } else {
      kept = mcp::Json::array({std::move(kept), value});
    }
  }
  return object;
}

}  // namespace

Result<mcp::Json> parameters_of(const Request& request) {
  if (request.method != "POST") {
    return object_of(request);
  }
  mcp::Json object = mcp::Json::parse(request.body, nullptr, false);
  if (!object.is_object()) {
    return Error{Code::InvalidArgument,
                 "the body is a JSON object, such as {\"query\": \"where are sessions removed\"}"};
  }
  return object;
}

Result<SearchArguments> read_search(const mcp::Json& parameters) {
  mcp::Arguments arguments(parameters);
  SearchArguments search;
  library::SearchRequest& request = search.request;
  TRY_ASSIGN(request.query, arguments.needed_text(arguments.has("q") ? "q" : "query"));
  TRY_ASSIGN(request.limit, arguments.number("n", kResults, 1, kResultLimit));
  TRY_ASSIGN(const std::string mode, arguments.text("mode", "auto"));
  TRY_ASSIGN(request.mode, mcp::search_mode_named(mode));
  TRY(mcp::read_filters(arguments, request));
  TRY_ASSIGN(request.symbols, arguments.list("symbol"));
  TRY_ASSIGN(request.budget_tokens, arguments.number("budget_tokens", 0, 0, kBudgetLimit));
  TRY_ASSIGN(const std::uint64_t context, arguments.number("context", 0, 0, kContextLimit));
  request.context_lines = static_cast<std::uint32_t>(context);
  TRY_ASSIGN(request.by_chunk, arguments.flag("by_chunk"));
  TRY_ASSIGN(request.exact, arguments.flag("exact"));
  TRY_ASSIGN(request.explain, arguments.flag("explain"));
  TRY_ASSIGN(request.refresh, arguments.flag("refresh", true));
  TRY_ASSIGN(search.root, arguments.text("root"));
  TRY(arguments.finish());
  search.explain = request.explain ? json::Explain::Yes : json::Explain::No;
  search.filtered = !request.languages.empty() || !request.path_globs.empty() ||
                    !request.kinds.empty() || !request.symbols.empty();
  return search;
}

}  // namespace sonde::faces::http
