// The writes of models, vectors and vector files.

#include "store/transaction.h"

namespace sonde::store {

namespace {

constexpr const char* kModelByKey = "SELECT id FROM models WHERE key = ?1";
constexpr const char* kDimensions = "SELECT dimensions FROM models WHERE id = ?1";
constexpr const char* kInsertModel = "INSERT INTO models(key, dimensions) VALUES(?1, ?2)";
constexpr const char* kDeleteModel = "DELETE FROM models WHERE id = ?1";
constexpr const char* kCountVectors = "UPDATE models SET vectors = vectors + ?2 WHERE id = ?1";
constexpr const char* kCountEmbedded =
    "UPDATE vector_counts SET embedded_total = embedded_total + ?1 WHERE id = 1";
constexpr const char* kInsertVector =
    "INSERT OR IGNORE INTO vectors(model_id, hash, code) VALUES(?1, ?2, ?3)";
constexpr const char* kDeleteVector = "DELETE FROM vectors WHERE model_id = ?1 AND hash = ?2";
constexpr const char* kDeleteVectorsOfModel = "DELETE FROM vectors WHERE model_id = ?1";
constexpr const char* kInsertVectorFile =
    "INSERT INTO vector_files(model_id, file_name, generation, checksum, size_bytes, vectors, "
    "last_vector_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* kDeleteVectorFile = "DELETE FROM vector_files WHERE id = ?1";
constexpr const char* kDeleteFilesOfModel = "DELETE FROM vector_files WHERE model_id = ?1";

constexpr std::uint32_t kMaxDimensions = 8'192;
constexpr std::size_t kScaleBytes = 4;

}  // namespace

Result<ModelRow> WriteTransaction::add_model(std::string_view key, std::uint32_t dimensions) {
  TRY(usable());
  if (dimensions == 0 || dimensions > kMaxDimensions) {
    return Error{Code::InvalidArgument, "a model of " + std::to_string(dimensions) + " dimensions"};
  }
  TRY_ASSIGN(const std::int64_t there, connection_.integer(kModelByKey, key));
  if (there != 0) {
    return Error{Code::InvalidArgument, "the library has the model " + std::string(key)};
  }
  TRY(keep(connection_.run(kInsertModel, key, dimensions)));
  return ModelRow{connection_.last_row_id(), std::string(key), dimensions, 0};
}

Status WriteTransaction::remove_model(std::int64_t id) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteVectorsOfModel, id)));
  TRY(keep(connection_.run(kDeleteFilesOfModel, id)));
  TRY(keep(connection_.run(kDeleteModel, id)));
  if (connection_.changes() == 0) {
    return Error{Code::NotFound, "there is no model " + std::to_string(id)};
  }
  return {};
}

Result<std::uint64_t> WriteTransaction::add_vectors(std::int64_t model_id,
                                                    std::span<const VectorRow> vectors) {
  TRY_ASSIGN(const std::uint64_t added, take_vectors(model_id, vectors));
  counts_.embedded_total += added;
  TRY(keep(connection_.run(kCountEmbedded, added)));
  return added;
}

Result<std::uint64_t> WriteTransaction::take_vectors(std::int64_t model_id,
                                                     std::span<const VectorRow> vectors) {
  TRY(usable());
  TRY_ASSIGN(const std::int64_t dimensions, connection_.integer(kDimensions, model_id));
  if (dimensions == 0) {
    return Error{Code::NotFound, "there is no model " + std::to_string(model_id)};
  }
  std::uint64_t added = 0;
  for (const VectorRow& vector : vectors) {
    if (vector.code.size() != kScaleBytes + static_cast<std::size_t>(dimensions)) {
      return keep(Error{Code::InvalidArgument, "a vector of another length than its model's"})
          .error();
    }
    TRY(keep(
        connection_.run(kInsertVector, model_id, Blob{vector.hash.view()}, Blob{vector.code})));
    added += static_cast<std::uint64_t>(connection_.changes());
  }
  TRY(keep(connection_.run(kCountVectors, model_id, added)));
  return added;
}

Result<std::uint64_t> WriteTransaction::remove_vectors(std::int64_t model_id,
                                                       std::span<const ContentHash> hashes) {
  TRY(usable());
  std::uint64_t removed = 0;
  for (const ContentHash& hash : hashes) {
    TRY(keep(connection_.run(kDeleteVector, model_id, Blob{hash.view()})));
    removed += static_cast<std::uint64_t>(connection_.changes());
  }
  TRY(keep(connection_.run(kCountVectors, model_id, -static_cast<std::int64_t>(removed))));
  return removed;
}

Result<std::int64_t> WriteTransaction::add_vector_file(const VectorFileRow& file) {
  TRY(usable());
  TRY(keep(connection_.run(kInsertVectorFile, file.model_id, file.file_name, file.generation,
                           file.checksum, file.size_bytes, file.vectors, file.last_vector_id)));
  return connection_.last_row_id();
}

Status WriteTransaction::remove_vector_file(std::int64_t id) {
  TRY(usable());
  TRY(keep(connection_.run(kDeleteVectorFile, id)));
  if (connection_.changes() == 0) {
    return Error{Code::NotFound, "there is no vector file " + std::to_string(id)};
  }
  return {};
}

}  // namespace sonde::store
