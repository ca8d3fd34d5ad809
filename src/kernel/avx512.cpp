// f32 on AVX-512: 16 lanes, tiles of 12 rows by 32 outputs (24 of the 32 registers accumulate).

#include <immintrin.h>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

struct V {
  using Register = __m512;
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kTileRows = 12;

  static __mmask16 mask(std::size_t count) {
    return count >= kLanes ? static_cast<__mmask16>(0xFFFF)
                           : static_cast<__mmask16>((1U << count) - 1U);
  }
  static Register load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Register v) { _mm512_storeu_ps(p, v); }
  static Register load_part(const float* p, std::size_t n) {
    return _mm512_maskz_loadu_ps(mask(n), p);
  }
  static Register load_part_or(const float* p, std::size_t n, Register other) {
    return _mm512_mask_loadu_ps(other, mask(n), p);
  }
  static void store_part(float* p, Register v, std::size_t n) {
    _mm512_mask_storeu_ps(p, mask(n), v);
  }
  static Register keep_part(Register v, std::size_t n) { return _mm512_maskz_mov_ps(mask(n), v); }
  static Register broadcast(float v) { return _mm512_set1_ps(v); }
  static Register zero() { return _mm512_setzero_ps(); }
  static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register sub(Register a, Register b) { return _mm512_sub_ps(a, b); }
  static Register mul(Register a, Register b) { return _mm512_mul_ps(a, b); }
  static Register div(Register a, Register b) { return _mm512_div_ps(a, b); }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static Register max(Register a, Register b) { return _mm512_max_ps(a, b); }
  static Register min(Register a, Register b) { return _mm512_min_ps(a, b); }
  static Register absolute(Register a) { return _mm512_abs_ps(a); }
  static Register copy_sign(Register a, Register sign) {
    const __m512 bits = _mm512_set1_ps(-0.0F);
    return _mm512_or_ps(_mm512_and_ps(bits, sign), _mm512_andnot_ps(bits, a));
  }
  static Register round_to_integer(Register a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Register power_of_two(Register n) {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
  }
  static float reduce_add(Register a) { return _mm512_reduce_add_ps(a); }
  static float reduce_max(Register a) { return _mm512_reduce_max_ps(a); }
};

#include "kernel/f32_body.inc"

}  // namespace

const Kernels& avx512_kernels() {
  static const Kernels kernels{
      InstructionSet::Avx512, kColumns, matmul, layer_norm, attention, dot};
  return kernels;
}

}  // namespace sonde::kernel
