#pragma once
// file:// addresses, as clients name their roots.

#include <string>

#include "base/result.h"

namespace sonde::faces::mcp {

/// "file:///home/ann/my%20project" -> "/home/ann/my project". Errors: InvalidArgument (another
/// scheme, another machine, no absolute path, a broken %).
Result<std::string> path_of_uri(const std::string& uri);

}  // namespace sonde::faces::mcp
