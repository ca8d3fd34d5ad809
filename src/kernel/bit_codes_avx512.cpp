// AVX-512: four groups of 32 codes at a time. A table's entries are at most 63, so that four sums
// fit a byte before they are widened.

#include "kernel/bit_codes.h"

#if defined(__AVX512BW__)

#include <immintrin.h>

namespace sonde::kernel {
namespace {

constexpr std::size_t kStep = 64;  // bytes: four groups

/// Eight-bit sums, widened: even bytes and odd bytes apart.
struct Wide {
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  void add(__m512i bytes) {
    even = _mm512_add_epi16(even, _mm512_and_si512(bytes, _mm512_set1_epi16(0x00FF)));
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(bytes, 8));
  }
  /// The four lanes added; [16] sums in the order of codes.
  [[nodiscard]] __m256i total() const {
    const __m256i e =
        _mm256_add_epi16(_mm512_castsi512_si256(even), _mm512_extracti64x4_epi64(even, 1));
    const __m256i o =
        _mm256_add_epi16(_mm512_castsi512_si256(odd), _mm512_extracti64x4_epi64(odd, 1));
    const __m128i e1 = _mm_add_epi16(_mm256_castsi256_si128(e), _mm256_extracti128_si256(e, 1));
    const __m128i o1 = _mm_add_epi16(_mm256_castsi256_si128(o), _mm256_extracti128_si256(o, 1));
    return _mm256_set_m128i(_mm_unpackhi_epi16(e1, o1), _mm_unpacklo_epi16(e1, o1));
  }
};

__mmask16 estimate(__m256i sums, const float* numbers, std::size_t at, const SumTable& table,
                   const ListTerms& list, float least, Estimates& out) {
  const __m512 sum = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(sums));
  const __m512 signs =
      _mm512_add_ps(_mm512_set1_ps(table.base), _mm512_mul_ps(_mm512_set1_ps(table.step), sum));
  const __m512 shift = _mm512_loadu_ps(numbers + at);
  const __m512 factor = _mm512_loadu_ps(numbers + kBlockCodes + at);
  const __m512 error =
      _mm512_mul_ps(_mm512_set1_ps(list.distance), _mm512_loadu_ps(numbers + 2 * kBlockCodes + at));
  const __m512 value = _mm512_add_ps(_mm512_add_ps(_mm512_set1_ps(list.product), shift),
                                     _mm512_mul_ps(factor, signs));
  _mm512_store_ps(out.value.data() + at, value);
  _mm512_store_ps(out.error.data() + at, error);
  return _mm512_cmp_ps_mask(_mm512_add_ps(value, error), _mm512_set1_ps(least), _CMP_GE_OQ);
}

/// Eight parts, added as the serial sums are.
double total_of(__m512d parts) {
  alignas(64) double p[8];
  _mm512_store_pd(p, parts);
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

/// The signs of sixteen values into four groups of a block.
void put_signs(std::uint8_t* bytes, unsigned signs, unsigned shift) {
  for (std::size_t group = 0; group < 4; ++group) {
    std::uint8_t& byte = bytes[group * kTableSums];
    const unsigned four = signs >> (kSignGroup * group) & 0x0FU;
    byte = static_cast<std::uint8_t>((byte & (0xF0U >> shift)) | four << shift);
  }
}

}  // namespace

std::uint32_t scan_block_avx512(const std::uint8_t* block, std::size_t width, const SumTable& table,
                                const ListTerms& list, float least, Estimates& out) {
  const std::size_t bytes = width / kSignGroup * kTableSums;
  const __m512i nibble = _mm512_set1_epi8(0x0F);
  const std::uint8_t* sums = table.sums.data();
  Wide low;
  Wide high;
  for (std::size_t at = 0; at < bytes; at += 4 * kStep) {  // width is a multiple of 64
    __m512i low8 = _mm512_setzero_si512();
    __m512i high8 = _mm512_setzero_si512();
    for (std::size_t i = 0; i < 4; ++i) {
      const __m512i codes = _mm512_loadu_si512(block + at + i * kStep);
      const __m512i entries = _mm512_loadu_si512(sums + at + i * kStep);
      low8 = _mm512_add_epi8(low8, _mm512_shuffle_epi8(entries, _mm512_and_si512(codes, nibble)));
      const __m512i upper = _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble);
      high8 = _mm512_add_epi8(high8, _mm512_shuffle_epi8(entries, upper));
    }
    low.add(low8);
    high.add(high8);
  }
  const auto* numbers = reinterpret_cast<const float*>(block + bytes);
  const auto first =
      static_cast<std::uint32_t>(estimate(low.total(), numbers, 0, table, list, least, out));
  const auto second = static_cast<std::uint32_t>(
      estimate(high.total(), numbers, kTableSums, table, list, least, out));
  return first | second << kTableSums;
}

void put_code_avx512(std::uint8_t* block, std::size_t width, std::size_t at, const float* residual,
                     const float* centre) {
  __m512d lengths = _mm512_setzero_pd();
  __m512d absolutes = lengths;
  __m512d with_centres = lengths;
  __m512d centre_signs = lengths;
  const __m512d zero = _mm512_setzero_pd();
  const unsigned shift = at < kTableSums ? 0 : kSignGroup;
  std::uint8_t* bytes = block + at % kTableSums;
  for (std::size_t i = 0; i < width; i += 2 * 8, bytes += 4 * kTableSums) {  // of 64
    unsigned signs = 0;
    for (std::size_t half = 0; half < 2; ++half) {
      const __m512d value = _mm512_cvtps_pd(_mm256_loadu_ps(residual + i + half * 8));
      const __m512d middle = _mm512_cvtps_pd(_mm256_loadu_ps(centre + i + half * 8));
      const __mmask8 negative = _mm512_cmp_pd_mask(value, zero, _CMP_LT_OQ);
      lengths = _mm512_add_pd(lengths, _mm512_mul_pd(value, value));
      absolutes = _mm512_add_pd(absolutes, _mm512_abs_pd(value));
      with_centres = _mm512_add_pd(with_centres, _mm512_mul_pd(value, middle));
      centre_signs =
          _mm512_mask_sub_pd(_mm512_add_pd(centre_signs, middle), negative, centre_signs, middle);
      signs |= (~static_cast<unsigned>(negative) & 0xFFU) << (half * 8);
    }
    put_signs(bytes, signs, shift);
  }
  put_terms(
      block, width, at,
      {total_of(lengths), total_of(absolutes), total_of(with_centres), total_of(centre_signs)});
}

}  // namespace sonde::kernel

#endif
