// Random damage to the files of a library, before it is opened and while it is searched [INV-3,
// INV-4].

#include <gtest/gtest.h>

#include "crash/trials.h"
#include "selftest/damage.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

TEST(DamageTrial, no_damage_makes_a_wrong_answer_or_a_signal) {  // INV-3, INV-4
  const ScratchFolder scratch("damage");
  selftest::DamageOptions options;
  options.scratch = scratch.path();
  options.worker_program = program_path("sonde-worker");
  options.seed = trial_seed();
  options.damages = trial_count("SONDE_DAMAGES", 100'000, 150);
  const auto tally = selftest::try_damages(options);
  ASSERT_TRUE(tally.ok()) << tally.error().message;
  report("damage", *tally);
  EXPECT_EQ(tally->count("damages"), options.damages);
  EXPECT_EQ(tally->count("promises broken"), 0U);
}

}  // namespace
}  // namespace sonde::testing
