// The writes of models, vectors and vector files.

#include <algorithm>
#include <map>

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

constexpr const char* kDeleteBlocksOfModel = "DELETE FROM vector_blocks WHERE model_id = ?1";
constexpr const char* kDeleteBlock = "DELETE FROM vector_blocks WHERE id = ?1";
constexpr const char* kPutBlock =
    "INSERT OR REPLACE INTO vector_blocks(id, model_id, vectors, ids, hashes, coding, codes) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* kLastBlock =
    "SELECT id FROM vector_blocks WHERE model_id = ?1 AND vectors < ?2 AND "
    "id = (SELECT max(id) FROM vector_blocks WHERE model_id = ?1)";
constexpr const char* kOldestRows =
    "SELECT id, hash, code FROM vectors NOT INDEXED WHERE model_id = ?1 ORDER BY id LIMIT ?2";
constexpr const char* kDeleteRowsUpTo = "DELETE FROM vectors WHERE id <= ?2 AND +model_id = ?1";

constexpr std::size_t kLeastPacked = 16;  // rows; fewer are not worth a block
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
  TRY(keep(connection_.run(kDeleteBlocksOfModel, id)));
  queries_.forget_blocks();
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
    TRY_ASSIGN(const PackedVectors* packed, queries_.packed_vectors(model_id));
    if (packed->find(vector.hash) != nullptr) {
      continue;
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
  std::map<std::int64_t, std::vector<std::uint32_t>> places;  // by block
  for (const ContentHash& hash : hashes) {
    TRY(keep(connection_.run(kDeleteVector, model_id, Blob{hash.view()})));
    if (connection_.changes() > 0) {
      ++removed;
      continue;
    }
    TRY_ASSIGN(const PackedVectors* packed, queries_.packed_vectors(model_id));
    if (const PackedVectors::Where* where = packed->find(hash)) {
      places[where->block].push_back(where->place);
    }
  }
  for (auto& [block, gone] : places) {
    TRY_ASSIGN(const std::uint64_t count, remove_from_block(model_id, block, std::move(gone)));
    removed += count;
  }
  TRY(keep(connection_.run(kCountVectors, model_id, -static_cast<std::int64_t>(removed))));
  return removed;
}

Result<std::uint64_t> WriteTransaction::remove_from_block(std::int64_t model_id,
                                                          std::int64_t block_id,
                                                          std::vector<std::uint32_t> gone) {
  TRY_ASSIGN(const std::int64_t dimensions, connection_.integer(kDimensions, model_id));
  const auto size = static_cast<std::uint32_t>(dimensions);
  TRY_ASSIGN(const std::optional<VectorBlock> block, queries_.vector_block(block_id, size));
  if (!block) {
    return 0;
  }
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  VectorBlock rest;
  for (std::size_t i = 0; i < block->ids.size(); ++i) {
    if (!std::binary_search(gone.begin(), gone.end(), static_cast<std::uint32_t>(i))) {
      rest.ids.push_back(block->ids[i]);
      rest.rows.push_back(block->rows[i]);
    }
  }
  queries_.forget_blocks();
  if (rest.ids.empty()) {
    TRY(keep(connection_.run(kDeleteBlock, block_id)));
  } else {
    TRY(put_block(model_id, size, block_id, rest));
  }
  return block->ids.size() - rest.ids.size();
}

Status WriteTransaction::put_block(std::int64_t model_id, std::uint32_t dimensions,
                                   std::int64_t block_id, const VectorBlock& block) {
  TRY_ASSIGN(const PackedBlock packed, pack_block(queries_.shared().codec, dimensions, block));
  queries_.forget_blocks();
  return keep(connection_.run(kPutBlock, block_id, model_id, block.ids.size(), Blob{packed.ids},
                              Blob{packed.hashes}, packed.coding, Blob{packed.codes}));
}

Result<std::uint64_t> WriteTransaction::pack_vectors(std::uint64_t limit) {
  TRY(usable());
  TRY_ASSIGN(const std::vector<ModelRow> models, queries_.models());
  std::uint64_t moved = 0;
  for (const ModelRow& model : models) {
    while (moved < limit) {
      auto packed = pack_oldest(model);
      TRY(keep(packed.ok() ? Status() : Status(packed.error())));
      if (*packed == 0) {
        break;
      }
      moved += *packed;
    }
  }
  return moved;
}

Result<std::uint64_t> WriteTransaction::pack_oldest(const ModelRow& model) {
  VectorBlock block;
  TRY_ASSIGN(const std::int64_t last, connection_.integer(kLastBlock, model.id, kBlockVectors));
  if (last != 0) {  // it is filled up rather than followed by another that is not full
    TRY_ASSIGN(std::optional<VectorBlock> partly, queries_.vector_block(last, model.dimensions));
    if (partly) {
      block = std::move(*partly);
    }
  }
  const std::size_t before = block.ids.size();
  {
    TRY_ASSIGN(Statement row, connection_.query(kOldestRows, model.id, kBlockVectors - before));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        break;
      }
      TRY_ASSIGN(const ContentHash hash, ContentHash::from_bytes(row.bytes(1)));
      block.ids.push_back(row.integer(0));
      block.rows.push_back({hash, row.text(2)});
    }
  }
  const std::size_t added = block.ids.size() - before;
  if (added < kLeastPacked && block.ids.size() < kBlockVectors) {
    return 0;
  }
  if (added == 0) {
    return 0;
  }
  if (last != 0) {
    TRY(connection_.run(kDeleteBlock, last));
  }
  TRY(put_block(model.id, model.dimensions, block.ids.back(), block));
  TRY(connection_.run(kDeleteRowsUpTo, model.id, block.ids.back()));
  return added;
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
