// The reads of models, vectors and vector files.

#include "store/queries.h"

namespace sonde::store {

namespace {

constexpr const char* kVersion = "PRAGMA user_version";
constexpr int kVersionWithVectors = 2;
constexpr const char* kModels = "SELECT id, key, dimensions, vectors FROM models ORDER BY id";
constexpr const char* kVectorFiles =
    "SELECT id, model_id, file_name, generation, checksum, size_bytes, vectors, last_vector_id "
    "FROM vector_files ORDER BY id";
constexpr const char* kHasVector = "SELECT 1 FROM vectors WHERE model_id = ?1 AND hash = ?2";
constexpr const char* kVector = "SELECT code FROM vectors WHERE model_id = ?1 AND hash = ?2";
constexpr const char* kVectors =
    "SELECT id, hash, code, model_id FROM vectors NOT INDEXED WHERE id > ?1 ORDER BY id";

}  // namespace

Result<bool> Queries::knows_vectors() {
  TRY_ASSIGN(const std::int64_t version, connection_.integer(kVersion));
  return version >= kVersionWithVectors;
}

Result<std::vector<ModelRow>> Queries::models() {
  std::vector<ModelRow> rows;
  TRY_ASSIGN(const bool known, knows_vectors());
  if (!known) {
    return rows;
  }
  TRY_ASSIGN(Statement statement, connection_.query(kModels));
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    rows.push_back({statement.integer(0), statement.text(1), statement.number<std::uint32_t>(2),
                    statement.number<std::uint64_t>(3)});
  }
}

Result<std::vector<VectorFileRow>> Queries::vector_files() {
  std::vector<VectorFileRow> rows;
  TRY_ASSIGN(const bool known, knows_vectors());
  if (!known) {
    return rows;
  }
  TRY_ASSIGN(Statement statement, connection_.query(kVectorFiles));
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return rows;
    }
    VectorFileRow row;
    row.id = statement.integer(0);
    row.model_id = statement.integer(1);
    row.file_name = statement.text(2);
    row.generation = statement.number<std::uint64_t>(3);
    row.checksum = statement.number<std::uint64_t>(4);
    row.size_bytes = statement.number<std::uint64_t>(5);
    row.vectors = statement.number<std::uint64_t>(6);
    row.last_vector_id = statement.integer(7);
    rows.push_back(std::move(row));
  }
}

Result<std::vector<char>> Queries::has_vectors(std::int64_t model_id,
                                               std::span<const ContentHash> hashes) {
  std::vector<char> found(hashes.size(), 0);
  TRY_ASSIGN(const bool known, knows_vectors());
  for (std::size_t i = 0; known && i < hashes.size(); ++i) {
    TRY_ASSIGN(const std::int64_t there,
               connection_.integer(kHasVector, model_id, Blob{hashes[i].view()}));
    found[i] = there != 0 ? 1 : 0;
  }
  return found;
}

Result<std::optional<VectorRow>> Queries::vector(std::int64_t model_id, const ContentHash& hash) {
  TRY_ASSIGN(const bool known, knows_vectors());
  if (!known) {
    return std::optional<VectorRow>();
  }
  TRY_ASSIGN(Statement statement, connection_.query(kVector, model_id, Blob{hash.view()}));
  TRY_ASSIGN(const bool found, statement.step());
  return found ? std::optional(VectorRow{hash, statement.text(0)}) : std::nullopt;
}

Status Queries::for_each_vector(
    std::int64_t model_id, std::int64_t after,
    const std::function<Status(std::int64_t, const VectorRow&)>& visit) {
  TRY_ASSIGN(const bool known, knows_vectors());
  if (!known) {
    return {};
  }
  TRY_ASSIGN(Statement statement, connection_.query(kVectors, after));
  VectorRow row;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) {
      return {};
    }
    if (statement.integer(3) != model_id) {
      continue;
    }
    auto hash = ContentHash::from_bytes(statement.bytes(1));
    if (!hash.ok()) {
      return damaged("a vector's hash has not 16 bytes");
    }
    row.hash = *hash;
    row.code.assign(statement.bytes(2));
    TRY(visit(statement.integer(0), row));
  }
}

}  // namespace sonde::store
