#include "store/places.h"

#include "base/codec.h"

namespace sonde::store {

namespace {

constexpr std::uint64_t kMaxNames = 1U << 20;

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

Result<std::int64_t> signed_varint(ByteReader& reader) {
  TRY_ASSIGN(const std::uint64_t value, reader.varint());
  return unzigzag(value);
}

std::int64_t plus(std::int64_t a, std::int64_t b) {  // wraps instead of overflowing
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

std::string pack_places(std::span<const Place> places) {
  ByteWriter writer;
  std::int64_t next_id = 0;
  std::int64_t byte = 0;
  std::int64_t line = 1;
  for (const Place& place : places) {
    writer.varint(zigzag(place.chunk_id - next_id));
    writer.varint(zigzag(static_cast<std::int64_t>(place.start_byte) - byte));
    writer.varint(zigzag(static_cast<std::int64_t>(place.end_byte) - place.start_byte));
    writer.varint(zigzag(static_cast<std::int64_t>(place.start_line) - line));
    writer.varint(zigzag(static_cast<std::int64_t>(place.end_line) - place.start_line));
    next_id = place.chunk_id + 1;
    byte = place.end_byte;
    line = place.end_line;
  }
  return writer.take();
}

Result<std::vector<Place>> unpack_places(std::string_view bytes, std::uint32_t count) {
  if (count > kMaxChunksOfFile || bytes.size() / 5 < count) {
    return Error{Code::Corruption, "a file's row claims more chunks than it places"};
  }
  ByteReader reader(bytes);
  std::vector<Place> places;
  places.reserve(count);
  std::int64_t next_id = 0;
  std::int64_t byte = 0;
  std::int64_t line = 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::int64_t id, signed_varint(reader));
    TRY_ASSIGN(const std::int64_t start, signed_varint(reader));
    TRY_ASSIGN(const std::int64_t length, signed_varint(reader));
    TRY_ASSIGN(const std::int64_t first, signed_varint(reader));
    TRY_ASSIGN(const std::int64_t lines, signed_varint(reader));
    Place place;
    place.chunk_id = plus(next_id, id);
    place.start_byte = static_cast<std::uint32_t>(plus(byte, start));
    place.end_byte = static_cast<std::uint32_t>(plus(place.start_byte, length));
    place.start_line = static_cast<std::uint32_t>(plus(line, first));
    place.end_line = static_cast<std::uint32_t>(plus(place.start_line, lines));
    next_id = plus(place.chunk_id, 1);
    byte = place.end_byte;
    line = place.end_line;
    places.push_back(place);
  }
  if (!reader.at_end()) {
    return Error{Code::Corruption, "a file's row places more chunks than it claims"};
  }
  return places;
}

std::string pack_names(std::span<const std::string> names, std::string_view symbol) {
  const bool usual = symbol.empty() ? names.empty() : names.size() == 1 && names[0] == symbol;
  if (usual) {
    return {};
  }
  ByteWriter writer;
  writer.varint(names.size());
  for (const std::string& name : names) {
    writer.string(name);
  }
  return writer.take();
}

Result<std::vector<std::string>> unpack_names(std::string_view bytes, std::string_view symbol) {
  std::vector<std::string> names;
  if (bytes.empty()) {
    if (!symbol.empty()) {
      names.emplace_back(symbol);
    }
    return names;
  }
  ByteReader reader(bytes);
  TRY_ASSIGN(const std::uint64_t count, reader.varint_at_most(kMaxNames));
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::string_view name, reader.string());
    names.emplace_back(name);
  }
  if (!reader.at_end()) {
    return Error{Code::Corruption, "the names of a chunk are damaged"};
  }
  return names;
}

}  // namespace sonde::store
