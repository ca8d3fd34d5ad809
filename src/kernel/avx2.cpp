// f32 on AVX2 with FMA: 8 lanes, tiles of 6 rows by 16 outputs (12 of the 16 registers accumulate).

#include <immintrin.h>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

struct V {
  using Register = __m256;
  static constexpr std::size_t kLanes = 8;
  static constexpr std::size_t kTileRows = 6;

  static __m256i mask(std::size_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < kLanes ? count : kLanes)),
                              lanes);
  }
  static Register load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Register v) { _mm256_storeu_ps(p, v); }
  static Register load_part(const float* p, std::size_t n) {
    return n >= kLanes ? load(p) : _mm256_maskload_ps(p, mask(n));
  }
  static Register load_part_or(const float* p, std::size_t n, Register other) {
    return n >= kLanes ? load(p)
                       : _mm256_blendv_ps(other, _mm256_maskload_ps(p, mask(n)),
                                          _mm256_castsi256_ps(mask(n)));
  }
  static void store_part(float* p, Register v, std::size_t n) {
    if (n >= kLanes) {
      store(p, v);
    } else {
      _mm256_maskstore_ps(p, mask(n), v);
    }
  }
  static Register keep_part(Register v, std::size_t n) {
    return _mm256_and_ps(v, _mm256_castsi256_ps(mask(n)));
  }
  static Register broadcast(float v) { return _mm256_set1_ps(v); }
  static Register zero() { return _mm256_setzero_ps(); }
  static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register sub(Register a, Register b) { return _mm256_sub_ps(a, b); }
  static Register mul(Register a, Register b) { return _mm256_mul_ps(a, b); }
  static Register div(Register a, Register b) { return _mm256_div_ps(a, b); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static Register max(Register a, Register b) { return _mm256_max_ps(a, b); }
  static Register min(Register a, Register b) { return _mm256_min_ps(a, b); }
  static Register absolute(Register a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a); }
  static Register copy_sign(Register a, Register sign) {
    const __m256 bits = _mm256_set1_ps(-0.0F);
    return _mm256_or_ps(_mm256_and_ps(bits, sign), _mm256_andnot_ps(bits, a));
  }
  static Register round_to_integer(Register a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Register power_of_two(Register n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
  static float reduce_add(Register a) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
    return _mm_cvtss_f32(sum);
  }
  static float reduce_max(Register a) {
    __m128 top = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    top = _mm_max_ps(top, _mm_movehl_ps(top, top));
    top = _mm_max_ss(top, _mm_movehdup_ps(top));
    return _mm_cvtss_f32(top);
  }
};

#include "kernel/f32_body.inc"

}  // namespace

const Kernels& avx2_kernels() {
  static const Kernels kernels{InstructionSet::Avx2, kColumns, matmul, layer_norm, attention, dot};
  return kernels;
}

}  // namespace sonde::kernel
