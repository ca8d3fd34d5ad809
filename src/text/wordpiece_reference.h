#pragma once
// For tests and benchmarks: what the reference tokenizer made of many strings, as
// bench/encoder/make_tokenizer_reference.py writes it (the format stands there).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"

namespace sonde::text {

struct WordPieceRecord {
  std::size_t limit = 0;  // 0: none
  std::string_view text;
  std::uint32_t hash = 0;          // of the ids
  bool whole = false;              // `ids` are there
  std::vector<std::uint32_t> ids;  // for a part of the records, so that failures can be understood
};

struct WordPieceReference {
  std::string_view vocabulary_sha256;  // of the tokenizer.json that was used, 32 bytes
  std::vector<WordPieceRecord> records;
};

inline std::uint32_t hash_of_ids(const std::vector<std::uint32_t>& ids) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const std::uint32_t id : ids) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      value = (value ^ ((id >> shift) & 0xFF)) * 0x100000001B3;
    }
  }
  return static_cast<std::uint32_t>(value);
}

inline Result<WordPieceRecord> read_wordpiece_record(ByteReader& reader) {
  WordPieceRecord record;
  TRY_ASSIGN(record.limit, reader.varint());
  TRY_ASSIGN(record.text, reader.string());
  TRY_ASSIGN(record.hash, reader.u32());
  TRY_ASSIGN(const std::uint64_t size, reader.varint_at_most(1000));
  record.whole = size > 0;
  for (std::uint64_t i = 1; i < size; ++i) {
    TRY_ASSIGN(const std::uint64_t id, reader.varint());
    record.ids.push_back(static_cast<std::uint32_t>(id));
  }
  return record;
}

/// The views are of `bytes`.
inline Result<WordPieceReference> read_wordpiece_reference(std::string_view bytes) {
  ByteReader reader(bytes);
  WordPieceReference reference;
  TRY_ASSIGN(const std::string_view magic, reader.raw(8));
  if (magic != "SONDEWP1") {
    return Error{Code::Corruption, "not a file of reference ids"};
  }
  TRY_ASSIGN(reference.vocabulary_sha256, reader.raw(32));
  TRY_ASSIGN(const std::uint32_t count, reader.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(WordPieceRecord record, read_wordpiece_record(reader));
    reference.records.push_back(std::move(record));
  }
  return reference;
}

}  // namespace sonde::text
