#include "faces/cli/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "faces/cli/exit_code.h"

namespace sonde::faces::cli {
namespace {

class InterruptDeathTest : public testing::TestWithParam<int> {};

TEST_P(InterruptDeathTest, the_first_signal_cancels_and_the_second_ends_the_program) {
  EXPECT_EXIT(
      {
        CancelSource source;
        const CancelOnSignals on_signals(source);
        std::raise(GetParam());
        if (!source.token().cancelled()) {
          ::_exit(1);
        }
        std::raise(GetParam());
        ::_exit(2);
      },
      testing::ExitedWithCode(kInterrupted), "");
}

TEST_P(InterruptDeathTest, a_signal_after_the_run_finds_no_source_and_ends_the_program) {
  EXPECT_EXIT(
      {
        {
          CancelSource source;
          const CancelOnSignals on_signals(source);
        }
        std::raise(GetParam());
        ::_exit(2);
      },
      testing::KilledBySignal(GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptDeathTest, testing::Values(SIGINT, SIGTERM));

[[noreturn]] void write_to_nobody() {
  CancelSource source;
  const CancelOnSignals on_signals(source);
  std::array<int, 2> ends{};
  const bool ready = ::pipe(ends.data()) == 0 && ::close(ends[0]) == 0;
  const bool failed = ready && ::write(ends[1], "x", 1) < 0 && errno == EPIPE;
  ::_exit(failed ? 0 : 1);
}

TEST(PipeDeathTest, a_reader_that_goes_away_is_an_error_of_the_write) {
  EXPECT_EXIT(write_to_nobody(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sonde::faces::cli
