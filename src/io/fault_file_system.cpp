#include "io/fault_file_system.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "io/os_error.h"

namespace sonde::io {

namespace {
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;
}

/// What the file system and its open files share. Every call of the public faces takes the lock
/// once, here, for its whole duration.
struct FaultFileSystem::Core {
  mutable std::mutex mutex;
  DiskModel disk;
  FaultPlan plan;
  bool power_lost = false;
  std::uint64_t operations = 0;
  std::array<std::uint64_t, kDiskOperations> counts{};

  /// Counts an operation and decides whether it goes wrong.
  Status begin(DiskOperation operation, const std::string& path) {
    if (operation != DiskOperation::Read && plan.power_lost_at == operations) {
      power_lost = true;
    }
    if (power_lost) {
      return Error{Code::Io, "the power is gone: '" + path + "'"};
    }
    if (operation != DiskOperation::Read) {
      ++operations;
    }
    const std::uint64_t number = counts[static_cast<std::size_t>(operation)]++;
    for (const auto& failure : plan.failures) {
      if (failure.operation == operation && number >= failure.nth &&
          number - failure.nth < failure.times) {
        return os_error(EIO, "work on (a planned failure)", path);
      }
    }
    return {};
  }

  Result<std::size_t> read(DiskModel::Id file, const std::string& path, std::uint64_t offset,
                           char* buffer, std::size_t length) {
    const std::lock_guard lock(mutex);
    TRY(begin(DiskOperation::Read, path));
    return disk.bytes(file).read(offset, buffer, length);
  }

  Status write(DiskModel::Id file, const std::string& path, std::uint64_t offset,
               std::string_view bytes) {
    const std::lock_guard lock(mutex);
    TRY(begin(DiskOperation::Write, path));
    if (offset > kMaxFileBytes || bytes.size() > kMaxFileBytes - offset) {
      return os_error(EFBIG, "write", path);
    }
    const std::uint64_t size = disk.bytes(file).size();
    const std::uint64_t end = offset + bytes.size();
    std::uint64_t growth = end > size ? end - size : 0;
    std::uint64_t missing = 0;
    if (plan.space_bytes) {
      missing = growth > *plan.space_bytes ? growth - *plan.space_bytes : 0;
      *plan.space_bytes -= growth - missing;
    }
    bytes.remove_suffix(static_cast<std::size_t>(std::min<std::uint64_t>(missing, bytes.size())));
    if (!bytes.empty()) {
      disk.write(file, offset, bytes);
    }
    return missing > 0 ? Status(os_error(ENOSPC, "write", path)) : Status();
  }

  Status truncate(DiskModel::Id file, const std::string& path, std::uint64_t size_bytes) {
    const std::lock_guard lock(mutex);
    TRY(begin(DiskOperation::Truncate, path));
    if (size_bytes > kMaxFileBytes) {
      return os_error(EFBIG, "truncate", path);
    }
    disk.resize(file, size_bytes);
    return {};
  }

  Status sync(DiskModel::Id file, const std::string& path) {
    const std::lock_guard lock(mutex);
    Status status = begin(DiskOperation::Sync, path);
    if (status.ok()) {
      disk.sync(file);
    } else if (!power_lost) {
      disk.lose_unsynced_data(file);
    }
    return status;
  }

  Result<FileInfo> info(DiskModel::Id id, const std::string& path) {
    const std::lock_guard lock(mutex);
    TRY(begin(DiskOperation::Read, path));
    return disk.info(id);
  }
};

namespace {

using Core = FaultFileSystem::Core;

/// One open file, in all three roles: each wrapper below shows the calls of one of them.
struct OpenFile {
  std::shared_ptr<Core> core;
  DiskModel::Id id = 0;
  std::string path;
  std::optional<Error> failed = std::nullopt;

  Status usable() const { return failed ? Status(*failed) : Status(); }
  Status keep(Status status) {
    if (!status.ok()) {
      failed = status.error();
    }
    return status;
  }
};

class FaultReadableFile final : public ReadableFile {
 public:
  explicit FaultReadableFile(OpenFile file) : file_(std::move(file)) {}
  Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
    return file_.core->read(file_.id, file_.path, offset, buffer, length);
  }
  Result<FileInfo> info() override { return file_.core->info(file_.id, file_.path); }

 private:
  OpenFile file_;
};

class FaultWritableFile final : public WritableFile {
 public:
  explicit FaultWritableFile(OpenFile file) : file_(std::move(file)) {}
  Status append(std::string_view bytes) override {
    TRY(file_.usable());
    const std::uint64_t offset = std::exchange(size_, size_ + bytes.size());
    return file_.keep(file_.core->write(file_.id, file_.path, offset, bytes));
  }
  Status sync() override {
    TRY(file_.usable());
    return file_.keep(file_.core->sync(file_.id, file_.path));
  }
  Status close() override {
    TRY(file_.usable());
    file_.failed = Error{Code::Internal, "'" + file_.path + "' is closed"};
    return {};
  }

 private:
  OpenFile file_;
  std::uint64_t size_ = 0;
};

class FaultRandomFile final : public RandomFile {
 public:
  explicit FaultRandomFile(OpenFile file) : file_(std::move(file)) {}
  Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
    return file_.core->read(file_.id, file_.path, offset, buffer, length);
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    TRY(file_.usable());
    return file_.core->write(file_.id, file_.path, offset, bytes);
  }
  Status truncate(std::uint64_t size_bytes) override {
    TRY(file_.usable());
    return file_.core->truncate(file_.id, file_.path, size_bytes);
  }
  Status sync() override {
    TRY(file_.usable());
    return file_.keep(file_.core->sync(file_.id, file_.path));
  }
  Result<std::uint64_t> size() override {
    TRY_ASSIGN(const FileInfo info, file_.core->info(file_.id, file_.path));
    return info.size_bytes;
  }

 private:
  OpenFile file_;
};

Result<DiskModel::Id> find_regular(const DiskModel& disk, const std::string& path) {
  TRY_ASSIGN(const DiskModel::Id id, disk.find(path));
  if (disk.info(id).type != FileType::Regular) {
    return Error{Code::InvalidArgument, "'" + path + "' is not a regular file"};
  }
  return id;
}

}  // namespace

FaultFileSystem::FaultFileSystem(DiskModel disk) : core_(std::make_shared<Core>()) {
  core_->disk = std::move(disk);
}

FaultFileSystem::~FaultFileSystem() = default;

void FaultFileSystem::set_plan(FaultPlan plan) {
  const std::lock_guard lock(core_->mutex);
  core_->plan = std::move(plan);
  core_->operations = 0;
  core_->counts = {};
}

std::uint64_t FaultFileSystem::operations() const {
  const std::lock_guard lock(core_->mutex);
  return core_->operations;
}

std::uint64_t FaultFileSystem::count(DiskOperation operation) const {
  const std::lock_guard lock(core_->mutex);
  return core_->counts[static_cast<std::size_t>(operation)];
}

bool FaultFileSystem::power_lost() const {
  const std::lock_guard lock(core_->mutex);
  return core_->power_lost;
}

DiskModel FaultFileSystem::disk() const {
  const std::lock_guard lock(core_->mutex);
  return core_->disk;
}

Result<std::unique_ptr<ReadableFile>> FaultFileSystem::open_read(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Read, path));
  TRY_ASSIGN(const DiskModel::Id id, find_regular(core_->disk, path));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<FaultReadableFile>(OpenFile{core_, id, path}));
}

Result<std::unique_ptr<WritableFile>> FaultFileSystem::create(const std::string& path,
                                                              std::uint32_t mode) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Create, path));
  TRY_ASSIGN(const DiskModel::Id id, core_->disk.make(path, FileType::Regular, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<FaultWritableFile>(OpenFile{core_, id, path}));
}

Result<std::unique_ptr<RandomFile>> FaultFileSystem::open_random(const std::string& path,
                                                                 OpenMode open,
                                                                 std::uint32_t mode) {
  const std::lock_guard lock(core_->mutex);
  auto found = find_regular(core_->disk, path);
  const bool create =
      !found.ok() && found.error().code == Code::NotFound && open == OpenMode::CreateIfMissing;
  TRY(core_->begin(create ? DiskOperation::Create : DiskOperation::Read, path));
  if (create) {
    found = core_->disk.make(path, FileType::Regular, mode);
  }
  TRY_ASSIGN(const DiskModel::Id id, std::move(found));
  return std::unique_ptr<RandomFile>(std::make_unique<FaultRandomFile>(OpenFile{core_, id, path}));
}

Status FaultFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Rename, from));
  return core_->disk.rename(from, to);
}

Status FaultFileSystem::remove_file(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Remove, path));
  return core_->disk.remove(path, FileType::Regular);
}

Status FaultFileSystem::make_directory(const std::string& path, std::uint32_t mode) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::MakeDirectory, path));
  TRY_ASSIGN([[maybe_unused]] const auto id, core_->disk.make(path, FileType::Directory, mode));
  return {};
}

Status FaultFileSystem::remove_directory(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Remove, path));
  return core_->disk.remove(path, FileType::Directory);
}

Status FaultFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::SyncDirectory, path));
  TRY_ASSIGN(const DiskModel::Id id, core_->disk.find(path));
  if (core_->disk.info(id).type != FileType::Directory) {
    return os_error(ENOTDIR, "sync the folder", path);
  }
  core_->disk.sync(id);
  return {};
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::list(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Read, path));
  return core_->disk.list(path);
}

Result<FileInfo> FaultFileSystem::info(const std::string& path) {
  const std::lock_guard lock(core_->mutex);
  TRY(core_->begin(DiskOperation::Read, path));
  TRY_ASSIGN(const DiskModel::Id id, core_->disk.find(path));
  return core_->disk.info(id);
}

}  // namespace sonde::io
