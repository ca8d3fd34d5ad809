#pragma once
// The memory of a SegmentBuilder: strings and growing byte streams in one arena, addressed by 32
// bits. A stream is a chain of slices, each half as long again as the one before: most terms occur
// once and take the first, 8 bytes; frequent ones waste little. (A vector a term costs 24 bytes and
// a heap block before its first posting.)

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::index {

/// Not thread-safe. Addresses stay valid until clear().
class SegmentPool {
 public:
  static constexpr std::uint32_t kChunkBytes = 1U << 20;
  static constexpr std::uint64_t kAddressLimit = std::uint64_t{1} << 32;

  struct Stream {
    std::uint32_t head = 0;  // 0: nothing written yet
    std::uint32_t at = 0;
    std::uint32_t end = 0;
    std::uint8_t level = 0;
  };

  SegmentPool() { allocate(1); }  // address 0 is nobody's

  /// Copies `string` (at most 256 KiB).
  std::uint32_t add(std::string_view string) {
    if (string.empty()) {
      return 0;
    }
    const std::uint32_t address = allocate(static_cast<std::uint32_t>(string.size()));
    std::memcpy(bytes(address), string.data(), string.size());
    return address;
  }
  [[nodiscard]] std::string_view view(std::uint32_t address, std::size_t length) const {
    return {bytes(address), length};
  }

  void append(Stream& stream, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      append_byte(stream, static_cast<char>(value | 0x80U));
    }
    append_byte(stream, static_cast<char>(value));
  }
  /// The stream's bytes in one piece.
  void copy(const Stream& stream, std::string& out) const {
    out.clear();
    std::uint32_t slice = stream.head;
    for (std::uint8_t level = 0; slice != 0; level = next_level(level)) {
      const std::uint32_t length = kSliceBytes[level];
      if (slice + length == stream.end) {
        out.append(bytes(slice), stream.at - slice);
        return;
      }
      out.append(bytes(slice), length);
      std::memcpy(&slice, bytes(slice) + length, kLinkBytes);
    }
  }

  /// Bytes of addresses given out so far.
  [[nodiscard]] std::uint64_t used() const {
    return std::uint64_t{kChunkBytes} * chunks_.size() - (kChunkBytes - used_in_last_);
  }
  [[nodiscard]] std::size_t memory_bytes() const {
    return chunks_.size() * kChunkBytes + chunks_.capacity() * sizeof(chunks_[0]);
  }

 private:
  static constexpr std::uint32_t kLinkBytes = 4;
  static constexpr std::array<std::uint32_t, 16> kSliceBytes = {
      8, 12, 16, 24, 36, 56, 84, 128, 192, 288, 432, 648, 972, 1460, 2188, 3284};

  static std::uint8_t next_level(std::uint8_t level) {
    return level + 1U < kSliceBytes.size() ? static_cast<std::uint8_t>(level + 1) : level;
  }
  [[nodiscard]] char* bytes(std::uint32_t address) const {
    return chunks_[address / kChunkBytes].get() + address % kChunkBytes;
  }
  std::uint32_t allocate(std::uint32_t length) {
    if (chunks_.empty() || length > kChunkBytes - used_in_last_) {
      chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkBytes));
      used_in_last_ = 0;
    }
    const auto base = static_cast<std::uint32_t>(chunks_.size() - 1) * kChunkBytes;
    const std::uint32_t address = base + used_in_last_;
    used_in_last_ += length;
    return address;
  }
  void append_byte(Stream& stream, char byte) {
    if (stream.at == stream.end) {
      grow(stream);
    }
    *bytes(stream.at++) = byte;
  }
  void grow(Stream& stream) {
    const std::uint8_t level = stream.head == 0 ? std::uint8_t{0} : next_level(stream.level);
    const std::uint32_t slice = allocate(kSliceBytes[level] + kLinkBytes);
    if (stream.head == 0) {
      stream.head = slice;
    } else {
      std::memcpy(bytes(stream.end), &slice, kLinkBytes);
    }
    stream.level = level;
    stream.at = slice;
    stream.end = slice + kSliceBytes[level];
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::uint32_t used_in_last_ = 0;
};

}  // namespace sonde::index
