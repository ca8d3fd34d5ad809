#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/cli/query_words.h"
#include "faces/cli/render_results.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

/// The library of the working folder; where there is none, that of the first path named.
Result<library::LibraryOptions> library_to_search(Context& context) {
  auto here = found_library(context, context.environment.working_directory);
  const std::vector<std::string>& paths = context.invocation.search.request.within;
  if (here.ok() || here.error().code != Code::NotFound || paths.empty()) {
    return here;
  }
  return found_library(context, context.absolute(paths.front()));
}

Result<library::SearchRequest> request_of(const Context& context, const library::Config& config) {
  const SearchOptions& options = context.invocation.search;
  library::SearchRequest request = options.request;
  if (!options.limit_given) {
    request.limit = config.results;
  }
  request.refresh = request.refresh && config.refresh;
  for (std::string& path : request.within) {
    const std::string typed = path;
    path = context.absolute(typed);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      return Error{Code::InvalidArgument,
                   "there is no file or folder " + safe_path(typed) +
                       " to search in; a query of several words goes in quotes"};
    }
  }
  return request;
}

/// The filters of a request as they are typed.
std::string filters_of(const library::SearchRequest& request) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  const auto add_all = [&add](const char* name, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      add(std::string(name) + " " + value);
    }
  };
  for (const std::string& filter : filters_in_query(request.query)) {
    add(filter);
  }
  add_all("--lang", request.languages);
  add_all("--path", request.path_globs);
  add_all("--kind", request.kinds);
  add_all("--symbol", request.symbols);
  if (request.min_score > 0) {
    add(fmt::format("--min-score {}", request.min_score));
  }
  add_all("in", request.within);
  return text;
}

/// Whether anything is found when the filters are left away.
bool found_without_filters(const library::SearchRequest& request, library::Library& library,
                           const CancelToken& cancel) {
  library::SearchRequest open;
  open.query = without_filters(request.query);
  open.limit = 1;
  open.refresh = false;
  if (open.query.empty()) {
    return false;
  }
  const auto answer = library.search(open, cancel);
  return answer.ok() && !answer->results.empty();
}

void explain_nothing(const Context& context, const library::SearchRequest& request,
                     const library::SearchAnswer& answer, library::Library& library) {
  if (context.invocation.common.quiet) {
    return;
  }
  if (answer.left_out_by_budget > 0) {
    context.note(fmt::format("no result fits into {} tokens; the best {} were left out",
                             request.budget_tokens, answer.left_out_by_budget));
    return;
  }
  context.note("nothing found for " + request.query);
  if (answer.index.files == 0) {
    context.note(
        "the library holds no files; `sonde index` reads them, and "
        "`sonde status --skipped` says what was left out");
    return;
  }
  const std::string filters = filters_of(request);
  if (!filters.empty()) {
    context.note(found_without_filters(request, library, context.cancel)
                     ? "there are results without the filters: " + filters
                     : "the filters (" + filters + ") are not why");
  }
  if (filters.empty()) {
    context.note(
        "fewer or other words may help, or another spelling; every \"phrase\" must occur "
        "and no -word may");
  }
}

void print_notes(const Context& context, const library::SearchAnswer& answer) {
  const std::string note = completeness_note(answer.index);
  if (!note.empty()) {
    context.note(note);
  }
  for (const std::string& further : answer.index.notes) {
    context.note(further);
  }
}

void print_json_lines(const Context& context, const library::SearchAnswer& answer,
                      json::Explain explain) {
  for (const library::SearchHit& hit : answer.results) {
    context.streams.out << json::hit_object(hit, explain, answer.mode).text(json::Layout::OneLine);
  }
  context.streams.out << json::last_line_object(answer.index).text(json::Layout::OneLine);
}

void print_answer(const Context& context, const library::SearchAnswer& answer) {
  const SearchOptions& search = context.invocation.search;
  const json::Explain explain = search.request.explain ? json::Explain::Yes : json::Explain::No;
  if (search.json_lines) {
    print_json_lines(context, answer, explain);
    return;
  }
  if (context.invocation.json()) {
    print_json(context, search.files_only ? json::files_object(answer)
                                          : json::search_object(answer, explain));
    return;
  }
  const RenderOptions options{context.environment.working_directory, context.painter_out(),
                              context.streams.out_terminal.width, search.request.explain};
  if (search.files_only) {
    render_paths(context.streams.out, answer, options);
  } else if (context.for_people() || search.request.explain) {
    // Explanations are read by people, also through a pager; tools take --json.
    render_for_people(context.streams.out, answer, options);
  } else {
    render_plain(context.streams.out, answer, options);
  }
}

/// FILE:LINE, where FILE itself has no such name.
Result<library::SimilarRequest> similar_of(const Context& context, const library::Config& config) {
  TRY_ASSIGN(const library::SearchRequest search, request_of(context, config));
  library::SimilarRequest request;
  request.limit = search.limit;
  request.languages = search.languages;
  request.path_globs = search.path_globs;
  request.kinds = search.kinds;
  request.within = search.within;
  request.min_score = search.min_score;
  const std::string& typed = context.invocation.similar.place;
  request.path = context.absolute(typed);
  struct stat info {};
  const std::size_t colon = typed.rfind(':');
  if (::lstat(request.path.c_str(), &info) != 0 && colon != std::string::npos) {
    const char* const end = typed.data() + typed.size();
    const auto [stop, error] = std::from_chars(typed.data() + colon + 1, end, request.line);
    if (error != std::errc() || stop != end || request.line == 0) {
      return Error{Code::InvalidArgument,
                   "there is no file " + safe_path(typed) + "; a place is FILE or FILE:LINE"};
    }
    request.path = context.absolute(typed.substr(0, colon));
  }
  return request;
}

}  // namespace

Result<int> run_search(Context& context) {
  TRY_ASSIGN(const library::LibraryOptions options, library_to_search(context));
  TRY_ASSIGN(const library::SearchRequest request, request_of(context, options.config));
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(library::SearchAnswer answer, library->search(request, context.cancel));
  // Context that is asked for as 0 lines, or whose file changed, is the place's own text.
  for (library::SearchHit& hit : answer.results) {
    if (context.invocation.search.context_given && hit.context_start_line == 0) {
      hit.context_start_line = hit.start_line;
      hit.context = hit.text;
    }
  }
  print_answer(context, answer);
  context.streams.out.flush();
  if (answer.results.empty()) {
    explain_nothing(context, request, answer, *library);
  }
  print_notes(context, answer);
  return answer.results.empty() ? kNothingFound : kDone;
}

Result<int> run_similar(Context& context) {
  TRY_ASSIGN(const library::LibraryOptions options, library_to_search(context));
  TRY_ASSIGN(const library::SimilarRequest request, similar_of(context, options.config));
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(const library::SearchAnswer answer, library->similar(request, context.cancel));
  print_answer(context, answer);
  context.streams.out.flush();
  print_notes(context, answer);
  return answer.results.empty() ? kNothingFound : kDone;
}

}  // namespace sonde::faces::cli
