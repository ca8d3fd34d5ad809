// The reads of files' structures.

#include "store/queries.h"

namespace sonde::store {

namespace {

constexpr std::int64_t kVersionWithStructures = 3;
constexpr const char* kStructure =
    "SELECT size_bytes, coding, bytes FROM structures WHERE file_id = ?1 AND version = ?2";
constexpr const char* kKnown = "SELECT count(*) FROM structures WHERE version = ?1";
constexpr const char* kAllFiles = "SELECT id FROM files ORDER BY id";
constexpr const char* kUnknown =
    "SELECT id FROM files WHERE NOT EXISTS (SELECT 1 FROM structures WHERE file_id = files.id AND "
    "version = ?1) ORDER BY id";

}  // namespace

Result<bool> Queries::knows_structures() {
  if (!knows_structures_) {  // once it does, it always will
    TRY_ASSIGN(const std::int64_t version, connection_.integer("PRAGMA user_version"));
    knows_structures_ = version >= kVersionWithStructures;
  }
  return knows_structures_;
}

Result<std::optional<StructureRow>> Queries::structure(std::int64_t file_id,
                                                       std::uint32_t version) {
  TRY_ASSIGN(const bool known, knows_structures());
  if (!known) {
    return std::optional<StructureRow>();
  }
  TRY_ASSIGN(Statement statement, connection_.query(kStructure, file_id, version));
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) {
    return std::optional<StructureRow>();
  }
  StructureRow row;
  row.version = version;
  TRY_ASSIGN(row.bytes, text_of(statement, 0));
  return std::optional<StructureRow>(std::move(row));
}

Result<std::vector<std::int64_t>> Queries::files_without_structure(std::uint32_t version) {
  TRY_ASSIGN(const bool known, knows_structures());
  std::vector<std::int64_t> files;
  if (known) {
    TRY_ASSIGN(const std::int64_t with, connection_.integer(kKnown, version));
    TRY_ASSIGN(const Counts all, counts());
    if (static_cast<std::uint64_t>(with) == all.files) {
      return files;
    }
  }
  TRY_ASSIGN(Statement statement,
             known ? connection_.query(kUnknown, version) : connection_.query(kAllFiles));
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return files;
    }
    files.push_back(statement.integer(0));
  }
}

}  // namespace sonde::store
