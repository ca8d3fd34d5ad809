#pragma once
// Pure arithmetic on buffers that the caller owns. One table of functions for each instruction set,
// and a serial reference that every other is compared with. Nothing here allocates, locks, or knows
// a model.
//
// Threads: every function is safe; each call works on its own buffers.
// Order of summation: each output row is computed by the same operations in the same order wherever
// it stands among the others, so a vector does not depend on its batch.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sonde::kernel {

enum class InstructionSet { Serial, Avx2, Avx512 };

/// "serial", "avx2", "avx512".
std::string_view name_of(InstructionSet set);
/// The best set that this processor and operating system have.
InstructionSet best_instruction_set();
/// True when this machine can run it.
bool is_available(InstructionSet set);

/// What is done to a product before it is stored.
enum class Epilogue {
  None,         // out = x w^T + bias
  Gelu,         // out = gelu(x w^T + bias), the exact one, by erf
  AddResidual,  // out = out + x w^T + bias
};

/// Weights laid out for one instruction set: panels of `panel_width` outputs, each
/// [inputs][panel_width], the last one filled up with zeroes. A view: the floats are somebody
/// else's, and their layout depends on the panels' width alone, so that it may be kept in a file.
struct PackedMatrix {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  std::size_t panel_width = 0;     // of the set that it is for
  const float* weights = nullptr;  // [panels, inputs, panel_width]; 64-byte aligned is fastest
  const float* bias = nullptr;     // [panels * panel_width]

  [[nodiscard]] const float* panel(std::size_t index) const {
    return weights + index * inputs * panel_width;
  }
};

/// Floats of a packed bias: `outputs`, filled up to whole panels. A packed matrix takes that times
/// `inputs`.
std::size_t padded_outputs(std::size_t outputs, std::size_t panel_width);

/// Packs row-major weights.
/// @param weights      [outputs, inputs]
/// @param bias         [outputs]
/// @param to_weights   [padded_outputs() * inputs]
/// @param to_bias      [padded_outputs()]
/// @return a view of the last two
PackedMatrix pack(const float* weights, const float* bias, std::size_t outputs, std::size_t inputs,
                  std::size_t panel_width, float* to_weights, float* to_bias);

struct Kernels {
  InstructionSet set = InstructionSet::Serial;

  /// Of the matrices that matmul() takes.
  std::size_t panel_width = 0;

  /// out = epilogue(x w^T + bias).
  /// @param x    [rows, w.inputs], rows `x_stride` floats apart
  /// @param out  [rows, w.outputs], rows `out_stride` floats apart; does not overlap x
  /// Cost: 2 * rows * inputs * outputs operations.
  void (*matmul)(const float* x, std::size_t rows, std::size_t x_stride, const PackedMatrix& w,
                 float* out, std::size_t out_stride, Epilogue epilogue) = nullptr;

  /// Normalises each row to mean 0 and variance 1, then scales and shifts, in place.
  /// @param x  [rows, width], dense
  void (*layer_norm)(float* x, std::size_t rows, std::size_t width, const float* gamma,
                     const float* beta, float epsilon) = nullptr;

  /// Multi-head self-attention over one sequence.
  /// @param qkv      [length, 3 * heads * head_width]: queries, keys, values side by side
  /// @param out      [length, heads * head_width], dense
  /// @param scratch  attention_scratch(length, head_width) floats, 64-byte aligned
  void (*attention)(const float* qkv, std::size_t length, std::size_t heads, std::size_t head_width,
                    float* out, float* scratch) = nullptr;

  /// Sum of products of two vectors.
  float (*dot)(const float* a, const float* b, std::size_t width) = nullptr;
};

/// Floats of scratch that attention() needs.
std::size_t attention_scratch(std::size_t length, std::size_t head_width);

/// The functions of one set. Must be available here.
const Kernels& kernels_for(InstructionSet set);

}  // namespace sonde::kernel
