#pragma once
// One folder's entries, as the kernel gives them.

#include <cstdint>
#include <string>
#include <vector>

namespace sonde::tree {

struct RawEntry {
  std::uint32_t name = 0;  // where its name begins in FolderEntries::names
  std::uint16_t length = 0;
  unsigned char type = 0;  // DT_REG, DT_DIR, ...; never DT_UNKNOWN
};

struct FolderEntries {
  std::string names;  // each ends with NUL
  std::vector<RawEntry> entries;

  [[nodiscard]] const char* name(const RawEntry& entry) const { return names.data() + entry.name; }
};

/// Reads all entries but "." and ".." of an open folder. Our own loop over getdents: readdir makes
/// two more calls and a buffer for each folder.
/// @return 0, an errno, or EFBIG for more than kMaxFolderEntries entries (those read stay in `out`)
int read_folder(int folder, FolderEntries& out);

inline constexpr std::size_t kMaxFolderEntries = 5'000'000;

}  // namespace sonde::tree
