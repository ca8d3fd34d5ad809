// AVX-512 VNNI: the panels are the unsigned side; what their offset adds is the same for all and
// taken off at the end.

#include "kernel/panels_i8.h"

#if defined(__AVX512VNNI__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace sonde::kernel {
namespace {

constexpr std::size_t kQuadBytes = kPanelRows * kPanelDepth;
constexpr std::size_t kTile = 8;  // rows against one panel, their sums in registers

std::int32_t offset_of(const std::int8_t* row, std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += row[i];
  }
  return 128 * sum;
}

__m512i four_of(const std::int8_t* row, std::size_t quad) {
  std::int32_t four = 0;
  std::memcpy(&four, row + quad * kPanelDepth, kPanelDepth);
  return _mm512_set1_epi32(four);
}

/// The best so far of one row, in each of the 16 lanes.
struct Best {
  __m512 value;
  __m512i at;
};

template <std::size_t tile>
void best_of_tile(const Panels& panels, const float* scales, const std::int8_t* rows,
                  std::uint32_t* best) {
  const std::size_t quads = panels.quads();
  const std::size_t width = panels.row_width();
  Best found[tile];
  __m512i offsets[tile];
  for (std::size_t r = 0; r < tile; ++r) {
    found[r] = {_mm512_set1_ps(-3.0e38F), _mm512_setzero_si512()};
    offsets[r] = _mm512_set1_epi32(offset_of(rows + r * width, width));
  }
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t panel = 0; panel < panels.panels(); ++panel) {
    const std::uint8_t* values = panels.values.data() + panel * quads * kQuadBytes;
    __m512i sums[tile];
    for (std::size_t r = 0; r < tile; ++r) {
      sums[r] = _mm512_setzero_si512();
    }
    for (std::size_t quad = 0; quad < quads; ++quad) {
      const __m512i centres = _mm512_loadu_si512(values + quad * kQuadBytes);
      for (std::size_t r = 0; r < tile; ++r) {
        sums[r] = _mm512_dpbusd_epi32(sums[r], centres, four_of(rows + r * width, quad));
      }
    }
    const std::size_t first = panel * kPanelRows;
    const std::size_t left = std::min(kPanelRows, panels.rows - first);
    const auto real = static_cast<__mmask16>((1U << left) - 1);
    const __m512 scale = _mm512_loadu_ps(scales + first);
    const __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(first)));
    for (std::size_t r = 0; r < tile; ++r) {
      const __m512 value =
          _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[r], offsets[r])));
      const __mmask16 better = _mm512_mask_cmp_ps_mask(real, value, found[r].value, _CMP_GT_OQ);
      found[r].value = _mm512_mask_mov_ps(found[r].value, better, value);
      found[r].at = _mm512_mask_mov_epi32(found[r].at, better, at);
    }
  }
  for (std::size_t r = 0; r < tile; ++r) {
    const float greatest = _mm512_reduce_max_ps(found[r].value);
    const __mmask16 equal =
        _mm512_cmp_ps_mask(found[r].value, _mm512_set1_ps(greatest), _CMP_EQ_OQ);
    best[r] = _mm512_mask_reduce_min_epu32(equal, found[r].at);
  }
}

}  // namespace

void panel_products_vnni(const Panels& panels, const std::int8_t* row, std::int32_t* products) {
  const std::size_t quads = panels.quads();
  const __m512i offset = _mm512_set1_epi32(offset_of(row, panels.row_width()));
  constexpr std::size_t kTogether = 4;
  for (std::size_t panel = 0; panel < panels.panels(); panel += kTogether) {
    const std::size_t count = std::min(kTogether, panels.panels() - panel);
    const std::uint8_t* values = panels.values.data() + panel * quads * kQuadBytes;
    // Where fewer are left, the last is computed several times.
    const std::uint8_t* parts[kTogether];
    for (std::size_t i = 0; i < kTogether; ++i) {
      parts[i] = values + std::min(i, count - 1) * quads * kQuadBytes;
    }
    __m512i a = _mm512_setzero_si512();
    __m512i b = a;
    __m512i c = a;
    __m512i d = a;
    for (std::size_t quad = 0; quad < quads; ++quad) {
      const __m512i query = four_of(row, quad);
      const std::size_t at = quad * kQuadBytes;
      a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(parts[0] + at), query);
      b = _mm512_dpbusd_epi32(b, _mm512_loadu_si512(parts[1] + at), query);
      c = _mm512_dpbusd_epi32(c, _mm512_loadu_si512(parts[2] + at), query);
      d = _mm512_dpbusd_epi32(d, _mm512_loadu_si512(parts[3] + at), query);
    }
    const __m512i sums[kTogether] = {a, b, c, d};
    for (std::size_t i = 0; i < count; ++i) {
      _mm512_storeu_si512(products + (panel + i) * kPanelRows, _mm512_sub_epi32(sums[i], offset));
    }
  }
}

void panel_best_vnni(const Panels& panels, const float* scales, const std::int8_t* rows,
                     std::size_t count, std::uint32_t* best) {
  std::size_t i = 0;
  for (; i + kTile <= count; i += kTile) {
    best_of_tile<kTile>(panels, scales, rows + i * panels.row_width(), best + i);
  }
  for (; i < count; ++i) {
    best_of_tile<1>(panels, scales, rows + i * panels.row_width(), best + i);
  }
}

}  // namespace sonde::kernel

#endif
