#pragma once
// How one term's postings and positions become bytes and come back (docs/formats/segment.md,
// "Terms"). Decoders believe nothing: they return false for bytes that no encoder writes, and never
// allocate more than the bytes at hand, or the docs of the segment, can stand for.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/byte_cursor.h"

namespace sonde::index {

/// The docs of a term, ascending, their frequencies, and all positions end to end (body only).
struct PostingList {
  std::vector<std::uint32_t> docs;
  std::vector<std::uint32_t> frequencies;
  std::vector<std::uint32_t> positions;

  void clear();
  /// Puts docs, which may stand in any order but only once, in order.
  void sort();
};

enum class Positions : std::uint8_t { None, Stored };

/// True for a list that stands in the dictionary itself.
bool is_inline(const PostingList& list);
void append_inline(const PostingList& list, Positions kind, std::string& out);
void append_postings(const PostingList& list, Positions kind, std::string& postings,
                     std::string& positions);

/// Where one list's parts are and what they must hold.
struct EncodedList {
  std::uint32_t count = 0;     // docs
  std::uint32_t id_limit = 0;  // ids are below it
  Positions kind = Positions::None;
};

/// Reads an inline list behind `cursor` into `list` (cleared first).
bool decode_inline(ByteCursor& cursor, const EncodedList& what, PostingList& list);

/// Decodes docs and frequencies. @param run_bytes  gets the bytes of each packed block's positions;
/// may be null. Cost: above 1 billion packed docs a second and core.
bool decode_postings(std::string_view bytes, const EncodedList& what,
                     std::vector<std::uint32_t>& docs, std::vector<std::uint32_t>& frequencies,
                     std::vector<std::uint32_t>* run_bytes);

/// Decodes all positions of a list, end to end.
bool decode_positions(std::string_view bytes, std::span<const std::uint32_t> frequencies,
                      std::span<const std::uint32_t> run_bytes,
                      std::vector<std::uint32_t>& positions);

/// Decodes the positions of some docs only: runs without a wanted doc are not looked at.
/// @param wanted  ascending places in the list, each below frequencies.size()
/// @param lists   one for each wanted place
bool decode_positions_of(std::string_view bytes, std::span<const std::uint32_t> frequencies,
                         std::span<const std::uint32_t> run_bytes,
                         std::span<const std::uint32_t> wanted,
                         std::vector<std::vector<std::uint32_t>>& lists);

}  // namespace sonde::index
