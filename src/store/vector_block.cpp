#include "store/vector_block.h"

#include "base/codec.h"

namespace sonde::store {

namespace {

constexpr std::size_t kScaleBytes = 4;
constexpr std::size_t kHashBytes = ContentHash().bytes.size();
constexpr std::uint64_t kMaxVectors = 65'536;  // of one block; we write fewer
constexpr std::uint64_t kMaxId = std::uint64_t{1} << 62U;

Error bad(const BlockColumns& columns, const char* what) {
  return Error{Code::Corruption,
               "vector block " + std::to_string(columns.id) + ": " + what + "; run `sonde doctor`"};
}

Result<std::vector<std::int64_t>> unpack_ids(const BlockColumns& columns) {
  ByteReader reader(columns.ids);
  std::vector<std::int64_t> ids;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < columns.vectors; ++i) {
    TRY_ASSIGN(const std::uint64_t gap, reader.varint_at_most(kMaxId - last - 1));
    last += gap + 1;
    ids.push_back(static_cast<std::int64_t>(last));
  }
  if (!reader.at_end() || ids.back() > columns.id) {
    return bad(columns, "its ids are out of range");
  }
  return ids;
}

}  // namespace

Result<PackedBlock> pack_block(TextCodec& codec, std::uint32_t dimensions,
                               const VectorBlock& block) {
  const std::size_t vectors = block.rows.size();
  PackedBlock packed;
  ByteWriter ids;
  std::int64_t last = 0;
  for (const std::int64_t id : block.ids) {
    ids.varint(static_cast<std::uint64_t>(id - last - 1));
    last = id;
  }
  packed.ids = ids.take();
  // Scales, then dimension by dimension: codes of one dimension are more alike than of one vector.
  std::string codes(vectors * (kScaleBytes + dimensions), '\0');
  for (std::size_t i = 0; i < vectors; ++i) {
    const VectorRow& row = block.rows[i];
    packed.hashes += row.hash.view();
    row.code.copy(codes.data() + i * kScaleBytes, kScaleBytes);
    for (std::size_t d = 0; d < dimensions; ++d) {
      codes[vectors * kScaleBytes + d * vectors + i] = row.code[kScaleBytes + d];
    }
  }
  TRY_ASSIGN(TextCodec::Compressed compressed, codec.compress(codes, nullptr));
  packed.coding = compressed.raw ? kCodingRaw : kCodingPlain;
  packed.codes = std::move(compressed.bytes);
  return packed;
}

Result<std::vector<ContentHash>> block_hashes(std::string_view hashes, std::uint64_t vectors) {
  if (vectors == 0 || vectors > kMaxVectors || hashes.size() != vectors * kHashBytes) {
    return Error{Code::Corruption, "a vector block has another number of hashes than it says"};
  }
  std::vector<ContentHash> found;
  found.reserve(vectors);
  for (std::size_t i = 0; i < vectors; ++i) {
    TRY_ASSIGN(const ContentHash hash,
               ContentHash::from_bytes(hashes.substr(i * kHashBytes, kHashBytes)));
    found.push_back(hash);
  }
  return found;
}

std::string code_at(std::string_view codes, std::uint32_t dimensions, std::size_t vectors,
                    std::size_t place) {
  std::string code(codes.substr(place * kScaleBytes, kScaleBytes));
  for (std::size_t d = 0; d < dimensions; ++d) {
    code += codes[vectors * kScaleBytes + d * vectors + place];
  }
  return code;
}

Result<std::string> block_codes(TextCodec& codec, std::uint32_t dimensions,
                                const BlockColumns& columns) {
  if (columns.vectors == 0 || columns.vectors > kMaxVectors || dimensions == 0) {
    return bad(columns, "its number of vectors is out of range");
  }
  const std::uint64_t size = columns.vectors * (kScaleBytes + dimensions);
  if (size > kMaxTextBytes) {
    return bad(columns, "it is too large");
  }
  if (columns.coding == kCodingPlain) {
    auto codes = codec.decompress(columns.codes, static_cast<std::uint32_t>(size), nullptr);
    return codes.ok() ? std::move(codes) : bad(columns, "its codes do not decompress");
  }
  if (columns.coding != kCodingRaw || columns.codes.size() != size) {
    return bad(columns, "its codes have another size than it says");
  }
  return std::string(columns.codes);
}

Result<VectorBlock> unpack_block(TextCodec& codec, std::uint32_t dimensions,
                                 const BlockColumns& columns) {
  TRY_ASSIGN(const std::string codes, block_codes(codec, dimensions, columns));
  TRY_ASSIGN(const std::vector<ContentHash> hashes, block_hashes(columns.hashes, columns.vectors));
  VectorBlock block;
  TRY_ASSIGN(block.ids, unpack_ids(columns));
  block.rows.reserve(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    block.rows.push_back({hashes[i], code_at(codes, dimensions, hashes.size(), i)});
  }
  return block;
}

}  // namespace sonde::store
