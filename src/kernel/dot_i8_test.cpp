#include "kernel/dot_i8.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sonde::kernel {
namespace {

TEST(DotI8, every_instruction_set_gives_the_same_integer) {
  std::mt19937 random(4);
  for (const std::size_t width : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U, 384U, 1'000U, 8'192U}) {
    std::vector<std::int8_t> a(width);
    std::vector<std::int8_t> b(width);
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < width; ++i) {
        a[i] = static_cast<std::int8_t>(random() % 256);
        b[i] = static_cast<std::int8_t>(round == 0 ? -128 : random() % 256);
      }
      const std::int32_t expected = dot_i8_serial(a.data(), b.data(), width);
      for (const DotSet set : {DotSet::Avx2, DotSet::Avx512Vnni}) {
        if (is_available(set)) {
          EXPECT_EQ(dot_i8_of(set)(a.data(), b.data(), width), expected) << width;
        }
      }
    }
  }
}

TEST(DotWide, every_instruction_set_gives_the_same_integer) {
  std::mt19937 random(5);
  for (const std::size_t width : {0U, 1U, 15U, 16U, 17U, 31U, 32U, 33U, 384U, 1'000U, 8'192U}) {
    std::vector<std::int16_t> a(width);
    std::vector<std::int8_t> b(width);
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < width; ++i) {
        const int value = static_cast<int>(random() % (2 * kLargestWide + 1)) - kLargestWide;
        a[i] = static_cast<std::int16_t>(round == 0 ? -kLargestWide : value);
        b[i] = static_cast<std::int8_t>(round == 0 ? -128 : static_cast<int>(random() % 256));
      }
      const std::int32_t expected = dot_wide_serial(a.data(), b.data(), width);
      EXPECT_TRUE(round != 0 || expected == static_cast<std::int32_t>(width) * 128 * kLargestWide);
      for (const DotSet set : {DotSet::Avx2, DotSet::Avx512Vnni}) {
        if (is_available(set)) {
          EXPECT_EQ(dot_wide_of(set)(a.data(), b.data(), width), expected) << width;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sonde::kernel
