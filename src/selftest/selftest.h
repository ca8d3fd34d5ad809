#pragma once
// The trials that are safe on a user's own machine, in a scratch folder and a given time.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "selftest/tally.h"

namespace sonde::selftest {

struct SelftestOptions {
  std::string folder;          // where the scratch folder is made and removed again
  std::string worker_program;  // sonde-worker
  std::chrono::seconds budget{30};
  std::uint64_t seed = 1;
};

struct TrialResult {
  std::string name;  // "power loss", "kill -9", "damage"
  std::string unit;  // what `tried` counts: "disks", "kills", "damages"
  std::uint64_t tried = 0;
  double seconds = 0;
  Tally tally = {};
};

struct SelftestReport {
  std::uint64_t seed = 0;
  std::string folder;  // where it ran; removed
  std::vector<TrialResult> trials;
  [[nodiscard]] std::uint64_t broken() const;
};

/// Power loss and damage are tried on disks in memory, kill -9 on the disk of `folder`. The caller
/// has no other thread. Errors: Io, NoSpace, Cancelled; those of a library that nothing disturbed.
Result<SelftestReport> selftest(const SelftestOptions& options, const CancelToken& cancel);

}  // namespace sonde::selftest
