#pragma once
// The places of a file's chunks, packed into its row: which chunk row stands where. An edit at the
// top of a file moves every chunk below it; so the places are one short value of the file's row,
// and the rows of chunks whose text stays are not touched.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::store {

inline constexpr std::uint32_t kMaxChunksOfFile = 16U << 20;

struct Place {
  std::int64_t chunk_id = 0;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
};

/// By ordinal.
std::string pack_places(std::span<const Place> places);
/// Errors: Corruption.
Result<std::vector<Place>> unpack_places(std::string_view bytes, std::uint32_t count);

/// The names a chunk defines; empty when it is only its symbol, the usual case.
std::string pack_names(std::span<const std::string> names, std::string_view symbol);
/// Errors: Corruption.
Result<std::vector<std::string>> unpack_names(std::string_view bytes, std::string_view symbol);

}  // namespace sonde::store
