// Segment::check(): reads everything and holds what the parts say against each other.

#include "index/segment_reader.h"

namespace sonde::index {
namespace {

/// Files in order, their docs' lengths adding up to theirs, and theirs to the segment's.
Status check_tables(const SegmentReader& segment) {
  TRY(segment.check_file_rows());
  TRY(segment.lengths());  // also where there is no doc to ask for one
  std::string last_source;
  std::string last_path;
  std::uint64_t total = 0;
  const auto visit = [&](std::uint32_t ordinal, const FileMeta& meta) -> Status {
    if (ordinal > 0 && std::tie(last_source, last_path) >= std::tie(meta.source, meta.path)) {
      return segment.corrupt("the order of files");
    }
    last_source = meta.source;
    last_path = meta.path;
    TRY_ASSIGN(const FileDocs docs, segment.docs_of(ordinal));
    std::uint64_t sum = 0;
    for (const DocView& doc : docs.docs) {
      sum += doc.length;
      if (doc.start_byte > doc.end_byte || doc.start_line > doc.end_line) {
        return segment.corrupt("the span of a doc");
      }
    }
    if (sum != meta.body_length) {
      return segment.corrupt("the length of a file");
    }
    total += sum;
    return {};
  };
  TRY(segment.for_each_file(visit));
  return total == segment.body_length() ? Status{} : segment.corrupt("the sum of lengths");
}

/// Every term's postings and positions; decoders check ids, counts and that bytes are used up.
Status check_terms(const SegmentReader& segment) {
  TermCursor cursor(segment, TermCursor::Load::Postings);
  PostingList list;
  while (true) {
    TRY_ASSIGN(const bool more, cursor.next());
    if (!more) {
      return {};
    }
    TRY(cursor.read(list));
    if (is_inline(list) != cursor.entry().inlined) {
      return segment.corrupt("the place of a posting list");
    }
  }
}

}  // namespace

Status SegmentReader::check() const {
  TRY(source_->check_all());
  TRY(check_tables(*this));
  return check_terms(*this);
}

}  // namespace sonde::index
