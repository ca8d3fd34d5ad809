#pragma once
// Reading below an open folder: an owned descriptor and bounded reads relative to it. The walk
// needs the "at" calls, which name a file from its folder and so cannot be led elsewhere by a link.

#include <cstdint>
#include <optional>
#include <string>

#include "io/unique_fd.h"

namespace sonde::tree {

enum class Links { Follow, Refuse };

/// A folder, relative to `parent` (or AT_FDCWD); empty on failure, with errno set.
io::UniqueFd open_folder_at(int parent, const char* name, Links links);

/// The content of a regular file of at most `limit` bytes; nothing when it is missing, something
/// else than a file, larger, or cannot be read. Never waits on a pipe.
std::optional<std::string> read_file_at(int parent, const char* name, Links links,
                                        std::size_t limit);

/// Where an open descriptor is, as the kernel says; empty when it does not.
std::string path_of(const io::UniqueFd& descriptor);

}  // namespace sonde::tree
