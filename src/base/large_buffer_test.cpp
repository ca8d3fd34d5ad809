#include "base/large_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace sonde {
namespace {

TEST(LargeBuffer, every_float_of_small_and_large_ones_can_be_used_and_is_aligned) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{17}, std::size_t{3} << 20}) {
    LargeBuffer buffer(count);
    ASSERT_EQ(buffer.size(), count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U);
    for (std::size_t i = 0; i < count; ++i) {
      buffer.data()[i] = static_cast<float>(i % 1000);
    }
    EXPECT_EQ(buffer.view()[count - 1], static_cast<float>((count - 1) % 1000));
  }
  EXPECT_EQ(LargeBuffer(0).view().size(), 0U);
}

TEST(LargeBuffer, the_floats_stay_where_they_are_when_it_is_moved) {
  LargeBuffer first(100);
  first.data()[99] = 7;
  const float* const place = first.data();
  const LargeBuffer second = std::move(first);
  EXPECT_EQ(second.data(), place);
  EXPECT_EQ(second.view()[99], 7);
}

}  // namespace
}  // namespace sonde
