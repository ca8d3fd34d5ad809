#include "library/on_disk.h"

namespace sonde::library {

OnDisk compare_with_disk(io::FileSystem& fs, const std::string& path, const store::FileRow& row) {
  const auto info = fs.info(path);
  if (!info.ok() && info.error().code != Code::NotFound) {
    return OnDisk::OutOfReach;
  }
  if (!info.ok() || info->type != io::FileType::Regular) {
    return OnDisk::Gone;
  }
  if (info->size_bytes != row.size_bytes) {
    return OnDisk::Changed;
  }
  if (info->mtime_ns == row.mtime_ns && info->inode == row.inode) {
    return OnDisk::Same;
  }
  const auto bytes = io::read_file(fs, path, kHashLimitBytes);
  return bytes.ok() && content_hash(*bytes) == row.hash ? OnDisk::Same : OnDisk::Changed;
}

}  // namespace sonde::library
