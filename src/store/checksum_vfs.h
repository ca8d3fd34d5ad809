#pragma once
// A SQLite VFS over another one that notices damaged pages. The last 8 bytes of every page of the
// main database hold the XXH3-64 of the bytes before them, seeded with the page's number, so that
// two pages cannot change places. They are computed when a page is written to the database file
// (a checkpoint) and verified whenever a page is read from it. A page read from the WAL is verified
// against SQLite's own chained frame checksum, which SQLite itself only looks at in recovery.
// Damage is SQLITE_IOERR_DATA, never wrong content. See docs/formats/library-db.md.
//
// Nothing may open library.db except through SQLite while a connection is open: closing any other
// descriptor of it would drop the process's POSIX locks.

#include <memory>
#include <string>

#include "base/result.h"

namespace sonde::store {

/// Bytes at the end of each page that belong to the checksum.
inline constexpr int kPageReservedBytes = 8;

/// One registered VFS. It must outlive every connection opened through it. Threads: safe.
class ChecksumVfs {
 public:
  /// How file locks are taken. None is for a place that cannot be written and in which nobody else
  /// is at work: reading there takes no lock and makes no file.
  enum class Locks { Shared, None };

  /// @param base  the VFS below; empty: the system's
  /// Errors: Unsupported (no such VFS), Internal.
  static Result<std::unique_ptr<ChecksumVfs>> create(const std::string& base, Locks locks);
  ~ChecksumVfs();
  ChecksumVfs(const ChecksumVfs&) = delete;
  ChecksumVfs& operator=(const ChecksumVfs&) = delete;

  /// The name to open connections with.
  [[nodiscard]] const char* name() const;
  /// The place of the damage met last ("page 7 of /a/library.db"); empty when none was.
  [[nodiscard]] std::string last_damage() const;

  struct Impl;

 private:
  explicit ChecksumVfs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The checksum of page `number` (from 1): of all but its last 8 bytes.
std::uint64_t page_checksum(std::string_view page, std::uint64_t number);

}  // namespace sonde::store
