#pragma once
// A vector in 8 bits a dimension with a scale: the form in which the truth keeps vectors.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::index {

inline constexpr std::uint32_t kDimensionsLimit = 8'192;
inline constexpr std::size_t kScaleBytes = 4;  // f32, little-endian, before the codes

/// Value i of the vector is about codes[i] * scale; codes are in -127..127.
struct VectorCode {
  float scale = 0;
  std::vector<std::int8_t> codes;
};

/// Rounds values over a step of the greatest absolute one / 127 to nearest, so that the same vector
/// gives the same code everywhere. Errors: InvalidArgument (a value that is no number; none, or
/// more than kDimensionsLimit).
Result<VectorCode> encode_vector(std::span<const float> vector);
/// The bytes of a row of the truth: scale (f32, little-endian), codes.
std::string pack_code(const VectorCode& code);
/// Errors: Corruption (another length, a scale that is no number).
Result<VectorCode> unpack_code(std::string_view bytes, std::uint32_t dimensions);

/// The nearest whole number, the even one of two. @param value  within 2^22 of 0
inline float round_to_even(float value) {
  // Beyond 2^23 a float has no fraction: adding it rounds. Ten times as fast as nearbyint().
  constexpr float kNoFraction = 12'582'912.0F;
  return (value + kNoFraction) - kNoFraction;
}
/// Errors: Corruption (no finite number, or below 0).
Result<float> scale_from(std::uint32_t bits);
std::uint32_t bits_of(float value);
/// A little-endian u32; the caller has checked that there are 4 bytes.
inline std::uint32_t u32_at(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < sizeof value; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

/// A query: finer than what it is compared with, so that rounding it costs no recall.
struct VectorQuery {
  float scale = 0;                  // value i is about wide[i] * scale
  std::vector<std::int16_t> wide;   // -2047..2047
  float narrow_scale = 0;           // the same in 8 bits
  std::vector<std::int8_t> narrow;  // for the products with centres
};
/// Errors: as encode_vector().
Result<VectorQuery> encode_query(std::span<const float> vector);
/// A stored vector as a query: exactly its values.
VectorQuery query_of(const VectorCode& code);

}  // namespace sonde::index
