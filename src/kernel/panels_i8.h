#pragma once
// Products of one int8 row with many: the many (centres of a partition) lie in panels of 16, four
// dimensions side by side, so that no sum runs across a register. Integers: every instruction set
// gives the same numbers, bit for bit.
//
// Threads: safe.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/dot_i8.h"

namespace sonde::kernel {

inline constexpr std::size_t kPanelRows = 16;
inline constexpr std::size_t kPanelDepth = 4;

/// [panels][depth / 4][16][4] values + 128. Rows and dimensions are filled up with zeroes (128).
struct Panels {
  std::size_t rows = 0;
  std::size_t dimensions = 0;
  std::vector<std::uint8_t> values;

  [[nodiscard]] std::size_t panels() const { return (rows + kPanelRows - 1) / kPanelRows; }
  [[nodiscard]] std::size_t quads() const { return (dimensions + kPanelDepth - 1) / kPanelDepth; }
  /// Values of a row that is multiplied with them: its dimensions, then zeroes.
  [[nodiscard]] std::size_t row_width() const { return quads() * kPanelDepth; }
};

/// @param values  [rows, dimensions]
Panels make_panels(const std::int8_t* values, std::size_t rows, std::size_t dimensions);

/// Products of one row with all.
/// @param row       [row_width]
/// @param products  [panels * 16]
using PanelProducts = void (*)(const Panels& panels, const std::int8_t* row,
                               std::int32_t* products);

/// The panel row whose scale * product is greatest, the first of equal ones, for each of `count`
/// rows.
/// @param rows    [count, row_width]
/// @param scales  [panels * 16]; of rows that fill up, 0 and not chosen
/// @param best    [count]
using PanelBest = void (*)(const Panels& panels, const float* scales, const std::int8_t* rows,
                           std::size_t count, std::uint32_t* best);

/// sum[i] += row[i] * scale, rounded after each step. @param sum, row  [dimensions]
void add_scaled(float* sum, const std::int8_t* row, float scale, std::size_t dimensions);

PanelProducts panel_products_of(DotSet set);
PanelBest panel_best_of(DotSet set);

void panel_products_serial(const Panels& panels, const std::int8_t* row, std::int32_t* products);
void panel_products_avx2(const Panels& panels, const std::int8_t* row, std::int32_t* products);
void panel_products_vnni(const Panels& panels, const std::int8_t* row, std::int32_t* products);
void panel_best_vnni(const Panels& panels, const float* scales, const std::int8_t* rows,
                     std::size_t count, std::uint32_t* best);

}  // namespace sonde::kernel
