#include "embed/prepared_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "io/lease.h"

namespace sonde::embed {

namespace {

constexpr std::string_view kMagic = "SONDEPRE";
/// Also raised when the tokenizer or the layout of weights changes what it makes of the same files.
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kHeadBytes = 56;
/// Checked as one: small enough to be still in the second-level cache when it is.
constexpr std::uint64_t kPieceBytes = 256 * 1024;
constexpr std::uint64_t kTokenizerLimit = 256ULL << 20;
constexpr std::uint64_t kSmallFileLimit = 1ULL << 20;
constexpr std::string_view kNameBegin = "sonde-prepared-";
constexpr const char* kLockName = ".sonde-prepared.lock";

static_assert(std::endian::native == std::endian::little, "floats are written as they are");

std::uint64_t pieces_of(std::uint64_t size) { return (size + kPieceBytes - 1) / kPieceBytes; }

std::string_view bytes_of(std::span<const float> floats) {
  return {reinterpret_cast<const char*>(floats.data()), floats.size_bytes()};
}

/// The sizes of the three sections: tokenizer, checksums of the word rows, weights.
struct Sections {
  std::uint64_t tokenizer_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t floats = 0;

  [[nodiscard]] std::array<std::uint64_t, 3> sizes() const {
    return {tokenizer_bytes, rows * sizeof(std::uint64_t), floats * sizeof(float)};
  }
  [[nodiscard]] std::uint64_t pieces() const {
    const auto all = sizes();
    return pieces_of(all[0]) + pieces_of(all[1]) + pieces_of(all[2]);
  }
  [[nodiscard]] std::uint64_t table_bytes() const { return 8 * (pieces() + 1); }
  [[nodiscard]] std::uint64_t file_bytes() const {
    const auto all = sizes();
    return kHeadBytes + table_bytes() + all[0] + all[1] + all[2];
  }
};

/// Adds the checksum of each piece of `section`; a piece's number among all is its seed.
void add_checksums(std::string_view section, std::uint64_t& piece, ByteWriter& to) {
  for (std::size_t at = 0; at < section.size(); at += kPieceBytes) {
    to.u64(checksum64(section.substr(at, kPieceBytes), piece++));
  }
}

/// Reads sections in their order, straight to where they are wanted.
class SectionReader {
 public:
  SectionReader(io::ReadableFile& file, const std::string& path, std::uint64_t offset,
                ByteReader table)
      : file_(file), path_(path), offset_(offset), table_(table) {}

  Status next(char* to, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size; at += kPieceBytes) {
      const auto length = static_cast<std::size_t>(std::min(kPieceBytes, size - at));
      TRY_ASSIGN(const std::size_t got, file_.read_at(offset_, to + at, length));
      TRY_ASSIGN(const std::uint64_t wanted, table_.u64());
      if (got != length || checksum64({to + at, length}, piece_++) != wanted) {
        return Error{Code::Corruption, fmt::format("{} is damaged at byte {}", path_, offset_)};
      }
      offset_ += length;
    }
    return {};
  }

 private:
  io::ReadableFile& file_;
  const std::string& path_;
  std::uint64_t offset_;
  ByteReader table_;
  std::uint64_t piece_ = 0;
};

std::string head_bytes(const Arithmetic& arithmetic, const ContentHash& key,
                       const Sections& sections) {
  ByteWriter head;
  head.raw(kMagic);
  head.u32(kVersion);
  head.u32(static_cast<std::uint32_t>(arithmetic.panel_width()));
  head.raw(key.view());
  head.u64(sections.tokenizer_bytes);
  head.u64(sections.rows);
  head.u64(sections.floats);
  return head.take();
}

Result<std::string> read_exactly(io::ReadableFile& file, const std::string& path,
                                 std::uint64_t offset, std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  TRY_ASSIGN(const std::size_t got, file.read_at(offset, bytes.data(), bytes.size()));
  if (got != bytes.size()) {
    return Error{Code::Corruption, path + " is cut"};
  }
  return bytes;
}

}  // namespace

std::string PreparedFile::path() const {
  return io::join_path(folder_, fmt::format("{}{}-{}", kNameBegin, name_of(arithmetic_.precision),
                                            arithmetic_.panel_width()));
}

/// Of all that the file's content depends on.
ContentHash PreparedFile::key() const {
  ByteWriter all;
  all.string(weights_hash_);
  for (const std::uint32_t number : {config_.layers, config_.width, config_.inner_width,
                                     config_.vocabulary, config_.positions, config_.token_types}) {
    all.u32(number);
  }
  // Part of the tokenizer where that is a vocab.txt, and not of the hash of the weights.
  const auto options =
      io::read_file(fs_, io::join_path(folder_, "tokenizer_config.json"), kSmallFileLimit);
  all.string(options.ok() ? *options : std::string());
  all.string(name_of(arithmetic_.precision));
  return content_hash(all.bytes());
}

Result<LoadedModel> PreparedFile::read() const {
  const std::string name = path();
  TRY_ASSIGN(const auto file, fs_.open_read(name));
  TRY_ASSIGN(const io::FileInfo info, file->info());
  TRY_ASSIGN(const std::string head, read_exactly(*file, name, 0, kHeadBytes));
  Sections sections;
  sections.rows = config_.vocabulary;
  sections.floats = BertLayout(config_, arithmetic_).floats;
  TRY_ASSIGN(sections.tokenizer_bytes, ByteReader(std::string_view(head).substr(32)).u64());
  if (head != head_bytes(arithmetic_, key(), sections)) {
    return Error{Code::InvalidArgument, name + " was made of other files, or by another version"};
  }
  if (sections.tokenizer_bytes > kTokenizerLimit || info.size_bytes != sections.file_bytes()) {
    return Error{Code::Corruption, name + " is cut, or too long"};
  }
  TRY_ASSIGN(const std::string table,
             read_exactly(*file, name, kHeadBytes, sections.table_bytes()));
  const std::string_view checksums = std::string_view(table).substr(0, table.size() - 8);
  TRY_ASSIGN(const std::uint64_t wanted,
             ByteReader(std::string_view(table).substr(checksums.size())).u64());
  if (checksum64(checksums, checksum64(head)) != wanted) {
    return Error{Code::Corruption, name + " is damaged in its table"};
  }
  SectionReader reader(*file, name, kHeadBytes + table.size(), ByteReader(checksums));
  std::string tokenizer(static_cast<std::size_t>(sections.tokenizer_bytes), '\0');
  std::vector<std::uint64_t> rows(static_cast<std::size_t>(sections.rows));
  LargeBuffer weights(static_cast<std::size_t>(sections.floats));
  TRY(reader.next(tokenizer.data(), tokenizer.size()));
  TRY(reader.next(reinterpret_cast<char*>(rows.data()), rows.size() * sizeof(rows[0])));
  TRY(reader.next(reinterpret_cast<char*>(weights.data()), weights.size() * sizeof(float)));
  LoadedModel loaded;
  TRY_ASSIGN(loaded.words, text::WordPiece::load(tokenizer));
  TRY_ASSIGN(loaded.model, BertModel::restore(fs_, folder_, config_, arithmetic_,
                                              std::move(weights), std::move(rows)));
  return loaded;
}

Status PreparedFile::write(const LoadedModel& loaded) const {
  TRY_ASSIGN(const io::Lease held, io::Lease::acquire(io::join_path(folder_, kLockName)));
  sweep();
  ByteWriter tokenizer;
  loaded.words->save(tokenizer);
  const std::span<const std::uint64_t> rows = loaded.model->word_checksums();
  const std::array<std::string_view, 3> bodies = {
      tokenizer.bytes(),
      std::string_view(reinterpret_cast<const char*>(rows.data()), rows.size_bytes()),
      bytes_of(loaded.model->weights())};
  const Sections sections{tokenizer.size(), rows.size(), loaded.model->weights().size()};
  const std::string head = head_bytes(arithmetic_, key(), sections);
  ByteWriter table;
  std::uint64_t piece = 0;
  for (const std::string_view body : bodies) {
    add_checksums(body, piece, table);
  }
  table.u64(checksum64(table.bytes(), checksum64(head)));
  const std::array<std::string_view, 5> pieces = {head, table.bytes(), bodies[0], bodies[1],
                                                  bodies[2]};
  return io::replace_file(fs_, path(), pieces);
}

/// Removes what a writer left that died: it does not hold the lease any more.
void PreparedFile::sweep() const {
  const auto entries = fs_.list(folder_);
  if (!entries.ok()) {
    return;
  }
  for (const io::DirectoryEntry& entry : *entries) {
    if (io::is_temporary_name(entry.name) &&
        entry.name.starts_with("." + std::string(kNameBegin))) {
      static_cast<void>(fs_.remove_file(io::join_path(folder_, entry.name)));
    }
  }
}

}  // namespace sonde::embed
