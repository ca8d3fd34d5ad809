#pragma once
// The library that a command writes to: the one that is there, or a new one.

#include <memory>
#include <string>
#include <vector>

#include "faces/cli/context.h"

namespace sonde::faces::cli {

struct OpenedLibrary {
  std::unique_ptr<library::Library> library;
  library::LibraryOptions options;
  std::vector<std::string> parts;  // what was typed, as the sources spell it; none: everything
  bool created = false;
  std::string absent;  // the first path that was typed, when nothing is there
};

Error nothing_there(const std::string& typed);

/// @param typed  paths in sources of the library; where there is none yet, its root or nothing
/// Errors: InvalidArgument (a path in no source, or that is not there), those of the library.
Result<OpenedLibrary> open_or_create(Context& context, const std::vector<std::string>& typed);

}  // namespace sonde::faces::cli
