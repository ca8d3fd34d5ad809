#include "index/vector_code.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/codec.h"
#include "kernel/dot_i8.h"

namespace sonde::index {
namespace {

constexpr float kLargestCode = 127;

/// The greatest absolute value. Errors: as encode_vector().
Result<float> largest_of(std::span<const float> vector) {
  if (vector.empty() || vector.size() > kDimensionsLimit) {
    return Error{Code::InvalidArgument,
                 "a vector of " + std::to_string(vector.size()) + " dimensions"};
  }
  float largest = 0;
  for (const float value : vector) {
    if (!std::isfinite(value)) {
      return Error{Code::InvalidArgument, "a vector with a value that is no number"};
    }
    largest = std::max(largest, std::fabs(value));
  }
  return largest;
}

template <typename Integer>
std::vector<Integer> rounded(std::span<const float> vector, float scale, float limit) {
  std::vector<Integer> codes(vector.size(), 0);
  if (scale > 0) {
    for (std::size_t i = 0; i < vector.size(); ++i) {
      const float near = round_to_even(vector[i] / scale);
      codes[i] = static_cast<Integer>(std::clamp(near, -limit, limit));
    }
  }
  return codes;
}

}  // namespace

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

Result<float> scale_from(std::uint32_t bits) {
  const float scale = std::bit_cast<float>(bits);
  if (!std::isfinite(scale) || scale < 0) {
    return Error{Code::Corruption, "a vector's scale is no number"};
  }
  return scale;
}

std::uint32_t u32_at(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < sizeof value; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

Result<VectorCode> encode_vector(std::span<const float> vector) {
  TRY_ASSIGN(const float largest, largest_of(vector));
  VectorCode code;
  code.scale = largest / kLargestCode;
  code.codes = rounded<std::int8_t>(vector, code.scale, kLargestCode);
  return code;
}

std::string pack_code(const VectorCode& code) {
  ByteWriter writer;
  writer.u32(bits_of(code.scale));
  writer.raw({reinterpret_cast<const char*>(code.codes.data()), code.codes.size()});
  return writer.take();
}

Result<VectorCode> unpack_code(std::string_view bytes, std::uint32_t dimensions) {
  if (bytes.size() != kScaleBytes + dimensions) {
    return Error{Code::Corruption, "a vector of another length than its model's"};
  }
  VectorCode code;
  TRY_ASSIGN(code.scale, scale_from(u32_at(bytes.data())));
  code.codes.resize(dimensions);
  std::memcpy(code.codes.data(), bytes.data() + kScaleBytes, dimensions);
  return code;
}

Result<VectorQuery> encode_query(std::span<const float> vector) {
  TRY_ASSIGN(const float largest, largest_of(vector));
  VectorQuery query;
  const auto limit = static_cast<float>(kernel::kLargestWide);
  query.scale = largest / limit;
  query.wide = rounded<std::int16_t>(vector, query.scale, limit);
  query.narrow_scale = largest / kLargestCode;
  query.narrow = rounded<std::int8_t>(vector, query.narrow_scale, kLargestCode);
  return query;
}

VectorQuery query_of(const VectorCode& code) {
  VectorQuery query;
  query.scale = query.narrow_scale = code.scale;
  query.narrow = code.codes;
  query.wide.assign(code.codes.begin(), code.codes.end());
  return query;
}

}  // namespace sonde::index
