#include "store/queries.h"

namespace sonde::store {

namespace {

constexpr const char* kGeneration = "SELECT generation FROM meta WHERE id = 1";
constexpr const char* kCounts =
    "SELECT files, chunks, lines, text_bytes, source_bytes, skipped, quarantined, windowed, "
    "chunks_written_total FROM meta WHERE id = 1";
constexpr const char* kSources = "SELECT id, uid, kind, path FROM sources ORDER BY id";
constexpr const char* kSegments =
    "SELECT id, file_name, generation, checksum, size_bytes, files, docs, analyzer_version "
    "FROM segments ORDER BY id";
constexpr const char* kDeltas =
    "SELECT id, generation, files, docs, analyzer_version, bytes FROM deltas ORDER BY id";
constexpr const char* kTombstones =
    "SELECT in_delta, holder_id, file_ordinal FROM tombstones "
    "ORDER BY in_delta, holder_id, file_ordinal";
constexpr const char* kFileStates =
    "SELECT id, path, size_bytes, mtime_ns, inode, hash, chunker_version FROM files "
    "WHERE source_id = ?1 ORDER BY path";
#define SONDE_FILE_COLUMNS                                                                      \
  "SELECT id, source_id, path, size_bytes, mtime_ns, inode, hash, language, encoding, traits, " \
  "lines, chunker_version, windowed, note, chunk_count, text_bytes, places FROM files WHERE "
constexpr const char* kFileByPath = SONDE_FILE_COLUMNS "source_id = ?1 AND path = ?2";
constexpr const char* kFileById = SONDE_FILE_COLUMNS "id = ?1";
constexpr const char* kFileByHash =
    SONDE_FILE_COLUMNS "hash = ?1 AND language = ?2 ORDER BY id LIMIT 1";
#undef SONDE_FILE_COLUMNS
constexpr int kPlacesColumn = 16;
constexpr const char* kChunk =
    "SELECT file_id, hash, kind, symbol, scope, defines, size_bytes, coding, text FROM chunks "
    "WHERE id = ?1";
constexpr int kTextColumn = 6;
constexpr const char* kChunkHead =
    "SELECT file_id, hash, kind, symbol, scope, defines, size_bytes, coding, text FROM chunks "
    "WHERE id = ?1";
constexpr const char* kSkipped =
    "SELECT source_id, path, reason, detail, by_content, size_bytes, mtime_ns FROM skipped "
    "ORDER BY source_id, path";
constexpr const char* kQuarantine =
    "SELECT source_id, path, hash, reason, at_ms FROM quarantine ORDER BY source_id, path";
constexpr const char* kForgotten = "SELECT path FROM forgotten WHERE source_id = ?1 ORDER BY path";
constexpr const char* kSetting = "SELECT value FROM settings WHERE key = ?1";
constexpr const char* kDictionary = "SELECT bytes FROM dictionaries WHERE id = ?1";

Result<ContentHash> hash_of(const Statement& row, int column) {
  Result<ContentHash> hash = ContentHash::from_bytes(row.bytes(column));
  if (!hash.ok()) {
    return Error{Code::Corruption, "a stored hash has not 16 bytes; run `sonde doctor`"};
  }
  return hash;
}

Result<FileRow> file_of(const Statement& row) {
  FileRow file;
  file.id = row.integer(0);
  file.source_id = row.integer(1);
  file.path = row.text(2);
  file.size_bytes = row.number<std::uint64_t>(3);
  file.mtime_ns = row.integer(4);
  file.inode = row.number<std::uint64_t>(5);
  TRY_ASSIGN(file.hash, hash_of(row, 6));
  file.language = row.text(7);
  file.encoding = row.text(8);
  file.traits = row.number<std::uint32_t>(9);
  file.lines = row.number<std::uint32_t>(10);
  file.chunker_version = row.number<std::uint32_t>(11);
  file.windowed = row.integer(12) != 0;
  file.note = row.text(13);
  file.chunk_count = row.number<std::uint32_t>(14);
  return file;
}

Result<std::optional<PlacedFile>> placed_file_of(Statement& statement) {
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return std::optional<PlacedFile>();
  }
  PlacedFile file;
  TRY_ASSIGN(file.row, file_of(statement));
  file.text_bytes = statement.number<std::uint64_t>(15);
  TRY_ASSIGN(file.places, unpack_places(statement.bytes(kPlacesColumn), file.row.chunk_count));
  return std::optional(std::move(file));
}

}  // namespace

Error Queries::damaged(const std::string& what) const {
  return Error{Code::Corruption, connection_.path() + ": " + what + "; run `sonde doctor`"};
}

Result<std::uint64_t> Queries::generation() {
  TRY_ASSIGN(Statement statement, connection_.query(kGeneration));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return damaged("it has no generation");
  }
  return statement.number<std::uint64_t>(0);
}

Result<Counts> Queries::counts() {
  TRY_ASSIGN(Statement statement, connection_.query(kCounts));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return damaged("it has no counts");
  }
  Counts counts;
  int column = 0;
  for (std::uint64_t* value :
       {&counts.files, &counts.chunks, &counts.lines, &counts.text_bytes, &counts.source_bytes,
        &counts.skipped, &counts.quarantined, &counts.windowed, &counts.chunks_written_total}) {
    *value = statement.number<std::uint64_t>(column++);
  }
  TRY_ASSIGN(const bool vectors, knows_vectors());
  if (vectors) {
    TRY_ASSIGN(const std::int64_t total,
               connection_.integer("SELECT embedded_total FROM vector_counts WHERE id = 1"));
    counts.embedded_total = static_cast<std::uint64_t>(total);
  }
  return counts;
}

Result<std::vector<SourceRow>> Queries::sources() {
  TRY_ASSIGN(Statement statement, connection_.query(kSources));
  std::vector<SourceRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    rows.push_back({statement.integer(0), statement.text(1), statement.text(2), statement.text(3)});
  }
}

Result<std::vector<SegmentRow>> Queries::segments() {
  TRY_ASSIGN(Statement statement, connection_.query(kSegments));
  std::vector<SegmentRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    SegmentRow row;
    row.id = statement.integer(0);
    row.file_name = statement.text(1);
    row.generation = statement.number<std::uint64_t>(2);
    row.checksum = statement.number<std::uint64_t>(3);
    row.size_bytes = statement.number<std::uint64_t>(4);
    row.files = statement.number<std::uint32_t>(5);
    row.docs = statement.number<std::uint32_t>(6);
    row.analyzer_version = statement.number<std::uint32_t>(7);
    rows.push_back(std::move(row));
  }
}

Result<std::vector<DeltaRow>> Queries::deltas() {
  TRY_ASSIGN(Statement statement, connection_.query(kDeltas));
  std::vector<DeltaRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    DeltaRow row;
    row.id = statement.integer(0);
    row.generation = statement.number<std::uint64_t>(1);
    row.files = statement.number<std::uint32_t>(2);
    row.docs = statement.number<std::uint32_t>(3);
    row.analyzer_version = statement.number<std::uint32_t>(4);
    row.bytes = statement.text(5);
    rows.push_back(std::move(row));
  }
}

Result<std::vector<Tombstone>> Queries::tombstones() {
  TRY_ASSIGN(Statement statement, connection_.query(kTombstones));
  std::vector<Tombstone> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    rows.push_back(
        {statement.integer(0) != 0, statement.integer(1), statement.number<std::uint32_t>(2)});
  }
}

Status Queries::for_each_file(std::int64_t source_id,
                              const std::function<Status(const FileState&)>& visit) {
  TRY_ASSIGN(Statement statement, connection_.query(kFileStates, source_id));
  FileState state;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return {};
    }
    state.id = statement.integer(0);
    state.path.assign(statement.bytes(1));
    state.size_bytes = statement.number<std::uint64_t>(2);
    state.mtime_ns = statement.integer(3);
    state.inode = statement.number<std::uint64_t>(4);
    TRY_ASSIGN(state.hash, hash_of(statement, 5));
    state.chunker_version = statement.number<std::uint32_t>(6);
    TRY(visit(state));
  }
}

Result<std::optional<PlacedFile>> Queries::placed_file(std::int64_t source_id,
                                                       std::string_view path) {
  TRY_ASSIGN(Statement statement, connection_.query(kFileByPath, source_id, Blob{path}));
  return placed_file_of(statement);
}

Result<std::optional<PlacedFile>> Queries::placed_file(std::int64_t file_id) {
  TRY_ASSIGN(Statement statement, connection_.query(kFileById, file_id));
  return placed_file_of(statement);
}

Result<std::optional<FileRow>> Queries::file(std::int64_t source_id, std::string_view path) {
  TRY_ASSIGN(std::optional<PlacedFile> file, placed_file(source_id, path));
  return file ? std::optional<FileRow>(std::move(file->row)) : std::nullopt;
}

Result<std::optional<FileRow>> Queries::file_with_content(const ContentHash& hash,
                                                          std::string_view language) {
  TRY_ASSIGN(Statement statement, connection_.query(kFileByHash, Blob{hash.view()}, language));
  TRY_ASSIGN(std::optional<PlacedFile> file, placed_file_of(statement));
  return file ? std::optional<FileRow>(std::move(file->row)) : std::nullopt;
}

Result<std::vector<ChunkRecord>> Queries::chunks(std::int64_t file_id) {
  TRY_ASSIGN(const std::optional<PlacedFile> file, placed_file(file_id));
  std::vector<ChunkRecord> records;
  if (!file) {
    return records;
  }
  records.reserve(file->places.size());
  for (const Place& place : file->places) {
    TRY_ASSIGN(ChunkRecord record,
               chunk_at(file_id, place, static_cast<std::uint32_t>(records.size())));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::optional<ChunkRecord>> Queries::chunk(std::int64_t file_id, std::uint32_t ordinal) {
  TRY_ASSIGN(const std::optional<PlacedFile> file, placed_file(file_id));
  if (!file || ordinal >= file->places.size()) {
    return std::optional<ChunkRecord>();
  }
  TRY_ASSIGN(ChunkRecord record, chunk_at(file_id, file->places[ordinal], ordinal));
  return std::optional(std::move(record));
}

Result<ChunkRecord> Queries::chunk_at(std::int64_t file_id, const Place& place,
                                      std::uint32_t ordinal) {
  TRY_ASSIGN(Statement statement, connection_.query(kChunk, place.chunk_id));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found || statement.integer(0) != file_id) {
    return damaged("chunk " + std::to_string(place.chunk_id) + " of file " +
                   std::to_string(file_id) + " is missing");
  }
  ChunkRecord record;
  record.ordinal = ordinal;
  record.kind = statement.number<std::uint8_t>(2);
  record.symbol = statement.text(3);
  record.scope = statement.text(4);
  TRY_ASSIGN(record.defines, unpack_names(statement.bytes(5), record.symbol));
  record.start_byte = place.start_byte;
  record.end_byte = place.end_byte;
  record.start_line = place.start_line;
  record.end_line = place.end_line;
  TRY_ASSIGN(record.text, text_of(statement, kTextColumn));
  return record;
}

Result<ChunkHead> Queries::chunk_head(std::int64_t file_id, std::int64_t chunk_id) {
  TRY_ASSIGN(Statement statement, connection_.query(kChunkHead, chunk_id));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found || statement.integer(0) != file_id) {
    return damaged("chunk " + std::to_string(chunk_id) + " of file " + std::to_string(file_id) +
                   " is missing");
  }
  ChunkHead head;
  head.id = chunk_id;
  if (statement.bytes(1).empty()) {
    TRY_ASSIGN(const std::string text, text_of(statement, kTextColumn));
    head.hash = content_hash(text);
  } else {
    TRY_ASSIGN(head.hash, hash_of(statement, 1));
  }
  head.kind = statement.number<std::uint8_t>(2);
  head.symbol = statement.text(3);
  head.scope = statement.text(4);
  head.defines = statement.text(5);
  return head;
}

Result<std::string> Queries::text_of(const Statement& statement, int column) {
  const std::int64_t size = statement.integer(column);
  const std::int64_t coding = statement.integer(column + 1);
  const std::string_view bytes = statement.bytes(column + 2);
  if (size < 0 || size > kMaxTextBytes || coding < kCodingRaw) {
    return damaged("a chunk's row is out of range");
  }
  if (coding == kCodingRaw) {
    if (bytes.size() != static_cast<std::size_t>(size)) {
      return damaged("a chunk's text has another size than its row says");
    }
    return std::string(bytes);
  }
  std::shared_ptr<const Dictionary> used;
  if (coding != kCodingPlain) {
    TRY_ASSIGN(used, dictionary(coding));
  }
  return shared_.codec.decompress(bytes, static_cast<std::uint32_t>(size), used.get());
}

Result<std::string> Queries::text_of_chunk(std::int64_t chunk_id) {
  TRY_ASSIGN(
      Statement statement,
      connection_.query("SELECT size_bytes, coding, text FROM chunks WHERE id = ?1", chunk_id));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return damaged("chunk " + std::to_string(chunk_id) + " is missing");
  }
  return text_of(statement, 0);
}

Result<std::vector<std::int64_t>> Queries::ids(const char* sql) {
  TRY_ASSIGN(Statement statement, connection_.query(sql));
  std::vector<std::int64_t> found;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return found;
    }
    found.push_back(statement.integer(0));
  }
}

Result<std::vector<std::string>> Queries::dictionaries() {
  TRY_ASSIGN(Statement statement, connection_.query("SELECT bytes FROM dictionaries ORDER BY id"));
  std::vector<std::string> found;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return found;
    }
    found.push_back(statement.text(0));
  }
}

Result<std::shared_ptr<const Dictionary>> Queries::dictionary(std::int64_t id) {
  const auto known = dictionaries_.find(id);
  if (known != dictionaries_.end()) {
    return known->second;
  }
  TRY_ASSIGN(Statement statement, connection_.query(kDictionary, id));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return damaged("text dictionary " + std::to_string(id) + " is missing");
  }
  std::string bytes = statement.text(0);
  const std::uint64_t name = checksum64(bytes);
  std::shared_ptr<const Dictionary> dictionary;
  {
    const std::lock_guard lock(shared_.mutex);
    const auto built = shared_.dictionaries.find(name);
    if (built != shared_.dictionaries.end() && built->second->bytes() == bytes) {
      dictionary = built->second;
    }
  }
  if (dictionary == nullptr) {
    TRY_ASSIGN(dictionary, Dictionary::create(std::move(bytes)));
    const std::lock_guard lock(shared_.mutex);
    shared_.dictionaries[name] = dictionary;
  }
  dictionaries_[id] = dictionary;
  return dictionary;
}

Status Queries::for_each_skipped(const std::function<Status(const SkippedRow&)>& visit) {
  TRY_ASSIGN(Statement statement, connection_.query(kSkipped));
  SkippedRow row;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return {};
    }
    row.source_id = statement.integer(0);
    row.path.assign(statement.bytes(1));
    row.reason.assign(statement.bytes(2));
    row.detail.assign(statement.bytes(3));
    row.by_content = statement.integer(4) != 0;
    row.size_bytes = statement.number<std::uint64_t>(5);
    row.mtime_ns = statement.integer(6);
    TRY(visit(row));
  }
}

Result<std::vector<QuarantineRow>> Queries::quarantine() {
  TRY_ASSIGN(Statement statement, connection_.query(kQuarantine));
  std::vector<QuarantineRow> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    QuarantineRow row;
    row.source_id = statement.integer(0);
    row.path = statement.text(1);
    TRY_ASSIGN(row.hash, hash_of(statement, 2));
    row.reason = statement.text(3);
    row.at_ms = statement.integer(4);
    rows.push_back(std::move(row));
  }
}

Result<std::vector<std::string>> Queries::forgotten(std::int64_t source_id) {
  TRY_ASSIGN(Statement statement, connection_.query(kForgotten, source_id));
  std::vector<std::string> paths;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return paths;
    }
    paths.push_back(statement.text(0));
  }
}

Result<std::optional<std::string>> Queries::setting(std::string_view key) {
  TRY_ASSIGN(Statement statement, connection_.query(kSetting, key));
  TRY_ASSIGN(const bool found, statement.step());
  return found ? std::optional(statement.text(0)) : std::nullopt;
}

}  // namespace sonde::store
