#pragma once
// For tests: a file system that tells what comes.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace sonde::io {

/// Tells before each change or sync of another file system that it comes: its name ("write",
/// "sync", ...) and the path. Threads: safe if the callback is.
class TapeFileSystem final : public FileSystem {
 public:
  using Before = std::function<void(std::string_view operation, const std::string& path)>;

  /// @param fs  outlives this, as does this all files that it opened
  TapeFileSystem(FileSystem& fs, Before before) : fs_(fs), before_(std::move(before)) {}

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path,
                                               std::uint32_t mode) override;
  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path, OpenMode open,
                                                  std::uint32_t mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status make_directory(const std::string& path, std::uint32_t mode) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;

 private:
  FileSystem& fs_;
  const Before before_;
};

}  // namespace sonde::io
