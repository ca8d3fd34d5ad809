// f32 on AVX-512: 16 lanes, tiles of 12 rows by 32 outputs (24 of the 32 registers accumulate).

#include <immintrin.h>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

#include "kernel/avx512_lanes.inc"

#include "kernel/f32_body.inc"

}  // namespace

const Kernels& avx512_kernels() {
  static const Kernels kernels{
      InstructionSet::Avx512, kColumns, matmul, layer_norm, attention, dot};
  return kernels;
}

}  // namespace sonde::kernel
