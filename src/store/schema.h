#pragma once
// The tables of library.db, and where the files of a library stand.
// Byte by byte: docs/formats/library-db.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "store/sqlite.h"

namespace sonde::store {

inline constexpr std::int64_t kApplicationId = 0x534f4e44;  // "SOND"
inline constexpr int kPageBytes = 4096;                     // docs/benchmarks: store

/// The paths of a library folder.
struct Layout {
  explicit Layout(const std::string& directory);
  std::string directory;
  std::string database;      // library.db
  std::string new_database;  // library.db-new: made whole, then renamed to library.db
  std::string id;            // library.id
  std::string segments;
  std::string vectors;
  std::string damaged;
  std::string ignore;  // .gitignore

  /// "<database>-wal" and "<database>-shm".
  static std::string wal_of(const std::string& database) { return database + "-wal"; }
  static std::string shm_of(const std::string& database) { return database + "-shm"; }
};

/// The generation in a segment file's name; nothing when it is not such a name.
std::optional<std::uint64_t> segment_generation(std::string_view file_name);

/// 16 random hexadecimal digits from the operating system. Errors: Io.
Result<std::string> random_uid();

/// Makes the tables in an empty database and puts it into WAL mode. The connection must be fresh.
/// @param generation  the first one: 0 for a new library
Status create_schema(Connection& connection, std::string_view uid, std::uint64_t generation);

/// Checks that an opened database is one of ours and that we know its version.
/// Errors: Corruption (another application's, or damaged), Unsupported (newer).
Status check_schema(Connection& connection);

/// Brings an older version to kSchemaVersion, in one transaction. Errors: NoSpace, Io, Busy.
Status upgrade_schema(Connection& connection);

/// Writes library.id. Errors: Io, NoSpace.
Status write_id(io::FileSystem& fs, const Layout& layout, std::string_view uid);
/// The uid in library.id. Errors: NotFound, Corruption (names the file), Io.
Result<std::string> read_id(io::FileSystem& fs, const Layout& layout);

}  // namespace sonde::store
