#pragma once
// Power loss over a whole life of a library: at every write, sync, rename and truncate, with every
// kind of disk that may be left.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "selftest/tally.h"

namespace sonde::selftest {

struct PowerOptions {
  std::string scratch;         // an existing folder; what is written there is left there
  std::string worker_program;  // sonde-worker
  std::uint64_t seed = 1;
  std::size_t every = 1;  // of the moments, this many-th is tried
  std::size_t each =
      1'000'000;            // of each kind of survival (single losses, prefixes, tears) so many
  std::size_t random = 20;  // seeded subsets at each moment
  std::size_t failures = 1'000'000;  // of each kind of operation in a step so many fail, one a life
  std::size_t go_on_every = 50;      // on so many-th different disk the library is indexed again
  unsigned children = 2;
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
};

/// Besides, in each step, one read, write, sync or rename after another fails with EIO: the call
/// ends with an error or is done, and what was acknowledged stands when the disk is well again,
/// with and without a power loss after the failure. Counts: "failures of NAME", "moments", "disks",
/// "different disks", "states asked", "lives gone on", "before NAME" for each operation, "out of
/// time" (moments not tried). Errors: Io, NoSpace; those of the life when nothing failed yet.
Result<Tally> try_power_loss(const PowerOptions& options);

}  // namespace sonde::selftest
