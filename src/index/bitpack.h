#pragma once
// 128 numbers of one width, packed in four lanes (docs/formats/segment.md, "packed"): four values
// are unpacked at once with 128-bit registers, on every machine, without intrinsics.

#include <cstdint>
#include <string>

namespace sonde::index {

inline constexpr std::size_t kPackedValues = 128;

/// Bytes that 128 values of `bits` (0 to 32) take.
constexpr std::size_t packed_bytes(unsigned bits) { return 16 * static_cast<std::size_t>(bits); }

/// The smallest width that holds each of 128 values.
unsigned packed_width(const std::uint32_t* values);

/// Appends 128 values, each below 2^bits, to `out`.
void pack128(const std::uint32_t* values, unsigned bits, std::string& out);

/// Unpacks 128 values. @param in packed_bytes(bits) bytes, any alignment; @param bits 0 to 32
/// Cost: 3 to 8 billion values a second and core.
void unpack128(const char* in, unsigned bits, std::uint32_t* values);

}  // namespace sonde::index
