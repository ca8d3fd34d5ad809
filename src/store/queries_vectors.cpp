// The reads of models, vectors and vector files.

#include <algorithm>

#include "store/queries.h"

namespace sonde::store {

namespace {

constexpr const char* kVersion = "PRAGMA user_version";
constexpr int kVersionWithVectors = 2;
constexpr int kVersionWithBlocks = 4;
constexpr const char* kDimensions = "SELECT dimensions FROM models WHERE id = ?1";
constexpr const char* kBlockHashes =
    "SELECT id, vectors, hashes FROM vector_blocks WHERE model_id = ?1 ORDER BY id";
constexpr const char* kBlock =
    "SELECT id, vectors, ids, hashes, coding, codes FROM vector_blocks WHERE id = ?1";
constexpr const char* kBlocks =
    "SELECT id, vectors, ids, hashes, coding, codes FROM vector_blocks "
    "WHERE id > ?1 AND model_id = ?2 ORDER BY id";
constexpr const char* kModels = "SELECT id, key, dimensions, vectors FROM models ORDER BY id";
constexpr const char* kVectorFiles =
    "SELECT id, model_id, file_name, generation, checksum, size_bytes, vectors, last_vector_id "
    "FROM vector_files ORDER BY id";
constexpr const char* kHasVector = "SELECT 1 FROM vectors WHERE model_id = ?1 AND hash = ?2";
constexpr const char* kVector = "SELECT code FROM vectors WHERE model_id = ?1 AND hash = ?2";
constexpr const char* kVectors =
    "SELECT id, hash, code, model_id FROM vectors NOT INDEXED WHERE id > ?1 ORDER BY id";

BlockColumns columns_of(const Statement& row) {
  return {row.integer(0), row.number<std::uint64_t>(1), row.bytes(2), row.bytes(3), row.integer(4),
          row.bytes(5)};
}

}  // namespace

const PackedVectors::Where* PackedVectors::find(const ContentHash& hash) const {
  const auto found = std::lower_bound(
      all.begin(), all.end(), hash,
      [](const Where& where, const ContentHash& sought) { return where.hash < sought; });
  return found != all.end() && found->hash == hash ? &*found : nullptr;
}

Result<bool> Queries::knows_blocks() {
  if (!knows_blocks_) {
    TRY_ASSIGN(const std::int64_t version, connection_.integer(kVersion));
    knows_blocks_ = version >= kVersionWithBlocks;
  }
  return knows_blocks_;
}

Result<const PackedVectors*> Queries::packed_vectors(std::int64_t model_id) {
  TRY_ASSIGN(const std::uint64_t now, generation());
  if (packed_ && packed_->model_id == model_id && packed_->generation == now) {
    return &*packed_;
  }
  packed_.reset();
  PackedVectors packed;
  packed.model_id = model_id;
  packed.generation = now;
  TRY_ASSIGN(const bool known, knows_blocks());
  if (known) {
    TRY_ASSIGN(Statement row, connection_.query(kBlockHashes, model_id));
    for (;;) {
      TRY_ASSIGN(const bool more, row.step());
      if (!more) {
        break;
      }
      auto hashes = block_hashes(row.bytes(2), row.number<std::uint64_t>(1));
      if (!hashes.ok()) {
        return damaged(hashes.error().message);
      }
      for (std::uint32_t i = 0; i < hashes->size(); ++i) {
        packed.all.push_back({(*hashes)[i], row.integer(0), i});
      }
    }
  }
  std::sort(packed.all.begin(), packed.all.end(),
            [](const auto& a, const auto& b) { return a.hash < b.hash; });
  packed_ = std::move(packed);
  return &*packed_;
}

Result<std::optional<VectorBlock>> Queries::vector_block(std::int64_t id,
                                                         std::uint32_t dimensions) {
  TRY_ASSIGN(Statement row, connection_.query(kBlock, id));
  TRY_ASSIGN(const bool found, row.step());
  if (!found) {
    return std::optional<VectorBlock>();
  }
  TRY_ASSIGN(VectorBlock block, unpack_block(shared_.codec, dimensions, columns_of(row)));
  return std::optional(std::move(block));
}

Result<std::optional<std::string>> Queries::packed_code(std::int64_t model_id,
                                                        const ContentHash& hash) {
  TRY_ASSIGN(const PackedVectors* packed, packed_vectors(model_id));
  const PackedVectors::Where* where = packed->find(hash);
  if (where == nullptr) {
    return std::optional<std::string>();
  }
  TRY_ASSIGN(const std::int64_t dimensions, connection_.integer(kDimensions, model_id));
  if (block_.id != where->block || block_.generation != packed->generation) {
    TRY_ASSIGN(Statement row, connection_.query(kBlock, where->block));
    TRY_ASSIGN(const bool found, row.step());
    if (!found) {
      return damaged("a vector block is missing");
    }
    block_ = {where->block, packed->generation, row.number<std::size_t>(1), {}};
    TRY_ASSIGN(block_.codes,
               block_codes(shared_.codec, static_cast<std::uint32_t>(dimensions), columns_of(row)));
  }
  return std::optional(
      code_at(block_.codes, static_cast<std::uint32_t>(dimensions), block_.vectors, where->place));
}

Status Queries::for_each_packed(
    std::int64_t model_id, std::int64_t after,
    const std::function<Status(std::int64_t, const VectorRow&)>& visit) {
  TRY_ASSIGN(const std::int64_t dimensions, connection_.integer(kDimensions, model_id));
  TRY_ASSIGN(Statement row, connection_.query(kBlocks, after, model_id));
  for (;;) {
    TRY_ASSIGN(const bool more, row.step());
    if (!more) {
      return {};
    }
    TRY_ASSIGN(
        const VectorBlock block,
        unpack_block(shared_.codec, static_cast<std::uint32_t>(dimensions), columns_of(row)));
    for (std::size_t i = 0; i < block.ids.size(); ++i) {
      if (block.ids[i] > after) {
        TRY(visit(block.ids[i], block.rows[i]));
      }
    }
  }
}

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
    if (there == 0) {
      TRY_ASSIGN(const PackedVectors* packed, packed_vectors(model_id));
      found[i] = packed->find(hashes[i]) != nullptr ? 1 : 0;
    }
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
  if (found) {
    return std::optional(VectorRow{hash, statement.text(0)});
  }
  TRY_ASSIGN(std::optional<std::string> code, packed_code(model_id, hash));
  return code ? std::optional(VectorRow{hash, std::move(*code)}) : std::nullopt;
}

Status Queries::for_each_vector(
    std::int64_t model_id, std::int64_t after,
    const std::function<Status(std::int64_t, const VectorRow&)>& visit) {
  TRY_ASSIGN(const bool known, knows_vectors());
  if (!known) {
    return {};
  }
  TRY_ASSIGN(const bool blocks, knows_blocks());
  if (blocks) {  // a model's blocks are older than its rows
    TRY(for_each_packed(model_id, after, visit));
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
