#pragma once
// The term dictionary of an open segment: the sparse index that is held in memory, and the blocks
// it leads to.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "index/byte_cursor.h"
#include "index/postings_codec.h"
#include "index/segment.h"
#include "index/segment_format.h"

namespace sonde::index {

/// The key of a term: the field's byte, then the term.
std::string term_key(Field field, std::string_view term);

/// One entry a term block. Immutable after parse(): thread-safe. About 30 bytes a block and its
/// first key.
class TermIndex {
 public:
  struct Block {
    std::uint64_t offset = 0;  // logical, of the block
    std::uint32_t length = 0;
    std::uint32_t group = 0;  // bytes of postings and positions right before it
    std::uint32_t key = 0;    // of its first term, in keys_
    std::uint32_t key_length = 0;
  };

  /// @param terms  where the section of terms is; every block is checked to lie within it
  /// @return false for bytes that no writer makes
  bool parse(std::string bytes, const format::Section& terms);

  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  [[nodiscard]] const Block& block(std::size_t i) const { return blocks_[i]; }
  [[nodiscard]] std::string_view first_key(std::size_t i) const {
    return std::string_view(bytes_).substr(blocks_[i].key, blocks_[i].key_length);
  }
  /// The block that holds `key` if any does: the last whose first key is not above it (or 0).
  [[nodiscard]] std::size_t find(std::string_view key) const;

 private:
  std::string bytes_;
  std::vector<Block> blocks_;
};

/// A term as its block has it.
struct TermEntry {
  std::string key;
  std::uint32_t count = 0;  // docs
  bool inlined = false;
  PostingList list;  // when inlined
  format::Section postings;
  format::Section positions;

  [[nodiscard]] Field field() const { return static_cast<Field>(key[0]); }
  [[nodiscard]] std::string_view term() const { return std::string_view(key).substr(1); }
  [[nodiscard]] Positions kind() const {
    return field() == Field::Body ? Positions::Stored : Positions::None;
  }
};

/// Walks the terms of one block.
class TermBlockReader {
 public:
  /// @param bytes  of the block; must outlive the reader
  TermBlockReader(std::string_view bytes, const TermIndex::Block& block, std::uint32_t files,
                  std::uint32_t docs);
  /// False when the block's head does not fit the index.
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool at_end() const { return left_ == 0; }
  /// Reads the next term; `entry` must hold the one before. False for bytes that no writer makes.
  /// Call only when !at_end().
  bool next(TermEntry& entry);
  /// True when the terms used the block and its group up; asked at the end.
  [[nodiscard]] bool complete() const;

 private:
  bool read_key(TermEntry& entry);
  bool read_place(TermEntry& entry);

  ByteCursor cursor_;
  std::uint32_t files_;
  std::uint32_t docs_;
  std::uint32_t left_ = 0;
  bool valid_ = false;
  bool first_ = true;
  format::Section postings_;   // not yet given to a term
  format::Section positions_;  // likewise
};

}  // namespace sonde::index
