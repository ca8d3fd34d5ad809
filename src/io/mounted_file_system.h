#pragma once
// For the self-test: one folder lies on another disk, the rest is the operating system's.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace sonde::io {

/// Paths at and below one folder go to a file system of their own, all others to the operating
/// system's. Threads: as safe as the two.
class MountedFileSystem final : public FileSystem {
 public:
  /// @param folder  absolute, without a slash at its end
  /// @param fs      outlives this
  /// @param inside  what the folder is called there
  MountedFileSystem(std::string folder, FileSystem& fs, std::string inside);

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path,
                                               std::uint32_t mode) override;
  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path, OpenMode open,
                                                  std::uint32_t mode) override;
  /// Errors also: InvalidArgument (from one to the other).
  Status rename(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status make_directory(const std::string& path, std::uint32_t mode) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;

 private:
  struct Place {
    FileSystem& fs;
    std::string path;
  };
  [[nodiscard]] Place place(const std::string& path) const;

  const std::string folder_;
  FileSystem& fs_;
  const std::string inside_;
};

}  // namespace sonde::io
