#pragma once
// For tests: files in memory on a disk that loses power, fails and fills up on demand.
//
//   FaultFileSystem fs;                                    // 1. a run without faults counts
//   work(fs);  const auto points = fs.operations();
//   for (n < points) {                                     // 2. a run for each point
//     FaultFileSystem again;
//     again.set_plan({.power_lost_at = n});
//     work(again);                                         //    fails somewhere
//     const DiskModel disk = again.disk();
//     for (const Survival& s : disk.survivals(50, 10, n)) {
//       FaultFileSystem after(disk.crash(s));              // 3. what must hold on each such disk
//       ...

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/disk_model.h"
#include "io/file_system.h"

namespace sonde::io {

enum class DiskOperation {
  Read,
  Write,
  Truncate,
  Sync,
  SyncDirectory,
  Create,
  Rename,
  Remove,  // of files and folders
  MakeDirectory,
};
inline constexpr std::size_t kDiskOperations = 9;

/// What goes wrong, counted from set_plan on. The default: nothing.
struct FaultPlan {
  struct Failure {
    DiskOperation operation = DiskOperation::Sync;
    std::uint64_t nth = 0;    // the first that fails, counted from 0 among its kind
    std::uint64_t times = 1;  // so many in a row
  };
  /// The change or sync with this number (from 0, of all kinds but Read) does not happen, and
  /// every later call fails with Io.
  std::optional<std::uint64_t> power_lost_at = std::nullopt;
  /// Each fails with Io. A sync that fails has lost the data that it should have saved.
  std::vector<Failure> failures = {};
  /// Files may grow by so many bytes altogether; a write beyond is done in part: NoSpace.
  std::optional<std::uint64_t> space_bytes = std::nullopt;
};

/// Threads: safe; a DiskModel taken out of it shares pages with it and must not be used by another
/// thread at the same time. Open files keep what they need alive.
class FaultFileSystem final : public FileSystem {
 public:
  FaultFileSystem() : FaultFileSystem(DiskModel()) {}
  explicit FaultFileSystem(DiskModel disk);
  ~FaultFileSystem() override;

  void set_plan(FaultPlan plan);
  /// Changes and syncs since set_plan (or the beginning).
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] std::uint64_t count(DiskOperation operation) const;
  [[nodiscard]] bool power_lost() const;
  /// A copy of the disk with all that is pending.
  [[nodiscard]] DiskModel disk() const;

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

  struct Core;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace sonde::io
