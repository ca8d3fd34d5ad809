#include "index/segment_reader.h"

#include <algorithm>

#include "base/codec.h"

namespace sonde::index {
namespace {

using format::SectionKind;

constexpr std::uint32_t kRowsPerRead = 1024;

std::uint64_t number(std::string_view bytes, std::size_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return value;
}
std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 4));
}
std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number(bytes, at, 2));
}

/// Reads one ascending list of names. False for bytes that no writer makes.
bool read_names(ByteReader& reader, std::vector<std::string>& names) {
  auto count = reader.varint_at_most(format::kNamesLimit);
  if (!count.ok()) {
    return false;
  }
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto name = reader.string();
    if (!name.ok() || name->size() > format::kNameLimit ||
        (!names.empty() && *name <= names.back())) {
      return false;
    }
    names.emplace_back(*name);
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::open(std::shared_ptr<io::ByteSource> source) {
  TRY_ASSIGN(const format::Layout layout, format::read_layout(*source));
  auto reader = std::make_shared<SegmentReader>(std::move(source), layout);
  TRY(reader->load_index());
  return std::shared_ptr<const Segment>(std::move(reader));
}

SegmentReader::SegmentReader(std::shared_ptr<io::ByteSource> source, format::Layout layout)
    : source_(std::move(source)), layout_(layout) {}

Error SegmentReader::corrupt(std::string_view part) const {
  return {Code::Corruption, name() + ": segment: " + std::string(part) + " does not hold together"};
}

Error SegmentReader::out_of_range(const char* what, std::uint32_t number) const {
  return {Code::InvalidArgument, name() + ": no " + what + " " + std::to_string(number)};
}

Result<std::string> SegmentReader::read(std::uint64_t offset, std::uint64_t length) const {
  std::string bytes(length, '\0');
  if (length > 0) {
    TRY(source_->read(offset, bytes.size(), bytes.data()));
  }
  return bytes;
}

Result<std::string> SegmentReader::read_in(SectionKind kind, std::uint64_t offset,
                                           std::uint64_t length) const {
  const format::Section& section = layout_.at(kind);
  if (offset > section.length || length > section.length - offset) {
    return corrupt("a place in section " + std::to_string(static_cast<std::uint32_t>(kind)));
  }
  return read(section.offset + offset, length);
}

Status SegmentReader::load_index() {
  const format::Section& section = layout_.at(SectionKind::TermIndex);
  TRY_ASSIGN(std::string bytes, read(section.offset, section.length));
  if (!index_.parse(std::move(bytes), layout_.at(SectionKind::Terms))) {
    return corrupt("the term index");
  }
  return {};
}

Result<std::shared_ptr<const SegmentReader::Names>> SegmentReader::names() const {
  if (auto names = names_.get()) {
    return names;
  }
  TRY_ASSIGN(const std::string bytes,
             read_in(SectionKind::Names, 0, layout_.at(SectionKind::Names).length));
  auto names = std::make_shared<Names>();
  ByteReader reader(bytes);
  if (!read_names(reader, names->sources) || !read_names(reader, names->languages) ||
      !reader.at_end()) {
    return corrupt("the table of sources and languages");
  }
  names_.set(names);
  return std::shared_ptr<const Names>(std::move(names));
}

Result<std::shared_ptr<const std::vector<std::uint32_t>>> SegmentReader::first_docs() const {
  if (auto kept = first_docs_.get()) {
    return kept;
  }
  TRY_ASSIGN(const std::string bytes,
             read_in(SectionKind::FirstDocs, 0, layout_.at(SectionKind::FirstDocs).length));
  auto column = std::make_shared<std::vector<std::uint32_t>>(bytes.size() / 4);
  for (std::size_t i = 0; i < column->size(); ++i) {
    (*column)[i] = u32_at(bytes, i * 4);
  }
  if (column->front() != 0 || column->back() != layout_.docs ||
      !std::is_sorted(column->begin(), column->end())) {
    return corrupt("the table of first docs");
  }
  first_docs_.set(column);
  return std::shared_ptr<const std::vector<std::uint32_t>>(std::move(column));
}

Result<std::shared_ptr<const std::vector<std::uint32_t>>> SegmentReader::lengths() const {
  if (auto kept = lengths_.get()) {
    return kept;
  }
  TRY_ASSIGN(const std::string bytes,
             read_in(SectionKind::Lengths, 0, layout_.at(SectionKind::Lengths).length));
  const unsigned width = static_cast<unsigned char>(bytes[0]);
  if ((width != 1 && width != 2 && width != 4) ||
      bytes.size() != 1 + std::uint64_t{layout_.docs} * width) {
    return corrupt("the table of lengths");
  }
  auto column = std::make_shared<std::vector<std::uint32_t>>(layout_.docs);
  for (std::size_t i = 0; i < column->size(); ++i) {
    (*column)[i] = static_cast<std::uint32_t>(number(bytes, 1 + i * width, width));
  }
  lengths_.set(column);
  return std::shared_ptr<const std::vector<std::uint32_t>>(std::move(column));
}

Result<std::shared_ptr<const std::vector<std::uint8_t>>> SegmentReader::kinds() const {
  if (auto kept = kinds_.get()) {
    return kept;
  }
  TRY_ASSIGN(const std::string bytes, read_in(SectionKind::Kinds, 0, layout_.docs));
  auto column = std::make_shared<std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
  kinds_.set(column);
  return std::shared_ptr<const std::vector<std::uint8_t>>(std::move(column));
}

Result<std::shared_ptr<const std::vector<ContentHash>>> SegmentReader::embedded() const {
  if (auto kept = embedded_.get()) {
    return kept;
  }
  TRY_ASSIGN(const std::string bytes,
             read_in(SectionKind::Embedded, 0, std::uint64_t{layout_.docs} * format::kHashBytes));
  auto column = std::make_shared<std::vector<ContentHash>>(layout_.docs);
  for (std::size_t i = 0; i < column->size(); ++i) {
    std::copy_n(bytes.data() + i * format::kHashBytes, format::kHashBytes,
                reinterpret_cast<char*>((*column)[i].bytes.data()));
  }
  embedded_.set(column);
  return std::shared_ptr<const std::vector<ContentHash>>(std::move(column));
}

SegmentReader::FileRow SegmentReader::parse_file_row(std::string_view bytes) {
  FileRow row;
  row.path_offset = number(bytes, 0, 8);
  row.strings_offset = number(bytes, 8, 8);
  row.body_length = number(bytes, 16, 8);
  std::copy_n(bytes.data() + 24, row.hash.bytes.size(),
              reinterpret_cast<char*>(row.hash.bytes.data()));
  row.traits = u32_at(bytes, 40);
  row.path_length = u16_at(bytes, 44);
  row.source = u16_at(bytes, 46);
  row.language = u16_at(bytes, 48);
  return row;
}

SegmentReader::DocRow SegmentReader::parse_doc_row(std::string_view bytes) {
  return {u32_at(bytes, 0),  u32_at(bytes, 4),  u32_at(bytes, 8),  u32_at(bytes, 12),
          u32_at(bytes, 16), u32_at(bytes, 20), u16_at(bytes, 24), u16_at(bytes, 26)};
}

Result<SegmentReader::FileRow> SegmentReader::file_row(std::uint32_t ordinal) const {
  TRY_ASSIGN(const std::string bytes,
             read_in(SectionKind::Files, std::uint64_t{ordinal} * format::kFileRowBytes,
                     format::kFileRowBytes));
  return parse_file_row(bytes);
}

Result<std::string> SegmentReader::path_of(const FileRow& row) const {
  return read_in(SectionKind::Paths, row.path_offset, row.path_length);
}

Result<FileMeta> SegmentReader::meta_of(const FileRow& row, const Names& names, std::string path,
                                        std::uint32_t first_doc, std::uint32_t next_doc) const {
  if (row.source >= names.sources.size() || row.language >= names.languages.size() ||
      first_doc > next_doc || next_doc > layout_.docs) {
    return corrupt("a row of the table of files");
  }
  FileMeta meta;
  meta.source = names.sources[row.source];
  meta.path = std::move(path);
  meta.language = names.languages[row.language];
  meta.traits = row.traits;
  meta.hash = row.hash;
  meta.first_doc = first_doc;
  meta.doc_count = next_doc - first_doc;
  meta.body_length = row.body_length;
  return meta;
}

Result<FileMeta> SegmentReader::file(std::uint32_t ordinal) const {
  if (ordinal >= layout_.files) {
    return out_of_range("file", ordinal);
  }
  TRY_ASSIGN(const auto known, names());
  TRY_ASSIGN(const FileRow row, file_row(ordinal));
  TRY_ASSIGN(std::string path, path_of(row));
  if (const auto first = first_docs_.get()) {
    return meta_of(row, *known, std::move(path), (*first)[ordinal], (*first)[ordinal + 1]);
  }
  TRY_ASSIGN(const std::string pair,
             read_in(SectionKind::FirstDocs, std::uint64_t{ordinal} * 4, 8));
  return meta_of(row, *known, std::move(path), u32_at(pair, 0), u32_at(pair, 4));
}

Status SegmentReader::for_each_file(
    const std::function<Status(std::uint32_t, const FileMeta&)>& visit) const {
  TRY_ASSIGN(const auto known, names());
  TRY_ASSIGN(const auto first, first_docs());
  std::uint64_t paths_start = 0;
  for (std::uint32_t begin = 0; begin < layout_.files; begin += kRowsPerRead) {
    const std::uint32_t count = std::min(kRowsPerRead, layout_.files - begin);
    TRY_ASSIGN(const std::string rows,
               read_in(SectionKind::Files, std::uint64_t{begin} * format::kFileRowBytes,
                       std::uint64_t{count} * format::kFileRowBytes));
    const auto row_at = [&rows](std::uint32_t i) {
      return parse_file_row(
          std::string_view(rows).substr(i * format::kFileRowBytes, format::kFileRowBytes));
    };
    // The paths of these rows stand in one piece, behind those before.
    std::uint64_t paths_end = paths_start;
    for (std::uint32_t i = 0; i < count; ++i) {
      const FileRow row = row_at(i);
      if (row.path_offset != paths_end) {
        return corrupt("the table of files");
      }
      paths_end += row.path_length;
    }
    TRY_ASSIGN(const std::string paths,
               read_in(SectionKind::Paths, paths_start, paths_end - paths_start));
    for (std::uint32_t i = 0; i < count; ++i) {
      const FileRow row = row_at(i);
      const std::uint64_t at = row.path_offset - paths_start;
      TRY_ASSIGN(const FileMeta meta, meta_of(row, *known, paths.substr(at, row.path_length),
                                              (*first)[begin + i], (*first)[begin + i + 1]));
      TRY(visit(begin + i, meta));
    }
    paths_start = paths_end;
  }
  return {};
}

Status SegmentReader::check_file_rows() const {
  std::uint64_t path = 0;
  std::uint64_t strings = 0;
  for (std::uint32_t begin = 0; begin < layout_.files; begin += kRowsPerRead) {
    const std::uint64_t count = std::min(kRowsPerRead, layout_.files - begin);
    TRY_ASSIGN(const std::string rows,
               read_in(SectionKind::Files, std::uint64_t{begin} * format::kFileRowBytes,
                       count * format::kFileRowBytes));
    for (std::size_t i = 0; i < count; ++i) {
      const FileRow row = parse_file_row(std::string_view(rows).substr(i * format::kFileRowBytes));
      const bool begins = begin + i > 0 || row.strings_offset == 0;
      if (row.path_offset != path || row.strings_offset < strings || !begins) {
        return corrupt("the table of files");
      }
      path += row.path_length;
      strings = row.strings_offset;
    }
  }
  const bool whole = path == layout_.at(SectionKind::Paths).length &&
                     strings <= layout_.at(SectionKind::DocStrings).length;
  return whole ? Status{} : corrupt("the table of files");
}

Result<std::uint32_t> SegmentReader::find_file(std::string_view source,
                                               std::string_view path) const {
  const auto missing = [&] {
    return Error{Code::NotFound, name() + ": holds no file " + std::string(path)};
  };
  TRY_ASSIGN(const auto known, names());
  const auto place = std::lower_bound(known->sources.begin(), known->sources.end(), source);
  if (place == known->sources.end() || *place != source) {
    return missing();
  }
  const auto wanted = place - known->sources.begin();
  std::uint32_t low = 0;
  std::uint32_t high = layout_.files;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    TRY_ASSIGN(const FileRow row, file_row(middle));
    int order = row.source < wanted ? -1 : (row.source > wanted ? 1 : 0);
    if (order == 0) {
      TRY_ASSIGN(const std::string there, path_of(row));
      order = there.compare(path);
    }
    if (order == 0) {
      return middle;
    }
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  return missing();
}

Result<DocMeta> SegmentReader::doc(std::uint32_t doc) const {
  if (doc >= layout_.docs) {
    return out_of_range("doc", doc);
  }
  TRY_ASSIGN(const auto first, first_docs());
  const auto next = std::upper_bound(first->begin(), first->end(), doc);
  DocMeta meta;
  meta.file = static_cast<std::uint32_t>(next - first->begin()) - 1;
  meta.ordinal = doc - (*first)[meta.file];
  TRY_ASSIGN(const FileRow file, file_row(meta.file));
  TRY_ASSIGN(
      const std::string bytes,
      read_in(SectionKind::Docs, std::uint64_t{doc} * format::kDocRowBytes, format::kDocRowBytes));
  const DocRow row = parse_doc_row(bytes);
  TRY_ASSIGN(const std::string kind, read_in(SectionKind::Kinds, doc, 1));
  const std::uint64_t width = (layout_.at(SectionKind::Lengths).length - 1) / layout_.docs;
  TRY_ASSIGN(const std::string length, read_in(SectionKind::Lengths, 1 + doc * width, width));
  const std::uint64_t strings = layout_.at(SectionKind::DocStrings).length;
  if (file.strings_offset > strings) {
    return corrupt("a row of the table of files");
  }
  TRY_ASSIGN(meta.symbol, read_in(SectionKind::DocStrings, file.strings_offset + row.symbol_offset,
                                  row.symbol_length));
  TRY_ASSIGN(meta.scope, read_in(SectionKind::DocStrings, file.strings_offset + row.scope_offset,
                                 row.scope_length));
  meta.kind = static_cast<std::uint8_t>(kind[0]);
  meta.length = static_cast<std::uint32_t>(number(length, 0, static_cast<unsigned>(width)));
  meta.start_byte = row.start_byte;
  meta.end_byte = row.end_byte;
  meta.start_line = row.start_line;
  meta.end_line = row.end_line;
  return meta;
}

Result<FileDocs> SegmentReader::docs_of(std::uint32_t ordinal) const {
  TRY_ASSIGN(const auto first, first_docs());
  TRY_ASSIGN(const auto length, lengths());
  TRY_ASSIGN(const auto kind, kinds());
  TRY_ASSIGN(const auto embedded_hashes, embedded());
  TRY_ASSIGN(const FileRow file, file_row(ordinal));
  std::uint64_t end = layout_.at(SectionKind::DocStrings).length;
  if (ordinal + 1 < layout_.files) {
    TRY_ASSIGN(const FileRow next, file_row(ordinal + 1));
    end = next.strings_offset;
  }
  if (file.strings_offset > end) {
    return corrupt("the table of files");
  }
  TRY_ASSIGN(std::string bytes,
             read_in(SectionKind::DocStrings, file.strings_offset, end - file.strings_offset));
  FileDocs result;
  result.strings = std::make_unique<const std::string>(std::move(bytes));
  const std::uint32_t begin = (*first)[ordinal];
  const std::uint32_t count = (*first)[ordinal + 1] - begin;
  TRY_ASSIGN(const std::string rows,
             read_in(SectionKind::Docs, std::uint64_t{begin} * format::kDocRowBytes,
                     std::uint64_t{count} * format::kDocRowBytes));
  const std::string_view strings = *result.strings;
  for (std::uint32_t i = 0; i < count; ++i) {
    const DocRow row = parse_doc_row(std::string_view(rows).substr(i * format::kDocRowBytes));
    if (std::uint64_t{row.symbol_offset} + row.symbol_length > strings.size() ||
        std::uint64_t{row.scope_offset} + row.scope_length > strings.size()) {
      return corrupt("a row of the table of docs");
    }
    result.docs.push_back(
        {(*kind)[begin + i], (*length)[begin + i], row.start_byte, row.end_byte, row.start_line,
         row.end_line, strings.substr(row.symbol_offset, row.symbol_length),
         strings.substr(row.scope_offset, row.scope_length), (*embedded_hashes)[begin + i]});
  }
  return result;
}

}  // namespace sonde::index
