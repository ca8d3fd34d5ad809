#pragma once
// The truth: one SQLite database per library, library.db. Everything else is derived from it.
//
// A Store is an open library folder. Readers take a Snapshot (one read transaction, one request);
// the one writer, who holds the lease, takes a Transaction. A commit raises the generation by one
// and is the only commit point: what commit() acknowledged survives kill -9 and power loss [INV-2].
//
// The folder:
//   library.db, -wal, -shm   the truth
//   library.id               the library's uid, written once at creation: tells a lost library.db
//                            from a library that was never made
//   segments/<generation, 12 digits>-<checksum, 16 hex>.seg   derived, listed in the truth; the
//   generation
//                            is the last committed one when it was written, so a truth that is
//                            older was rolled back
//   vectors/<the same>.vec   derived, listed in the truth
//   damaged/                 set-aside files
//   lock                     the writer lease
//   .gitignore               "*"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/hash.h"
#include "base/result.h"

namespace sonde::io {
class FileSystem;
}

namespace sonde::store {

inline constexpr int kSchemaVersion = 4;

struct SourceRow {
  std::int64_t id = 0;
  // 16 hex digits of content_hash(kind + '\0' + path as it was added): names the source in segments
  // and ids, the same in every library, so that the same files give the same segment bytes.
  std::string uid;
  std::string kind;  // "folder"
  std::string path;  // absolute, bytes
};

/// What change detection needs of a file.
struct FileState {
  std::int64_t id = 0;
  std::string path;  // relative to the source, bytes
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  ContentHash hash;
  std::uint32_t chunker_version = 0;
};

/// A file's row but for its id.
struct FileRecord {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  ContentHash hash;  // of the bytes on disk
  std::string language;
  std::string encoding;      // "utf-8", "utf-16le", ...
  std::uint32_t traits = 0;  // bits of index::FileTrait
  std::uint32_t lines = 0;
  std::uint32_t chunker_version = 0;
  bool windowed = false;  // no syntax tree; `note` says why when one was expected
  std::string note;
};

struct FileRow : FileRecord {
  std::int64_t id = 0;
  std::int64_t source_id = 0;
  std::uint32_t chunk_count = 0;
};

/// A chunk's text, compressed ahead of put_file() by Store::pack(), which may run on many threads.
struct PackedText {
  ContentHash hash;              // of the text
  std::uint64_t dictionary = 0;  // which one was used; put_file() packs again when it is not known
  bool raw = false;              // compression did not help: `bytes` is the text
  std::string bytes;
};

/// A chunk of a file. `text` is stored compressed; its hash decides whether a chunk changed.
struct ChunkRecord {
  std::uint32_t ordinal = 0;  // 0, 1, 2, ... within the file
  std::uint8_t kind = 0;      // text::ChunkKind
  std::string symbol;
  std::string scope;
  std::vector<std::string> defines;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string text;
  std::optional<PackedText> packed;  // of `text`; never set by a read
};

struct SegmentRow {
  std::int64_t id = 0;
  std::string file_name;  // in segments/
  std::uint64_t generation = 0;
  std::uint64_t checksum = 0;  // XXH3-64 of the whole file
  std::uint64_t size_bytes = 0;
  std::uint32_t files = 0;
  std::uint32_t docs = 0;
  std::uint32_t analyzer_version = 0;
};

/// A small segment that lives as a row: the same bytes that a segment file would hold.
struct DeltaRow {
  std::int64_t id = 0;
  std::uint64_t generation = 0;
  std::uint32_t files = 0;
  std::uint32_t docs = 0;
  std::uint32_t analyzer_version = 0;
  std::string bytes;
};

/// A file of a segment or delta that no longer counts: replaced or removed.
struct Tombstone {
  bool in_delta = false;
  std::int64_t holder_id = 0;  // segment or delta id
  std::uint32_t file_ordinal = 0;
};

struct SkippedRow {
  std::int64_t source_id = 0;
  std::string path;
  std::string reason;  // tree::reason_name
  std::string detail;
  bool by_content = false;  // found when it was read: not read again while size and time stay
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
};

struct QuarantineRow {
  std::int64_t source_id = 0;
  std::string path;
  ContentHash hash;  // of the content that was poison; another content is tried again
  std::string reason;
  std::int64_t at_ms = 0;  // since 1970, UTC
};

/// A model that vectors are of.
struct ModelRow {
  std::int64_t id = 0;
  std::string key;  // embed::ModelId::key(): what decides whether two vectors may be compared
  std::uint32_t dimensions = 0;
  std::uint64_t vectors = 0;  // of it, in the truth
};

/// The vector of a text.
struct VectorRow {
  ContentHash hash;  // of the exact text that was fed to the model
  std::string code;  // scale (f32, little-endian), `dimensions` x int8
};

/// A file of vectors of one model, derived from the rows up to one of them.
struct VectorFileRow {
  std::int64_t id = 0;
  std::int64_t model_id = 0;
  std::string file_name;  // in vectors/
  std::uint64_t generation = 0;
  std::uint64_t checksum = 0;  // XXH3-64 of the whole file
  std::uint64_t size_bytes = 0;
  std::uint64_t vectors = 0;
  std::int64_t last_vector_id = 0;  // rows of the model beyond the greatest of these are in no file
};

struct Counts {
  std::uint64_t files = 0;
  std::uint64_t chunks = 0;
  std::uint64_t lines = 0;
  std::uint64_t text_bytes = 0;    // of all chunks, uncompressed
  std::uint64_t source_bytes = 0;  // of all files on disk
  std::uint64_t skipped = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t windowed = 0;              // files whose syntax tree was given up
  std::uint64_t chunks_written_total = 0;  // over the library's life
  std::uint64_t embedded_total = 0;        // vectors made here, over the library's life
};

/// The structure of a file: bytes that text/structure.h reads and writes. Derived from the file, as
/// segments are from chunks; a file without a row has one that is not known yet.
struct StructureRow {
  std::uint32_t version = 0;
  std::string bytes;
};

/// What replacing a file cost.
struct PutCounts {
  std::int64_t file_id = 0;
  std::uint32_t written = 0;  // chunk texts inserted
  std::uint32_t kept = 0;     // chunks with the same text: only their place was updated
  std::uint32_t removed = 0;
};

/// Reads of one consistent state. Owned by one thread at a time. Errors of every call: Corruption
/// (names the page or row), Io, Busy.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<std::uint64_t> generation() = 0;
  virtual Result<Counts> counts() = 0;
  virtual Result<std::vector<SourceRow>> sources() = 0;
  virtual Result<std::vector<SegmentRow>> segments() = 0;
  virtual Result<std::vector<DeltaRow>> deltas() = 0;
  virtual Result<std::vector<Tombstone>> tombstones() = 0;
  /// Every file of a source, by path. The callback's error ends the walk and is returned.
  virtual Status for_each_file(std::int64_t source_id,
                               const std::function<Status(const FileState&)>& visit) = 0;
  virtual Result<std::optional<FileRow>> file(std::int64_t source_id, std::string_view path) = 0;
  /// Another file of any source with this content and language, if any: its chunks can be copied.
  virtual Result<std::optional<FileRow>> file_with_content(const ContentHash& hash,
                                                           std::string_view language) = 0;
  /// All chunks of a file, by ordinal, with their texts.
  virtual Result<std::vector<ChunkRecord>> chunks(std::int64_t file_id) = 0;
  virtual Result<std::optional<ChunkRecord>> chunk(std::int64_t file_id, std::uint32_t ordinal) = 0;
  /// Nothing when it is not known, or known in another version.
  virtual Result<std::optional<StructureRow>> structure(std::int64_t file_id,
                                                        std::uint32_t version) = 0;
  /// Files whose structure is not known in this version, in the order of their ids. Cost: one look
  /// at an index when there are none, the usual case.
  virtual Result<std::vector<std::int64_t>> files_without_structure(std::uint32_t version) = 0;
  virtual Status for_each_skipped(const std::function<Status(const SkippedRow&)>& visit) = 0;
  virtual Result<std::vector<QuarantineRow>> quarantine() = 0;
  /// Paths of a source that were forgotten and stay excluded ("a/b" or "a/b/" for a folder).
  virtual Result<std::vector<std::string>> forgotten(std::int64_t source_id) = 0;
  virtual Result<std::optional<std::string>> setting(std::string_view key) = 0;

  /// Models that have vectors, by id. Empty in a library that an older version made.
  virtual Result<std::vector<ModelRow>> models() = 0;
  virtual Result<std::vector<VectorFileRow>> vector_files() = 0;
  /// Which of these have a vector of the model. @return [hashes.size()] 1 where there is one
  virtual Result<std::vector<char>> has_vectors(std::int64_t model_id,
                                                std::span<const ContentHash> hashes) = 0;
  virtual Result<std::optional<VectorRow>> vector(std::int64_t model_id,
                                                  const ContentHash& hash) = 0;
  /// Vectors of a model with an id beyond `after`, by id. The callback's error ends the walk.
  virtual Status for_each_vector(
      std::int64_t model_id, std::int64_t after,
      const std::function<Status(std::int64_t id, const VectorRow&)>& visit) = 0;
};

/// A read transaction on its own connection, given back to the store's pool at its end.
class Snapshot : public Reader {};

/// The write transaction. Destroyed without commit() it changes nothing. Errors also: NoSpace.
/// After an error from the disk the transaction can only be destroyed.
class Transaction : public Reader {
 public:
  virtual Result<SourceRow> add_source(std::string_view kind, std::string_view path) = 0;
  /// Removes the source with all its files, chunks, skipped, quarantine and forgotten rows.
  virtual Status remove_source(std::int64_t source_id) = 0;

  /// The file's new version: rows of chunks whose text stays are kept (their places updated), the
  /// others removed and inserted. Identical texts in one file are matched one to one, in order.
  /// @param chunks  all chunks of the file, by ordinal
  virtual Result<PutCounts> put_file(std::int64_t source_id, const FileRecord& file,
                                     std::span<const ChunkRecord> chunks) = 0;
  /// Adds or replaces the structure of a file. put_file() and remove_file() remove it.
  virtual Status put_structure(std::int64_t file_id, const StructureRow& row) = 0;
  /// Same content, new size/mtime/inode (a touch).
  virtual Status touch_file(std::int64_t file_id, std::int64_t mtime_ns, std::uint64_t inode) = 0;
  /// Moves a file with its chunks to another path of the same source; no chunk is written.
  virtual Status move_file(std::int64_t file_id, const FileRecord& file) = 0;
  virtual Status remove_file(std::int64_t file_id) = 0;

  virtual Result<std::int64_t> add_segment(const SegmentRow& segment) = 0;
  virtual Status remove_segment(std::int64_t id) = 0;  // with its tombstones
  virtual Result<std::int64_t> add_delta(const DeltaRow& delta) = 0;
  virtual Status remove_delta(std::int64_t id) = 0;  // with its tombstones
  virtual Status add_tombstone(const Tombstone& tombstone) = 0;

  /// Replaces the source's list of entries that a walk skipped (by_content false); writes nothing
  /// when it is the same list (a digest is kept).
  virtual Status set_walk_skipped(std::int64_t source_id, std::span<const SkippedRow> rows) = 0;
  /// Adds or replaces the entry of one path.
  virtual Status put_skipped(const SkippedRow& row) = 0;
  virtual Status remove_skipped(std::int64_t source_id, std::string_view path) = 0;
  virtual Status put_quarantine(const QuarantineRow& row) = 0;
  virtual Status remove_quarantine(std::int64_t source_id, std::string_view path) = 0;
  virtual Status add_forgotten(std::int64_t source_id, std::string_view path) = 0;
  virtual Status remove_forgotten(std::int64_t source_id, std::string_view path) = 0;
  virtual Status set_setting(std::string_view key, std::string_view value) = 0;

  /// Errors also: InvalidArgument (it is there).
  virtual Result<ModelRow> add_model(std::string_view key, std::uint32_t dimensions) = 0;
  /// Removes the model with its vectors and the list of its files.
  virtual Status remove_model(std::int64_t id) = 0;
  /// Adds vectors; those that are there stay as they are. @return how many were added.
  /// Errors also: InvalidArgument (a code of another length than the model's), NotFound.
  virtual Result<std::uint64_t> add_vectors(std::int64_t model_id,
                                            std::span<const VectorRow> vectors) = 0;
  /// The same for vectors that another library made: they are not counted as embedded here.
  virtual Result<std::uint64_t> take_vectors(std::int64_t model_id,
                                             std::span<const VectorRow> vectors) = 0;
  /// @return how many were there
  virtual Result<std::uint64_t> remove_vectors(std::int64_t model_id,
                                               std::span<const ContentHash> hashes) = 0;
  virtual Result<std::int64_t> add_vector_file(const VectorFileRow& file) = 0;
  virtual Status remove_vector_file(std::int64_t id) = 0;
  /// Moves the oldest vectors that have a row each into blocks, about `limit` of them; their ids
  /// and all that a reader sees of them stay. @return how many were moved; 0: no more to move
  virtual Result<std::uint64_t> pack_vectors(std::uint64_t limit) = 0;

  /// The only commit point. @return the new generation. Errors: Io, NoSpace (nothing changed).
  virtual Result<std::uint64_t> commit() = 0;
};

enum class Access { Read, Write };

struct StoreOptions {
  std::string directory;         // the library folder, absolute
  Access access = Access::Read;  // Write: the caller holds the lease of `directory`/lock
  std::size_t page_cache_bytes = 16ULL << 20;  // of each connection
  std::uint64_t wal_limit_bytes = 64ULL << 20;
  std::string vfs;               // SQLite VFS below our checksums; empty: the system's. For tests
  io::FileSystem* fs = nullptr;  // for all but library.db; null: the system's. For tests
};

/// One thing that check() found.
struct Finding {
  enum class Level { Note, Damage } level = Level::Damage;
  std::string what;    // which file, page, row
  std::string remedy;  // what repair would do
};

/// What salvage() kept and lost.
struct SalvageReport {
  std::string backup;                                       // path of the backed-up files
  std::vector<std::pair<std::string, std::uint64_t>> kept;  // table, rows
  std::vector<std::pair<std::string, std::uint64_t>> lost;  // table, rows known to be lost
  std::vector<std::string> lost_without_source;             // names of rows nothing can bring back
};

class Store {
 public:
  /// Makes a new, empty library in an existing empty folder (or one with only lock and .gitignore).
  /// Errors: InvalidArgument (a library is there), Io, NoSpace.
  static Result<std::unique_ptr<Store>> create(const StoreOptions& options);
  /// Opens a library. Errors: NotFound (no library here), Corruption (library.db missing beside
  /// library.id or segments, empty, damaged, older than the generation a segment names; the message
  /// says which and what to do: `sonde doctor`), Unsupported (a newer version made it), Io.
  /// A folder that cannot be written is opened read-only, without creating -wal or -shm there.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  virtual ~Store() = default;

  [[nodiscard]] virtual const std::string& uid() const = 0;
  /// Threads: safe.
  virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;
  /// Compresses a text for ChunkRecord::packed. Threads: safe. Errors: Limit (over 16 MiB).
  /// Cost: about 5 us for 750 bytes.
  virtual Result<PackedText> pack(std::string_view text) = 0;
  /// One at a time; needs Access::Write.
  virtual Result<std::unique_ptr<Transaction>> begin() = 0;
  /// Moves the WAL into the database as far as readers allow; truncates it when it can. Writer
  /// only; also done by commit() when the WAL passes its limit.
  virtual Status checkpoint() = 0;
  /// Takes forgotten bytes out of every file: freed pages, free list, WAL; retrains the text
  /// dictionary when it holds bytes of what was removed. @return false when readers still hold the
  /// old state after `timeout_ms` (call again later). Writer only.
  virtual Result<bool> purge(std::span<const std::string> forgotten_texts, int timeout_ms) = 0;
  /// True when most texts were never packed by compact(): it would pay.
  virtual Result<bool> wants_compaction() = 0;
  /// Makes library.db as small as it gets: vectors into blocks, texts coded again with a dictionary
  /// learnt from all of them, pages filled and the rest given back to the disk. Each step is a
  /// transaction: readers go on, and what a step that failed or was cancelled began is as before.
  /// Needs room for a second library.db meanwhile. Writer only. Errors also: NoSpace, Cancelled.
  /// Cost: about 0.1 ms a chunk that was not packed.
  virtual Status compact(const CancelToken& cancel) = 0;
  /// Reads and checks every page, row and relation of library.db.
  virtual Result<std::vector<Finding>> check() = 0;

  /// Backs a damaged library.db up into `directory`/damaged/<time>/ and builds a new one out of
  /// every row that still checks. The lease must be held and no Store be open.
  static Result<SalvageReport> salvage(const StoreOptions& options);
};

}  // namespace sonde::store
