#include "store/transaction.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace sonde::store {

namespace {

constexpr const char* kFileSequence = "SELECT seq FROM sqlite_sequence WHERE name = 'files'";
constexpr const char* kCurrentDictionary = "SELECT max(id) FROM dictionaries";
constexpr const char* kSourceExists = "SELECT count(*) FROM sources WHERE id = ?1";
constexpr const char* kInsertChunk =
    "INSERT INTO chunks(file_id, hash, kind, symbol, scope, defines, size_bytes, coding, text) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr const char* kUpdateChunk =
    "UPDATE chunks SET kind = ?2, symbol = ?3, scope = ?4, defines = ?5 WHERE id = ?1";
constexpr const char* kDeleteChunk = "DELETE FROM chunks WHERE id = ?1";
constexpr const char* kPutFile =
    "INSERT INTO files(id, source_id, path, size_bytes, mtime_ns, inode, hash, chunker_version, "
    "language, encoding, traits, lines, windowed, note, chunk_count, text_bytes, places) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) "
    "ON CONFLICT(id) DO UPDATE SET path = ?3, size_bytes = ?4, mtime_ns = ?5, inode = ?6, "
    "hash = ?7, chunker_version = ?8, language = ?9, encoding = ?10, traits = ?11, lines = ?12, "
    "windowed = ?13, note = ?14, chunk_count = ?15, text_bytes = ?16, places = ?17";
constexpr const char* kTouchFile = "UPDATE files SET mtime_ns = ?2, inode = ?3 WHERE id = ?1";
constexpr const char* kDeleteFile = "DELETE FROM files WHERE id = ?1";
constexpr const char* kFileExists = "SELECT count(*) FROM files WHERE id = ?1";
constexpr const char* kDeleteStructure = "DELETE FROM structures WHERE file_id = ?1";
constexpr const char* kPutStructure =
    "INSERT OR REPLACE INTO structures(file_id, version, size_bytes, coding, bytes) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* kChunkText =
    "SELECT size_bytes, coding, text, hash FROM chunks WHERE id = ?1";
constexpr const char* kRecodeChunk = "UPDATE chunks SET coding = ?2, text = ?3 WHERE id = ?1";
// A small row has no hash: it is that of its text.
constexpr const char* kMakeChunkSmall =
    "UPDATE chunks SET coding = ?2, text = ?3, hash = x'' WHERE id = ?1";
constexpr const char* kInsertDictionary = "INSERT INTO dictionaries(bytes) VALUES(?1)";
constexpr const char* kWriteMeta =
    "UPDATE meta SET generation = ?1, files = ?2, chunks = ?3, lines = ?4, text_bytes = ?5, "
    "source_bytes = ?6, skipped = ?7, quarantined = ?8, windowed = ?9, chunks_written_total = ?10 "
    "WHERE id = 1";

// Free pages are given back when there are many: each costs a page moved from the end.
constexpr std::int64_t kFreePagesKept = 256;
constexpr std::int64_t kPagesMovedAtOnce = 4096;

Status check_chunks(std::span<const ChunkRecord> chunks) {
  if (chunks.size() > kMaxChunksOfFile) {
    return Error{Code::Limit, "a file of " + std::to_string(chunks.size()) + " chunks"};
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].ordinal != i) {
      return Error{Code::InvalidArgument, "chunk " + std::to_string(i) + " has ordinal " +
                                              std::to_string(chunks[i].ordinal)};
    }
    if (chunks[i].text.size() > kMaxTextBytes) {
      return Error{Code::Limit, "a chunk of " + std::to_string(chunks[i].text.size()) + " bytes"};
    }
  }
  return {};
}

Place place_of(const ChunkRecord& chunk, std::int64_t id) {
  return {id, chunk.start_byte, chunk.end_byte, chunk.start_line, chunk.end_line};
}

bool same_head(const ChunkHead& head, const ChunkRecord& chunk, std::string_view defines) {
  return head.kind == chunk.kind && head.symbol == chunk.symbol && head.scope == chunk.scope &&
         head.defines == defines;
}

}  // namespace

Result<PackedText> pack_text(TextCodec& codec, std::string_view text,
                             const Dictionary* dictionary) {
  TRY_ASSIGN(TextCodec::Compressed compressed, codec.compress(text, dictionary));
  PackedText packed;
  packed.hash = content_hash(text);
  packed.dictionary = dictionary == nullptr ? 0 : dictionary->name();
  packed.raw = compressed.raw;
  packed.bytes = std::move(compressed.bytes);
  return packed;
}

WriteTransaction::WriteTransaction(Queries& queries, Ended ended)
    : connection_(queries.connection()), queries_(queries), ended_(std::move(ended)) {}

Result<std::unique_ptr<WriteTransaction>> WriteTransaction::begin(Queries& queries, Ended ended) {
  TRY(queries.connection().script("BEGIN IMMEDIATE"));
  std::unique_ptr<WriteTransaction> transaction(new WriteTransaction(queries, std::move(ended)));
  TRY(transaction->load());
  return transaction;
}

WriteTransaction::~WriteTransaction() {
  if (!over_) {
    connection_.rollback();
    queries_.forget_dictionaries();
    queries_.forget_blocks();
    ended_(false);
  }
}

Status WriteTransaction::load() {
  TRY_ASSIGN(generation_, queries_.generation());
  TRY_ASSIGN(counts_, queries_.counts());
  TRY_ASSIGN(const std::int64_t last, connection_.integer(kFileSequence));
  next_file_id_ = last + 1;
  TRY_ASSIGN(dictionary_id_, connection_.integer(kCurrentDictionary));
  if (dictionary_id_ > 0) {
    TRY_ASSIGN(dictionary_, queries_.dictionary(dictionary_id_));
    const std::lock_guard lock(queries_.shared().mutex);
    queries_.shared().current = dictionary_;
  } else {
    trainer_.emplace();
  }
  return {};
}

Status WriteTransaction::usable() const {
  if (over_) {
    return Error{Code::Internal, "the transaction is over"};
  }
  if (failure_) {
    return failure_->with_context("the transaction failed before");
  }
  return {};
}

Status WriteTransaction::keep(Status status) {
  if (!status.ok() && !failure_) {
    failure_ = status.error();
  }
  return status;
}

void WriteTransaction::count_file(const FileRecord& file, std::uint64_t chunks,
                                  std::uint64_t text_bytes, int sign) {
  const auto times = static_cast<std::uint64_t>(static_cast<std::int64_t>(sign));
  counts_.files += times;
  counts_.chunks += times * chunks;
  counts_.lines += times * file.lines;
  counts_.text_bytes += times * text_bytes;
  counts_.source_bytes += times * file.size_bytes;
  counts_.windowed += file.windowed ? times : 0;
}

Status WriteTransaction::check_source(std::int64_t source_id) {
  TRY_ASSIGN(const std::int64_t found, connection_.integer(kSourceExists, source_id));
  if (found == 0) {
    return Error{Code::NotFound, "there is no source " + std::to_string(source_id)};
  }
  return {};
}

Result<PutCounts> WriteTransaction::put_file(std::int64_t source_id, const FileRecord& file,
                                             std::span<const ChunkRecord> chunks) {
  TRY(usable());
  TRY(check_chunks(chunks));
  TRY(check_source(source_id));
  Result<PutCounts> counts = replace_file(source_id, file, chunks);
  if (!counts.ok()) {
    TRY(keep(counts.error()));
  }
  return counts;
}

Result<PutCounts> WriteTransaction::replace_file(std::int64_t source_id, const FileRecord& file,
                                                 std::span<const ChunkRecord> chunks) {
  TRY_ASSIGN(const std::optional<PlacedFile> old, queries_.placed_file(source_id, file.path));
  std::vector<ContentHash> hashes;
  hashes.reserve(chunks.size());
  std::uint64_t text_bytes = 0;
  for (const ChunkRecord& chunk : chunks) {
    hashes.push_back(chunk.packed ? chunk.packed->hash : content_hash(chunk.text));
    text_bytes += chunk.text.size();
  }
  PutCounts counts;
  std::vector<Place> places(chunks.size());
  if (old) {
    TRY(match_chunks(*old, chunks, hashes, places, counts));
    count_file(old->row, old->places.size(), old->text_bytes, -1);
    TRY(connection_.run(kDeleteStructure, old->row.id));
  }
  const std::int64_t file_id = old ? old->row.id : next_file_id_++;
  counts.file_id = file_id;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (places[i].chunk_id == 0) {
      TRY_ASSIGN(const std::int64_t id, insert_chunk(file_id, chunks[i], hashes[i]));
      places[i] = place_of(chunks[i], id);
      ++counts.written;
    }
  }
  TRY(write_file_row(file_id, source_id, file, places, text_bytes));
  count_file(file, chunks.size(), text_bytes, 1);
  counts_.chunks_written_total += counts.written;
  return counts;
}

Status WriteTransaction::match_chunks(const PlacedFile& old, std::span<const ChunkRecord> chunks,
                                      std::span<const ContentHash> hashes,
                                      std::vector<Place>& places, PutCounts& counts) {
  std::unordered_map<ContentHash, std::deque<ChunkHead>> heads;
  for (const Place& place : old.places) {
    TRY_ASSIGN(ChunkHead head, queries_.chunk_head(old.row.id, place.chunk_id));
    heads[head.hash].push_back(std::move(head));
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto same = heads.find(hashes[i]);
    if (same == heads.end() || same->second.empty()) {
      continue;
    }
    const ChunkHead head = std::move(same->second.front());
    same->second.pop_front();
    const std::string defines = pack_names(chunks[i].defines, chunks[i].symbol);
    if (!same_head(head, chunks[i], defines)) {
      TRY(connection_.run(kUpdateChunk, head.id, chunks[i].kind, chunks[i].symbol, chunks[i].scope,
                          Blob{defines}));
    }
    places[i] = place_of(chunks[i], head.id);
    ++counts.kept;
  }
  for (const auto& [hash, unmatched] : heads) {
    for (const ChunkHead& head : unmatched) {
      TRY(connection_.run(kDeleteChunk, head.id));
      ++counts.removed;
    }
  }
  return {};
}

Result<std::int64_t> WriteTransaction::insert_chunk(std::int64_t file_id, const ChunkRecord& chunk,
                                                    const ContentHash& hash) {
  const std::uint64_t current = dictionary_ == nullptr ? 0 : dictionary_->name();
  const bool ready = chunk.packed && (chunk.packed->raw || chunk.packed->dictionary == current);
  PackedText packed;
  if (!ready) {
    TRY_ASSIGN(packed, pack_text(queries_.shared().codec, chunk.text, dictionary_.get()));
  }
  const PackedText& stored = ready ? *chunk.packed : packed;
  std::int64_t coding = stored.dictionary == 0 ? kCodingPlain : dictionary_id_;
  if (stored.raw) {
    coding = kCodingRaw;
  }
  const std::string defines = pack_names(chunk.defines, chunk.symbol);
  TRY(connection_.run(kInsertChunk, file_id, Blob{hash.view()}, chunk.kind, chunk.symbol,
                      chunk.scope, Blob{defines}, chunk.text.size(), coding, Blob{stored.bytes}));
  const std::int64_t id = connection_.last_row_id();
  if (trainer_) {
    trainer_->add(chunk.text);
    untrained_.push_back(id);
    if (trainer_->full()) {
      TRY(train_dictionary());
    }
  }
  return id;
}

Status WriteTransaction::write_file_row(std::int64_t file_id, std::int64_t source_id,
                                        const FileRecord& file, std::span<const Place> places,
                                        std::uint64_t text_bytes) {
  const std::string packed = pack_places(places);
  return connection_.run(kPutFile, file_id, source_id, Blob{file.path}, file.size_bytes,
                         file.mtime_ns, file.inode, Blob{file.hash.view()}, file.chunker_version,
                         file.language, file.encoding, file.traits, file.lines,
                         file.windowed ? 1 : 0, file.note, places.size(), text_bytes, Blob{packed});
}

Status WriteTransaction::put_structure(std::int64_t file_id, const StructureRow& row) {
  TRY(usable());
  TRY_ASSIGN(const std::int64_t found, connection_.integer(kFileExists, file_id));
  if (found == 0) {
    return Error{Code::NotFound, "there is no file " + std::to_string(file_id)};
  }
  // Without the dictionary: it is learnt from texts, and may be replaced.
  TRY_ASSIGN(const TextCodec::Compressed packed,
             queries_.shared().codec.compress(row.bytes, nullptr));
  return keep(connection_.run(kPutStructure, file_id, row.version, row.bytes.size(),
                              packed.raw ? kCodingRaw : kCodingPlain, Blob{packed.bytes}));
}

Status WriteTransaction::touch_file(std::int64_t file_id, std::int64_t mtime_ns,
                                    std::uint64_t inode) {
  TRY(usable());
  TRY(keep(connection_.run(kTouchFile, file_id, mtime_ns, inode)));
  if (connection_.changes() == 0) {
    return Error{Code::NotFound, "there is no file " + std::to_string(file_id)};
  }
  return {};
}

Status WriteTransaction::move_file(std::int64_t file_id, const FileRecord& file) {
  TRY(usable());
  TRY_ASSIGN(const std::optional<PlacedFile> old, queries_.placed_file(file_id));
  if (!old) {
    return Error{Code::NotFound, "there is no file " + std::to_string(file_id)};
  }
  TRY_ASSIGN(const std::optional<FileRow> there, queries_.file(old->row.source_id, file.path));
  if (there && there->id != file_id) {
    return Error{Code::InvalidArgument, "another file stands at the path it moves to"};
  }
  count_file(old->row, old->places.size(), old->text_bytes, -1);
  count_file(file, old->places.size(), old->text_bytes, 1);
  return keep(write_file_row(file_id, old->row.source_id, file, old->places, old->text_bytes));
}

Status WriteTransaction::remove_file(std::int64_t file_id) {
  TRY(usable());
  TRY_ASSIGN(const std::optional<PlacedFile> file, queries_.placed_file(file_id));
  if (!file) {
    return Error{Code::NotFound, "there is no file " + std::to_string(file_id)};
  }
  return keep(delete_file(*file));
}

Status WriteTransaction::delete_file(const PlacedFile& file) {
  for (const Place& place : file.places) {
    TRY(connection_.run(kDeleteChunk, place.chunk_id));
  }
  TRY(connection_.run(kDeleteStructure, file.row.id));
  TRY(connection_.run(kDeleteFile, file.row.id));
  count_file(file.row, file.places.size(), file.text_bytes, -1);
  return {};
}

Status WriteTransaction::train_dictionary() {
  const Result<std::string> bytes = trainer_->train();
  trainer_.reset();
  if (!bytes.ok()) {
    return {};  // nothing to learn from these texts; a later transaction tries again
  }
  TRY(adopt_dictionary(*bytes));
  for (const std::int64_t id : untrained_) {
    TRY(recode(id, Effort::Quick));
  }
  untrained_.clear();
  return {};
}

Status WriteTransaction::adopt_dictionary(std::string bytes) {
  TRY_ASSIGN(std::shared_ptr<const Dictionary> trained, Dictionary::create(std::move(bytes)));
  TRY(connection_.run(kInsertDictionary, Blob{trained->bytes()}));
  dictionary_id_ = connection_.last_row_id();
  dictionary_ = std::move(trained);
  // Published before the commit: its name is its content, so a rollback does no harm.
  const std::lock_guard lock(queries_.shared().mutex);
  queries_.shared().current = dictionary_;
  return {};
}

Status WriteTransaction::recode(std::int64_t chunk_id, Effort effort) {
  std::string text;
  bool small = effort == Effort::Small;
  {
    TRY_ASSIGN(Statement row, connection_.query(kChunkText, chunk_id));
    TRY_ASSIGN(const bool found, row.step());
    if (!found) {
      return {};  // written and removed in this transaction
    }
    TRY_ASSIGN(text, queries_.text_of(row, 0));
    small = small || row.bytes(3).empty();
  }
  TRY_ASSIGN(const TextCodec::Compressed packed,
             queries_.shared().codec.compress(text, dictionary_.get(),
                                              small ? Effort::Small : Effort::Quick));
  return connection_.run(small ? kMakeChunkSmall : kRecodeChunk, chunk_id,
                         packed.raw ? kCodingRaw : dictionary_id_, Blob{packed.bytes});
}

Status WriteTransaction::give_space_back() {
  TRY_ASSIGN(const std::int64_t free, connection_.integer("PRAGMA freelist_count"));
  TRY_ASSIGN(const std::int64_t pages, connection_.integer("PRAGMA page_count"));
  if (free <= kFreePagesKept || free <= pages / 8) {
    return {};
  }
  const std::int64_t moved = std::min(free - kFreePagesKept / 2, kPagesMovedAtOnce);
  return connection_.script("PRAGMA incremental_vacuum(" + std::to_string(moved) + ")");
}

Status WriteTransaction::write_meta() {
  return connection_.run(kWriteMeta, generation_ + 1, counts_.files, counts_.chunks, counts_.lines,
                         counts_.text_bytes, counts_.source_bytes, counts_.skipped,
                         counts_.quarantined, counts_.windowed, counts_.chunks_written_total);
}

Result<std::uint64_t> WriteTransaction::commit() {
  TRY(usable());
  if (trainer_ && trainer_->enough()) {
    TRY(keep(train_dictionary()));
  }
  TRY(keep(give_space_back()));
  TRY(keep(write_meta()));
  TRY(keep(connection_.script("COMMIT")));
  over_ = true;
  ++generation_;
  queries_.keep_blocks(generation_);
  ended_(true);
  return generation_;
}

}  // namespace sonde::store
