#pragma once
// What a search over HTTP asks for, from a query or from an object.

#include <string>

#include "faces/http/message.h"
#include "faces/json/objects.h"
#include "faces/mcp/protocol.h"
#include "library/library.h"

namespace sonde::faces::http {

struct SearchArguments {
  library::SearchRequest request;  // `within` is left to the roots
  std::string root;                // empty: all
  json::Explain explain = json::Explain::No;
  bool filtered = false;  // by language, path, kind or symbol
};

/// The parameters of GET, or the object that POST brings. Errors: InvalidArgument, Limit.
Result<mcp::Json> parameters_of(const Request& request);

/// @param parameters  an object. Errors: InvalidArgument (what is wrong with which parameter).
Result<SearchArguments> read_search(const mcp::Json& parameters);

}  // namespace sonde::faces::http
