#include "index/segment_writer.h"

#include <algorithm>

#include "base/codec.h"

namespace sonde::index {
namespace {

using format::SectionKind;

constexpr std::size_t kBufferBytes = 256 * 1024;  // rows and strings are appended in such pieces

Error limit(const std::string& what) { return {Code::Limit, "segment: " + what}; }

/// Width in bytes of the column of lengths.
unsigned length_width(const std::vector<std::uint32_t>& lengths) {
  const auto largest = std::max_element(lengths.begin(), lengths.end());
  if (largest == lengths.end() || *largest <= UINT8_MAX) {
    return 1;
  }
  return *largest <= UINT16_MAX ? 2 : 4;
}

}  // namespace

Status SegmentWriter::CountingSink::append(std::string_view bytes) {
  bytes_ += bytes.size();
  checksum_.update(bytes);
  return sink_.append(bytes);
}

void SegmentWriter::FileStrings::clear() {
  offsets_.clear();
  size_ = 0;
}

std::uint64_t SegmentWriter::FileStrings::offset_of(std::string_view string, std::string& out) {
  if (string.empty()) {
    return 0;
  }
  const auto [place, added] = offsets_.try_emplace(string, size_);
  if (added) {
    out += string;
    size_ += string.size();
  }
  return place->second;
}

SegmentWriter::SegmentWriter(io::BlockSink& sink, std::uint32_t analyzer_version)
    : sink_(sink), writer_(sink_) {
  layout_.analyzer_version = analyzer_version;
}

void SegmentWriter::begin(SectionKind kind) { layout_.at(kind).offset = writer_.size(); }

void SegmentWriter::end(SectionKind kind) {
  layout_.at(kind).length = writer_.size() - layout_.at(kind).offset;
}

Status SegmentWriter::write_section(SectionKind kind, std::string_view bytes) {
  begin(kind);
  TRY(writer_.append(bytes));
  end(kind);
  return {};
}

Status SegmentWriter::write_tables(const FileFeed& feed) {
  TRY(writer_.append(format::head()));
  Columns columns;
  TRY(write_strings(feed, columns));
  TRY(write_file_tables(columns));
  TRY(write_doc_rows(feed));
  TRY(write_doc_columns(columns));
  begin(SectionKind::Terms);
  last_block_end_ = writer_.size();
  return {};
}

Status SegmentWriter::write_strings(const FileFeed& feed, Columns& columns) {
  begin(SectionKind::DocStrings);
  std::string strings;
  const auto take = [&](const FileView& file) -> Status {
    TRY(take_file(file, columns, strings));
    if (strings.size() >= kBufferBytes) {
      TRY(writer_.append(strings));
      strings.clear();
    }
    return {};
  };
  TRY(feed(take));
  TRY(writer_.append(strings));
  end(SectionKind::DocStrings);
  columns.first_docs.push_back(layout_.docs);
  return {};
}

Status SegmentWriter::take_file(const FileView& file, Columns& columns, std::string& strings) {
  if (layout_.files == format::kIdLimit || file.docs.size() > format::kIdLimit - layout_.docs) {
    return limit("more than 2^30 - 1 files or docs");
  }
  if (columns.sources.empty() || columns.sources.back() != file.source) {
    columns.sources.emplace_back(file.source);
  }
  const auto next_language = static_cast<std::uint16_t>(columns.language_ids.size());
  const auto [language, new_language] =
      columns.language_ids.try_emplace(std::string(file.language), next_language);
  if (columns.sources.size() > format::kNamesLimit ||
      columns.language_ids.size() > format::kNamesLimit) {
    return limit("more than 65,535 distinct sources or languages");
  }
  columns.languages.push_back(language->second);
  columns.first_docs.push_back(layout_.docs);
  strings_.clear();
  std::uint64_t body_length = 0;
  for (const DocView& doc : file.docs) {
    strings_.offset_of(doc.symbol, strings);
    strings_.offset_of(doc.scope, strings);
    columns.kinds += static_cast<char>(doc.kind);
    columns.lengths.push_back(doc.length);
    embedded_ += doc.embedded.view();
    body_length += doc.length;
  }
  if (strings_.size() > UINT32_MAX) {
    return limit("more than 4 GiB of symbols in a file");
  }
  ByteWriter row;
  row.u64(columns.paths.size());
  row.u64(strings_written_);
  row.u64(body_length);
  row.raw(file.hash.view());
  row.u32(file.traits);
  row.u16(static_cast<std::uint16_t>(file.path.size()));
  row.u16(static_cast<std::uint16_t>(columns.sources.size() - 1));
  row.u32(0);  // language, once all are known, and the reserved bytes
  columns.file_rows += row.bytes();
  columns.paths += file.path;
  strings_written_ += strings_.size();
  layout_.body_length += body_length;
  layout_.docs += static_cast<std::uint32_t>(file.docs.size());
  ++layout_.files;
  return {};
}

Status SegmentWriter::write_file_tables(Columns& columns) {
  ByteWriter names;
  names.varint(columns.sources.size());
  for (const std::string& source : columns.sources) {
    names.string(source);
  }
  names.varint(columns.language_ids.size());
  std::vector<std::uint16_t> places(columns.language_ids.size());
  std::uint16_t place = 0;
  for (const auto& [language, id] : columns.language_ids) {
    names.string(language);
    places[id] = place++;
  }
  for (std::size_t i = 0; i < columns.languages.size(); ++i) {
    const std::uint16_t language = places[columns.languages[i]];
    char* field = &columns.file_rows[i * format::kFileRowBytes + format::kFileRowBytes - 4];
    field[0] = static_cast<char>(language & 0xFF);
    field[1] = static_cast<char>(language >> 8);
  }
  TRY(write_section(SectionKind::Files, columns.file_rows));
  TRY(write_section(SectionKind::Paths, columns.paths));
  ByteWriter first_docs;
  for (const std::uint32_t first : columns.first_docs) {
    first_docs.u32(first);
  }
  TRY(write_section(SectionKind::FirstDocs, first_docs.bytes()));
  return write_section(SectionKind::Names, names.bytes());
}

Status SegmentWriter::write_doc_rows(const FileFeed& feed) {
  begin(SectionKind::Docs);
  ByteWriter rows;
  std::string unused;
  const auto write_rows = [&](const FileView& file) -> Status {
    strings_.clear();
    unused.clear();
    for (const DocView& doc : file.docs) {
      const std::uint64_t symbol = strings_.offset_of(doc.symbol, unused);
      const std::uint64_t scope = strings_.offset_of(doc.scope, unused);
      rows.u32(doc.start_byte);
      rows.u32(doc.end_byte);
      rows.u32(doc.start_line);
      rows.u32(doc.end_line);
      rows.u32(static_cast<std::uint32_t>(symbol));
      rows.u32(static_cast<std::uint32_t>(scope));
      rows.u16(static_cast<std::uint16_t>(doc.symbol.size()));
      rows.u16(static_cast<std::uint16_t>(doc.scope.size()));
    }
    if (rows.size() >= kBufferBytes) {
      TRY(writer_.append(rows.take()));
    }
    return {};
  };
  TRY(feed(write_rows));
  TRY(writer_.append(rows.bytes()));
  end(SectionKind::Docs);
  return {};
}

Status SegmentWriter::write_doc_columns(const Columns& columns) {
  TRY(write_section(SectionKind::Kinds, columns.kinds));
  const unsigned width = length_width(columns.lengths);
  std::string lengths;
  lengths.reserve(1 + columns.lengths.size() * width);
  lengths += static_cast<char>(width);
  for (const std::uint32_t length : columns.lengths) {
    for (unsigned byte = 0; byte < width; ++byte) {
      lengths += static_cast<char>((length >> (8 * byte)) & 0xFFU);
    }
  }
  return write_section(SectionKind::Lengths, lengths);
}

Status SegmentWriter::add_term(std::string_view key, const PostingList& list) {
  const bool body = static_cast<Field>(key[0]) == Field::Body;
  const Positions kind = body ? Positions::Stored : Positions::None;
  std::size_t shared = 0;
  if (group_terms_ == 0) {
    group_first_key_ = key;
  } else {
    const auto most = std::min(key.size(), last_key_.size());
    while (shared < most && key[shared] == last_key_[shared]) {
      ++shared;
    }
  }
  append_varint(group_entries_, shared);
  append_varint(group_entries_, key.size() - shared);
  group_entries_ += key.substr(shared);
  last_key_ = key;
  const std::uint64_t count = list.docs.size();
  if (is_inline(list)) {
    append_varint(group_entries_, count * 2 + 1);
    append_inline(list, kind, group_entries_);
  } else {
    const std::size_t postings = group_postings_.size();
    const std::size_t positions = group_positions_.size();
    append_postings(list, kind, group_postings_, group_positions_);
    append_varint(group_entries_, count * 2);
    append_varint(group_entries_, group_postings_.size() - postings);
    if (body) {
      append_varint(group_entries_, group_positions_.size() - positions);
    }
  }
  ++group_terms_;
  const bool large = group_postings_.size() + group_positions_.size() >= format::kGroupBytes;
  return group_terms_ == format::kTermsPerBlock || large ? flush_group() : Status{};
}

Status SegmentWriter::flush_group() {
  if (group_postings_.size() + group_positions_.size() > UINT32_MAX) {
    return limit("more than 4 GiB of postings for one term");
  }
  TRY(writer_.append(group_postings_));
  TRY(writer_.append(group_positions_));
  const std::uint64_t start = writer_.size();
  std::string block;
  append_varint(block, group_terms_);
  append_varint(block, group_postings_.size());
  append_varint(block, group_positions_.size());
  block += group_entries_;
  TRY(writer_.append(block));
  append_varint(term_index_, group_first_key_.size());
  term_index_ += group_first_key_;
  append_varint(term_index_, start - last_block_end_);
  append_varint(term_index_, block.size());
  last_block_end_ = writer_.size();
  group_terms_ = 0;
  group_postings_.clear();
  group_positions_.clear();
  group_entries_.clear();
  return {};
}

Result<SegmentSummary> SegmentWriter::finish() {
  if (group_terms_ > 0) {
    TRY(flush_group());
  }
  end(SectionKind::Terms);
  TRY(write_section(SectionKind::TermIndex, term_index_));
  TRY(write_section(SectionKind::Embedded, embedded_));
  TRY(writer_.append(format::tail(layout_, writer_.size())));
  TRY(writer_.finish());
  SegmentSummary summary;
  summary.files = layout_.files;
  summary.docs = layout_.docs;
  summary.body_length = layout_.body_length;
  summary.bytes = sink_.bytes();
  summary.checksum = sink_.checksum();
  return summary;
}

}  // namespace sonde::index
