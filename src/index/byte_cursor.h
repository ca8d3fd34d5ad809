#pragma once
// A cursor over untrusted bytes for inner loops: an error sticks and is asked for once a record,
// where ByteReader (base/codec.h) makes a Result for every number.

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde::index {

/// Reads past the end, and numbers over 32 bits, give 0 and set failed(). Does not own its bytes.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::uint32_t varint() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      return static_cast<unsigned char>(*at_++);
    }
    return long_varint();
  }
  std::uint8_t byte() { return at_ != end_ ? static_cast<std::uint8_t>(*at_++) : fail(); }
  std::string_view raw(std::size_t length) {
    if (length > remaining()) {
      fail();
      return {};
    }
    const std::string_view bytes(at_, length);
    at_ += length;
    return bytes;
  }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Every byte was used and nothing failed.
  [[nodiscard]] bool complete() const { return !failed_ && at_ == end_; }

 private:
  std::uint8_t fail() {
    failed_ = true;
    at_ = end_;
    return 0;
  }
  std::uint32_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) {
        return fail();
      }
      const auto next = static_cast<unsigned char>(*at_++);
      value |= std::uint64_t{next & 0x7FU} << shift;
      if (next < 0x80) {
        return value <= UINT32_MAX ? static_cast<std::uint32_t>(value) : fail();
      }
    }
    return fail();
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    out += static_cast<char>(value | 0x80U);
  }
  out += static_cast<char>(value);
}

}  // namespace sonde::index
