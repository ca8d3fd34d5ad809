#pragma once
// What every question for places can be narrowed by, as arguments name it.

#include <string>

#include "faces/mcp/arguments.h"
#include "library/library.h"

namespace sonde::faces::mcp {

/// "auto", "words", "meaning" or "hybrid". Errors: InvalidArgument.
Result<library::SearchMode> search_mode_named(const std::string& name);

/// `lang`, `path` and `kind`.
/// @param request  library::SearchRequest or library::SimilarRequest
template <typename Request>
Status read_filters(Arguments& arguments, Request& request) {
  TRY_ASSIGN(request.languages, arguments.list("lang"));
  TRY_ASSIGN(request.path_globs, arguments.list("path"));
  TRY_ASSIGN(request.kinds, arguments.list("kind"));
  return {};
}

}  // namespace sonde::faces::mcp
