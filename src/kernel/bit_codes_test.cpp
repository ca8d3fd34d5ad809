#include "kernel/bit_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernel/panels_i8.h"

namespace sonde::kernel {
namespace {

constexpr double kDeviations = 2;
constexpr std::size_t kWidths[] = {64, 128, 384, 448, 1'024, 8'192};

std::vector<float> normal_values(std::mt19937& random, std::size_t count, float scale = 1) {
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(count);
  for (float& value : values) {
    value = normal(random);
  }
  return values;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

/// A centre, a block of vectors about it, and their products with a query.
struct Scene {
  std::vector<float> query;
  std::vector<double> exact;
  std::vector<std::uint8_t> block;
  SumTable table;
  ListTerms list;
};

Scene scene_of(std::size_t width, unsigned seed) {
  std::mt19937 random(seed);
  Scene scene;
  const float unit = 1 / std::sqrt(static_cast<float>(width));
  scene.query = normal_values(random, width, unit);
  const std::vector<float> centre = normal_values(random, width, unit);
  fill_table(scene.query.data(), width, scene.table);
  scene.block.assign(block_bytes(width), 0xFF);
  for (std::size_t i = 0; i < kBlockCodes; ++i) {
    const std::vector<float> residual = normal_values(random, width, 0.6F * unit);
    scene.exact.push_back(product(scene.query, centre) + product(scene.query, residual));
    put_code_serial(scene.block.data(), width, i, residual.data(), centre.data());
  }
  double distance = 0;
  for (std::size_t i = 0; i < width; ++i) {
    distance += std::pow(static_cast<double>(scene.query[i] - centre[i]), 2);
  }
  scene.list.product = static_cast<float>(product(scene.query, centre));
  scene.list.distance = static_cast<float>(kDeviations * std::sqrt(distance));
  return scene;
}

TEST(BitCodes, every_instruction_set_gives_the_same_estimates) {
  for (const std::size_t width : kWidths) {
    const Scene scene = scene_of(width, 7);
    Estimates expected;
    const std::uint32_t reached = scan_block_serial(scene.block.data(), width, scene.table,
                                                    scene.list, scene.list.product, expected);
    EXPECT_NE(reached, 0U);
    for (const DotSet set : {DotSet::Avx2, DotSet::Avx512Vnni}) {
      if (!is_available(set)) {
        continue;
      }
      Estimates found;
      EXPECT_EQ(scan_block_of(set)(scene.block.data(), width, scene.table, scene.list,
                                   scene.list.product, found),
                reached);
      EXPECT_EQ(found.value, expected.value) << width;
      EXPECT_EQ(found.error, expected.error) << width;
    }
  }
}

TEST(BitCodes, every_instruction_set_writes_the_same_codes) {
  const PutCode put = put_code_of(best_dot_set());
  for (const std::size_t width : kWidths) {
    std::mt19937 random(13);
    std::vector<std::uint8_t> expected(block_bytes(width), 0xA5);
    std::vector<std::uint8_t> found = expected;
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      std::vector<float> residual = normal_values(random, width);
      const std::vector<float> centre = normal_values(random, width);
      residual[i] = 0;
      residual[i + 1] = -0.0F;
      put_code_serial(expected.data(), width, i, residual.data(), centre.data());
      put(found.data(), width, i, residual.data(), centre.data());
    }
    EXPECT_EQ(found, expected) << width;
  }
}

TEST(BitCodes, estimates_are_off_by_more_than_their_error_as_rarely_as_promised) {
  for (const std::size_t width : kWidths) {
    std::size_t outside = 0;
    std::size_t count = 0;
    double bias = 0;
    for (unsigned seed = 0; seed < 20; ++seed) {
      const Scene scene = scene_of(width, seed);
      Estimates found;
      scan_block_serial(scene.block.data(), width, scene.table, scene.list, 0, found);
      for (std::size_t i = 0; i < kBlockCodes; ++i) {
        const double off = static_cast<double>(found.value[i]) - scene.exact[i];
        outside += std::fabs(off) > static_cast<double>(found.error[i]) ? 1 : 0;
        bias += off / static_cast<double>(found.error[i]);
        ++count;
      }
    }
    EXPECT_LE(static_cast<double>(outside) / static_cast<double>(count), 0.08) << width;
    EXPECT_LE(std::fabs(bias) / static_cast<double>(count), 0.06) << width;
  }
}

TEST(BitCodes, rotation_keeps_products_and_spreads_directions) {
  for (const std::size_t width : kWidths) {
    std::mt19937 random(3);
    std::vector<float> a = normal_values(random, width);
    std::vector<float> b = normal_values(random, width);
    const double before = product(a, b);
    rotate(a.data(), width);
    rotate(b.data(), width);
    EXPECT_NEAR(product(a, b), before, 1e-4 * static_cast<double>(width));
    std::vector<float> axis(width, 0.0F);
    axis[width - 1] = 1;
    rotate(axis.data(), width);
    for (const float value : axis) {
      EXPECT_LE(std::fabs(value), 12 / std::sqrt(static_cast<float>(width)));
    }
  }
}

TEST(BitCodes, of_a_vector_that_is_its_centre_are_exact) {
  constexpr std::size_t kWidth = 64;
  std::mt19937 random(5);
  const std::vector<float> query = normal_values(random, kWidth);
  const std::vector<float> nothing(kWidth, 0.0F);
  std::vector<std::uint8_t> block(block_bytes(kWidth), 0);
  put_code_serial(block.data(), kWidth, 31, nothing.data(), query.data());
  SumTable table;
  fill_table(query.data(), kWidth, table);
  Estimates found;
  scan_block_serial(block.data(), kWidth, table, {0.5F, 1.0F}, 0, found);
  EXPECT_EQ(found.value[31], 0.5F);
  EXPECT_EQ(found.error[31], 0.0F);
}

TEST(Panels, every_instruction_set_gives_the_same_products_and_the_first_best_row) {
  std::mt19937 random(11);
  for (const std::size_t dimensions : {1U, 3U, 4U, 48U, 99U, 384U}) {
    for (const std::size_t rows : {1U, 15U, 16U, 17U, 80U, 129U}) {
      std::vector<std::int8_t> values(rows * dimensions);
      for (std::int8_t& value : values) {
        value = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
      }
      // The last row again, so that there are ties.
      std::copy_n(values.begin(), dimensions, values.end() - static_cast<long>(dimensions));
      const Panels panels = make_panels(values.data(), rows, dimensions);
      std::vector<float> scales(panels.panels() * kPanelRows, 0.0F);
      std::fill_n(scales.begin(), rows, 0.25F);
      std::vector<std::int8_t> padded(rows * panels.row_width(), 0);
      for (std::size_t row = 0; row < rows; ++row) {
        std::copy_n(values.data() + row * dimensions, dimensions,
                    padded.data() + row * panels.row_width());
      }
      std::vector<std::uint32_t> best(rows);
      panel_best_of(DotSet::Serial)(panels, scales.data(), padded.data(), rows, best.data());
      for (const DotSet set : {DotSet::Serial, DotSet::Avx2, DotSet::Avx512Vnni}) {
        if (!is_available(set)) {
          continue;
        }
        for (std::size_t row = 0; row < rows; ++row) {
          std::vector<std::int32_t> found(scales.size());
          const std::int8_t* query = values.data() + row * dimensions;
          panel_products_of(set)(panels, padded.data() + row * panels.row_width(), found.data());
          for (std::size_t i = 0; i < rows; ++i) {
            ASSERT_EQ(found[i], dot_i8_serial(query, values.data() + i * dimensions, dimensions));
          }
        }
        std::vector<std::uint32_t> its_best(rows);
        panel_best_of(set)(panels, scales.data(), padded.data(), rows, its_best.data());
        EXPECT_EQ(its_best, best) << dimensions << ' ' << rows;
      }
      EXPECT_EQ(best[rows - 1], best[0]);
    }
  }
}

}  // namespace
}  // namespace sonde::kernel
