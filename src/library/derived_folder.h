#pragma once
// A folder of derived files, each of which the truth lists: segments, vectors.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/block_file.h"
#include "io/file_system.h"

namespace sonde::library {

/// Names of what is in it; none where it does not exist. Errors: Io.
Result<std::vector<std::string>> derived_files(io::FileSystem& fs, const std::string& folder);
/// Writes a new file durably: made beside the others, synced, renamed, its folder synced. The
/// folder is made when it is not there. One at a time in a folder.
/// @param write  writes the file's blocks; returns its name, which may say what they were
Status write_derived_file(io::FileSystem& fs, const std::string& folder,
                          const std::function<Result<std::string>(io::BlockSink&)>& write);
/// Removes what the truth does not list, durably. Errors: Io.
Status remove_unlisted_files(io::FileSystem& fs, const std::string& folder,
                             const std::set<std::string>& listed);

/// Whether a derived file is the one that the truth lists, and no older one of its size. Read whole
/// for that, so that only small files are: beyond kCheckedWholeBytes nothing is read.
/// @param checksum  XXH3-64 of the whole file. Errors: Corruption (names the file), Io.
Status check_same_file(io::FileSystem& fs, const std::string& path, std::uint64_t size_bytes,
                       std::uint64_t checksum);
inline constexpr std::uint64_t kCheckedWholeBytes = 1 << 20;

}  // namespace sonde::library
