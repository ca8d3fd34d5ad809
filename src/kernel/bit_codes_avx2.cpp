// AVX2: two groups of 32 codes at a time; otherwise as with AVX-512.

#include "kernel/bit_codes.h"

#if defined(__AVX2__)

#include <immintrin.h>

namespace sonde::kernel {
namespace {

constexpr std::size_t kStep = 32;  // bytes: two groups
constexpr std::size_t kLanes = 8;

struct Wide {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  void add(__m256i bytes) {
    even = _mm256_add_epi16(even, _mm256_and_si256(bytes, _mm256_set1_epi16(0x00FF)));
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
  /// The two lanes added; eight sums in the order of codes.
  [[nodiscard]] __m128i total(bool upper) const {
    const __m128i e =
        _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    const __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    return upper ? _mm_unpackhi_epi16(e, o) : _mm_unpacklo_epi16(e, o);
  }
};

std::uint32_t estimate(__m128i sums, const float* numbers, std::size_t at, const SumTable& table,
                       const ListTerms& list, float least, Estimates& out) {
  const __m256 sum = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(sums));
  const __m256 signs =
      _mm256_add_ps(_mm256_set1_ps(table.base), _mm256_mul_ps(_mm256_set1_ps(table.step), sum));
  const __m256 shift = _mm256_loadu_ps(numbers + at);
  const __m256 factor = _mm256_loadu_ps(numbers + kBlockCodes + at);
  const __m256 error =
      _mm256_mul_ps(_mm256_set1_ps(list.distance), _mm256_loadu_ps(numbers + 2 * kBlockCodes + at));
  const __m256 value = _mm256_add_ps(_mm256_add_ps(_mm256_set1_ps(list.product), shift),
                                     _mm256_mul_ps(factor, signs));
  _mm256_store_ps(out.value.data() + at, value);
  _mm256_store_ps(out.error.data() + at, error);
  const __m256 reached =
      _mm256_cmp_ps(_mm256_add_ps(value, error), _mm256_set1_ps(least), _CMP_GE_OQ);
  return static_cast<std::uint32_t>(_mm256_movemask_ps(reached)) << at;
}

}  // namespace

std::uint32_t scan_block_avx2(const std::uint8_t* block, std::size_t width, const SumTable& table,
                              const ListTerms& list, float least, Estimates& out) {
  const std::size_t bytes = width / kSignGroup * kTableSums;
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const std::uint8_t* sums = table.sums.data();
  Wide low;
  Wide high;
  for (std::size_t at = 0; at < bytes; at += 4 * kStep) {
    __m256i low8 = _mm256_setzero_si256();
    __m256i high8 = _mm256_setzero_si256();
    for (std::size_t i = 0; i < 4; ++i) {
      const __m256i codes =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + at + i * kStep));
      const __m256i entries =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + at + i * kStep));
      low8 = _mm256_add_epi8(low8, _mm256_shuffle_epi8(entries, _mm256_and_si256(codes, nibble)));
      const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble);
      high8 = _mm256_add_epi8(high8, _mm256_shuffle_epi8(entries, upper));
    }
    low.add(low8);
    high.add(high8);
  }
  const auto* numbers = reinterpret_cast<const float*>(block + bytes);
  return estimate(low.total(false), numbers, 0, table, list, least, out) |
         estimate(low.total(true), numbers, kLanes, table, list, least, out) |
         estimate(high.total(false), numbers, 2 * kLanes, table, list, least, out) |
         estimate(high.total(true), numbers, 3 * kLanes, table, list, least, out);
}

}  // namespace sonde::kernel

#endif
