#include "store/checksum_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace sonde::store {

struct ChecksumVfs::Impl {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  Locks locks = Locks::Shared;
  std::string name;
  mutable std::mutex mutex;
  std::string last_damage;

  void note(std::string place) {
    const std::lock_guard lock(mutex);
    last_damage = std::move(place);
  }
};

std::uint64_t page_checksum(std::string_view page, std::uint64_t number) {
  return checksum64(page.substr(0, page.size() - kPageReservedBytes), number);
}

namespace {

using Impl = ChecksumVfs::Impl;

enum class Role { Database, Wal, Other };

constexpr std::int64_t kWalHeaderBytes = 32;
constexpr std::int64_t kFrameHeaderBytes = 24;
constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::max();

/// The file that SQLite sees; the base VFS's own file follows it in the same allocation.
struct File {
  sqlite3_file header;
  Impl* vfs;
  Role role;
  const char* path;  // SQLite's; valid while the file is open
  // Of a WAL: frames whose data begin here or later were rewritten in place by the transaction that
  // is under way, so their chain is only mended at its end.
  std::int64_t unchained_from;
  std::int64_t header_end;   // of a WAL: where the frame header ends that was written last
  std::int64_t recovery_at;  // of a WAL: where recovery, which reads in order, reads next
};

constexpr std::size_t kFileBytes = (sizeof(File) + 15) / 16 * 16;

File* mine(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kFileBytes);
}

bool is_page_size(int bytes) {
  return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

std::uint64_t little_endian(const char* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::uint32_t big_endian(const unsigned char* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

int damaged(File& file, const std::string& what) {
  file.vfs->note(what + " of " + (file.path != nullptr ? file.path : "library.db"));
  return SQLITE_IOERR_DATA;
}

/// Pages that the header in the file counts; 0 for an empty file. A page beyond them that is not in
/// the WAL was never written: SQLite may take one within a transaction and look at it again.
std::uint32_t pages_in_header(File& file) {
  std::array<unsigned char, 4> count{};
  constexpr sqlite3_int64 kPageCountOffset = 28;
  sqlite3_file* const base = below(reinterpret_cast<sqlite3_file*>(&file));
  const int rc = base->pMethods->xRead(base, count.data(), count.size(), kPageCountOffset);
  sqlite3_int64 size = 0;
  const bool empty = base->pMethods->xFileSize(base, &size) == SQLITE_OK && size == 0;
  return rc == SQLITE_OK ? big_endian(count.data())
         : empty         ? 0
                         : std::numeric_limits<std::uint32_t>::max();
}

int read_database(sqlite3_file* handle, void* buffer, int amount, sqlite3_int64 offset) {
  File& file = *mine(handle);
  const int rc = below(handle)->pMethods->xRead(below(handle), buffer, amount, offset);
  // SQLite looks at the start of page 1 before it holds a lock; it reads the page whole afterwards.
  const bool peek = (offset == 0 && amount == 100) || (offset == 24 && amount == 16);
  if (peek || (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)) {
    return rc;
  }
  if (!is_page_size(amount) || offset % amount != 0) {
    return damaged(file, "a page size in the header");
  }
  const auto number = static_cast<std::uint64_t>(offset / amount) + 1;
  if (rc == SQLITE_IOERR_SHORT_READ && number > pages_in_header(file)) {
    return rc;  // the buffer holds zeroes
  }
  if (rc == SQLITE_IOERR_SHORT_READ) {
    return damaged(file, "page " + std::to_string(number) + " (behind the end of the file)");
  }
  const std::string_view page(static_cast<const char*>(buffer), static_cast<std::size_t>(amount));
  if (little_endian(page.data() + page.size() - kPageReservedBytes) !=
      page_checksum(page, number)) {
    return damaged(file, "page " + std::to_string(number));
  }
  return SQLITE_OK;
}

/// SQLite's WAL checksum: a running sum over pairs of 32-bit words, which are in the byte order
/// that the WAL's magic number names. https://www.sqlite.org/fileformat2.html#walformat
struct WalSum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool big = false;

  void add(const unsigned char* bytes, std::size_t length) {
    for (std::size_t i = 0; i + 8 <= length; i += 8) {
      first += word(bytes + i) + second;
      second += word(bytes + i + 4) + first;
    }
  }
  [[nodiscard]] std::uint32_t word(const unsigned char* bytes) const {
    if (big) {
      return big_endian(bytes);
    }
    std::uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
};

/// One frame of a WAL, read whole, with what is needed to verify it alone.
struct Frame {
  std::vector<unsigned char> bytes;  // header and page
  bool follows = false;              // it is of this WAL and continues its predecessor's chain
  bool ours = false;                 // it has this WAL's salts
  bool commits = false;              // it says that it ends a transaction
};

/// Reads frame `index` (from 0). @return false at the end of the file, or on an error of the base
bool read_frame(sqlite3_file* base, std::int64_t index, std::size_t page_bytes, Frame& frame) {
  const std::int64_t length = static_cast<std::int64_t>(page_bytes) + kFrameHeaderBytes;
  const std::int64_t at = kWalHeaderBytes + index * length;
  std::array<unsigned char, kWalHeaderBytes> header{};
  std::array<unsigned char, 8> before{};
  frame.bytes.resize(static_cast<std::size_t>(length));
  if (base->pMethods->xRead(base, header.data(), kWalHeaderBytes, 0) != SQLITE_OK ||
      base->pMethods->xRead(base, before.data(), 8, index == 0 ? 24 : at - length + 16) !=
          SQLITE_OK ||
      base->pMethods->xRead(base, frame.bytes.data(), static_cast<int>(length), at) != SQLITE_OK) {
    return false;
  }
  const unsigned char* bytes = frame.bytes.data();
  WalSum sum{big_endian(before.data()), big_endian(before.data() + 4), (header[3] & 1) != 0};
  sum.add(bytes, 8);
  sum.add(bytes + kFrameHeaderBytes, page_bytes);
  frame.ours = std::memcmp(bytes + 8, header.data() + 16, 8) == 0;
  frame.commits = big_endian(bytes + 4) != 0;
  frame.follows = frame.ours && big_endian(bytes) != 0 && sum.first == big_endian(bytes + 16) &&
                  sum.second == big_endian(bytes + 20);
  return true;
}

/// True when the transaction that the bad frame `index` belongs to was surely synced: another
/// transaction follows it without a gap, and that was only begun after the sync. What the power
/// cut off has no such follower.
bool was_acknowledged(sqlite3_file* base, std::int64_t index, std::size_t page_bytes) {
  Frame frame;
  bool ended = false;
  for (std::int64_t i = index; read_frame(base, i, page_bytes, frame); ++i) {
    const bool counts = frame.follows || (i == index && frame.ours);
    if (ended && !frame.follows) {
      return false;
    }
    if (counts && frame.commits) {
      if (ended) {
        return true;
      }
      ended = true;
    }
  }
  return false;
}

/// SQLite's recovery takes the first frame that does not check for the end of the WAL, which is
/// right for what the power cut off, and wrong for damage in the middle of what was acknowledged.
int check_recovery(sqlite3_file* handle, std::size_t page_bytes, std::int64_t offset) {
  File& file = *mine(handle);
  const auto length = static_cast<std::int64_t>(page_bytes) + kFrameHeaderBytes;
  const std::int64_t index = (offset - kWalHeaderBytes) / length;
  file.recovery_at = offset + length;
  Frame frame;
  if (!read_frame(below(handle), index, page_bytes, frame) || frame.follows) {
    return SQLITE_OK;
  }
  file.recovery_at = kNothing;
  return was_acknowledged(below(handle), index, page_bytes)
             ? damaged(file, "frame " + std::to_string(index + 1))
             : SQLITE_OK;
}

/// Verifies the frame whose page was read at `offset`.
int check_frame(sqlite3_file* handle, std::size_t page_bytes, std::int64_t offset) {
  const std::int64_t index = (offset - kWalHeaderBytes - kFrameHeaderBytes) /
                             (static_cast<std::int64_t>(page_bytes) + kFrameHeaderBytes);
  Frame frame;
  if (!read_frame(below(handle), index, page_bytes, frame)) {
    return SQLITE_IOERR_READ;
  }
  return frame.follows ? SQLITE_OK : damaged(*mine(handle), "frame " + std::to_string(index + 1));
}

int read_wal(sqlite3_file* handle, void* buffer, int amount, sqlite3_int64 offset) {
  File& file = *mine(handle);
  const int rc = below(handle)->pMethods->xRead(below(handle), buffer, amount, offset);
  if (rc != SQLITE_OK) {
    return rc;
  }
  if (offset == 0 && amount == kWalHeaderBytes) {
    file.recovery_at = kWalHeaderBytes;
    return rc;
  }
  const int page_bytes = amount - static_cast<int>(kFrameHeaderBytes);
  if (offset == file.recovery_at && is_page_size(page_bytes)) {
    return check_recovery(handle, static_cast<std::size_t>(page_bytes), offset);
  }
  // Pages stand only at these offsets.
  const bool is_page =
      is_page_size(amount) &&
      (offset - kWalHeaderBytes - kFrameHeaderBytes) % (amount + kFrameHeaderBytes) == 0;
  return is_page && offset < file.unchained_from
             ? check_frame(handle, static_cast<std::size_t>(amount), offset)
             : rc;
}

int file_read(sqlite3_file* handle, void* buffer, int amount, sqlite3_int64 offset) {
  switch (mine(handle)->role) {
    case Role::Database: return read_database(handle, buffer, amount, offset);
    case Role::Wal: return read_wal(handle, buffer, amount, offset);
    case Role::Other: break;
  }
  return below(handle)->pMethods->xRead(below(handle), buffer, amount, offset);
}

int write_database(sqlite3_file* handle, const void* buffer, int amount, sqlite3_int64 offset) {
  const auto* bytes = static_cast<const char*>(buffer);
  const bool whole = is_page_size(amount) && offset % amount == 0;
  if (!whole || (offset == 0 && bytes[20] != kPageReservedBytes)) {
    return SQLITE_IOERR_WRITE;  // never a page without its checksum
  }
  const auto length = static_cast<std::size_t>(amount);
  std::array<char, 65536> page;  // NOLINT: filled just below
  std::memcpy(page.data(), bytes, length);
  std::uint64_t sum =
      page_checksum({page.data(), length}, static_cast<std::uint64_t>(offset / amount) + 1);
  for (std::size_t i = length - kPageReservedBytes; i < length; ++i) {
    page[i] = static_cast<char>(sum & 0xff);
    sum >>= 8;
  }
  return below(handle)->pMethods->xWrite(below(handle), page.data(), amount, offset);
}

int write_wal(sqlite3_file* handle, const void* buffer, int amount, sqlite3_int64 offset) {
  File& file = *mine(handle);
  file.recovery_at = kNothing;
  if (amount == kFrameHeaderBytes) {
    file.header_end = offset + kFrameHeaderBytes;
    if (file.header_end <= file.unchained_from) {
      file.unchained_from = kNothing;  // another frame here, or SQLite mends the chain from here on
    }
  } else if (is_page_size(amount) && offset != file.header_end) {
    file.unchained_from = std::min<std::int64_t>(file.unchained_from, offset);
  }
  return below(handle)->pMethods->xWrite(below(handle), buffer, amount, offset);
}

int file_write(sqlite3_file* handle, const void* buffer, int amount, sqlite3_int64 offset) {
  switch (mine(handle)->role) {
    case Role::Database: return write_database(handle, buffer, amount, offset);
    case Role::Wal: return write_wal(handle, buffer, amount, offset);
    case Role::Other: break;
  }
  return below(handle)->pMethods->xWrite(below(handle), buffer, amount, offset);
}

int file_close(sqlite3_file* handle) {
  const int rc = below(handle)->pMethods->xClose(below(handle));
  handle->pMethods = nullptr;
  return rc;
}
int file_truncate(sqlite3_file* handle, sqlite3_int64 size) {
  return below(handle)->pMethods->xTruncate(below(handle), size);
}
int file_sync(sqlite3_file* handle, int flags) {
  return below(handle)->pMethods->xSync(below(handle), flags);
}
int file_size(sqlite3_file* handle, sqlite3_int64* size) {
  return below(handle)->pMethods->xFileSize(below(handle), size);
}
int file_lock(sqlite3_file* handle, int level) {
  if (mine(handle)->vfs->locks == ChecksumVfs::Locks::None) {
    return SQLITE_OK;
  }
  return below(handle)->pMethods->xLock(below(handle), level);
}
int file_unlock(sqlite3_file* handle, int level) {
  if (mine(handle)->vfs->locks == ChecksumVfs::Locks::None) {
    return SQLITE_OK;
  }
  return below(handle)->pMethods->xUnlock(below(handle), level);
}
int file_check_reserved_lock(sqlite3_file* handle, int* held) {
  if (mine(handle)->vfs->locks == ChecksumVfs::Locks::None) {
    *held = 0;
    return SQLITE_OK;
  }
  return below(handle)->pMethods->xCheckReservedLock(below(handle), held);
}
int file_control(sqlite3_file* handle, int operation, void* argument) {
  return below(handle)->pMethods->xFileControl(below(handle), operation, argument);
}
int file_sector_size(sqlite3_file* handle) {
  return below(handle)->pMethods->xSectorSize(below(handle));
}
int file_characteristics(sqlite3_file* handle) {
  // Without sub-page reads SQLite always asks for whole pages, which are what can be verified.
  return below(handle)->pMethods->xDeviceCharacteristics(below(handle)) &
         ~SQLITE_IOCAP_SUBPAGE_READ;
}
int file_shm_map(sqlite3_file* handle, int region, int bytes, int extend, void volatile** memory) {
  return below(handle)->pMethods->xShmMap(below(handle), region, bytes, extend, memory);
}
int file_shm_lock(sqlite3_file* handle, int offset, int count, int flags) {
  return below(handle)->pMethods->xShmLock(below(handle), offset, count, flags);
}
void file_shm_barrier(sqlite3_file* handle) { below(handle)->pMethods->xShmBarrier(below(handle)); }
int file_shm_unmap(sqlite3_file* handle, int remove) {
  return below(handle)->pMethods->xShmUnmap(below(handle), remove);
}

// Version 2: with shared memory for the WAL's index, without xFetch: no file is mapped.
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

int vfs_open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* handle, int flags,
             int* out_flags) {
  Impl& impl = impl_of(vfs);
  Role role = Role::Other;
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    role = Role::Database;
  } else if ((flags & SQLITE_OPEN_WAL) != 0) {
    role = Role::Wal;
  }
  new (handle) File{{nullptr}, &impl, role, path, kNothing, 0, kNothing};
  const int rc = impl.base->xOpen(impl.base, path, below(handle), flags, out_flags);
  if (below(handle)->pMethods != nullptr) {
    handle->pMethods = &kMethods;
  }
  return rc;
}
int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xDelete(base, path, sync_directory);
}
int vfs_access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xAccess(base, path, flags, result);
}
int vfs_full_path(sqlite3_vfs* vfs, const char* path, int length, char* out) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xFullPathname(base, path, length, out);
}
int vfs_randomness(sqlite3_vfs* vfs, int length, char* out) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xRandomness(base, length, out);
}
int vfs_sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xSleep(base, microseconds);
}
int vfs_current_time(sqlite3_vfs* vfs, double* days) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xCurrentTime(base, days);
}
int vfs_last_error(sqlite3_vfs* vfs, int length, char* out) {
  sqlite3_vfs* base = impl_of(vfs).base;
  return base->xGetLastError != nullptr ? base->xGetLastError(base, length, out) : 0;
}

}  // namespace

ChecksumVfs::ChecksumVfs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ChecksumVfs>> ChecksumVfs::create(const std::string& base, Locks locks) {
  auto impl = std::make_unique<Impl>();
  impl->base = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (impl->base == nullptr) {
    return Error{Code::Unsupported, "SQLite has no file system named \"" + base + "\""};
  }
  impl->locks = locks;
  // The address makes the name unique among the VFSes that are registered now.
  impl->name = "sonde-" + std::to_string(reinterpret_cast<std::uintptr_t>(impl.get()));
  sqlite3_vfs& vfs = impl->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(kFileBytes) + impl->base->szOsFile;
  vfs.mxPathname = impl->base->mxPathname;
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
    return Error{Code::Internal, "SQLite did not accept the checksum layer"};
  }
  return std::unique_ptr<ChecksumVfs>(new ChecksumVfs(std::move(impl)));
}

ChecksumVfs::~ChecksumVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

const char* ChecksumVfs::name() const { return impl_->name.c_str(); }

std::string ChecksumVfs::last_damage() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_damage;
}

}  // namespace sonde::store
