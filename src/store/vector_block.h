#pragma once
// Many vectors in one row of `vector_blocks`: a third less than a row each takes, because there is
// no index, no space lost at the ends of pages, and the codes compress together.
// Byte by byte: docs/formats/library-db.md.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "store/text_codec.h"

namespace sonde::store {

inline constexpr std::size_t kBlockVectors = 256;

/// Vectors of one model by ascending id, which are all greater than 0.
struct VectorBlock {
  std::vector<std::int64_t> ids;
  std::vector<VectorRow> rows;  // as many
};

/// The columns of a block's row.
struct PackedBlock {
  std::string ids;
  std::string hashes;
  std::int64_t coding = 0;
  std::string codes;
};

/// @param dimensions  each code has 4 more bytes
Result<PackedBlock> pack_block(TextCodec& codec, std::uint32_t dimensions,
                               const VectorBlock& block);

/// The hashes of a block. Errors: Corruption (not `vectors` of them).
Result<std::vector<ContentHash>> block_hashes(std::string_view hashes, std::uint64_t vectors);

/// The code at `place` of a decompressed block's codes.
std::string code_at(std::string_view codes, std::uint32_t dimensions, std::size_t vectors,
                    std::size_t place);

/// Views of the columns of a block's row.
struct BlockColumns {
  std::int64_t id = 0;
  std::uint64_t vectors = 0;
  std::string_view ids;
  std::string_view hashes;
  std::int64_t coding = 0;
  std::string_view codes;
};

/// The decompressed codes. Errors: Corruption.
Result<std::string> block_codes(TextCodec& codec, std::uint32_t dimensions,
                                const BlockColumns& columns);

/// Errors: Corruption (the columns contradict each other).
Result<VectorBlock> unpack_block(TextCodec& codec, std::uint32_t dimensions,
                                 const BlockColumns& columns);

}  // namespace sonde::store
