#pragma once
// What the program's exit code says. Fixed: scripts go by it.

#include "base/result.h"

namespace sonde::faces::cli {

inline constexpr int kDone = 0;
inline constexpr int kNothingFound = 1;
inline constexpr int kBrokenPromise = 1;  // `sonde selftest` only
inline constexpr int kFailure = 2;        // usage, bad input, or a failure that was said
inline constexpr int kNeedsRepair = 3;    // `sonde doctor` says what
inline constexpr int kHeld = 4;           // another process holds the library; try again later
inline constexpr int kInterrupted = 130;

int exit_code_of(Code code);

}  // namespace sonde::faces::cli
