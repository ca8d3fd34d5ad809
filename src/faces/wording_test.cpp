#include "faces/wording.h"

#include <gtest/gtest.h>

namespace sonde::faces {
namespace {

TEST(Wording, numbers_sizes_and_times_read_well) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(human_size(12), "12 bytes");
  EXPECT_EQ(human_size(5 << 20), "5.0 MB");
  EXPECT_EQ(human_duration(0.25), "250 ms");
  EXPECT_EQ(human_duration(12.4), "12 s");
  EXPECT_EQ(human_duration(59.7), "1 min 0 s");
  EXPECT_EQ(human_duration(7500), "2 h 5 min");
  EXPECT_EQ(counted(1, "file", "files"), "1 file");
}

}  // namespace
}  // namespace sonde::faces
