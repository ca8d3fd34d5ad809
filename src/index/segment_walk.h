#pragma once
// For tests and the fuzzer: asks a segment everything, and makes lies check.

#include <cstring>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/hash.h"
#include "index/segment.h"
#include "index/segment_format.h"

namespace sonde::index::testing {

/// Everything that a reader can be asked. @return the first error, or what was read
inline Result<std::string> read_all(const Segment& segment) {
  ByteWriter all;
  for (std::uint32_t i = 0; i < segment.files(); ++i) {
    TRY_ASSIGN(const FileMeta meta, segment.file(i));
    all.string(meta.source + meta.path + meta.language);
    const auto found = segment.find_file(meta.source, meta.path);
    all.u32(found.ok() ? *found : 0);
  }
  for (std::uint32_t i = 0; i < segment.docs(); ++i) {
    TRY_ASSIGN(const DocMeta meta, segment.doc(i));
    all.string(meta.symbol + meta.scope);
    all.u32(meta.start_byte);
  }
  TRY_ASSIGN(const auto lengths, segment.lengths());
  TRY_ASSIGN(const auto kinds, segment.kinds());
  all.u64(lengths->size() + kinds->size());
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    TRY_ASSIGN(const auto terms, segment.terms(static_cast<Field>(field), "", 1'000'000));
    for (const std::string& term : terms) {
      TRY_ASSIGN(const Postings postings, segment.postings(static_cast<Field>(field), term));
      all.string(term);
      for (const std::uint32_t doc : postings.docs) {
        all.u32(doc);
      }
      if (static_cast<Field>(field) == Field::Body) {
        TRY_ASSIGN(const auto positions, segment.positions(term));
        TRY_ASSIGN(const auto some, segment.positions_in(term, postings.docs));
        for (const auto& list : positions) {
          all.u64(list.size());
        }
        all.u64(some.size());
      }
    }
  }
  return all.take();
}

/// Makes the footer's own checksum check again.
inline void repair_footer(std::string& logical) {
  if (logical.size() < format::kTrailerBytes) {
    return;
  }
  const std::size_t trailer = logical.size() - format::kTrailerBytes;
  std::uint32_t length = 0;
  std::memcpy(&length, &logical[trailer], 4);
  if (length <= trailer) {
    const std::uint64_t checksum =
        checksum64(std::string_view(logical).substr(trailer - length, length));
    std::memcpy(&logical[trailer + 8], &checksum, 8);
  }
}

}  // namespace sonde::index::testing
