#include "library/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace sonde::library {

namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;

std::size_t usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    return 1;
  }
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

std::uint64_t machine_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  std::uint64_t bytes = pages > 0 && page > 0
                            ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
                            : 1024 * kMiB;
  std::ifstream group("/sys/fs/cgroup/memory.max");
  std::uint64_t limit = 0;
  if (group >> limit && limit > 0) {
    bytes = std::min(bytes, limit);
  }
  return bytes;
}

}  // namespace

Limits limits_for(const Config& config) {
  Limits limits;
  limits.threads = config.threads > 0 ? std::min<std::size_t>(config.threads, 64)
                                      : std::min<std::size_t>(usable_processors(), 16);
  limits.max_rss_bytes = config.max_rss_bytes > 0 ? config.max_rss_bytes : machine_memory() / 4;
  limits.block_cache_bytes =
      std::clamp<std::uint64_t>(limits.max_rss_bytes / 16, 4 * kMiB, 64 * kMiB);
  // A million vectors of 384 dimensions have 60 MB of codes and 390 MB of values.
  limits.vector_cache_bytes =
      std::clamp<std::uint64_t>(limits.max_rss_bytes / 8, 8 * kMiB, 1024 * kMiB);
  // Address space, not memory in use: the grammars' tables alone take some 60 MiB of it.
  limits.worker_bytes = std::clamp<std::uint64_t>(limits.max_rss_bytes / (2 * limits.threads),
                                                  256 * kMiB, 1024 * kMiB);
  return limits;
}

}  // namespace sonde::library
