#include "faces/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace sonde::faces::cli {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

struct Fixture {
  std::ostringstream err;
  std::chrono::steady_clock::time_point now{};
  Clock clock = [this] { return now; };
  Terminal terminal{true, false, 80, ""};

  long draws() const {
    const std::string text = err.str();
    return std::count(text.begin(), text.end(), '\r');
  }
};

library::Progress at(std::uint64_t files, std::uint64_t bytes, std::uint64_t lines) {
  return {library::Progress::Phase::Index, files, 1000, bytes, 10'000, 0, lines};
}

TEST(Progress, says_rate_and_time_left) {
  Fixture fixture;
  ProgressLine line(fixture.err, fixture.terminal, false, fixture.clock);
  line.update(at(0, 0, 0));
  fixture.now += milliseconds(2000);
  line.update(at(100, 2500, 120'000));
  EXPECT_THAT(fixture.err.str(),
              HasSubstr("indexing  100/1,000 files  25%  60,000 lines/s  6.0 s left"));
}

TEST(Progress, is_drawn_at_most_ten_times_a_second) {
  Fixture fixture;
  ProgressLine line(fixture.err, fixture.terminal, false, fixture.clock);
  for (int i = 0; i < 1000; ++i) {
    line.update(at(1, 1, 1));
    fixture.now += milliseconds(1);
  }
  EXPECT_LE(fixture.draws(), 10);
  EXPECT_GE(fixture.draws(), 9);
}

TEST(Progress, is_cleared_at_the_end) {
  Fixture fixture;
  { ProgressLine(fixture.err, fixture.terminal, false, fixture.clock).update(at(1, 1, 1)); }
  EXPECT_TRUE(fixture.err.str().ends_with("\r\x1b[K"));
}

TEST(Progress, is_silent_on_pipes_dumb_terminals_and_when_quiet) {
  Fixture fixture;
  const Terminal pipe;
  Terminal dumb = fixture.terminal;
  dumb.dumb = true;
  { ProgressLine(fixture.err, pipe, false, fixture.clock).update(at(1, 1, 1)); }
  { ProgressLine(fixture.err, dumb, false, fixture.clock).update(at(1, 1, 1)); }
  { ProgressLine(fixture.err, fixture.terminal, true, fixture.clock).update(at(1, 1, 1)); }
  EXPECT_EQ(fixture.err.str(), "");
}

TEST(Progress, never_passes_the_width_of_the_terminal) {
  Fixture fixture;
  fixture.terminal.width = 24;
  ProgressLine line(fixture.err, fixture.terminal, false, fixture.clock);
  line.update(at(1, 1, 1));
  EXPECT_LE(display_width(fixture.err.str().substr(4)), 23U);
}

TEST(Progress, odd_numbers_do_no_harm) {
  Fixture fixture;
  ProgressLine line(fixture.err, fixture.terminal, false, fixture.clock);
  line.update(at(0, 0, 0));
  fixture.now += milliseconds(1000);
  line.update(at(5000, 50'000, 1));
  EXPECT_THAT(fixture.err.str(), HasSubstr("100%"));
}

}  // namespace
}  // namespace sonde::faces::cli
