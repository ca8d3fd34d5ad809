#include "embed/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "embed/model_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using Floats = std::vector<float>;
using Shape = std::vector<std::uint64_t>;

class SafetensorsTest : public ::testing::Test {
 protected:
  Result<Safetensors> open(std::string_view bytes) {
    write_bytes(path_, bytes);
    return Safetensors::open(io::real_file_system(), path_);
  }
  /// Opens one tensor "a" of this type, shape and place over 16 bytes of zeroes.
  Result<Safetensors> open_one(const std::string& type, const std::string& shape,
                               const std::string& offsets) {
    return open(safetensors_bytes(R"({"a":{"dtype":")" + type + R"(","shape":)" + shape +
                                      R"(,"data_offsets":)" + offsets + "}}",
                                  std::string(16, '\0')));
  }
  void expect_error(const Result<Safetensors>& file, Code code, const std::string& part) {
    ASSERT_FALSE(file.ok()) << part;
    EXPECT_EQ(file.error().code, code) << file.error().message;
    EXPECT_NE(file.error().message.find(path_), std::string::npos) << file.error().message;
    EXPECT_NE(file.error().message.find(part), std::string::npos) << file.error().message;
  }
  /// What every file that opens has to keep, whatever its bytes.
  static void expect_sound(const Safetensors& file, std::uint64_t file_bytes) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
    for (const auto& [name, info] : file.tensors()) {
      ASSERT_LE(info.begin, file_bytes);
      ASSERT_LE(info.size_bytes, file_bytes - info.begin);
      if (info.size_bytes > 0) {
        places.emplace_back(info.begin, info.begin + info.size_bytes);
      }
      const auto values = file.read(name, info.shape);
      if (values.ok()) {
        ASSERT_TRUE(std::all_of(values->begin(), values->end(),
                                [](float value) { return std::isfinite(value); }));
      } else {
        ASSERT_NE(values.error().message.find(name), std::string::npos) << values.error().message;
      }
    }
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) {
      ASSERT_LE(places[i - 1].second, places[i].first);
    }
  }

  const io::TestFolder folder_;
  const std::string path_ = folder_.path("model.safetensors");
  const std::string header_ =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
      R"("b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},)"
      R"("c":{"dtype":"I64","shape":[1,1],"data_offsets":[24,32]}})";
  const std::string data_ = raw_bytes({1.0F, -2.0F, 3.5F, 0.25F}) +
                            std::string("\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8) +
                            std::string(8, 'x');
};

TEST_F(SafetensorsTest, tensors_are_read_as_they_were_written) {
  const auto file = open(safetensors_bytes(header_, data_));
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 3U);
  EXPECT_EQ(*file->read("a", {2, 2}), (Floats{1.0F, -2.0F, 3.5F, 0.25F}));
  EXPECT_EQ(*file->read_rows("a", 1, 1), (Floats{3.5F, 0.25F}));
  EXPECT_EQ(*file->read_rows("a", 2, 0), Floats{});
  // f16: one, minus two, the least subnormal, the greatest.
  EXPECT_EQ(*file->read("b", {4}), (Floats{1.0F, -2.0F, 0x1p-24F, 65504.0F}));
}

TEST_F(SafetensorsTest, bf16_is_the_upper_half_of_f32) {
  const auto file =
      open(safetensors_bytes(R"({"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}})",
                             std::string("\x80\x3f\x00\xc0\x20\x41", 6)));
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(*file->read("a", {3}), (Floats{1.0F, -2.0F, 10.0F}));
}

TEST_F(SafetensorsTest, what_is_asked_for_wrongly_is_refused_by_name) {
  const auto file = open(safetensors_bytes(header_, data_));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->read("d", {1}).error().code, Code::NotFound);
  EXPECT_EQ(file->read("c", {1, 1}).error().code, Code::Unsupported);
  EXPECT_EQ(file->read("a", {4}).error().code, Code::InvalidArgument);
  EXPECT_EQ(file->read("a", {2, 3}).error().code, Code::InvalidArgument);
  EXPECT_EQ(file->read_rows("a", 1, 2).error().code, Code::InvalidArgument);
  EXPECT_EQ(file->read_rows("a", 3, 0).error().code, Code::InvalidArgument);
  EXPECT_EQ(file->read_rows("b", 0, 1).error().code, Code::InvalidArgument);
  EXPECT_NE(file->read("a", {2, 3}).error().message.find("[2, 2]"), std::string::npos);
}

TEST_F(SafetensorsTest, every_truncation_is_an_error_that_names_the_file) {
  const std::string bytes = safetensors_bytes(header_, data_);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto file = open(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(file.ok()) << length;
    EXPECT_EQ(file.error().code, Code::Corruption) << file.error().message;
    EXPECT_NE(file.error().message.find(path_), std::string::npos) << file.error().message;
  }
}

TEST_F(SafetensorsTest, every_flipped_byte_of_the_header_is_an_error_or_a_sound_file) {
  const std::string bytes = safetensors_bytes(header_, data_);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < 8 + header_.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x02U, 0x10U, 0x40U, 0x80U, 0xFFU}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
      const auto file = open(damaged);
      if (file.ok()) {
        ASSERT_NO_FATAL_FAILURE(expect_sound(*file, damaged.size())) << at << " ^ " << flip;
      } else {
        ++refused;
        EXPECT_NE(file.error().message.find(path_), std::string::npos) << file.error().message;
      }
    }
  }
  EXPECT_GT(refused, 500U);
}

TEST_F(SafetensorsTest, places_and_shapes_that_do_not_fit_are_refused) {
  expect_error(open_one("F32", "[4]", "[0,20]"), Code::Corruption, "cut");
  expect_error(open_one("F32", "[4]", "[16,0]"), Code::Corruption, "\"a\"");
  expect_error(open_one("F32", "[3]", "[0,16]"), Code::Corruption, "shape");
  expect_error(open_one("F32", "[-4]", "[0,16]"), Code::Corruption, "side");
  expect_error(open_one("F32", "[4.0]", "[0,16]"), Code::Corruption, "side");
  expect_error(open_one("F32", "[4]", "[-1,15]"), Code::Corruption, "place");
  expect_error(open_one("F32", "[4]", "[0]"), Code::Corruption, "\"a\"");
  expect_error(open_one("F32", "4", "[0,16]"), Code::Corruption, "\"a\"");
  expect_error(open_one("F32", "[1,1,1,1,1,1,1,1,4]", "[0,16]"), Code::Corruption, "\"a\"");
  // Products that overflow 64 bits, to zero and to four.
  expect_error(open_one("F32", "[4294967296,4294967296]", "[0,0]"), Code::Corruption, "shape");
  expect_error(open_one("F32", "[4611686018427387905,4]", "[0,16]"), Code::Corruption, "shape");
  expect_error(open_one("F16", "[9223372036854775809]", "[0,2]"), Code::Corruption, "shape");
  expect_error(open_one("F32", "[4]", "[18446744073709551600,18446744073709551616]"),
               Code::Corruption, "\"a\"");
}

TEST_F(SafetensorsTest, tensors_that_share_bytes_are_refused) {
  const auto two = [&](const std::string& first, const std::string& second) {
    return open(safetensors_bytes(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + first +
                                      R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" +
                                      second + "}}",
                                  std::string(16, '\0')));
  };
  expect_error(two("[0,8]", "[4,12]"), Code::Corruption, "overlap");
  expect_error(two("[8,16]", "[8,16]"), Code::Corruption, "overlap");
  EXPECT_TRUE(two("[8,16]", "[0,8]").ok());
}

TEST_F(SafetensorsTest, a_header_that_is_no_header_is_refused) {
  expect_error(open(safetensors_bytes("", "")), Code::Corruption, "JSON");
  expect_error(open(safetensors_bytes("[]", "")), Code::Corruption, "JSON");
  expect_error(open(safetensors_bytes("{\"a\":", "")), Code::Corruption, "JSON");
  expect_error(open(safetensors_bytes("{\"a\":1}", "")), Code::Corruption, "\"a\"");
  expect_error(open(safetensors_bytes(std::string(100'000, '['), "")), Code::Corruption, "JSON");
  ByteWriter huge;
  huge.u64(std::numeric_limits<std::uint64_t>::max());
  huge.raw("{}");
  expect_error(open(huge.bytes()), Code::Limit, "limit");
  std::string many = "{";
  for (int i = 0; i <= 65'536; ++i) {
    many += (i > 0 ? ",\"" : "\"") + std::to_string(i) +
            R"(":{"dtype":"I8","shape":[0],"data_offsets":[0,0]})";
  }
  expect_error(open(safetensors_bytes(many + "}", "")), Code::Limit, "tensors");
  EXPECT_EQ(Safetensors::open(io::real_file_system(), folder_.path("none")).error().code,
            Code::NotFound);
}

TEST_F(SafetensorsTest, a_value_that_is_no_finite_number_is_refused) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto file =
        open(safetensors_bytes(R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})",
                               raw_bytes({1.0F, 2.0F, bad, 3.0F})));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->read("a", {2, 2}).error().code, Code::Corruption);
    EXPECT_TRUE(file->read_rows("a", 0, 1).ok());
    EXPECT_EQ(file->read_rows("a", 1, 1).error().code, Code::Corruption);
  }
  const auto half = open(safetensors_bytes(
      R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", std::string("\x00\x7c", 2)));
  ASSERT_TRUE(half.ok());
  EXPECT_EQ(half->read("a", {1}).error().code, Code::Corruption);
}

TEST_F(SafetensorsTest, a_file_that_shrinks_after_it_was_opened_is_an_error) {
  const std::string bytes = safetensors_bytes(header_, data_);
  const auto file = open(bytes);
  ASSERT_TRUE(file.ok());
  std::filesystem::resize_file(path_, bytes.size() - data_.size() + 5);
  EXPECT_EQ(file->read("a", {2, 2}).error().code, Code::Corruption);
}

}  // namespace
}  // namespace sonde::embed
