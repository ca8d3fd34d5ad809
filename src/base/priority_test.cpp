#include "base/priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace sonde {
namespace {

TEST(Priority, is_lowered_for_the_calling_thread_and_what_it_starts_alone) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  int own = 0;
  int started = 0;
  std::thread thread([&] {
    give_way();
    give_way();
    own = ::getpriority(PRIO_PROCESS, 0);
    std::thread([&] { started = ::getpriority(PRIO_PROCESS, 0); }).join();
  });
  thread.join();
  EXPECT_EQ(own, before < 0 ? before : std::max(before, 10));
  EXPECT_EQ(started, own);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before);
}

}  // namespace
}  // namespace sonde
