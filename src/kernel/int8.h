#pragma once
// What an encoder computes with int8 weights. Rows of activations are quantised as they come, each
// with a scale and a zero of its own; weights have a scale for each output. One table of functions
// for each instruction set; products are integers and the same in all of them, what is computed
// from these in f32 may differ in the last bits.
//
//   quantise(x, rows, width, x8);            // or normalise(), where a layer norm comes before
//   matmul(x8, rows, w, out, out_stride, Epilogue::Gelu);
//
// Threads and order of summation: as kernels.h says.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/kernels.h"

namespace sonde::kernel {

enum class Int8Set { Serial, Avx2, Avx512Vnni };

/// "serial", "avx2", "avx512-vnni".
std::string_view name_of(Int8Set set);
bool is_available(Int8Set set);
/// The best that may be used with `set`: a choice of one is a choice of the other.
Int8Set int8_set_of(InstructionSet set);
/// True where products of int8 are faster than those of f32: the processor sums four of them at
/// once.
bool has_fast_int8(InstructionSet set);

inline constexpr std::size_t kInt8Panel = 32;  // outputs side by side
inline constexpr std::size_t kInt8Depth = 4;   // inputs of an output side by side

/// Rows of x = scale * (value - zero), scale and zero a row. A view.
struct Int8Rows {
  std::uint8_t* values = nullptr;  // [rows], `stride` bytes apart
  std::size_t stride = 0;          // at least int8_row_bytes(width)
  float* scales = nullptr;         // [rows]
  float* zeros = nullptr;          // [rows] whole numbers, 0 to 255

  [[nodiscard]] Int8Rows from(std::size_t row) const {
    return {values + row * stride, stride, scales + row, zeros + row};
  }
};

/// Bytes of a row: `width`, filled up to whole lines of the cache.
std::size_t int8_row_bytes(std::size_t width);

/// Weights in panels of 32 outputs, each [inputs / 4][32][4], the same for every instruction set. A
/// view: the floats are somebody else's.
struct PackedInt8 {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  const std::int8_t* weights = nullptr;  // [panels][quads][32][4]; 64-byte aligned is fastest
  const float* scales = nullptr;         // [panels * 32]
  const float* sums = nullptr;           // [panels * 32] of the int8 weights of an output
  const float* bias = nullptr;           // [panels * 32]

  [[nodiscard]] std::size_t panels() const { return (outputs + kInt8Panel - 1) / kInt8Panel; }
  [[nodiscard]] std::size_t quads() const { return (inputs + kInt8Depth - 1) / kInt8Depth; }
  [[nodiscard]] std::size_t panel_bytes() const { return quads() * kInt8Panel * kInt8Depth; }
  /// Some of the outputs. @param first  a multiple of kInt8Panel
  [[nodiscard]] PackedInt8 part(std::size_t first, std::size_t count) const {
    return {count,          inputs,       weights + first / kInt8Panel * panel_bytes(),
            scales + first, sums + first, bias + first};
  }
};

/// Floats that pack_int8() fills.
std::size_t packed_int8_floats(std::size_t outputs, std::size_t inputs);
/// The view of what pack_int8() wrote.
PackedInt8 packed_int8(const float* packed, std::size_t outputs, std::size_t inputs);
/// Quantises and packs row-major weights: of each output the greatest becomes 127.
/// @param weights  [outputs, inputs]
/// @param bias     [outputs]
/// @param to       [packed_int8_floats()] all of which are set
PackedInt8 pack_int8(const float* weights, const float* bias, std::size_t outputs,
                     std::size_t inputs, float* to);

/// Bytes of scratch that attention() needs.
std::size_t int8_attention_scratch(std::size_t length, std::size_t head_width);

struct Int8Kernels {
  Int8Set set = Int8Set::Serial;

  /// @param x    [rows, width], dense
  /// @param out  of as many rows; what fills a row up is not written
  void (*quantise)(const float* x, std::size_t rows, std::size_t width, Int8Rows out) = nullptr;

  /// Layer norm in place, and the result quantised.
  void (*normalise)(float* x, std::size_t rows, std::size_t width, const float* gamma,
                    const float* beta, float epsilon, Int8Rows out) = nullptr;

  /// out = epilogue(x w^T + bias); Gelu within 2e-4 of the exact one.
  /// @param out  [rows, w.outputs], rows `out_stride` floats apart
  void (*matmul)(Int8Rows x, std::size_t rows, const PackedInt8& w, float* out,
                 std::size_t out_stride, Epilogue epilogue) = nullptr;

  /// Self-attention of one head over one sequence: queries quantised as rows are, keys a scale
  /// each, values a scale for each channel, the exponentials of scores as bytes of which the
  /// greatest is 255.
  /// @param qkv      [length, 3 * head_width]: query, key, value side by side; rows `stride` floats
  ///                 apart
  /// @param out      [length, head_width], rows `out_stride` floats apart
  /// @param scratch  int8_attention_scratch(length, head_width) bytes, 64-byte aligned
  void (*attention)(const float* qkv, std::size_t stride, std::size_t length,
                    std::size_t head_width, float* out, std::size_t out_stride,
                    std::byte* scratch) = nullptr;
};

/// The functions of one set. Must be available here.
const Int8Kernels& int8_kernels_for(Int8Set set);

}  // namespace sonde::kernel
