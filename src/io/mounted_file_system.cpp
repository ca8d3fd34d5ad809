#include "io/mounted_file_system.h"

#include <utility>

#include "base/result.h"

namespace sonde::io {

MountedFileSystem::MountedFileSystem(std::string folder, FileSystem& fs, std::string inside)
    : folder_(std::move(folder)), fs_(fs), inside_(std::move(inside)) {}

MountedFileSystem::Place MountedFileSystem::place(const std::string& path) const {
  const bool here =
      path.starts_with(folder_) && (path.size() == folder_.size() || path[folder_.size()] == '/');
  return here ? Place{fs_, inside_ + path.substr(folder_.size())} : Place{real_file_system(), path};
}

Result<std::unique_ptr<ReadableFile>> MountedFileSystem::open_read(const std::string& path) {
  const Place at = place(path);
  return at.fs.open_read(at.path);
}

Result<std::unique_ptr<WritableFile>> MountedFileSystem::create(const std::string& path,
                                                                std::uint32_t mode) {
  const Place at = place(path);
  return at.fs.create(at.path, mode);
}

Result<std::unique_ptr<RandomFile>> MountedFileSystem::open_random(const std::string& path,
                                                                   OpenMode open,
                                                                   std::uint32_t mode) {
  const Place at = place(path);
  return at.fs.open_random(at.path, open, mode);
}

Status MountedFileSystem::rename(const std::string& from, const std::string& to) {
  const Place old_place = place(from);
  const Place new_place = place(to);
  if (&old_place.fs != &new_place.fs) {
    return Error{Code::InvalidArgument, from + " and " + to + " are on two file systems"};
  }
  return old_place.fs.rename(old_place.path, new_place.path);
}

Status MountedFileSystem::remove_file(const std::string& path) {
  const Place at = place(path);
  return at.fs.remove_file(at.path);
}

Status MountedFileSystem::make_directory(const std::string& path, std::uint32_t mode) {
  const Place at = place(path);
  return at.fs.make_directory(at.path, mode);
}

Status MountedFileSystem::remove_directory(const std::string& path) {
  const Place at = place(path);
  return at.fs.remove_directory(at.path);
}

Status MountedFileSystem::sync_directory(const std::string& path) {
  const Place at = place(path);
  return at.fs.sync_directory(at.path);
}

Result<std::vector<DirectoryEntry>> MountedFileSystem::list(const std::string& path) {
  const Place at = place(path);
  return at.fs.list(at.path);
}

Result<FileInfo> MountedFileSystem::info(const std::string& path) {
  const Place at = place(path);
  return at.fs.info(at.path);
}

}  // namespace sonde::io
