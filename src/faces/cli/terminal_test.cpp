#include "faces/cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"

namespace sonde::faces::cli {
namespace {

TEST(SafeLine, nothing_in_a_text_can_steer_the_terminal) {
  EXPECT_EQ(safe_line("a\x1b[2Jb"), "a<U+001B>[2Jb");
  EXPECT_EQ(safe_line("\xc2\x9b"), "<U+009B>");
  EXPECT_EQ(safe_line("a\rb\x07\x7f"), "a<U+000D>b<U+0007><U+007F>");
  EXPECT_EQ(safe_line("x\xe2\x80\xae"
                      "y"),
            "x<U+202E>y");
  EXPECT_EQ(safe_line("\ta\tb"), "    a   b");
  EXPECT_EQ(safe_line("h\xff"), "h\xef\xbf\xbd");
}

TEST(SafeLine, every_byte_gives_valid_text_without_controls) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string safe =
          safe_line(std::string{static_cast<char>(first), static_cast<char>(second)});
      ASSERT_TRUE(is_valid_utf8(safe));
      for (std::size_t position = 0; position < safe.size();) {
        const char32_t c = next_code_point(safe, position);
        ASSERT_TRUE(c >= 0x20 && !(c >= 0x7f && c <= 0x9f));
      }
    }
  }
}

TEST(SafePath, a_name_keeps_its_bytes_but_not_its_controls) {
  EXPECT_EQ(safe_path("src/caf\xc3\xa9.py"), "src/caf\xc3\xa9.py");
  EXPECT_EQ(safe_path("bad\xff.py"), "bad\xff.py");
  EXPECT_EQ(safe_path("a\nb\x1b[31m"), "a\\x0ab\\x1b[31m");
  EXPECT_EQ(safe_path("\xc2\x85"), "\\xc2\\x85");
}

TEST(CutToWidth, never_passes_the_width_nor_cuts_a_character) {
  EXPECT_EQ(cut_to_width("short", 10), "short");
  EXPECT_EQ(cut_to_width("0123456789", 5), "0123…");
  EXPECT_EQ(display_width("漢字"), 4U);
  for (std::size_t width = 1; width < 12; ++width) {
    const std::string cut = cut_to_width("ab漢字é漢字xyz", width);
    EXPECT_LE(display_width(cut), width);
    EXPECT_TRUE(is_valid_utf8(cut));
  }
}

TEST(Painter, without_colours_text_is_plain) {
  const Painter plain;
  EXPECT_EQ(plain.paint(Style::Match, "x"), "x");
  EXPECT_EQ(plain.link("/a", "x"), "x");
}

TEST(Painter, links_are_escaped) {
  const Painter painter{true, true, "host"};
  EXPECT_EQ(painter.link("/a b/\x1b", "x"), "\x1b]8;;file://host/a%20b/%1B\x1b\\x\x1b]8;;\x1b\\");
}

}  // namespace
}  // namespace sonde::faces::cli
