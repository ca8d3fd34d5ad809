#include "index/segment_terms.h"

#include <algorithm>

namespace sonde::index {
namespace {

/// Cuts `length` bytes off the front of `rest` into `part`.
bool take(format::Section& rest, std::uint32_t length, format::Section& part) {
  if (length > rest.length) {
    return false;
  }
  part = {rest.offset, length};
  rest.offset += length;
  rest.length -= length;
  return true;
}

bool valid_key(std::string_view key) {
  return key.size() >= 2 && key.size() <= format::kKeyLimit &&
         static_cast<unsigned char>(key[0]) < kFieldCount;
}

}  // namespace

std::string term_key(Field field, std::string_view term) {
  std::string key(1, static_cast<char>(field));
  key += term;
  return key;
}

bool TermIndex::parse(std::string bytes, const format::Section& terms) {
  bytes_ = std::move(bytes);
  if (bytes_.size() > UINT32_MAX) {
    return false;
  }
  ByteCursor cursor(bytes_);
  std::uint64_t left = terms.length;
  std::uint64_t end = terms.offset;
  std::string_view before;
  while (cursor.remaining() > 0) {
    Block block;
    block.key_length = cursor.varint();
    block.key = static_cast<std::uint32_t>(bytes_.size() - cursor.remaining());
    const std::string_view key = cursor.raw(block.key_length);
    block.group = cursor.varint();
    block.length = cursor.varint();
    const std::uint64_t both = std::uint64_t{block.group} + block.length;
    if (cursor.failed() || !valid_key(key) || key <= before || both > left ||
        block.length > format::kTermBlockLimitBytes) {
      return false;
    }
    block.offset = end + block.group;
    end += both;
    left -= both;
    before = key;
    blocks_.push_back(block);
  }
  return left == 0;
}

std::size_t TermIndex::find(std::string_view key) const {
  std::size_t low = 0;
  std::size_t high = blocks_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (first_key(middle) <= key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? 0 : low - 1;
}

TermBlockReader::TermBlockReader(std::string_view bytes, const TermIndex::Block& block,
                                 std::uint32_t files, std::uint32_t docs)
    : cursor_(bytes), files_(files), docs_(docs) {
  left_ = cursor_.varint();
  postings_.length = cursor_.varint();
  positions_.length = cursor_.varint();
  valid_ = !cursor_.failed() && left_ >= 1 && left_ <= format::kTermsPerBlock &&
           postings_.length + positions_.length == block.group;
  postings_.offset = block.offset - block.group;
  positions_.offset = postings_.offset + postings_.length;
}

bool TermBlockReader::next(TermEntry& entry) {
  --left_;
  return read_key(entry) && read_place(entry);
}

bool TermBlockReader::read_key(TermEntry& entry) {
  const std::uint32_t shared = cursor_.varint();
  const std::uint32_t rest_length = cursor_.varint();
  const std::string_view rest = cursor_.raw(rest_length);
  if (cursor_.failed()) {
    return false;
  }
  if (first_) {
    first_ = false;
    entry.key = rest;
    return shared == 0 && valid_key(entry.key);
  }
  // Ascending: what follows the shared part is above what followed it before.
  if (shared > entry.key.size() || rest <= std::string_view(entry.key).substr(shared)) {
    return false;
  }
  entry.key.resize(shared);
  entry.key += rest;
  return valid_key(entry.key);
}

bool TermBlockReader::read_place(TermEntry& entry) {
  const std::uint32_t tag = cursor_.varint();
  entry.count = tag >> 1U;
  entry.inlined = (tag & 1U) != 0;
  const std::uint32_t limit = entry.field() == Field::Path ? files_ : docs_;
  if (cursor_.failed() || entry.count == 0 || entry.count > limit) {
    return false;
  }
  if (entry.inlined) {
    return decode_inline(cursor_, {entry.count, limit, entry.kind()}, entry.list);
  }
  const std::uint32_t postings = cursor_.varint();
  const std::uint32_t positions = entry.kind() == Positions::Stored ? cursor_.varint() : 0;
  // No posting takes more than two varints: a longer claim is a lie, and is not read.
  return !cursor_.failed() && postings <= std::uint64_t{10} * entry.count + 16 &&
         take(postings_, postings, entry.postings) && take(positions_, positions, entry.positions);
}

bool TermBlockReader::complete() const {
  return cursor_.complete() && postings_.length == 0 && positions_.length == 0;
}

}  // namespace sonde::index
