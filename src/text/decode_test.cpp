#include "text/decode.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"

namespace sonde::text {
namespace {

using namespace std::string_view_literals;

void expect_decoded(std::string_view bytes, std::string_view text, Encoding encoding) {
  const DecodedText decoded = decode_text(bytes);
  EXPECT_EQ(decoded.text, text);
  EXPECT_EQ(encoding_name(decoded.encoding), encoding_name(encoding));
}

TEST(Decode, keeps_utf8_and_its_line_ends) {
  expect_decoded("a\r\nü\n", "a\r\nü\n", Encoding::Utf8);
  expect_decoded("", "", Encoding::Utf8);
}

TEST(Decode, drops_a_byte_order_mark) {
  expect_decoded("\xEF\xBB\xBFx", "x", Encoding::Utf8Bom);
  expect_decoded("\xFF\xFEh\0i\0"sv, "hi", Encoding::Utf16Le);
  expect_decoded("\xFE\xFF\0h\0i"sv, "hi", Encoding::Utf16Be);
}

TEST(Decode, tells_utf16_without_a_mark_by_its_zeros) {
  expect_decoded("i\0n\0t\0 \0x\0;\0\n\0"sv, "int x;\n", Encoding::Utf16Le);
  expect_decoded("\0i\0n\0t\0 \0x\0;\0\n"sv, "int x;\n", Encoding::Utf16Be);
}

TEST(Decode, joins_surrogates_and_replaces_lone_ones) {
  expect_decoded("\xFF\xFE\x3D\xD8\x00\xDE"sv, "\U0001F600", Encoding::Utf16Le);
  expect_decoded("\xFF\xFE\x3D\xD8x\0"sv, "\uFFFDx", Encoding::Utf16Le);
  expect_decoded("\xFF\xFEx\0y"sv, "x\uFFFD", Encoding::Utf16Le);
}

TEST(Decode, falls_back_to_latin1) {
  expect_decoded("na\xEFve \x80 \x93", "naïve € “", Encoding::Latin1);
  expect_decoded("\xEF\xBB\xBF\xFF", "ï»¿ÿ", Encoding::Latin1);
}

TEST(Decode, always_gives_valid_utf8) {
  std::mt19937 random(11);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random() % 4 == 0 ? 0 : random() % 256);
    }
    EXPECT_TRUE(is_valid_utf8(decode_text(bytes).text));
  }
}

}  // namespace
}  // namespace sonde::text
