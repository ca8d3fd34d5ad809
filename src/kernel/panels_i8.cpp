#include "kernel/panels_i8.h"

#include <cstring>

namespace sonde::kernel {
namespace {

constexpr int kOffset = 128;
constexpr std::uint32_t kOffsets = 0x80808080U;  // added to four bytes, without a carry

std::uint8_t shifted(std::int8_t value) { return static_cast<std::uint8_t>(value + kOffset); }

template <PanelProducts products>
void panel_best_by(const Panels& panels, const float* scales, const std::int8_t* rows,
                   std::size_t count, std::uint32_t* best) {
  std::vector<std::int32_t> found(panels.panels() * kPanelRows);
  for (std::size_t i = 0; i < count; ++i) {
    products(panels, rows + i * panels.row_width(), found.data());
    best[i] = 0;
    float greatest = 0;
    for (std::size_t row = 0; row < panels.rows; ++row) {
      const float value = scales[row] * static_cast<float>(found[row]);
      if (row == 0 || value > greatest) {
        greatest = value;
        best[i] = static_cast<std::uint32_t>(row);
      }
    }
  }
}

}  // namespace

Panels make_panels(const std::int8_t* values, std::size_t rows, std::size_t dimensions) {
  Panels made;
  made.rows = rows;
  made.dimensions = dimensions;
  made.values.assign(made.panels() * made.quads() * kPanelRows * kPanelDepth,
                     static_cast<std::uint8_t>(kOffset));
  for (std::size_t row = 0; row < rows; ++row) {
    std::uint8_t* panel = made.values.data() +
                          row / kPanelRows * made.quads() * kPanelRows * kPanelDepth +
                          row % kPanelRows * kPanelDepth;
    const std::int8_t* from = values + row * dimensions;
    std::size_t i = 0;
    for (; i + kPanelDepth <= dimensions; i += kPanelDepth) {
      std::uint32_t four = 0;
      std::memcpy(&four, from + i, kPanelDepth);
      four ^= kOffsets;
      std::memcpy(panel + i * kPanelRows, &four, kPanelDepth);
    }
    for (; i < dimensions; ++i) {
      panel[i / kPanelDepth * kPanelRows * kPanelDepth + i % kPanelDepth] = shifted(from[i]);
    }
  }
  return made;
}

void add_scaled(float* sum, const std::int8_t* row, float scale, std::size_t dimensions) {
  for (std::size_t i = 0; i < dimensions; ++i) {
    sum[i] += scale * static_cast<float>(row[i]);
  }
}

void panel_products_serial(const Panels& panels, const std::int8_t* row, std::int32_t* products) {
  const std::uint8_t* at = panels.values.data();
  for (std::size_t panel = 0; panel < panels.panels(); ++panel) {
    std::int32_t* out = products + panel * kPanelRows;
    for (std::size_t i = 0; i < kPanelRows; ++i) {
      out[i] = 0;
    }
    for (std::size_t quad = 0; quad < panels.quads(); ++quad) {
      for (std::size_t i = 0; i < kPanelRows; ++i) {
        for (std::size_t d = 0; d < kPanelDepth; ++d, ++at) {
          out[i] += (static_cast<std::int32_t>(*at) - kOffset) * row[quad * kPanelDepth + d];
        }
      }
    }
  }
}

PanelProducts panel_products_of(DotSet set) {
#if defined(__x86_64__)
  switch (set) {
    case DotSet::Serial: return panel_products_serial;
    case DotSet::Avx2: return panel_products_avx2;
    case DotSet::Avx512Vnni: return panel_products_vnni;
  }
#else
  static_cast<void>(set);
#endif
  return panel_products_serial;
}

PanelBest panel_best_of(DotSet set) {
#if defined(__x86_64__)
  switch (set) {
    case DotSet::Serial: return panel_best_by<panel_products_serial>;
    case DotSet::Avx2: return panel_best_by<panel_products_avx2>;
    case DotSet::Avx512Vnni: return panel_best_vnni;
  }
#else
  static_cast<void>(set);
#endif
  return panel_best_by<panel_products_serial>;
}

}  // namespace sonde::kernel
