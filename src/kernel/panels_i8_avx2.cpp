// AVX2: four rows of a panel at a time, products in 16 bits added in pairs to 32.

#include <cstring>

#include "kernel/panels_i8.h"

#if defined(__AVX2__)

#include <immintrin.h>

namespace sonde::kernel {
namespace {

constexpr std::size_t kParts = 4;  // of four rows
constexpr std::size_t kPartBytes = 16;

/// Four int8 of a row as 16 bits, in every quarter of a register.
__m256i spread(const std::int8_t* four) {
  std::int32_t bits = 0;
  std::memcpy(&bits, four, kPanelDepth);
  return _mm256_cvtepi8_epi16(_mm_set1_epi32(bits));
}

}  // namespace

void panel_products_avx2(const Panels& panels, const std::int8_t* row, std::int32_t* products) {
  const __m256i offset = _mm256_set1_epi16(128);
  const std::uint8_t* at = panels.values.data();
  for (std::size_t panel = 0; panel < panels.panels(); ++panel) {
    __m256i sums[kParts];
    for (__m256i& sum : sums) {
      sum = _mm256_setzero_si256();
    }
    for (std::size_t quad = 0; quad < panels.quads(); ++quad) {
      const __m256i four = spread(row + quad * kPanelDepth);
      for (std::size_t part = 0; part < kParts; ++part, at += kPartBytes) {
        const __m256i values = _mm256_sub_epi16(
            _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))), offset);
        sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(values, four));
      }
    }
    for (std::size_t part = 0; part < kParts; ++part) {
      // Pairs of sums are of one row.
      const __m256i pairs = _mm256_hadd_epi32(sums[part], sums[part]);
      const __m128i four =
          _mm_unpacklo_epi64(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(products + panel * kPanelRows + part * kParts),
                       four);
    }
  }
}

}  // namespace sonde::kernel

#endif
