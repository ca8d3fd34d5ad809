#pragma once
// Where things stand in a file of vectors (docs/formats/vectors.md).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "io/block_file.h"
#include "kernel/bit_codes.h"

namespace sonde::index {

inline constexpr std::size_t kHashBytes = sizeof(ContentHash);
inline constexpr std::uint64_t kVectorsLimit = 1ULL << 28;  // of one file
inline constexpr std::uint32_t kListsLimit = 1U << 20;

/// The head of a file of vectors, and what follows from it.
struct VectorHead {
  static constexpr std::string_view kMagic = "SONDEVEC";
  static constexpr std::uint32_t kVersion = 2;
  static constexpr std::size_t kBytes = 56;

  std::uint32_t dimensions = 0;
  std::uint64_t count = 0;
  std::uint32_t lists = 0;        // at least 1
  std::uint32_t code_blocks = 0;  // of all lists
  ContentHash model;

  [[nodiscard]] std::string packed() const;
  /// Errors: Corruption, Unsupported (another version).
  /// @param size  logical bytes of the file
  static Result<VectorHead> unpack(std::string_view bytes, const std::string& name,
                                   std::uint64_t size);

  [[nodiscard]] std::size_t width() const { return kernel::rotated_width(dimensions); }
  [[nodiscard]] std::size_t block_bytes() const { return kernel::block_bytes(width()); }
  [[nodiscard]] std::size_t rows_per_page() const {
    return io::kBlockPayloadBytes / (dimensions + sizeof(float));
  }
  [[nodiscard]] std::uint64_t row_pages() const {
    return (count + rows_per_page() - 1) / rows_per_page();
  }

  // Offsets of the sections, in the order in which they stand.
  [[nodiscard]] std::uint64_t hashes_at() const { return kBytes; }
  [[nodiscard]] std::uint64_t ranks_at() const { return hashes_at() + count * kHashBytes; }
  [[nodiscard]] std::uint64_t sizes_at() const { return ranks_at() + count * 4; }
  [[nodiscard]] std::uint64_t centre_scales_at() const { return sizes_at() + lists * 4ULL; }
  [[nodiscard]] std::uint64_t centres_at() const { return centre_scales_at() + lists * 4ULL; }
  [[nodiscard]] std::uint64_t codes_at() const {
    return centres_at() + std::uint64_t{lists} * dimensions;
  }
  /// Rows stand in pages that are blocks of the file: none lies in two.
  [[nodiscard]] std::uint64_t rows_at() const {
    const std::uint64_t end = codes_at() + std::uint64_t{code_blocks} * block_bytes();
    return (end + io::kBlockPayloadBytes - 1) / io::kBlockPayloadBytes * io::kBlockPayloadBytes;
  }
  [[nodiscard]] std::uint64_t end() const {
    return rows_at() + row_pages() * io::kBlockPayloadBytes;
  }
};

/// Blocks of 32 codes that a list of so many vectors has.
constexpr std::uint32_t code_blocks_of(std::uint32_t vectors) {
  return (vectors + static_cast<std::uint32_t>(kernel::kBlockCodes) - 1) /
         static_cast<std::uint32_t>(kernel::kBlockCodes);
}

}  // namespace sonde::index
