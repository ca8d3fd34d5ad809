#include "base/cancel.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::hours;

TEST(CancelToken, the_default_one_is_never_cancelled) {
  EXPECT_FALSE(CancelToken().cancelled());
  EXPECT_TRUE(CancelToken().check().ok());
}

TEST(CancelToken, every_copy_sees_the_cancel_and_outlives_the_source) {
  CancelToken token;
  {
    CancelSource source;
    token = source.token();
    const CancelToken copy = token;
    EXPECT_FALSE(copy.cancelled());
    source.cancel();
    EXPECT_TRUE(source.cancelled());
    EXPECT_TRUE(copy.cancelled());
  }
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(token.check().error().code, Code::Cancelled);
}

TEST(CancelToken, the_earlier_deadline_counts) {
  const auto now = Clock::now();
  const CancelToken past = CancelToken().with_deadline(now - hours(1));
  EXPECT_TRUE(past.cancelled());
  EXPECT_TRUE(past.with_deadline(now + hours(1)).cancelled());
  const CancelToken future = CancelToken().with_deadline(now + hours(1));
  EXPECT_FALSE(future.cancelled());
  EXPECT_TRUE(future.with_deadline(now - hours(1)).cancelled());
}

TEST(CancelToken, a_deadline_keeps_the_flag_of_its_source) {
  CancelSource source;
  const CancelToken token = source.token().with_deadline(Clock::now() + hours(1));
  EXPECT_FALSE(token.cancelled());
  source.cancel();
  EXPECT_TRUE(token.cancelled());
}

TEST(CancelToken, either_of_two_cancels_their_union) {
  for (const bool first : {true, false}) {
    CancelSource a;
    CancelSource b;
    const CancelToken both = a.token().or_when(b.token()).with_deadline(Clock::now() + hours(1));
    EXPECT_FALSE(both.cancelled());
    (first ? a : b).cancel();
    EXPECT_TRUE(both.cancelled());
    EXPECT_NE(a.token().cancelled(), b.token().cancelled());
  }
  EXPECT_FALSE(CancelToken().or_when(CancelToken()).cancelled());
}

}  // namespace
}  // namespace sonde
