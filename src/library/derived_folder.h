#pragma once
// A folder of derived files, each of which the truth lists: segments, vectors.

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::library {

/// Names of what is in it; none where it does not exist. Errors: Io.
Result<std::vector<std::string>> derived_files(io::FileSystem& fs, const std::string& folder);
/// Removes what the truth does not list, durably. Errors: Io.
Status remove_unlisted_files(io::FileSystem& fs, const std::string& folder,
                             const std::set<std::string>& listed);

}  // namespace sonde::library
