#include "store/fault_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace sonde::store {

namespace {

/// What the open handles of one path share: locks and shared memory.
struct Node {
  int shared = 0;  // handles with SHARED or more
  bool reserved = false;
  bool pending = false;
  bool exclusive = false;
  int shm_users = 0;
  std::vector<std::unique_ptr<char[]>> shm;
  std::array<int, SQLITE_SHM_NLOCK> shm_readers{};
  std::array<bool, SQLITE_SHM_NLOCK> shm_writer{};
};

}  // namespace

struct FaultVfs::Impl {
  sqlite3_vfs vfs{};
  sqlite3_vfs* system = nullptr;  // for time and randomness
  io::FileSystem* fs = nullptr;
  std::string name;
  std::mutex mutex;  // guards `nodes` and all they hold
  std::map<std::string, std::shared_ptr<Node>> nodes;
};

namespace {

using Impl = FaultVfs::Impl;

struct Handle {
  Impl* impl = nullptr;
  std::string path;
  std::unique_ptr<io::RandomFile> file;
  std::shared_ptr<Node> node;
  bool sync_name = false;  // its first sync makes its name durable too, as SQLite's own VFS does
  bool delete_on_close = false;
  int lock = SQLITE_LOCK_NONE;
  bool shm_used = false;
  std::array<bool, SQLITE_SHM_NLOCK> shm_reads{};
  std::array<bool, SQLITE_SHM_NLOCK> shm_writes{};
};

struct File {
  sqlite3_file header;
  Handle* handle;
};

Handle& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->handle; }

int code(const Status& status, int otherwise) {
  if (status.ok()) {
    return SQLITE_OK;
  }
  return status.error().code == Code::NoSpace ? SQLITE_FULL : otherwise;
}

void unlock_to(Handle& handle, int level) {
  Node& node = *handle.node;
  if (level < SQLITE_LOCK_RESERVED && handle.lock >= SQLITE_LOCK_RESERVED) {
    node.reserved = node.pending = node.exclusive = false;
  }
  if (level == SQLITE_LOCK_NONE && handle.lock >= SQLITE_LOCK_SHARED) {
    --node.shared;
  }
  handle.lock = std::min(handle.lock, level);
}

int unmap(Handle& handle) {
  if (handle.shm_used) {
    handle.shm_used = false;
    if (--handle.node->shm_users == 0) {
      handle.node->shm.clear();
    }
  }
  return SQLITE_OK;
}

int file_close(sqlite3_file* file) {
  const std::unique_ptr<Handle> handle(&of(file));
  const std::lock_guard lock(handle->impl->mutex);
  unlock_to(*handle, SQLITE_LOCK_NONE);
  unmap(*handle);
  handle->file.reset();
  if (handle->delete_on_close) {
    static_cast<void>(handle->impl->fs->remove_file(handle->path).ok());
  }
  file->pMethods = nullptr;
  return SQLITE_OK;
}

int file_read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  auto* bytes = static_cast<char*>(buffer);
  const auto length = static_cast<std::size_t>(amount);
  const Result<std::size_t> read =
      of(file).file->read_at(static_cast<std::uint64_t>(offset), bytes, length);
  if (!read.ok()) {
    return SQLITE_IOERR_READ;
  }
  if (*read < length) {
    std::memset(bytes + *read, 0, length - *read);
    return SQLITE_IOERR_SHORT_READ;
  }
  return SQLITE_OK;
}

int file_write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  return code(
      of(file).file->write_at(static_cast<std::uint64_t>(offset),
                              {static_cast<const char*>(buffer), static_cast<std::size_t>(amount)}),
      SQLITE_IOERR_WRITE);
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return code(of(file).file->truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int file_sync(sqlite3_file* file, int) {
  Handle& handle = of(file);
  int rc = code(handle.file->sync(), SQLITE_IOERR_FSYNC);
  if (rc == SQLITE_OK && handle.sync_name) {
    rc =
        code(handle.impl->fs->sync_directory(io::parent_path(handle.path)), SQLITE_IOERR_DIR_FSYNC);
    handle.sync_name = false;
  }
  return rc;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Result<std::uint64_t> bytes = of(file).file->size();
  *size = bytes.ok() ? static_cast<sqlite3_int64>(*bytes) : 0;
  return bytes.ok() ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

int file_lock(sqlite3_file* file, int level) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  Node& node = *handle.node;
  if (handle.lock >= level) {
    return SQLITE_OK;
  }
  const bool mine = handle.lock >= SQLITE_LOCK_RESERVED;
  if (level == SQLITE_LOCK_SHARED) {
    if (node.pending || node.exclusive) {
      return SQLITE_BUSY;
    }
    ++node.shared;
  } else if (level == SQLITE_LOCK_RESERVED) {
    if (node.reserved || node.pending) {
      return SQLITE_BUSY;
    }
    node.reserved = true;
  } else {
    if (!mine && (node.reserved || node.pending)) {
      return SQLITE_BUSY;
    }
    node.reserved = node.pending = true;
    handle.lock = SQLITE_LOCK_PENDING;
    if (node.shared > 1) {
      return SQLITE_BUSY;
    }
    node.exclusive = true;
  }
  handle.lock = level;
  return SQLITE_OK;
}

int file_unlock(sqlite3_file* file, int level) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  unlock_to(handle, level);
  return SQLITE_OK;
}

int file_check_reserved_lock(sqlite3_file* file, int* held) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  *held = handle.node->reserved ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int file_sector_size(sqlite3_file*) { return 4096; }
int file_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int file_shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** memory) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  Node& node = *handle.node;
  if (!handle.shm_used) {
    handle.shm_used = true;
    ++node.shm_users;
  }
  const auto index = static_cast<std::size_t>(region);
  while (extend != 0 && node.shm.size() <= index) {
    node.shm.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  }
  *memory = index < node.shm.size() ? node.shm[index].get() : nullptr;
  return SQLITE_OK;
}

int file_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  Node& node = *handle.node;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const auto first = static_cast<std::size_t>(offset);
  const std::size_t end = first + static_cast<std::size_t>(count);
  for (std::size_t i = first; (flags & SQLITE_SHM_LOCK) != 0 && i < end; ++i) {
    const int others = node.shm_readers[i] - (handle.shm_reads[i] ? 1 : 0);
    if ((node.shm_writer[i] && !handle.shm_writes[i]) || (exclusive && others > 0)) {
      return SQLITE_BUSY;
    }
  }
  for (std::size_t i = first; i < end; ++i) {
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      node.shm_readers[i] -= handle.shm_reads[i] ? 1 : 0;
      node.shm_writer[i] = node.shm_writer[i] && !handle.shm_writes[i];
      handle.shm_reads[i] = handle.shm_writes[i] = false;
    } else if (exclusive) {
      node.shm_writer[i] = handle.shm_writes[i] = true;
    } else if (!handle.shm_reads[i]) {
      handle.shm_reads[i] = true;
      ++node.shm_readers[i];
    }
  }
  return SQLITE_OK;
}

void file_shm_barrier(sqlite3_file* file) {
  const std::lock_guard lock(of(file).impl->mutex);  // which is a barrier
}

int file_shm_unmap(sqlite3_file* file, int) {
  Handle& handle = of(file);
  const std::lock_guard lock(handle.impl->mutex);
  return unmap(handle);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         file_close,
                                         file_read,
                                         file_write,
                                         file_truncate,
                                         file_sync,
                                         file_size,
                                         file_lock,
                                         file_unlock,
                                         file_check_reserved_lock,
                                         file_control,
                                         file_sector_size,
                                         file_characteristics,
                                         file_shm_map,
                                         file_shm_lock,
                                         file_shm_barrier,
                                         file_shm_unmap,
                                         nullptr,
                                         nullptr};

Impl& impl_of(sqlite3_vfs* vfs) { return *static_cast<Impl*>(vfs->pAppData); }

int vfs_open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
             int* out_flags) {
  Impl& impl = impl_of(vfs);
  file->pMethods = nullptr;
  if (path == nullptr) {
    return SQLITE_CANTOPEN;  // no temporary files on this disk
  }
  auto handle = std::make_unique<Handle>();
  handle->impl = &impl;
  handle->path = path;
  const bool make = (flags & SQLITE_OPEN_CREATE) != 0;
  Result<std::unique_ptr<io::RandomFile>> opened = impl.fs->open_random(
      path, make ? io::OpenMode::CreateIfMissing : io::OpenMode::Existing, 0600);
  if (!opened.ok()) {
    return opened.error().code == Code::NoSpace ? SQLITE_FULL : SQLITE_CANTOPEN;
  }
  handle->file = std::move(*opened);
  handle->sync_name = make && (flags & SQLITE_OPEN_MAIN_DB) == 0;
  handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  {
    const std::lock_guard lock(impl.mutex);
    std::shared_ptr<Node>& node = impl.nodes[handle->path];
    if (node == nullptr) {
      node = std::make_shared<Node>();
    }
    handle->node = node;
  }
  new (file) File{{&kMethods}, handle.release()};
  if (out_flags != nullptr) {
    *out_flags = flags;
  }
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  Impl& impl = impl_of(vfs);
  const Status removed = impl.fs->remove_file(path);
  if (!removed.ok()) {
    return removed.error().code == Code::NotFound ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  return sync_directory == 0
             ? SQLITE_OK
             : code(impl.fs->sync_directory(io::parent_path(path)), SQLITE_IOERR_DIR_FSYNC);
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  const Result<io::FileInfo> info = impl_of(vfs).fs->info(path);
  // As SQLite's own: an empty file is not there.
  *result = info.ok() && (flags != SQLITE_ACCESS_EXISTS || info->size_bytes > 0) ? 1 : 0;
  return info.ok() || info.error().code == Code::NotFound ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

int vfs_full_path(sqlite3_vfs*, const char* path, int length, char* out) {
  sqlite3_snprintf(length, out, "%s", path);
  return SQLITE_OK;
}
int vfs_randomness(sqlite3_vfs* vfs, int length, char* out) {
  sqlite3_vfs* system = impl_of(vfs).system;
  return system->xRandomness(system, length, out);
}
int vfs_sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* system = impl_of(vfs).system;
  return system->xSleep(system, microseconds);
}
int vfs_current_time(sqlite3_vfs* vfs, double* days) {
  sqlite3_vfs* system = impl_of(vfs).system;
  return system->xCurrentTime(system, days);
}
int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

FaultVfs::FaultVfs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&impl_->vfs); }
const std::string& FaultVfs::name() const { return impl_->name; }

Result<std::unique_ptr<FaultVfs>> FaultVfs::create(io::FileSystem& fs) {
  auto impl = std::make_unique<Impl>();
  impl->system = sqlite3_vfs_find(nullptr);
  impl->fs = &fs;
  impl->name = "sonde-fault-" + std::to_string(reinterpret_cast<std::uintptr_t>(impl.get()));
  sqlite3_vfs& vfs = impl->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(File);
  vfs.mxPathname = 512;
  vfs.zName = impl->name.c_str();
  vfs.pAppData = impl.get();
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_current_time;
  vfs.xGetLastError = vfs_last_error;
  if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) {
    return Error{Code::Internal, "SQLite did not accept the test's file system"};
  }
  return std::unique_ptr<FaultVfs>(new FaultVfs(std::move(impl)));
}

}  // namespace sonde::store
