#include "library/derived_folder.h"

#include <utility>

namespace sonde::library {

Result<std::vector<std::string>> derived_files(io::FileSystem& fs, const std::string& folder) {
  auto entries = fs.list(folder);
  if (!entries.ok()) {
    if (entries.error().code == Code::NotFound) {
      return std::vector<std::string>{};
    }
    return std::move(entries).error();
  }
  std::vector<std::string> names;
  for (io::DirectoryEntry& entry : *entries) {
    names.push_back(std::move(entry.name));
  }
  return names;
}

Status remove_unlisted_files(io::FileSystem& fs, const std::string& folder,
                             const std::set<std::string>& listed) {
  TRY_ASSIGN(const std::vector<std::string> names, derived_files(fs, folder));
  bool removed = false;
  for (const std::string& name : names) {
    if (!listed.contains(name)) {
      TRY(fs.remove_file(io::join_path(folder, name)));
      removed = true;
    }
  }
  return removed ? fs.sync_directory(folder) : Status{};
}

}  // namespace sonde::library
