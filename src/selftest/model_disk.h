#pragma once
// A library on a disk in memory that can lose power, fail or be damaged.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/fault_file_system.h"
#include "io/mounted_file_system.h"
#include "io/tape_file_system.h"
#include "selftest/life.h"
#include "store/fault_vfs.h"
#include "store/store.h"

namespace sonde::selftest {

/// What the library's folder is called on such a disk.
inline constexpr const char* kOnDisk = "/library";

inline Result<io::DiskModel> empty_disk() {
  io::FaultFileSystem fs;
  TRY(fs.make_directory(kOnDisk, 0700));
  TRY(fs.sync_directory("/"));
  return fs.disk();
}

inline void no_tape(std::string_view /*operation*/, const std::string& /*path*/) {}

/// A library on a disk of the model: the file system, SQLite's way to it, and the ground.
class ModelDisk {
 public:
  /// @param ground  its directory is an existing real folder, where the lease is
  static Result<std::unique_ptr<ModelDisk>> create(io::DiskModel disk, const Ground& ground,
                                                   io::TapeFileSystem::Before before) {
    auto made =
        std::unique_ptr<ModelDisk>(new ModelDisk(std::move(disk), ground, std::move(before)));
    TRY_ASSIGN(made->vfs_, store::FaultVfs::create(made->mounted_));
    made->ground_.fs = &made->mounted_;
    made->ground_.vfs = made->vfs_->name();
    return made;
  }

  [[nodiscard]] const Ground& ground() const { return ground_; }
  io::FaultFileSystem& disk() { return fault_; }

  [[nodiscard]] store::StoreOptions store_options() {
    store::StoreOptions options;
    options.directory = ground_.directory;
    options.fs = &mounted_;
    options.vfs = vfs_->name();
    return options;
  }

 private:
  ModelDisk(io::DiskModel disk, Ground ground, io::TapeFileSystem::Before before)
      : ground_(std::move(ground)),
        fault_(std::move(disk)),
        tape_(fault_, std::move(before)),
        mounted_(ground_.directory, tape_, kOnDisk) {}

  Ground ground_;
  io::FaultFileSystem fault_;
  io::TapeFileSystem tape_;
  io::MountedFileSystem mounted_;
  std::unique_ptr<store::FaultVfs> vfs_;
};

}  // namespace sonde::selftest
