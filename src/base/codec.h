#pragma once
// Little-endian encoding into a byte string and checked decoding out of one: the base of every
// format and of the worker protocol. A reader checks every length before it uses it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde {

/// Appends values to a byte string. Not thread-safe.
class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void u16(std::uint16_t value) { fixed(value, 2); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  /// LEB128: seven bits a byte, lowest first; at most 10 bytes.
  void varint(std::uint64_t value);
  /// varint length, then the bytes.
  void string(std::string_view value);
  void raw(std::string_view value) { bytes_ += value; }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  /// Gives the bytes away; the writer is empty afterwards.
  std::string take();

 private:
  void fixed(std::uint64_t value, int width);
  std::string bytes_;
};

/// Reads values from bytes that it does not own (they must outlive it and every view it returns).
/// Errors of every call: Corruption (the bytes end too early, a varint is too long).
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  Result<std::int64_t> i64();
  Result<std::uint64_t> varint();
  /// A varint that must be at most `limit`. Errors also: Limit.
  Result<std::uint64_t> varint_at_most(std::uint64_t limit);
  Result<std::string_view> string();
  Result<std::string_view> raw(std::size_t length);

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }
  [[nodiscard]] bool at_end() const { return remaining() == 0; }

 private:
  Result<std::uint64_t> fixed(std::size_t width);
  std::string_view bytes_;
  std::size_t position_ = 0;
};

}  // namespace sonde
