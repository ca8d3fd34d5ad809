#include "history/part.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/codec.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "index/analyze.h"

namespace sonde::history {

namespace {

constexpr std::uint32_t kMagic = 0x48444E53;  // "SNDH"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 40;
constexpr std::size_t kRowBytes = 50;
constexpr std::uint32_t kRecordLimit = 4U << 20;  // bytes, decompressed
constexpr std::uint64_t kAuthorBytesLimit = 256ULL << 20;
constexpr std::uint32_t kRowLimit = 10'000'000;
constexpr std::size_t kPathTermBytes = 250;
constexpr std::uint8_t kElsewhere = 1;
constexpr std::uint8_t kMerge = 2;

struct Header {
  std::uint32_t commits = 0;
  std::uint64_t author_bytes = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t table_checksum = 0;  // of rows and authors
};

std::string encode_header(const Header& header) {
  ByteWriter writer;
  writer.u32(kMagic);
  writer.u32(kVersion);
  writer.u32(header.commits);
  writer.u32(0);
  writer.u64(header.author_bytes);
  writer.u64(header.record_bytes);
  writer.u64(header.table_checksum);
  return writer.take();
}

void encode_row(ByteWriter& writer, const CommitRow& row) {
  writer.raw(row.id.view());
  writer.i64(row.time_s);
  writer.u32(row.author);
  writer.u8(row.missing);
  writer.u8(static_cast<std::uint8_t>((row.elsewhere ? kElsewhere : 0) | (row.merge ? kMerge : 0)));
  writer.u64(row.offset);
  writer.u32(row.bytes);
  writer.u32(row.decoded);
}

Result<CommitRow> decode_row(ByteReader& reader) {
  CommitRow row;
  TRY_ASSIGN(const std::string_view id, reader.raw(row.id.bytes.size()));
  std::copy(id.begin(), id.end(), row.id.bytes.begin());
  TRY_ASSIGN(row.time_s, reader.i64());
  TRY_ASSIGN(row.author, reader.u32());
  TRY_ASSIGN(row.missing, reader.u8());
  TRY_ASSIGN(const std::uint8_t flags, reader.u8());
  row.elsewhere = (flags & kElsewhere) != 0;
  row.merge = (flags & kMerge) != 0;
  TRY_ASSIGN(row.offset, reader.u64());
  TRY_ASSIGN(row.bytes, reader.u32());
  TRY_ASSIGN(row.decoded, reader.u32());
  return row;
}

Error corrupt(const io::ByteSource& source, const char* what) {
  return {Code::Corruption, fmt::format("{}: {}", source.name(), what)};
}

Result<std::string> read_bytes(io::ByteSource& source, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  TRY(source.read(offset, bytes.size(), bytes.data()));
  return bytes;
}

/// Paths and functions are bytes of the repository's: what cannot be is not said.
std::string clean(std::string_view text) { return to_valid_utf8(text); }

}  // namespace

Result<std::shared_ptr<const CommitFile>> CommitFile::open(std::shared_ptr<io::ByteSource> source) {
  std::shared_ptr<CommitFile> file(new CommitFile());
  file->source_ = std::move(source);
  TRY(file->read_tables());
  return std::shared_ptr<const CommitFile>(std::move(file));
}

Status CommitFile::read_tables() {
  TRY_ASSIGN(const std::string front, read_bytes(*source_, 0, kHeaderBytes));
  ByteReader reader(front);
  TRY_ASSIGN(const std::uint32_t magic, reader.u32());
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  TRY_ASSIGN(const std::uint32_t commits, reader.u32());
  TRY(reader.u32());
  TRY_ASSIGN(const std::uint64_t author_bytes, reader.u64());
  TRY_ASSIGN(const std::uint64_t record_bytes, reader.u64());
  TRY_ASSIGN(const std::uint64_t checksum, reader.u64());
  if (magic != kMagic) {
    return corrupt(*source_, "it does not begin with its mark");
  }
  if (version != kVersion) {
    return Error{Code::Unsupported, fmt::format("{}: version {}", source_->name(), version)};
  }
  const std::uint64_t table_bytes = std::uint64_t{commits} * kRowBytes;
  if (commits > kRowLimit || author_bytes > kAuthorBytesLimit || record_bytes > source_->size() ||
      kHeaderBytes + table_bytes + author_bytes + record_bytes > source_->size()) {
    return corrupt(*source_, "it is shorter than its header says");
  }
  TRY_ASSIGN(const std::string tables,
             read_bytes(*source_, kHeaderBytes, table_bytes + author_bytes));
  if (checksum64(tables) != checksum) {
    return corrupt(*source_, "its tables do not check");
  }
  ByteReader authors(std::string_view(tables).substr(table_bytes));
  while (!authors.at_end()) {
    TRY_ASSIGN(const std::string_view author, authors.string());
    authors_.emplace_back(author);
  }
  const std::uint64_t records_begin = kHeaderBytes + table_bytes + author_bytes;
  ByteReader rows(std::string_view(tables).substr(0, table_bytes));
  rows_.reserve(commits);
  for (std::uint32_t i = 0; i < commits; ++i) {
    TRY_ASSIGN(CommitRow row, decode_row(rows));
    if (row.author >= authors_.size() || row.offset > record_bytes ||
        row.bytes > record_bytes - row.offset || row.decoded > kRecordLimit ||
        (i > 0 && !(rows_.back().id < row.id))) {
      return corrupt(*source_, "its rows do not fit");
    }
    row.offset += records_begin;
    rows_.push_back(row);
  }
  return {};
}

Result<std::string> CommitFile::stored(std::uint32_t ordinal) const {
  if (ordinal >= rows_.size()) {
    return corrupt(*source_, "a commit that is not in it");
  }
  return read_bytes(*source_, rows_[ordinal].offset, rows_[ordinal].bytes);
}

Result<Commit> CommitFile::commit(std::uint32_t ordinal) const {
  TRY_ASSIGN(std::string record, stored(ordinal));
  if (rows_[ordinal].decoded > 0) {
    TRY_ASSIGN(record, codec_.decompress(record, rows_[ordinal].decoded, nullptr));
  }
  ByteReader reader(record);
  TRY_ASSIGN(Commit commit, decode_commit(reader));
  if (commit.id != rows_[ordinal].id || !reader.at_end()) {
    return corrupt(*source_, "a record of another commit");
  }
  return commit;
}

Result<CommitInput> pack_commit(const Commit& commit, store::TextCodec& codec) {
  ByteWriter writer;
  encode_commit(writer, commit);
  CommitInput input;
  input.row.id = commit.id;
  input.row.time_s = commit.time_s;
  input.row.missing = commit.missing;
  input.row.elsewhere = commit.elsewhere;
  input.row.merge = commit.parents > 1;
  input.author = commit.author + " <" + commit.email + ">";
  const std::string record = writer.take();
  TRY_ASSIGN(store::TextCodec::Compressed packed, codec.compress(record, nullptr));
  input.row.decoded = packed.raw ? 0 : static_cast<std::uint32_t>(record.size());
  input.record = std::move(packed.bytes);
  input.row.bytes = static_cast<std::uint32_t>(input.record.size());
  return input;
}

Result<std::uint64_t> write_commit_file(std::vector<CommitInput> commits, io::BlockSink& sink) {
  std::sort(commits.begin(), commits.end(),
            [](const CommitInput& a, const CommitInput& b) { return a.row.id < b.row.id; });
  std::map<std::string, std::uint32_t> authors;
  for (const CommitInput& commit : commits) {
    authors.emplace(commit.author, 0);
  }
  ByteWriter author_table;
  std::uint32_t next = 0;
  for (auto& [author, number] : authors) {
    number = next++;
    author_table.string(author);
  }
  ByteWriter tables;
  std::uint64_t offset = 0;
  for (CommitInput& commit : commits) {
    commit.row.author = authors.find(commit.author)->second;
    commit.row.offset = offset;
    offset += commit.row.bytes;
    encode_row(tables, commit.row);
  }
  tables.raw(author_table.bytes());
  Header header;
  header.commits = static_cast<std::uint32_t>(commits.size());
  header.author_bytes = author_table.size();
  header.record_bytes = offset;
  header.table_checksum = checksum64(tables.bytes());
  io::BlockWriter writer(sink);
  TRY(writer.append(encode_header(header)));
  TRY(writer.append(tables.bytes()));
  for (const CommitInput& commit : commits) {
    TRY(writer.append(commit.record));
  }
  TRY(writer.finish());
  return header.table_checksum;
}

std::string path_term(std::string_view path) {
  // Words of the query never begin with a slash, so no name is taken for a path.
  return "/" + std::string(path.substr(0, kPathTermBytes));
}

index::AnalyzedFile analyze_commit(const Commit& commit) {
  const std::string subject = clean(commit.subject());
  const std::string message = clean(commit.message);
  const std::vector<std::string> subjects = {subject};
  std::vector<std::string> texts;
  std::vector<std::vector<std::string>> functions;
  texts.reserve(commit.hunks.size());
  functions.reserve(commit.hunks.size());
  index::FileInput input;
  input.source = "h";
  const std::string id = commit.id.hex();
  input.path = id;
  index::DocInput first;
  first.text = message;
  first.defines = &subjects;
  input.docs.push_back(first);
  for (const Hunk& hunk : commit.hunks) {
    texts.push_back(clean(hunk.path) + "\n" + clean(hunk.old_path) + "\n" + clean(hunk.function) +
                    "\n" + clean(hunk.text));
    functions.push_back({clean(hunk.function)});
    index::DocInput doc;
    doc.kind = 1;
    doc.start_line = hunk.start_line;
    doc.end_line = hunk.end_line;
    doc.text = texts.back();
    doc.defines = hunk.function.empty() ? nullptr : &functions.back();
    input.docs.push_back(doc);
  }
  if (commit.elsewhere) {
    input.docs.clear();  // no answer, but known: it is not read again
  }
  index::AnalyzedFile file = index::analyze_file(input);
  file.path_terms.clear();  // the path is an id
  for (std::size_t i = 0; i < file.docs.size(); ++i) {
    std::vector<index::TermOccurrences>& terms = file.docs[i].terms;
    std::erase_if(terms, [](const auto& term) { return term.field == index::Field::Symbol; });
    if (i > 0) {
      const Hunk& hunk = commit.hunks[i - 1];
      std::vector<std::string> paths = {path_term(hunk.path)};
      if (!hunk.old_path.empty() && path_term(hunk.old_path) != paths.front()) {
        paths.push_back(path_term(hunk.old_path));
      }
      std::sort(paths.begin(), paths.end());
      for (std::string& path : paths) {
        terms.push_back({index::Field::Symbol, std::move(path), 1, {}});
      }
    }
  }
  return file;
}

}  // namespace sonde::history
