#include "base/codec.h"

#include <utility>

namespace sonde {

namespace {
Error cut_short() { return Error{Code::Corruption, "the bytes end too early"}; }
}  // namespace

void ByteWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void ByteWriter::string(std::string_view value) {
  varint(value.size());
  bytes_ += value;
}

std::string ByteWriter::take() { return std::exchange(bytes_, {}); }

void ByteWriter::fixed(std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) {
    bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

Result<std::uint64_t> ByteReader::fixed(std::size_t width) {
  if (remaining() < width) {
    return cut_short();
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[position_ + i]))
             << (8 * i);
  }
  position_ += width;
  return value;
}

Result<std::uint8_t> ByteReader::u8() {
  TRY_ASSIGN(const std::uint64_t value, fixed(1));
  return static_cast<std::uint8_t>(value);
}

Result<std::uint16_t> ByteReader::u16() {
  TRY_ASSIGN(const std::uint64_t value, fixed(2));
  return static_cast<std::uint16_t>(value);
}

Result<std::uint32_t> ByteReader::u32() {
  TRY_ASSIGN(const std::uint64_t value, fixed(4));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> ByteReader::u64() { return fixed(8); }

Result<std::int64_t> ByteReader::i64() {
  TRY_ASSIGN(const std::uint64_t value, fixed(8));
  return static_cast<std::int64_t>(value);
}

Result<std::uint64_t> ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_end()) {
      return cut_short();
    }
    const auto byte = static_cast<unsigned char>(bytes_[position_++]);
    if (shift == 63 && byte > 1) {
      break;
    }
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return Error{Code::Corruption, "a number is longer than 64 bits"};
}

Result<std::uint64_t> ByteReader::varint_at_most(std::uint64_t limit) {
  TRY_ASSIGN(const std::uint64_t value, varint());
  if (value > limit) {
    return Error{Code::Limit, "a number is " + std::to_string(value) + ", more than its limit " +
                                  std::to_string(limit)};
  }
  return value;
}

Result<std::string_view> ByteReader::string() {
  TRY_ASSIGN(const std::uint64_t length, varint());
  if (length > remaining()) {
    return cut_short();
  }
  return raw(static_cast<std::size_t>(length));
}

Result<std::string_view> ByteReader::raw(std::size_t length) {
  if (length > remaining()) {
    return cut_short();
  }
  const std::string_view view = bytes_.substr(position_, length);
  position_ += length;
  return view;
}

}  // namespace sonde
