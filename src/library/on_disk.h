#pragma once
// Is a file on disk still the version that the library holds?

#include <string>

#include "io/file_system.h"
#include "store/store.h"

namespace sonde::library {

enum class OnDisk { Same, Changed, Gone, OutOfReach };

/// Size and time decide where they can, the content where they cannot. @param path  absolute
OnDisk compare_with_disk(io::FileSystem& fs, const std::string& path, const store::FileRow& row);

/// The largest file that is read whole to be compared, or for the lines around a place.
inline constexpr std::uint64_t kHashLimitBytes = 64ULL << 20;

}  // namespace sonde::library
