// AVX-512 VNNI multiplies unsigned by signed bytes: a + 128 is fed, and 128 times the sum of b,
// taken in the same pass, is subtracted. The non-saturating form.

#include "kernel/dot_i8.h"

#if defined(__AVX512VNNI__)

#include <immintrin.h>

namespace sonde::kernel {

std::int32_t dot_i8_vnni(const std::int8_t* a, const std::int8_t* b, std::size_t width) {
  constexpr std::size_t kStep = 64;
  const __m512i shift = _mm512_set1_epi8(static_cast<char>(0x80));
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i products = _mm512_setzero_si512();
  __m512i sums = _mm512_setzero_si512();
  for (std::size_t i = 0; i < width; i += kStep) {
    const std::size_t left = width - i;
    const __mmask64 mask = left >= kStep ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i x = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, a + i), shift);
    const __m512i y = _mm512_maskz_loadu_epi8(mask, b + i);
    products = _mm512_dpbusd_epi32(products, x, y);
    sums = _mm512_dpbusd_epi32(sums, ones, y);
  }
  return _mm512_reduce_add_epi32(products) - 128 * _mm512_reduce_add_epi32(sums);
}

std::int32_t dot_wide_vnni(const std::int16_t* a, const std::int8_t* b, std::size_t width) {
  constexpr std::size_t kStep = 32;
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t i = 0; i < width; i += kStep) {
    const std::size_t left = width - i;
    const __mmask32 mask = left >= kStep ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
    const __m512i x = _mm512_maskz_loadu_epi16(mask, a + i);
    const __m512i y = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, b + i));
    sum = _mm512_dpwssd_epi32(sum, x, y);
  }
  return _mm512_reduce_add_epi32(sum);
}

}  // namespace sonde::kernel

#endif
