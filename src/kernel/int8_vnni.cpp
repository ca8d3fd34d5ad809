// int8 on AVX-512 VNNI: 64 products an instruction, tiles of 12 rows by 32 outputs.

#include <immintrin.h>

#include <type_traits>

#include "kernel/int8_sets.h"

namespace sonde::kernel {

namespace {

#include "kernel/avx512_lanes.inc"

struct I {
  using Sum = __m512i;
  static constexpr std::size_t kTileRows = 12;

  static Sum zero() { return _mm512_setzero_si512(); }
  static Sum load(const std::int8_t* p) { return _mm512_loadu_si512(p); }
  static void store(std::int8_t* p, Sum v) { _mm512_storeu_si512(p, v); }
  static Sum broadcast(const std::uint8_t* p) {
    std::int32_t four = 0;
    __builtin_memcpy(&four, p, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  /// GCC 12 copies and spills every sum of the intrinsic, which takes three times as long.
  static Sum dot(Sum sum, Sum row, Sum weights) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(row), "v"(weights));
    return sum;
  }
  static __m512 to_float(Sum v) { return _mm512_cvtepi32_ps(v); }
  static Sum round(__m512 v) { return _mm512_cvtps_epi32(v); }
  static Sum add(Sum a, Sum b) { return _mm512_add_epi32(a, b); }
  static std::int32_t reduce_add(Sum v) { return _mm512_reduce_add_epi32(v); }
  static void store_bytes(std::uint8_t* p, Sum v, std::size_t n) {
    v = _mm512_max_epi32(v, _mm512_setzero_si512());
    _mm512_mask_cvtusepi32_storeu_epi8(p, V::mask(n), v);
  }
  static void store_signed(std::int8_t* p, Sum v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(v));
  }
  static Sum merge4(Sum a, Sum b, Sum c, Sum d) {
    const __m512i low = _mm512_set1_epi32(0xFF);
    const Sum ab =
        _mm512_or_si512(_mm512_and_si512(a, low), _mm512_slli_epi32(_mm512_and_si512(b, low), 8));
    return _mm512_or_si512(_mm512_or_si512(ab, _mm512_slli_epi32(_mm512_and_si512(c, low), 16)),
                           _mm512_slli_epi32(d, 24));
  }
  static __m512 scale_by_power(__m512 v, __m512 n) { return _mm512_scalef_ps(v, n); }
};

#include "kernel/int8_body.inc"

}  // namespace

const Int8Kernels& int8_vnni_kernels() {
  static const Int8Kernels kernels{Int8Set::Avx512Vnni, quantise, normalise, matmul, attention};
  return kernels;
}

}  // namespace sonde::kernel
