#pragma once
// What a program prints that a benchmark runs.

#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::faces::cli {

/// Runs it to its end, half an hour at most, with our standard error.
/// @param arguments  its path first
/// Errors: Io (it did not start, did not end, or ended badly).
Result<std::string> program_output(std::vector<std::string> arguments,
                                   std::vector<std::string> environment);

}  // namespace sonde::faces::cli
