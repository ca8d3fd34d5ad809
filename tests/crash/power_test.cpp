// Power loss over a whole scripted life of a library [INV-2].

#include <gtest/gtest.h>

#include "crash/trials.h"
#include "selftest/power.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

TEST(PowerLoss, at_any_moment_of_a_life_loses_nothing_that_was_acknowledged) {  // INV-2
  const ScratchFolder scratch("power");
  selftest::PowerOptions options;
  options.scratch = scratch.path();
  options.worker_program = program_path("sonde-worker");
  options.seed = trial_seed();
  options.every = trial_count("SONDE_EVERY_MOMENT", 1, 97);
  if (!exhaustive()) {
    options.each = 3;
    options.random = 3;
    options.failures = 1;
    options.go_on_every = 25;
  }
  const auto tally = selftest::try_power_loss(options);
  ASSERT_TRUE(tally.ok()) << tally.error().message;
  report("power loss", *tally);
  EXPECT_GT(tally->count("different disks"), 50U);
  EXPECT_GT(tally->count("states asked"), 10U);
  EXPECT_EQ(tally->count("promises broken"), 0U);
}

}  // namespace
}  // namespace sonde::testing
