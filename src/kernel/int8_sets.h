#pragma once
// Inside the kernel layer: the tables of int8 functions, and what attention lays out in its
// scratch.

#include "kernel/int8.h"

namespace sonde::kernel {

const Int8Kernels& int8_serial_kernels();
const Int8Kernels& int8_avx2_kernels();
const Int8Kernels& int8_vnni_kernels();

/// gelu(x) = x (1/2 + c g(c^2)), c being x cut at -4 and 4 and g this polynomial, the least power
/// first: within 2e-4 of the exact one everywhere (fitted by Lawson's algorithm).
inline constexpr float kGeluCut = 4.0F;
inline constexpr float kGelu[] = {0.397883236F,   -0.0645729676F,  0.00877232477F, -0.000814002473F,
                                  4.79541777e-5F, -1.59853471e-6F, 2.27801156e-8F};
/// 2^x over [-1/2, 1/2] within 8e-5 of itself.
inline constexpr float kExp2[] = {0.99992804F, 0.69326103F, 0.24261164F, 0.05517161F};
/// The exponent below which 255 * 2^x is nothing.
inline constexpr float kLeastExponent = -16.0F;

/// Rows of queries that attention works on at once, at most.
inline constexpr std::size_t kInt8QueryRows = 12;

/// Where attention keeps the parts of one head.
struct Int8AttentionRoom {
  Int8AttentionRoom(std::byte* scratch, std::size_t length, std::size_t head_width);

  std::size_t padded = 0;           // length, filled up to whole panels
  std::size_t query_stride = 0;     // bytes of a query, filled up to whole quads
  std::size_t value_width = 0;      // head_width, filled up to whole panels
  std::size_t bytes = 0;            // of all
  std::uint8_t* queries = nullptr;  // [length][query_stride]
  std::int8_t* keys = nullptr;      // panels of 32 keys, [query_stride / 4][32][4]
  std::int8_t* values = nullptr;    // panels of 32 channels, [padded / 4][32][4]
  std::uint8_t* chances = nullptr;  // [kInt8QueryRows][padded] exponentials of scores
  float* query_scales = nullptr;    // [length]
  float* query_zeros = nullptr;     // [length]
  float* key_scales = nullptr;      // [padded]
  float* key_sums = nullptr;        // [padded] of a key's int8 values
  float* value_scales = nullptr;    // [value_width]
  float* scores = nullptr;          // [kInt8QueryRows][padded]
};

}  // namespace sonde::kernel
