// Store::check(): every page, every row, every relation, and the files beside library.db.

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/hash.h"
#include "store/open_store.h"

namespace sonde::store {

namespace {

constexpr std::size_t kFindingLimit = 100;
constexpr std::int64_t kChunkKinds = 32;  // text::ChunkKind stays below
constexpr std::size_t kReadBytes = 1U << 20;

constexpr const char* kPage = "SELECT length(data) FROM sqlite_dbpage WHERE pgno = ?1";
constexpr const char* kFiles =
    "SELECT id, source_id, lines, windowed, size_bytes, chunk_count, text_bytes, places "
    "FROM files ORDER BY id";
constexpr const char* kChunks =
    "SELECT id, file_id, hash, kind, symbol, defines, size_bytes, coding, text FROM chunks "
    "ORDER BY id";
constexpr int kTextColumn = 6;
constexpr const char* kHomeless =
    "SELECT (SELECT count(*) FROM skipped WHERE source_id NOT IN (SELECT id FROM sources)) + "
    "(SELECT count(*) FROM quarantine WHERE source_id NOT IN (SELECT id FROM sources)) + "
    "(SELECT count(*) FROM forgotten WHERE source_id NOT IN (SELECT id FROM sources))";
constexpr const char* kTombstonesOfNothing =
    "SELECT (SELECT count(*) FROM tombstones WHERE in_delta = 0 AND holder_id NOT IN "
    "(SELECT id FROM segments)) + (SELECT count(*) FROM tombstones WHERE in_delta = 1 AND "
    "holder_id NOT IN (SELECT id FROM deltas))";
constexpr const char* kBadVectors =
    "SELECT count(*) FROM vectors LEFT JOIN models ON models.id = vectors.model_id "
    "WHERE models.id IS NULL OR length(hash) <> 16 OR length(code) <> dimensions + 4";
constexpr const char* kModels = "SELECT id, dimensions, vectors FROM models ORDER BY id";
constexpr const char* kRowsOfModel = "SELECT count(*) FROM vectors WHERE model_id = ?1";
constexpr const char* kBlocksOfNoModel =
    "SELECT count(*) FROM vector_blocks WHERE model_id NOT IN (SELECT id FROM models)";
constexpr const char* kBlocks = "SELECT id FROM vector_blocks WHERE model_id = ?1 ORDER BY id";
constexpr const char* kSkippedCount = "SELECT count(*) FROM skipped";
constexpr const char* kQuarantineCount = "SELECT count(*) FROM quarantine";

constexpr const char* kSalvage =
    "the library is backed up and built again from all that still checks; the rest is read again "
    "from the sources";
constexpr const char* kRebuild = "it is set aside and built again from library.db";

/// One check of one library. Lives for one call.
class Check {
 public:
  Check(Session& session, const ReaderPool& pool) : session_(session), pool_(pool) {}

  Result<std::vector<Finding>> run() {
    TRY(check_pages());
    if (findings_.empty()) {
      TRY(check_rows());
    }
    TRY(check_id());
    TRY(check_segments());
    TRY(check_vector_files());
    return std::move(findings_);
  }

 private:
  void damage(std::string what, const char* remedy = kSalvage) {
    if (findings_.size() < kFindingLimit) {
      findings_.push_back({Finding::Level::Damage, std::move(what), remedy});
    }
  }
  Connection& connection() { return *session_.connection; }

  /// Reads every page, so that its checksum is looked at, also those that no row needs.
  Status check_pages() {
    const Result<std::int64_t> pages = connection().integer("PRAGMA page_count");
    if (!pages.ok()) {
      damage(pages.error().message);
      return {};
    }
    for (std::int64_t page = 1; page <= *pages && findings_.size() < kFindingLimit; ++page) {
      const Result<std::int64_t> length = connection().integer(kPage, page);
      if (!length.ok()) {
        if (length.error().code != Code::Corruption) {
          return length.error();
        }
        damage(length.error().message);
      }
    }
    if (!findings_.empty()) {
      return {};
    }
    const Status structure = check_structure();
    if (!structure.ok()) {
      damage(structure.error().message);
    }
    return {};
  }

  Status check_structure() {
    TRY_ASSIGN(Statement row, connection().query("PRAGMA integrity_check(100)"));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        return {};
      }
      if (row.bytes(0) != "ok") {
        damage(connection().path() + ": " + row.text(0));
      }
    }
  }

  Status check_rows() {
    const Status rows = [&]() -> Status {
      TRY(check_files());
      TRY(check_chunks());
      TRY(check_counts());
      TRY_ASSIGN(const std::int64_t homeless, connection().integer(kHomeless));
      if (homeless != 0) {
        damage(std::to_string(homeless) + " rows belong to no source");
      }
      TRY_ASSIGN(const std::int64_t tombstones, connection().integer(kTombstonesOfNothing));
      if (tombstones != 0) {
        damage(std::to_string(tombstones) + " tombstones belong to no segment");
      }
      return check_vectors();
    }();
    if (!rows.ok()) {
      if (rows.error().code != Code::Corruption) {
        return rows;
      }
      damage(rows.error().message);
    }
    return {};
  }

  Status check_vectors() {
    TRY_ASSIGN(const std::int64_t version, connection().integer("PRAGMA user_version"));
    if (version < 2) {
      return {};
    }
    TRY_ASSIGN(const std::int64_t bad, connection().integer(kBadVectors));
    if (bad != 0) {
      damage(std::to_string(bad) + " vectors are of no model or of another length than its");
    }
    if (version >= 4) {
      TRY_ASSIGN(const std::int64_t homeless, connection().integer(kBlocksOfNoModel));
      if (homeless != 0) {
        damage(std::to_string(homeless) + " vector blocks are of no model");
      }
    }
    TRY_ASSIGN(Statement model, connection().query(kModels));
    for (;;) {
      TRY_ASSIGN(const bool more, model.step());
      if (!more) {
        return {};
      }
      TRY_ASSIGN(const std::int64_t rows, connection().integer(kRowsOfModel, model.integer(0)));
      auto found = static_cast<std::uint64_t>(rows);
      if (version >= 4) {
        TRY_ASSIGN(const std::uint64_t packed,
                   check_blocks(model.integer(0), model.number<std::uint32_t>(1)));
        found += packed;
      }
      if (found != model.number<std::uint64_t>(2)) {
        damage("model " + std::to_string(model.integer(0)) + " counts " + model.text(2) +
               " vectors, but has " + std::to_string(found));
      }
    }
  }

  /// @return how many vectors stand in the blocks of the model
  Result<std::uint64_t> check_blocks(std::int64_t model_id, std::uint32_t dimensions) {
    std::uint64_t vectors = 0;
    TRY_ASSIGN(Statement row, connection().query(kBlocks, model_id));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        return vectors;
      }
      const auto block = session_.queries.vector_block(row.integer(0), dimensions);
      if (!block.ok()) {
        if (block.error().code != Code::Corruption) {
          return block.error();
        }
        damage(block.error().message);
      } else if (*block) {
        vectors += (*block)->rows.size();
      }
    }
  }

  struct FileSums {
    std::int64_t id = 0;
    std::uint64_t said_bytes = 0;
    std::uint64_t found_bytes = 0;
  };

  Status check_files() {
    TRY_ASSIGN(const std::vector<SourceRow> sources, session_.queries.sources());
    std::set<std::int64_t> source_ids;
    for (const SourceRow& source : sources) {
      source_ids.insert(source.id);
    }
    TRY_ASSIGN(Statement row, connection().query(kFiles));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        return {};
      }
      const std::int64_t id = row.integer(0);
      if (!source_ids.contains(row.integer(1))) {
        damage("file " + std::to_string(id) + " belongs to no source");
      }
      const auto count = row.number<std::uint32_t>(5);
      const Result<std::vector<Place>> places = unpack_places(row.bytes(7), count);
      if (!places.ok()) {
        damage("file " + std::to_string(id) + ": " + places.error().message);
      } else {
        for (const Place& place : *places) {
          placed_.emplace_back(place.chunk_id, files_.size());
        }
      }
      files_.push_back({id, row.number<std::uint64_t>(6), 0});
      found_.files += 1;
      found_.lines += row.number<std::uint64_t>(2);
      found_.windowed += row.integer(3) != 0 ? 1 : 0;
      found_.source_bytes += row.number<std::uint64_t>(4);
      found_.chunks += count;
      found_.text_bytes += row.number<std::uint64_t>(6);
    }
  }

  Status check_chunks() {
    std::sort(placed_.begin(), placed_.end());
    std::size_t next = 0;
    TRY_ASSIGN(Statement row, connection().query(kChunks));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        break;
      }
      const std::int64_t id = row.integer(0);
      for (; next < placed_.size() && placed_[next].first < id; ++next) {
        missing_chunk(placed_[next]);
      }
      if (next == placed_.size() || placed_[next].first != id) {
        damage("chunk " + std::to_string(id) + " stands in no file");
        continue;
      }
      FileSums& file = files_[placed_[next++].second];
      if (file.id != row.integer(1)) {
        damage("chunk " + std::to_string(id) +
               " belongs to another file than the one it stands in");
      }
      file.found_bytes += row.number<std::uint64_t>(kTextColumn);
      check_chunk(row, id);
    }
    for (; next < placed_.size(); ++next) {
      missing_chunk(placed_[next]);
    }
    for (const FileSums& file : files_) {
      if (file.found_bytes != file.said_bytes) {
        damage("file " + std::to_string(file.id) + " has another size of text than its row says");
      }
    }
    return {};
  }

  void missing_chunk(const std::pair<std::int64_t, std::size_t>& placed) {
    damage("chunk " + std::to_string(placed.first) + " of file " +
           std::to_string(files_[placed.second].id) + " is missing or stands there twice");
  }

  void check_chunk(const Statement& row, std::int64_t id) {
    const Result<std::string> text = session_.queries.text_of(row, kTextColumn);
    if (!text.ok()) {
      damage("chunk " + std::to_string(id) + ": " + text.error().message);
    } else if (!row.bytes(2).empty() && content_hash(*text).view() != row.bytes(2)) {
      damage("chunk " + std::to_string(id) + ": its text does not match its hash");
    }
    if (row.integer(3) < 0 || row.integer(3) >= kChunkKinds) {
      damage("chunk " + std::to_string(id) + " has the kind " + std::to_string(row.integer(3)));
    }
    const Result<std::vector<std::string>> names = unpack_names(row.bytes(5), row.bytes(4));
    if (!names.ok()) {
      damage("chunk " + std::to_string(id) + ": " + names.error().message);
    }
  }

  Status check_counts() {
    TRY_ASSIGN(const std::int64_t skipped, connection().integer(kSkippedCount));
    TRY_ASSIGN(const std::int64_t quarantined, connection().integer(kQuarantineCount));
    found_.skipped = static_cast<std::uint64_t>(skipped);
    found_.quarantined = static_cast<std::uint64_t>(quarantined);
    TRY_ASSIGN(const Counts said, session_.queries.counts());
    const auto compare = [&](const char* what, std::uint64_t says, std::uint64_t is) {
      if (says != is) {
        damage("the library counts " + std::to_string(says) + " " + what + ", but holds " +
               std::to_string(is));
      }
    };
    compare("files", said.files, found_.files);
    compare("chunks", said.chunks, found_.chunks);
    compare("lines", said.lines, found_.lines);
    compare("bytes of text", said.text_bytes, found_.text_bytes);
    compare("bytes of files", said.source_bytes, found_.source_bytes);
    compare("skipped entries", said.skipped, found_.skipped);
    compare("quarantined files", said.quarantined, found_.quarantined);
    compare("files without a syntax tree", said.windowed, found_.windowed);
    return {};
  }

  Status check_id() {
    const Result<std::string> id = read_id(pool_.fs(), pool_.layout());
    if (!id.ok() && id.error().code != Code::NotFound && id.error().code != Code::Corruption) {
      return id.error();
    }
    if (!id.ok()) {
      damage(id.error().message, "it is written again");
    }
    return {};
  }

  /// A derived file as the truth lists it.
  struct Listed {
    std::string name;
    std::uint64_t size_bytes = 0;
    std::uint64_t checksum = 0;
  };

  Status check_segments() {
    const Result<std::vector<SegmentRow>> segments = session_.queries.segments();
    if (!segments.ok()) {
      return {};  // the damage was found above
    }
    std::vector<Listed> listed;
    for (const SegmentRow& segment : *segments) {
      listed.push_back({segment.file_name, segment.size_bytes, segment.checksum});
    }
    return check_derived_files(pool_.layout().segments, listed);
  }

  Status check_vector_files() {
    const Result<std::vector<VectorFileRow>> files = session_.queries.vector_files();
    if (!files.ok()) {
      return {};  // the damage was found above
    }
    std::vector<Listed> listed;
    for (const VectorFileRow& file : *files) {
      listed.push_back({file.file_name, file.size_bytes, file.checksum});
    }
    return check_derived_files(pool_.layout().vectors, listed);
  }

  Status check_derived_files(const std::string& folder, const std::vector<Listed>& listed) {
    std::set<std::string> names;
    for (const Listed& file : listed) {
      names.insert(file.name);
      TRY(check_derived_file(io::join_path(folder, file.name), file));
    }
    const Result<std::vector<io::DirectoryEntry>> entries = pool_.fs().list(folder);
    if (!entries.ok()) {
      return entries.error().code == Code::NotFound ? Status() : entries.error();
    }
    for (const io::DirectoryEntry& entry : *entries) {
      if (!names.contains(entry.name) && findings_.size() < kFindingLimit) {
        findings_.push_back({Finding::Level::Note,
                             io::join_path(folder, entry.name) +
                                 " is listed nowhere: left over by an interrupted run",
                             "it is removed"});
      }
    }
    return {};
  }

  Status check_derived_file(const std::string& path, const Listed& listed) {
    Result<std::unique_ptr<io::ReadableFile>> file = pool_.fs().open_read(path);
    if (!file.ok()) {
      if (file.error().code != Code::NotFound && file.error().code != Code::InvalidArgument) {
        return file.error();
      }
      damage(path + (file.error().code == Code::NotFound ? " is missing" : " is no plain file"),
             kRebuild);
      return {};
    }
    Checksum64 checksum;
    std::string buffer(kReadBytes, '\0');
    std::uint64_t size = 0;
    while (size <= listed.size_bytes) {
      TRY_ASSIGN(const std::size_t length, (*file)->read_at(size, buffer.data(), buffer.size()));
      if (length == 0) {
        break;
      }
      checksum.update(std::string_view(buffer).substr(0, length));
      size += length;
    }
    if (size != listed.size_bytes) {
      damage(path + " has another size than library.db says", kRebuild);
    } else if (checksum.digest() != listed.checksum) {
      damage(path + " does not match its checksum", kRebuild);
    }
    return {};
  }

  Session& session_;
  const ReaderPool& pool_;
  std::vector<Finding> findings_;
  std::vector<FileSums> files_;
  std::vector<std::pair<std::int64_t, std::size_t>> placed_;  // chunk id, index in files_
  Counts found_;
};

}  // namespace

Result<std::vector<Finding>> OpenStore::check() {
  // A connection of its own: what others have in memory must not hide what is on the disk.
  pool_->drop_idle();
  TRY_ASSIGN(std::unique_ptr<Session> session, pool_->take());
  return Check(*session, *pool_).run();
}

}  // namespace sonde::store
