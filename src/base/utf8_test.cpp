#include "base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sonde {
namespace {

const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD

/// A slow reference, written from Unicode 15's table 3-7 as ranges of bytes.
struct Row {
  std::vector<std::pair<int, int>> bytes;
};
const std::vector<Row>& table_3_7() {
  static const std::vector<Row> rows = {
      {{{0x00, 0x7F}}},
      {{{0xC2, 0xDF}, {0x80, 0xBF}}},
      {{{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
      {{{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
      {{{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
      {{{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
      {{{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
      {{{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
      {{{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
  };
  return rows;
}

/// The length of the longest prefix of `text` that begins some row, and whether it is a whole row.
std::pair<std::size_t, bool> reference_step(std::string_view text) {
  std::size_t best = 0;
  for (const Row& row : table_3_7()) {
    std::size_t n = 0;
    while (n < row.bytes.size() && n < text.size()) {
      const int byte = static_cast<unsigned char>(text[n]);
      if (byte < row.bytes[n].first || byte > row.bytes[n].second) {
        break;
      }
      ++n;
    }
    if (n == row.bytes.size()) {
      return {n, true};
    }
    best = std::max(best, n);
  }
  return {std::max<std::size_t>(best, 1), false};
}

std::string reference_repair(std::string_view text, bool& valid) {
  std::string result;
  valid = true;
  while (!text.empty()) {
    const auto [length, whole] = reference_step(text);
    result += whole ? std::string(text.substr(0, length)) : kBad;
    valid = valid && whole;
    text.remove_prefix(length);
  }
  return result;
}

void expect_as_reference(std::string_view text) {
  bool valid = false;
  const std::string repaired = reference_repair(text, valid);
  ASSERT_EQ(is_valid_utf8(text), valid);
  ASSERT_EQ(to_valid_utf8(text), repaired);
  std::string walked;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t before = position;
    append_utf8(walked, next_code_point(text, position));
    ASSERT_GT(position, before);
  }
  ASSERT_EQ(walked, repaired);
}

TEST(Utf8, the_standards_own_examples_are_repaired_as_it_says) {  // Unicode 15, tables 3-8 to 3-11
  const std::pair<std::string, int> examples[] = {
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82", 8},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF", 8},
      {"\xF4\x91\x92\x93\xFF", 5},
      {"\x80\xBF", 2},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF", 4},
  };
  for (const auto& [bytes, count] : examples) {
    std::string expected;
    for (int i = 0; i < count; ++i) {
      expected += kBad;
    }
    EXPECT_FALSE(is_valid_utf8(bytes));
    EXPECT_EQ(to_valid_utf8(bytes + "A"), expected + "A");
  }
}

TEST(Utf8, every_code_point_goes_there_and_back) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    append_utf8(text, c);
    ASSERT_TRUE(is_valid_utf8(text));
    std::size_t position = 0;
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(next_code_point(text, position), surrogate ? char32_t{0xFFFD} : c);
    ASSERT_EQ(position, text.size());
  }
  std::string text;
  append_utf8(text, 0x110000);
  EXPECT_EQ(text, kBad);
}

TEST(Utf8, every_two_bytes_and_all_edges_of_longer_ones_match_the_standards_table) {
  std::string text(2, '\0');
  for (int i = 0; i < 0x10000; ++i) {
    text[0] = static_cast<char>(i >> 8);
    text[1] = static_cast<char>(i & 0xff);
    expect_as_reference(text);
  }
  const std::string edges =
      "\x01\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5"
      "\xFF";
  for (const char a : edges) {
    for (const char b : edges) {
      for (const char c : edges) {
        for (const char d : edges) {
          expect_as_reference({std::string{a, b, c, d}});
        }
      }
    }
  }
}

TEST(Utf8, random_mixtures_with_long_ascii_parts_match_the_standards_table) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (int part = 0; part < 6; ++part) {
      text += std::string(random() % 20, 'a');
      append_utf8(text, static_cast<char32_t>(random() % 0x110000));
      if (random() % 2 == 0) {
        text += static_cast<char>(random());
      }
    }
    text.resize(random() % (text.size() + 1));
    expect_as_reference(text);
  }
}

TEST(Utf8, a_boundary_never_cuts_a_sequence_and_never_moves_forward) {
  const std::string text =
      "a\xC3\xA4"
      "b\xE2\x82\xAC"
      "c\xF0\x9F\x98\x80"
      "d";
  const std::vector<std::size_t> expected = {0, 1, 1, 3, 4, 4, 4, 7, 8, 8, 8, 8, 12, 13};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(utf8_boundary_before(text, i), expected[i]) << i;
  }
  EXPECT_EQ(utf8_boundary_before(text, 100), text.size());
  const std::string broken = "\x80\x80\x80\x80\x80\xE2\x82";
  for (std::size_t i = 0; i < broken.size(); ++i) {
    EXPECT_EQ(utf8_boundary_before(broken, i), i);  // nothing well-formed to cut
  }
}

}  // namespace
}  // namespace sonde
