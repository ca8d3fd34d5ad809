#include "base/priority.h"

#include <sys/resource.h>

#include <algorithm>

namespace sonde {

namespace {

// A tenth of the weight of an ordinary thread. With 19 or SCHED_IDLE indexing would all but stop
// beside a long build.
constexpr int kBackgroundNice = 10;

}  // namespace

void give_way() {
  // On Linux 0 is the calling thread, not the process. A failure changes nothing but speed.
  const int now = ::getpriority(PRIO_PROCESS, 0);
  if (now >= 0) {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, std::max(now, kBackgroundNice)));
  }
}

}  // namespace sonde
