#pragma once
// Completion scripts for shells, made from the command line's shape so that they cannot drift.

#include <string>

#include "base/result.h"
#include "faces/cli/arguments.h"

namespace sonde::faces::cli {

/// @param shell "bash", "zsh" or "fish". Errors: InvalidArgument.
Result<std::string> completion_script(const CommandShape& shape, const std::string& shell);

}  // namespace sonde::faces::cli
