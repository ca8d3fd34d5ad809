#pragma once
// For tests: a SQLite VFS over an io::FileSystem, so that a database can live on a disk that loses
// power. Locks and the WAL's index are in memory: one process, as many connections as wanted.

#include <memory>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::store {

/// One registered VFS. It must outlive every connection opened through it. Threads: safe.
class FaultVfs {
 public:
  /// @param fs  outlives the VFS
  static Result<std::unique_ptr<FaultVfs>> create(io::FileSystem& fs);
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  /// For StoreOptions::vfs.
  [[nodiscard]] const std::string& name() const;

  struct Impl;

 private:
  explicit FaultVfs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde::store
