#include "history/commit.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"

namespace sonde::history {

namespace {

/// Decoding may make text longer: Latin-1's upper half takes two bytes.
constexpr std::size_t kGrowth = 3;

Result<std::string> text_at_most(ByteReader& reader, std::size_t limit) {
  TRY_ASSIGN(const std::string_view text, reader.string());
  if (text.size() > limit * kGrowth) {
    return Error{Code::Limit, "a commit's field is longer than any that is written"};
  }
  return std::string(text);
}

Result<std::uint32_t> small(ByteReader& reader) {
  TRY_ASSIGN(const std::uint64_t value, reader.varint_at_most(0xFFFFFFFF));
  return static_cast<std::uint32_t>(value);
}

std::optional<std::uint8_t> digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<std::uint8_t>(c - 'a' + 10);
  }
  return std::nullopt;
}

Result<Hunk> decode_hunk(ByteReader& reader) {
  Hunk hunk;
  TRY_ASSIGN(hunk.path, text_at_most(reader, kPathLimit));
  TRY_ASSIGN(hunk.old_path, text_at_most(reader, kPathLimit));
  TRY_ASSIGN(hunk.start_line, small(reader));
  TRY_ASSIGN(hunk.end_line, small(reader));
  TRY_ASSIGN(hunk.function, text_at_most(reader, kFunctionLimit));
  TRY_ASSIGN(hunk.text, text_at_most(reader, kHunkTextLimit));
  if (hunk.end_line < hunk.start_line) {
    return Error{Code::Corruption, "a hunk ends before it begins"};
  }
  return hunk;
}

}  // namespace

std::string CommitId::hex() const { return to_hex(view()); }

std::optional<CommitId> CommitId::from_hex(std::string_view hex) {
  CommitId id;
  if (hex.size() != 2 * id.bytes.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const auto high = digit(hex[2 * i]);
    const auto low = digit(hex[2 * i + 1]);
    if (!high || !low) {
      return std::nullopt;
    }
    id.bytes[i] = static_cast<std::uint8_t>(*high * 16 + *low);
  }
  return id;
}

std::string_view Commit::subject() const {
  const std::string_view all = message;
  const std::size_t begin = std::min(all.find_first_not_of(" \t\r\n"), all.size());
  const std::size_t end = std::min(all.find_first_of("\r\n", begin), all.size());
  return all.substr(begin, end - begin);
}

void encode_commit(ByteWriter& writer, const Commit& commit) {
  writer.raw(commit.id.view());
  writer.i64(commit.time_s);
  writer.u32(static_cast<std::uint32_t>(commit.offset_min));
  writer.string(commit.author);
  writer.string(commit.email);
  writer.string(commit.message);
  writer.varint(commit.parents);
  writer.varint(commit.files);
  writer.u8(commit.missing);
  writer.u8(commit.elsewhere ? 1 : 0);
  writer.varint(commit.hunks.size());
  for (const Hunk& hunk : commit.hunks) {
    writer.string(hunk.path);
    writer.string(hunk.old_path);
    writer.varint(hunk.start_line);
    writer.varint(hunk.end_line);
    writer.string(hunk.function);
    writer.string(hunk.text);
  }
}

Result<Commit> decode_commit(ByteReader& reader) {
  Commit commit;
  TRY_ASSIGN(const std::string_view id, reader.raw(commit.id.bytes.size()));
  std::copy(id.begin(), id.end(), commit.id.bytes.begin());
  TRY_ASSIGN(commit.time_s, reader.i64());
  TRY_ASSIGN(const std::uint32_t offset, reader.u32());
  commit.offset_min = static_cast<std::int32_t>(offset);
  TRY_ASSIGN(commit.author, text_at_most(reader, kNameLimit));
  TRY_ASSIGN(commit.email, text_at_most(reader, kNameLimit));
  TRY_ASSIGN(commit.message, text_at_most(reader, kMessageLimit));
  TRY_ASSIGN(commit.parents, small(reader));
  TRY_ASSIGN(commit.files, small(reader));
  TRY_ASSIGN(commit.missing, reader.u8());
  TRY_ASSIGN(const std::uint8_t elsewhere, reader.u8());
  commit.elsewhere = elsewhere != 0;
  TRY_ASSIGN(const std::uint64_t hunks, reader.varint_at_most(kHunkLimit + kFileLimit));
  commit.hunks.reserve(hunks);
  for (std::uint64_t i = 0; i < hunks; ++i) {
    TRY_ASSIGN(Hunk hunk, decode_hunk(reader));
    commit.hunks.push_back(std::move(hunk));
  }
  return commit;
}

std::string_view cut_text(std::string_view text, std::size_t limit) {
  return text.size() <= limit ? text : text.substr(0, utf8_boundary_before(text, limit));
}

}  // namespace sonde::history
