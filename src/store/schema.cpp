#include "store/schema.h"

#include <sys/random.h>

#include <array>
#include <charconv>

#include "base/hash.h"
#include "store/store.h"

namespace sonde::store {

namespace {

constexpr std::string_view kIdHeader = "sonde library 1\n";
constexpr std::size_t kUidDigits = 16;
constexpr std::uint64_t kIdFileLimit = 4096;

// Tables whose rows have no source on disk (sources, settings, forgotten) have an index that holds
// all their columns, so that a damaged page costs at most one of the two copies.
constexpr const char* kSchema = R"sql(
CREATE TABLE meta(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  uid TEXT NOT NULL,
  generation INTEGER NOT NULL,
  files INTEGER NOT NULL DEFAULT 0,
  chunks INTEGER NOT NULL DEFAULT 0,
  lines INTEGER NOT NULL DEFAULT 0,
  text_bytes INTEGER NOT NULL DEFAULT 0,
  source_bytes INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0,
  windowed INTEGER NOT NULL DEFAULT 0,
  chunks_written_total INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE sources(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  kind TEXT NOT NULL,
  path BLOB NOT NULL,
  walk_digest BLOB
) STRICT;
CREATE UNIQUE INDEX sources_copy ON sources(path, kind, uid);
CREATE TABLE files(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL,
  path BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  hash BLOB NOT NULL,
  chunker_version INTEGER NOT NULL,
  language TEXT NOT NULL,
  encoding TEXT NOT NULL,
  traits INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  windowed INTEGER NOT NULL,
  note TEXT NOT NULL,
  chunk_count INTEGER NOT NULL,
  text_bytes INTEGER NOT NULL,
  places BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX files_by_path ON files(source_id, path);
CREATE INDEX files_by_hash ON files(hash);
CREATE TABLE dictionaries(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE chunks(
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL,
  hash BLOB NOT NULL,
  kind INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  scope TEXT NOT NULL,
  defines BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  coding INTEGER NOT NULL,
  text BLOB NOT NULL
) STRICT;
CREATE TABLE segments(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  file_name TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  files INTEGER NOT NULL,
  docs INTEGER NOT NULL,
  analyzer_version INTEGER NOT NULL
) STRICT;
CREATE TABLE deltas(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  generation INTEGER NOT NULL,
  files INTEGER NOT NULL,
  docs INTEGER NOT NULL,
  analyzer_version INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE tombstones(
  in_delta INTEGER NOT NULL,
  holder_id INTEGER NOT NULL,
  file_ordinal INTEGER NOT NULL,
  PRIMARY KEY(in_delta, holder_id, file_ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE skipped(
  source_id INTEGER NOT NULL,
  path BLOB NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  by_content INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  PRIMARY KEY(source_id, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE quarantine(
  source_id INTEGER NOT NULL,
  path BLOB NOT NULL,
  hash BLOB NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY(source_id, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE forgotten(
  id INTEGER PRIMARY KEY,
  source_id INTEGER NOT NULL,
  path BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX forgotten_copy ON forgotten(source_id, path);
CREATE TABLE settings(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX settings_copy ON settings(key, value);
)sql";

// What version 2 has more. A vector's bytes are its scale (f32) and `dimensions` int8 codes. Ids of
// vectors are never used again: a vector file covers all up to one.
constexpr const char* kSchemaOfVersion2 = R"sql(
CREATE TABLE vector_counts(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  embedded_total INTEGER NOT NULL
) STRICT;
CREATE TABLE models(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  dimensions INTEGER NOT NULL,
  vectors INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE vectors(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_id INTEGER NOT NULL,
  hash BLOB NOT NULL,
  code BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX vectors_by_hash ON vectors(model_id, hash);
CREATE TABLE vector_files(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_id INTEGER NOT NULL,
  file_name TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  vectors INTEGER NOT NULL,
  last_vector_id INTEGER NOT NULL
) STRICT;
INSERT INTO vector_counts(id, embedded_total) VALUES(1, 0);
)sql";

// What version 3 has more. `size_bytes` are those of the uncompressed structure.
constexpr const char* kSchemaOfVersion3 = R"sql(
CREATE TABLE structures(
  file_id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  coding INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX structures_by_version ON structures(version);
)sql";

// What version 4 has more: vectors in blocks, a row each no longer (store/vector_block.h).
constexpr const char* kSchemaOfVersion4 = R"sql(
CREATE TABLE vector_blocks(
  id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL,
  vectors INTEGER NOT NULL,
  ids BLOB NOT NULL,
  hashes BLOB NOT NULL,
  coding INTEGER NOT NULL,
  codes BLOB NOT NULL
) STRICT;
)sql";

Result<bool> wal_mode(Connection& connection) {
  TRY_ASSIGN(Statement statement, connection.query("PRAGMA journal_mode"));
  TRY_ASSIGN(const bool row, statement.step());
  return row && statement.bytes(0) == "wal";
}

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Layout::Layout(const std::string& folder)
    : directory(folder),
      database(io::join_path(folder, "library.db")),
      new_database(io::join_path(folder, "library.db-new")),
      id(io::join_path(folder, "library.id")),
      segments(io::join_path(folder, "segments")),
      vectors(io::join_path(folder, "vectors")),
      damaged(io::join_path(folder, "damaged")),
      ignore(io::join_path(folder, ".gitignore")) {}

std::optional<std::uint64_t> segment_generation(std::string_view file_name) {
  constexpr std::size_t kGenerationDigits = 12;
  constexpr std::size_t kChecksumDigits = 16;
  constexpr std::string_view kEnd = ".seg";
  if (file_name.size() != kGenerationDigits + 1 + kChecksumDigits + kEnd.size() ||
      file_name[kGenerationDigits] != '-' || !file_name.ends_with(kEnd) ||
      !is_lower_hex(file_name.substr(kGenerationDigits + 1, kChecksumDigits))) {
    return std::nullopt;
  }
  std::uint64_t generation = 0;
  const char* end = file_name.data() + kGenerationDigits;
  const auto [stop, error] = std::from_chars(file_name.data(), end, generation);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return generation;
}

Result<std::string> random_uid() {
  std::array<char, kUidDigits / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return Error{Code::Io, "the operating system gives no random bytes"};
  }
  return to_hex({bytes.data(), bytes.size()});
}

Status create_schema(Connection& connection, std::string_view uid, std::uint64_t generation) {
  int reserved = kPageReservedBytes;
  const int rc =
      sqlite3_file_control(connection.raw(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  if (rc != SQLITE_OK) {
    return connection.error(rc);
  }
  TRY(connection.script("PRAGMA page_size=" + std::to_string(kPageBytes) +
                        "; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"));
  TRY_ASSIGN(const bool is_wal, wal_mode(connection));
  if (!is_wal) {
    return Error{Code::Unsupported, connection.path() +
                                        ": this file system cannot hold a write-ahead log; put the "
                                        "library elsewhere with --library"};
  }
  TRY(connection.script("BEGIN IMMEDIATE"));
  TRY(connection.script(kSchema));
  TRY(connection.script(kSchemaOfVersion2));
  TRY(connection.script(kSchemaOfVersion3));
  TRY(connection.script(kSchemaOfVersion4));
  TRY(connection.run("INSERT INTO meta(id, uid, generation) VALUES(1, ?1, ?2)", uid, generation));
  TRY(connection.script("PRAGMA application_id=" + std::to_string(kApplicationId) +
                        "; PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";"));
  TRY(connection.script("COMMIT"));
  return {};
}

Status check_schema(Connection& connection) {
  TRY_ASSIGN(const std::int64_t application, connection.integer("PRAGMA application_id"));
  TRY_ASSIGN(const std::int64_t version, connection.integer("PRAGMA user_version"));
  if (application != kApplicationId) {
    return Error{Code::Corruption,
                 connection.path() + ": this is not a Sonde library; run `sonde doctor`"};
  }
  if (version > kSchemaVersion) {
    return Error{Code::Unsupported, connection.path() + ": made by a newer Sonde (version " +
                                        std::to_string(version) + ", this one knows " +
                                        std::to_string(kSchemaVersion) + "); use that one"};
  }
  if (version < 1) {
    return Error{Code::Corruption, connection.path() + ": it has no version; run `sonde doctor`"};
  }
  return {};
}

Status upgrade_schema(Connection& connection) {
  TRY_ASSIGN(const std::int64_t version, connection.integer("PRAGMA user_version"));
  if (version >= kSchemaVersion) {
    return {};
  }
  TRY(connection.script("BEGIN IMMEDIATE"));
  const Status done = [&]() -> Status {
    if (version < 2) {
      TRY(connection.script(kSchemaOfVersion2));
    }
    if (version < 3) {
      TRY(connection.script(kSchemaOfVersion3));
    }
    TRY(connection.script(kSchemaOfVersion4));
    TRY(connection.script("PRAGMA user_version=" + std::to_string(kSchemaVersion)));
    return connection.script("COMMIT");
  }();
  if (!done.ok()) {
    connection.rollback();
  }
  return done;
}

Status write_id(io::FileSystem& fs, const Layout& layout, std::string_view uid) {
  return io::replace_file(fs, layout.id, std::string(kIdHeader) + std::string(uid) + "\n");
}

Result<std::string> read_id(io::FileSystem& fs, const Layout& layout) {
  auto read = io::read_file(fs, layout.id, kIdFileLimit);
  if (!read.ok() && read.error().code != Code::Limit) {
    return std::move(read).error();
  }
  const std::string bytes = read.ok() ? std::move(read).value() : std::string();  // another file
  const bool ours = bytes.size() == kIdHeader.size() + kUidDigits + 1 &&
                    bytes.starts_with(kIdHeader) && bytes.back() == '\n';
  std::string uid = ours ? bytes.substr(kIdHeader.size(), kUidDigits) : "";
  if (!ours || !is_lower_hex(uid)) {
    return Error{Code::Corruption, layout.id + ": damaged; run `sonde doctor --repair`"};
  }
  return uid;
}

}  // namespace sonde::store
