#pragma once
// How the trials of the self-test run as tests: short by default, in full with SONDE_EXHAUSTIVE=1.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "selftest/tally.h"

namespace sonde::testing {

inline bool exhaustive() { return std::getenv("SONDE_EXHAUSTIVE") != nullptr; }

/// How many: as the environment says, else in full or in short.
inline std::uint64_t trial_count(const char* variable, std::uint64_t full, std::uint64_t brief) {
  const char* const given = std::getenv(variable);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : exhaustive() ? full : brief;
}

/// Another one each time; SONDE_TEST_SEED takes one again.
inline std::uint64_t trial_seed() {
  const char* const given = std::getenv("SONDE_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << "\n";
  return seed;
}

/// Prints the counts, and fails for each promise that was broken.
inline void report(const std::string& trial, const selftest::Tally& tally) {
  for (const auto& [name, count] : tally.counts) {
    std::cout << trial << ": " << name << ": " << count << "\n";
  }
  for (const std::string& what : tally.broken) {
    ADD_FAILURE() << what;
  }
}

}  // namespace sonde::testing
