#pragma once
// Random damage to every file of a small library, before it is opened and while it is searched.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "selftest/tally.h"

namespace sonde::selftest {

struct DamageOptions {
  std::string scratch;         // an existing folder; what is written there is left there
  std::string worker_program;  // sonde-worker
  std::uint64_t seed = 1;
  std::uint64_t damages = 100'000;
  std::uint64_t searched_every = 20;  // one of so many happens while four threads search
  unsigned children = 2;
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
};

/// Flips a bit, zeroes a page, cuts, swaps two files, puts an older file in the place of one, or
/// deletes it. Then each answer is the right one, or says that it is not complete, or is an error;
/// and after `doctor --repair` and `index` it is the right one. Counts: "damages" and of each kind,
/// "right at once", "named errors", "said to be incomplete", "repaired", "wrong answers",
/// "signals". Errors: Io, NoSpace; those of making the library.
Result<Tally> try_damages(const DamageOptions& options);

}  // namespace sonde::selftest
