#pragma once
// How much of the machine Sonde may use.

#include <cstddef>
#include <cstdint>

#include "library/config.h"

namespace sonde::library {

struct Limits {
  std::size_t threads = 2;             // of the pool; as many worker processes
  std::size_t block_cache_bytes = 0;   // checked blocks of segments
  std::size_t vector_cache_bytes = 0;  // codes and vectors of one file
  std::size_t worker_bytes = 0;        // address space of each worker process
  std::uint64_t max_rss_bytes = 0;     // of all our processes together
};

/// Threads: as many as the processors this process may run on, at most 16; memory: a quarter of the
/// machine's (or of the control group's limit) unless the configuration says otherwise.
Limits limits_for(const Config& config);

}  // namespace sonde::library
