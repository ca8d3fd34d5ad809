#pragma once
// What benchmarks ask of the system about the process they run in.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sonde::io {

struct ResidentMemory {
  std::uint64_t now_bytes = 0;
  std::uint64_t peak_bytes = 0;
};
/// Errors: Io, Unsupported (/proc is not there).
Result<ResidentMemory> resident_memory();
/// Keeps the calling thread, and those that it starts, on the last of its processors. Errors: Io.
Status stay_on_one_processor();
/// Asks the system to forget the cached pages of a file. Errors: NotFound, Io.
Status drop_cached_pages(const std::string& path);
/// The path of the program that runs. Errors: Io.
Result<std::string> own_program();

}  // namespace sonde::io
