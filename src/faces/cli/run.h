#pragma once
// The command line's door: one call is one run of `sonde`.

#include <string>
#include <vector>

#include "faces/cli/context.h"

namespace sonde::faces::cli {

/// Parses, runs, prints. @param arguments without the program's name. @return the exit code.
/// Never throws.
int run(const std::vector<std::string>& arguments, const library::Environment& environment,
        Streams& streams, const LibraryDoor& door, const CancelToken& cancel, const Clock& clock);

}  // namespace sonde::faces::cli
