// int8 on AVX2: vpmaddubsw would cut sums of two products at 16 bits, so bytes are widened and
// vpmaddwd sums them in 32: the same numbers as every other set, at the speed of f32.

#include <immintrin.h>

#include <type_traits>

#include "kernel/int8_sets.h"

namespace sonde::kernel {

namespace {

#include "kernel/avx2_lanes.inc"

struct I {
  using Sum = __m256i;
  static constexpr std::size_t kTileRows = 2;

  static Sum zero() { return _mm256_setzero_si256(); }
  static Sum load(const std::int8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(std::int8_t* p, Sum v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
  }
  static Sum broadcast(const std::uint8_t* p) {
    std::int32_t four = 0;
    __builtin_memcpy(&four, p, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  /// The even bytes and the odd ones, as 16 bits.
  static Sum dot(Sum sum, Sum row, Sum weights) {
    const __m256i low = _mm256_set1_epi16(0xFF);
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(row, low),
                                           _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(row, 8), _mm256_srai_epi16(weights, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
  }
  static __m256 to_float(Sum v) { return _mm256_cvtepi32_ps(v); }
  static Sum round(__m256 v) { return _mm256_cvtps_epi32(v); }
  static Sum add(Sum a, Sum b) { return _mm256_add_epi32(a, b); }
  static std::int32_t reduce_add(Sum v) {
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
  }
  static void store_bytes(std::uint8_t* p, Sum v, std::size_t n) {
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i bytes = _mm_packus_epi16(words, words);
    __builtin_memcpy(p, &bytes, n < V::kLanes ? n : V::kLanes);
  }
  static void store_signed(std::int8_t* p, Sum v) {
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i bytes = _mm_packs_epi16(words, words);
    __builtin_memcpy(p, &bytes, V::kLanes);
  }
  static Sum merge4(Sum a, Sum b, Sum c, Sum d) {
    const __m256i low = _mm256_set1_epi32(0xFF);
    const Sum ab =
        _mm256_or_si256(_mm256_and_si256(a, low), _mm256_slli_epi32(_mm256_and_si256(b, low), 8));
    return _mm256_or_si256(_mm256_or_si256(ab, _mm256_slli_epi32(_mm256_and_si256(c, low), 16)),
                           _mm256_slli_epi32(d, 24));
  }
  static __m256 scale_by_power(__m256 v, __m256 n) { return _mm256_mul_ps(v, V::power_of_two(n)); }
};

#include "kernel/int8_body.inc"

}  // namespace

const Int8Kernels& int8_avx2_kernels() {
  static const Int8Kernels kernels{Int8Set::Avx2, quantise, normalise, matmul, attention};
  return kernels;
}

}  // namespace sonde::kernel
