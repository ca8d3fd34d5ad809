// f32 on AVX2 with FMA: 8 lanes, tiles of 6 rows by 16 outputs (12 of the 16 registers accumulate).

#include <immintrin.h>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

#include "kernel/avx2_lanes.inc"

#include "kernel/f32_body.inc"

}  // namespace

const Kernels& avx2_kernels() {
  static const Kernels kernels{InstructionSet::Avx2, kColumns, matmul, layer_norm, attention, dot};
  return kernels;
}

}  // namespace sonde::kernel
