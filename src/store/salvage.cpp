// Store::salvage(): a new library.db out of every row of a damaged one that still checks [INV-4].

#include <ctime>
#include <map>
#include <unordered_map>

#include "store/damaged_table.h"
#include "store/open_store.h"

namespace sonde::store {

namespace {

constexpr std::size_t kCopyBytes = 1U << 20;
constexpr int kBackupNames = 1000;
constexpr std::int64_t kRowsOfTransaction = 50'000;

std::string time_name() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc)};
}

Status copy_file(io::FileSystem& fs, const std::string& from, const std::string& to) {
  Result<std::unique_ptr<io::ReadableFile>> source = fs.open_read(from);
  if (!source.ok()) {
    return source.error().code == Code::NotFound ? Status() : source.error();
  }
  TRY_ASSIGN(const std::unique_ptr<io::WritableFile> target, fs.create(to, 0600));
  std::string buffer(kCopyBytes, '\0');
  for (std::uint64_t offset = 0;;) {
    TRY_ASSIGN(const std::size_t length, (*source)->read_at(offset, buffer.data(), buffer.size()));
    if (length == 0) {
      break;
    }
    TRY(target->append(std::string_view(buffer).substr(0, length)));
    offset += length;
  }
  TRY(target->sync());
  return target->close();
}

/// Copies library.db, its WAL and library.id into a new folder. @return the folder
Result<std::string> back_up(io::FileSystem& fs, const Layout& layout) {
  TRY_ASSIGN(const bool has_damaged, exists(fs, layout.damaged));
  if (!has_damaged) {
    TRY(fs.make_directory(layout.damaged));
  }
  const std::string time = time_name();
  std::string folder;
  for (int i = 1; i < kBackupNames; ++i) {
    folder = io::join_path(layout.damaged, i == 1 ? time : time + "-" + std::to_string(i));
    TRY_ASSIGN(const bool taken, exists(fs, folder));
    if (!taken) {
      break;
    }
  }
  TRY(fs.make_directory(folder));
  TRY(copy_file(fs, layout.database, io::join_path(folder, "library.db")));
  TRY(copy_file(fs, Layout::wal_of(layout.database), io::join_path(folder, "library.db-wal")));
  TRY(copy_file(fs, layout.id, io::join_path(folder, "library.id")));
  TRY(fs.sync_directory(folder));
  TRY(fs.sync_directory(layout.damaged));
  TRY(fs.sync_directory(layout.directory));
  return folder;
}

/// Binds the columns of `row` in order and runs `insert`.
Status copy_row(Connection& to, const char* insert, const Statement& row) {
  TRY_ASSIGN(Statement statement, to.prepare(insert));
  sqlite3_clear_bindings(statement.raw());
  for (int column = 0; column < row.columns(); ++column) {
    switch (row.type(column)) {
      case SQLITE_INTEGER: TRY(statement.bind(column + 1, row.integer(column))); break;
      case SQLITE_TEXT: TRY(statement.bind(column + 1, row.bytes(column))); break;
      case SQLITE_BLOB: TRY(statement.bind(column + 1, Blob{row.bytes(column)})); break;
      default: break;  // NULL
    }
  }
  TRY_ASSIGN(const bool more, statement.step());
  static_cast<void>(more);
  return {};
}

/// One salvage: reads `from`, writes `to`.
class Salvage {
 public:
  Salvage(Session& from, Connection& to, SalvageReport& report)
      : from_(from), to_(to), report_(report) {}

  Status run() {
    TRY(to_.script("BEGIN"));
    TRY(read_said_counts());
    TRY(sources());
    TRY(small_tables());
    TRY(chunks());
    TRY(files());
    TRY(drop_homeless_chunks());
    TRY(vectors());
    TRY(derived());
    TRY(write_counts());
    return to_.script("COMMIT");
  }

 private:
  Connection& from() { return *from_.connection; }

  void kept(const char* table, std::uint64_t rows) { report_.kept.emplace_back(table, rows); }
  void lost(const char* table, std::uint64_t rows) {
    if (rows > 0) {
      report_.lost.emplace_back(table, rows);
      complete_ = false;
    }
  }

  Status read_said_counts() {
    const Result<Counts> counts = from_.queries.counts();
    if (counts.ok()) {
      said_ = *counts;
    } else {
      complete_ = false;
    }
    return {};
  }

  /// Copies rows that nothing but their types can be checked of. @return rows copied
  Result<std::uint64_t> copy(const DamagedTable& table, const char* insert, bool& whole) {
    std::uint64_t rows = 0;
    TRY_ASSIGN(const std::uint64_t gaps,
               read_damaged(from(), table, [&](const Statement& row) -> Status {
                 const Status copied = copy_row(to_, insert, row);
                 if (!copied.ok() && copied.error().code != Code::InvalidArgument) {
                   return copied;
                 }
                 rows += copied.ok() && to_.changes() > 0 ? 1 : 0;
                 return end_of_batch();
               }));
    whole = gaps == 0;
    return rows;
  }

  /// Copies a table of which an index holds all columns: what one has lost the other may have.
  Status copy_twice(const char* name, const DamagedTable& table, const char* from_index,
                    const char* insert) {
    bool whole = false;
    TRY_ASSIGN(std::uint64_t rows, copy(table, insert, whole));
    if (!whole) {
      const Status status = [&]() -> Status {
        TRY_ASSIGN(Statement row, from().query(from_index));
        for (;;) {
          TRY_ASSIGN(const bool more, row.step());
          if (!more) {
            whole = true;
            return {};
          }
          TRY(copy_row(to_, insert, row));
          rows += to_.changes() > 0 ? 1 : 0;
        }
      }();
      if (!status.ok() && status.error().code != Code::Corruption) {
        return status;
      }
    }
    kept(name, rows);
    if (!whole) {
      complete_ = false;
      report_.lost_without_source.push_back(std::string("some of ") + name +
                                            " (their names are lost too)");
    }
    return {};
  }

  Status sources() {
    TRY(copy_twice(
        "sources",
        {"SELECT id, uid, kind, path FROM sources NOT INDEXED WHERE id >= ?1 ORDER BY id",
         "SELECT id FROM sources NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1"},
        "SELECT id, uid, kind, path FROM sources INDEXED BY sources_copy",
        "INSERT OR IGNORE INTO sources(id, uid, kind, path) VALUES(?1, ?2, ?3, ?4)"));
    TRY_ASSIGN(Statement row, to_.query("SELECT id FROM sources"));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        return {};
      }
      sources_[row.integer(0)] = true;
    }
  }

  Status small_tables() {
    TRY(copy_twice("settings",
                   {"SELECT id, key, value FROM settings NOT INDEXED WHERE id >= ?1 ORDER BY id",
                    "SELECT id FROM settings NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1"},
                   "SELECT id, key, value FROM settings INDEXED BY settings_copy",
                   "INSERT OR IGNORE INTO settings(id, key, value) VALUES(?1, ?2, ?3)"));
    TRY(copy_twice(
        "forgotten",
        {"SELECT id, source_id, path FROM forgotten NOT INDEXED WHERE id >= ?1 ORDER BY id",
         "SELECT id FROM forgotten NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1"},
        "SELECT id, source_id, path FROM forgotten INDEXED BY forgotten_copy",
        "INSERT OR IGNORE INTO forgotten(id, source_id, path) VALUES(?1, ?2, ?3)"));
    // These are found again by the next walk, so their first damage may end them.
    TRY(copy_while_sound("skipped",
                         "SELECT source_id, path, reason, detail, by_content, size_bytes, mtime_ns "
                         "FROM skipped",
                         "INSERT OR IGNORE INTO skipped(source_id, path, reason, detail, "
                         "by_content, size_bytes, mtime_ns) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    return copy_while_sound("quarantine",
                            "SELECT source_id, path, hash, reason, at_ms FROM quarantine",
                            "INSERT OR IGNORE INTO quarantine(source_id, path, hash, reason, at_ms)"
                            " VALUES(?1, ?2, ?3, ?4, ?5)");
  }

  Status copy_while_sound(const char* name, const char* select, const char* insert) {
    std::uint64_t rows = 0;
    const Status status = [&]() -> Status {
      TRY_ASSIGN(Statement row, from().query(select));
      for (;;) {
        TRY_ASSIGN(const bool more, row.step());
        if (!more) {
          return {};
        }
        if (name != std::string_view("tombstones") && name != std::string_view("segments") &&
            name != std::string_view("deltas") && !sources_.contains(row.integer(0))) {
          continue;
        }
        TRY(copy_row(to_, insert, row));
        ++rows;
      }
    }();
    if (!status.ok() && status.error().code != Code::Corruption) {
      return status;
    }
    if (!status.ok()) {
      sound_ = false;
    }
    kept(name, rows);
    return {};
  }

  Status chunks() {
    bool whole = false;
    TRY_ASSIGN(const std::uint64_t dictionaries,
               copy({"SELECT id, bytes FROM dictionaries WHERE id >= ?1 ORDER BY id",
                     "SELECT id FROM dictionaries WHERE id >= ?1 ORDER BY id LIMIT 1"},
                    "INSERT INTO dictionaries(id, bytes) VALUES(?1, ?2)", whole));
    kept("dictionaries", dictionaries);
    static constexpr const char* kRows =
        "SELECT id, file_id, hash, kind, symbol, scope, defines, size_bytes, coding, text "
        "FROM chunks WHERE id >= ?1 ORDER BY id";
    TRY_ASSIGN(
        const std::uint64_t gaps,
        read_damaged(from(), {kRows, "SELECT id FROM chunks WHERE id >= ?1 ORDER BY id LIMIT 1"},
                     [&](const Statement& row) { return keep_chunk(row); }));
    complete_ = complete_ && gaps == 0;
    return {};
  }

  Status keep_chunk(const Statement& row) {
    static constexpr int kTextColumn = 7;
    const Result<std::string> text = from_.queries.text_of(row, kTextColumn);
    if (!text.ok() && text.error().code != Code::Corruption) {
      return text.error();
    }
    const bool same =
        text.ok() && (row.bytes(2).empty() || content_hash(*text).view() == row.bytes(2));
    if (!same || !unpack_names(row.bytes(6), row.bytes(4)).ok()) {
      complete_ = false;
      return {};
    }
    TRY(copy_row(to_,
                 "INSERT INTO chunks(id, file_id, hash, kind, symbol, scope, defines, size_bytes, "
                 "coding, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                 row));
    chunks_[row.integer(0)] = row.integer(1);
    return end_of_batch();
  }

  Status files() {
    static constexpr const char* kRows =
        "SELECT id, source_id, path, size_bytes, mtime_ns, inode, hash, chunker_version, language, "
        "encoding, traits, lines, windowed, note, chunk_count, text_bytes, places "
        "FROM files NOT INDEXED WHERE id >= ?1 ORDER BY id";
    TRY_ASSIGN(
        const std::uint64_t gaps,
        read_damaged(from(),
                     {kRows, "SELECT id FROM files NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1"},
                     [&](const Statement& row) { return keep_file(row); }));
    complete_ = complete_ && gaps == 0;
    kept("files", found_.files);
    lost("files", said_.files > found_.files ? said_.files - found_.files : 0);
    return {};
  }

  Status keep_file(const Statement& row) {
    const std::int64_t id = row.integer(0);
    const std::int64_t source = row.integer(1);
    const Result<std::vector<Place>> places =
        unpack_places(row.bytes(16), row.number<std::uint32_t>(14));
    if (!sources_.contains(source)) {
      lost_sources_[source] = true;
      return {};
    }
    if (!places.ok() || row.bytes(6).size() != ContentHash().bytes.size()) {
      return {};
    }
    for (const Place& place : *places) {
      const auto chunk = chunks_.find(place.chunk_id);
      if (chunk == chunks_.end() || chunk->second != id) {
        return {};  // the whole file is read again from its source
      }
    }
    for (const Place& place : *places) {
      chunks_[place.chunk_id] = kHoused;
    }
    TRY(copy_row(to_,
                 "INSERT OR IGNORE INTO files(id, source_id, path, size_bytes, mtime_ns, inode, "
                 "hash, chunker_version, language, encoding, traits, lines, windowed, note, "
                 "chunk_count, text_bytes, places) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                 "?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                 row));
    found_.files += 1;
    found_.chunks += places->size();
    found_.source_bytes += row.number<std::uint64_t>(3);
    found_.lines += row.number<std::uint64_t>(11);
    found_.windowed += row.integer(12) != 0 ? 1 : 0;
    found_.text_bytes += row.number<std::uint64_t>(15);
    return end_of_batch();
  }

  Status drop_homeless_chunks() {
    for (const auto& [id, file] : chunks_) {
      if (file != kHoused) {
        TRY(to_.run("DELETE FROM chunks WHERE id = ?1", id));
        complete_ = false;
      }
    }
    kept("chunks", found_.chunks);
    lost("chunks", said_.chunks > found_.chunks ? said_.chunks - found_.chunks : 0);
    for (const auto& [source, unused] : lost_sources_) {
      report_.lost_without_source.push_back("source " + std::to_string(source) +
                                            " (its path is lost)");
    }
    return {};
  }

  /// Segments, deltas and tombstones speak of all files: they are kept whole or not at all.
  Status derived() {
    if (!complete_) {
      report_.kept.emplace_back("segments", 0);
      return {};
    }
    TRY(to_.script("SAVEPOINT derived"));
    sound_ = true;
    TRY(copy_while_sound("segments",
                         "SELECT id, file_name, generation, checksum, size_bytes, files, docs, "
                         "analyzer_version FROM segments",
                         "INSERT INTO segments(id, file_name, generation, checksum, size_bytes, "
                         "files, docs, analyzer_version) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    TRY(copy_while_sound("deltas",
                         "SELECT id, generation, files, docs, analyzer_version, bytes FROM deltas",
                         "INSERT INTO deltas(id, generation, files, docs, analyzer_version, bytes) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
    TRY(copy_while_sound("tombstones", "SELECT in_delta, holder_id, file_ordinal FROM tombstones",
                         "INSERT INTO tombstones VALUES(?1, ?2, ?3)"));
    if (!sound_) {
      TRY(to_.script("ROLLBACK TO derived"));
      report_.kept.resize(report_.kept.size() - 3);
    }
    return to_.script("RELEASE derived");
  }

  /// Vectors can be made again from the texts, at a cost: every one that checks is kept. Their
  /// files are derived and written anew.
  Status vectors() {
    if (!from_.queries.models().ok()) {
      return {};
    }
    TRY_ASSIGN(const std::int64_t version, from().integer("PRAGMA user_version"));
    if (version < 2) {
      return {};
    }
    bool whole = false;
    TRY_ASSIGN(const std::uint64_t models,
               copy({"SELECT id, key, dimensions FROM models WHERE id >= ?1 ORDER BY id",
                     "SELECT id FROM models WHERE id >= ?1 ORDER BY id LIMIT 1"},
                    "INSERT OR IGNORE INTO models(id, key, dimensions) VALUES(?1, ?2, ?3)", whole));
    kept("models", models);
    std::uint64_t rows = 0;
    TRY_ASSIGN(
        const std::uint64_t gaps,
        read_damaged(
            from(),
            {"SELECT id, model_id, hash, code FROM vectors NOT INDEXED WHERE id >= ?1 ORDER BY id",
             "SELECT id FROM vectors NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1"},
            [&](const Statement& row) -> Status {
              TRY_ASSIGN(
                  const std::int64_t dimensions,
                  to_.integer("SELECT dimensions FROM models WHERE id = ?1", row.integer(1)));
              if (dimensions == 0 || row.bytes(2).size() != ContentHash().bytes.size() ||
                  row.bytes(3).size() != static_cast<std::size_t>(dimensions) + 4) {
                return {};
              }
              TRY(copy_row(
                  to_,
                  "INSERT OR IGNORE INTO vectors(id, model_id, hash, code) VALUES(?1, ?2, ?3, ?4)",
                  row));
              ++rows;
              return end_of_batch();
            }));
    static_cast<void>(gaps);  // what is missing is embedded again
    if (version >= 4) {
      TRY_ASSIGN(const std::uint64_t packed, vector_blocks());
      rows += packed;
    }
    kept("vectors", rows);
    TRY(to_.run("UPDATE vector_counts SET embedded_total = ?1 WHERE id = 1",
                std::max(said_.embedded_total, rows)));
    // Ids of vectors are never used again, also when all of them stand in blocks.
    return to_.script(
        "UPDATE models SET vectors = (SELECT count(*) FROM vectors WHERE model_id = models.id) + "
        "(SELECT coalesce(sum(vectors), 0) FROM vector_blocks WHERE model_id = models.id);"
        "INSERT INTO sqlite_sequence(name, seq) SELECT 'vectors', 0 WHERE NOT EXISTS "
        "(SELECT 1 FROM sqlite_sequence WHERE name = 'vectors');"
        "UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM "
        "vector_blocks)) WHERE name = 'vectors'");
  }

  /// @return vectors in the blocks that were kept
  Result<std::uint64_t> vector_blocks() {
    std::uint64_t vectors = 0;
    TRY_ASSIGN(
        const std::uint64_t gaps,
        read_damaged(
            from(),
            {"SELECT id, model_id, vectors, ids, hashes, coding, codes FROM vector_blocks "
             "WHERE id >= ?1 ORDER BY id",
             "SELECT id FROM vector_blocks WHERE id >= ?1 ORDER BY id LIMIT 1"},
            [&](const Statement& row) -> Status {
              TRY_ASSIGN(
                  const std::int64_t dimensions,
                  to_.integer("SELECT dimensions FROM models WHERE id = ?1", row.integer(1)));
              const auto block =
                  unpack_block(from_.queries.shared().codec, static_cast<std::uint32_t>(dimensions),
                               {row.integer(0), row.number<std::uint64_t>(2), row.bytes(3),
                                row.bytes(4), row.integer(5), row.bytes(6)});
              if (!block.ok()) {
                return block.error().code == Code::Corruption ? Status() : Status(block.error());
              }
              TRY(copy_row(to_,
                           "INSERT OR IGNORE INTO vector_blocks(id, model_id, vectors, ids, "
                           "hashes, coding, codes) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                           row));
              vectors += block->rows.size();
              return end_of_batch();
            }));
    static_cast<void>(gaps);  // as above
    return vectors;
  }

  Status write_counts() {
    TRY_ASSIGN(const std::int64_t skipped, to_.integer("SELECT count(*) FROM skipped"));
    TRY_ASSIGN(const std::int64_t quarantined, to_.integer("SELECT count(*) FROM quarantine"));
    return to_.run(
        "UPDATE meta SET files = ?1, chunks = ?2, lines = ?3, text_bytes = ?4, source_bytes = ?5, "
        "skipped = ?6, quarantined = ?7, windowed = ?8, chunks_written_total = ?9 WHERE id = 1",
        found_.files, found_.chunks, found_.lines, found_.text_bytes, found_.source_bytes, skipped,
        quarantined, found_.windowed, std::max(said_.chunks_written_total, found_.chunks));
  }

  /// Long salvages commit in between, so that the page cache need not hold all of it.
  Status end_of_batch() {
    if (++rows_ % kRowsOfTransaction != 0) {
      return {};
    }
    return to_.script("COMMIT; BEGIN");
  }

  static constexpr std::int64_t kHoused = -1;

  Session& from_;
  Connection& to_;
  SalvageReport& report_;
  bool complete_ = true;  // nothing of files and chunks is missing
  bool sound_ = true;
  std::int64_t rows_ = 0;
  Counts said_;
  Counts found_;
  std::map<std::int64_t, bool> sources_;
  std::map<std::int64_t, bool> lost_sources_;
  std::unordered_map<std::int64_t, std::int64_t> chunks_;  // id: file, or kHoused
};

struct Old {
  std::unique_ptr<ChecksumVfs> vfs;
  Shared shared;
  std::unique_ptr<Session> session;  // null: nothing of it can be read
  std::string uid;
  std::uint64_t generation = 0;
};

/// Opens the damaged database as far as it can be: with its WAL, else without it.
Status open_old(const StoreOptions& options, const Layout& layout, Old& old) {
  TRY_ASSIGN(old.vfs, ChecksumVfs::create(options.vfs, ChecksumVfs::Locks::Shared));
  for (const auto place : {ConnectionOptions::Place::Shared, ConnectionOptions::Place::Immutable}) {
    ConnectionOptions how;
    how.path = layout.database;
    how.place = place;
    how.page_cache_bytes = options.page_cache_bytes;
    Result<std::unique_ptr<Connection>> connection = Connection::open(*old.vfs, how);
    if (!connection.ok()) {
      if (connection.error().code != Code::Corruption) {
        return connection.error();
      }
      continue;
    }
    auto session = std::make_unique<Session>(std::move(*connection), old.shared);
    const Status known = check_schema(*session->connection);
    if (known.ok()) {
      old.session = std::move(session);
      break;
    }
    if (known.error().code != Code::Corruption) {
      return known;  // a newer version, or the disk
    }
  }
  if (old.session == nullptr) {
    return {};
  }
  const Result<std::uint64_t> generation = old.session->queries.generation();
  old.generation = generation.ok() ? *generation : 0;
  Result<Statement> row = old.session->connection->query("SELECT uid FROM meta");
  if (row.ok()) {
    const Result<bool> found = row->step();
    old.uid = found.ok() && *found ? row->text(0) : "";
  }
  return {};
}

/// Puts the new database in the place of the old one. The old WAL goes first: it must not be
/// replayed into the new database.
Status change_places(io::FileSystem& fs, const Layout& layout) {
  TRY(remove_if_there(fs, Layout::wal_of(layout.database)));
  TRY(remove_if_there(fs, Layout::shm_of(layout.database)));
  TRY(fs.sync_directory(layout.directory));
  TRY(fs.rename(layout.new_database, layout.database));
  return fs.sync_directory(layout.directory);
}

}  // namespace

Result<SalvageReport> Store::salvage(const StoreOptions& options) {
  const Layout layout(options.directory);
  io::FileSystem& fs = file_system_of(options);
  SalvageReport report;
  TRY_ASSIGN(report.backup, back_up(fs, layout));
  TRY_ASSIGN(const std::uint64_t newest, newest_segment(fs, layout));
  std::string uid;
  {
    Old old;
    const Result<io::FileInfo> database = fs.info(layout.database);
    if (database.ok() && database->size_bytes > 0) {
      TRY(open_old(options, layout, old));
    }
    const Result<std::string> id = read_id(fs, layout);
    uid = id.ok() ? *id : old.uid;
    if (uid.empty()) {
      TRY_ASSIGN(uid, random_uid());
    }
    const std::uint64_t generation = std::max(old.generation, newest) + 1;
    TRY(make_database(options, layout, uid, generation, [&](Connection& to) -> Status {
      return old.session == nullptr ? Status() : Salvage(*old.session, to, report).run();
    }));
    if (old.session == nullptr) {
      report.lost_without_source.emplace_back(
          "all sources, settings and forgotten paths: nothing of library.db could be read");
    }
  }
  TRY(change_places(fs, layout));
  TRY(write_id(fs, layout, uid));
  return report;
}

}  // namespace sonde::store
