// The transaction's small tables: sources, segments, deltas, skipped, quarantine, forgotten,
// settings.

#include "base/codec.h"
#include "store/transaction.h"

namespace sonde::store {

namespace {

constexpr const char* kInsertSource = "INSERT INTO sources(uid, kind, path) VALUES(?1, ?2, ?3)";
constexpr const char* kDeleteSource = "DELETE FROM sources WHERE id = ?1";
constexpr const char* kFilesOfSource = "SELECT id FROM files WHERE source_id = ?1 LIMIT 1000";
constexpr const char* kDeleteSkippedOfSource = "DELETE FROM skipped WHERE source_id = ?1";
constexpr const char* kDeleteQuarantineOfSource = "DELETE FROM quarantine WHERE source_id = ?1";
constexpr const char* kDeleteForgottenOfSource = "DELETE FROM forgotten WHERE source_id = ?1";
constexpr const char* kInsertSegment =
    "INSERT INTO segments(file_name, generation, checksum, size_bytes, files, docs, "
    "analyzer_version) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* kDeleteSegment = "DELETE FROM segments WHERE id = ?1";
constexpr const char* kInsertDelta =
    "INSERT INTO deltas(generation, files, docs, analyzer_version, bytes) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* kDeleteDelta = "DELETE FROM deltas WHERE id = ?1";
constexpr const char* kInsertTombstone = "INSERT OR IGNORE INTO tombstones VALUES(?1, ?2, ?3)";
constexpr const char* kDeleteTombstones =
    "DELETE FROM tombstones WHERE in_delta = ?1 AND holder_id = ?2";
constexpr const char* kWalkDigest = "SELECT walk_digest FROM sources WHERE id = ?1";
constexpr const char* kSetWalkDigest = "UPDATE sources SET walk_digest = ?2 WHERE id = ?1";
constexpr const char* kForgetWalkDigest = "UPDATE sources SET walk_digest = NULL WHERE id = ?1";
constexpr const char* kSkippedOfSource = "SELECT count(*) FROM skipped WHERE source_id = ?1";
constexpr const char* kDeleteWalkSkipped =
    "DELETE FROM skipped WHERE source_id = ?1 AND by_content = 0";
constexpr const char* kPutSkipped =
    "INSERT OR REPLACE INTO skipped(source_id, path, reason, detail, by_content, size_bytes, "
    "mtime_ns) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* kSkippedExists =
    "SELECT count(*) FROM skipped WHERE source_id = ?1 AND path = ?2";
constexpr const char* kDeleteSkipped = "DELETE FROM skipped WHERE source_id = ?1 AND path = ?2";
constexpr const char* kQuarantineExists =
    "SELECT count(*) FROM quarantine WHERE source_id = ?1 AND path = ?2";
constexpr const char* kPutQuarantine =
    "INSERT OR REPLACE INTO quarantine(source_id, path, hash, reason, at_ms) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* kDeleteQuarantine =
    "DELETE FROM quarantine WHERE source_id = ?1 AND path = ?2";
constexpr const char* kInsertForgotten =
    "INSERT OR IGNORE INTO forgotten(source_id, path) VALUES(?1, ?2)";
constexpr const char* kDeleteForgotten = "DELETE FROM forgotten WHERE source_id = ?1 AND path = ?2";
constexpr const char* kDeleteSetting = "DELETE FROM settings WHERE key = ?1";
constexpr const char* kInsertSetting = "INSERT INTO settings(key, value) VALUES(?1, ?2)";

std::string source_uid(std::string_view kind, std::string_view path) {
  std::string named(kind);
  named += '\0';
  named += path;
  return content_hash(named).hex().substr(0, 16);
}

ContentHash digest_of(std::span<const SkippedRow> rows) {
  ByteWriter writer;
  for (const SkippedRow& row : rows) {
    writer.string(row.path);
    writer.string(row.reason);
    writer.string(row.detail);
    writer.u64(row.size_bytes);
    writer.i64(row.mtime_ns);
  }
  return content_hash(writer.bytes());
}

}  // namespace

Result<SourceRow> WriteTransaction::add_source(std::string_view kind, std::string_view path) {
  TRY(usable());
  TRY_ASSIGN(const std::vector<SourceRow> known, queries_.sources());
  for (const SourceRow& source : known) {
    if (source.kind == kind && source.path == path) {
      return Error{Code::InvalidArgument,
                   "the library has the source " + std::string(path) + " already"};
    }
  }
  SourceRow row{0, source_uid(kind, path), std::string(kind), std::string(path)};
  TRY(keep(connection_.run(kInsertSource, row.uid, kind, Blob{path})));
  row.id = connection_.last_row_id();
  return row;
}

Status WriteTransaction::remove_source(std::int64_t source_id) {
  TRY(usable());
  TRY(check_source(source_id));
  for (;;) {
    std::vector<std::int64_t> ids;
    {
      TRY_ASSIGN(Statement statement, connection_.query(kFilesOfSource, source_id));
      for (;;) {
        TRY_ASSIGN(const bool more, statement.step());
        if (!more) {
          break;
        }
        ids.push_back(statement.integer(0));
      }
    }
    if (ids.empty()) {
      break;
    }
    for (const std::int64_t id : ids) {
      TRY(remove_file(id));
    }
  }
  TRY(keep(connection_.run(kDeleteSkippedOfSource, source_id)));
  counts_.skipped -= static_cast<std::uint64_t>(connection_.changes());
  TRY(keep(connection_.run(kDeleteQuarantineOfSource, source_id)));
  counts_.quarantined -= static_cast<std::uint64_t>(connection_.changes());
  TRY(keep(connection_.run(kDeleteForgottenOfSource, source_id)));
  return keep(connection_.run(kDeleteSource, source_id));
}

Result<std::int64_t> WriteTransaction::add_segment(const SegmentRow& segment) {
  TRY(usable());
  TRY(keep(connection_.run(kInsertSegment, segment.file_name, segment.generation, segment.checksum,
                           segment.size_bytes, segment.files, segment.docs,
                           segment.analyzer_version)));
  return connection_.last_row_id();
}

Status WriteTransaction::remove_segment(std::int64_t id) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteTombstones, 0, id)));
  TRY(keep(connection_.run(kDeleteSegment, id)));
  if (connection_.changes() == 0) {
    return Error{Code::NotFound, "there is no segment " + std::to_string(id)};
  }
  return {};
}

Result<std::int64_t> WriteTransaction::add_delta(const DeltaRow& delta) {
  TRY(usable());
  TRY(keep(connection_.run(kInsertDelta, delta.generation, delta.files, delta.docs,
                           delta.analyzer_version, Blob{delta.bytes})));
  return connection_.last_row_id();
}

Status WriteTransaction::remove_delta(std::int64_t id) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteTombstones, 1, id)));
  TRY(keep(connection_.run(kDeleteDelta, id)));
  if (connection_.changes() == 0) {
    return Error{Code::NotFound, "there is no delta " + std::to_string(id)};
  }
  return {};
}

Status WriteTransaction::add_tombstone(const Tombstone& tombstone) {
  TRY(usable());
  return keep(connection_.run(kInsertTombstone, tombstone.in_delta ? 1 : 0, tombstone.holder_id,
                              tombstone.file_ordinal));
}

Status WriteTransaction::set_walk_skipped(std::int64_t source_id,
                                          std::span<const SkippedRow> rows) {
  TRY(usable());
  TRY(check_source(source_id));
  const ContentHash digest = digest_of(rows);
  {
    TRY_ASSIGN(Statement statement, connection_.query(kWalkDigest, source_id));
    TRY_ASSIGN(const bool found, statement.step());
    if (found && statement.bytes(0) == digest.view()) {
      return {};
    }
  }
  TRY_ASSIGN(const std::int64_t before, connection_.integer(kSkippedOfSource, source_id));
  TRY(keep(connection_.run(kDeleteWalkSkipped, source_id)));
  for (const SkippedRow& row : rows) {
    TRY(keep(connection_.run(kPutSkipped, source_id, Blob{row.path}, row.reason, row.detail, 0,
                             row.size_bytes, row.mtime_ns)));
  }
  TRY_ASSIGN(const std::int64_t after, connection_.integer(kSkippedOfSource, source_id));
  counts_.skipped += static_cast<std::uint64_t>(after - before);
  return keep(connection_.run(kSetWalkDigest, source_id, Blob{digest.view()}));
}

Status WriteTransaction::forget_walk_digest(std::int64_t source_id) {
  return keep(connection_.run(kForgetWalkDigest, source_id));
}

Status WriteTransaction::put_skipped(const SkippedRow& row) {
  TRY(usable());
  TRY(check_source(row.source_id));
  TRY_ASSIGN(const std::int64_t known,
             connection_.integer(kSkippedExists, row.source_id, Blob{row.path}));
  TRY(keep(connection_.run(kPutSkipped, row.source_id, Blob{row.path}, row.reason, row.detail,
                           row.by_content ? 1 : 0, row.size_bytes, row.mtime_ns)));
  counts_.skipped += known == 0 ? 1 : 0;
  if (known != 0 || !row.by_content) {
    TRY(forget_walk_digest(row.source_id));  // the walk's own list may not be what it was
  }
  return {};
}

Status WriteTransaction::remove_skipped(std::int64_t source_id, std::string_view path) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteSkipped, source_id, Blob{path})));
  if (connection_.changes() == 0) {
    return {};
  }
  --counts_.skipped;
  return forget_walk_digest(source_id);
}

Status WriteTransaction::put_quarantine(const QuarantineRow& row) {
  TRY(usable());
  TRY(check_source(row.source_id));
  TRY_ASSIGN(const std::int64_t known,
             connection_.integer(kQuarantineExists, row.source_id, Blob{row.path}));
  counts_.quarantined += known == 0 ? 1 : 0;
  return keep(connection_.run(kPutQuarantine, row.source_id, Blob{row.path}, Blob{row.hash.view()},
                              row.reason, row.at_ms));
}

Status WriteTransaction::remove_quarantine(std::int64_t source_id, std::string_view path) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteQuarantine, source_id, Blob{path})));
  counts_.quarantined -= static_cast<std::uint64_t>(connection_.changes());
  return {};
}

Status WriteTransaction::add_forgotten(std::int64_t source_id, std::string_view path) {
  TRY(usable());
  TRY(check_source(source_id));
  return keep(connection_.run(kInsertForgotten, source_id, Blob{path}));
}

Status WriteTransaction::remove_forgotten(std::int64_t source_id, std::string_view path) {
  TRY(usable());
  return keep(connection_.run(kDeleteForgotten, source_id, Blob{path}));
}

Status WriteTransaction::set_setting(std::string_view key, std::string_view value) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteSetting, key)));
  return keep(connection_.run(kInsertSetting, key, value));
}

}  // namespace sonde::store
