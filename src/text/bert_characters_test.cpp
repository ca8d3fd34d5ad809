#include "text/bert_characters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sonde::text {
namespace {

BertCharacters made(const BertNormalizer& normalizer = {}) {
  auto characters = BertCharacters::create(normalizer);
  EXPECT_TRUE(characters.ok());
  return std::move(characters).value();
}

BertKind kind(char32_t code_point) { return made().at(code_point).kind; }
char32_t becomes(char32_t code_point) { return made().at(code_point).becomes; }

TEST(BertCharacters, categories_are_those_of_unicode_8) {
  EXPECT_EQ(kind(0x166D), BertKind::Punctuation);   // a symbol since Unicode 12
  EXPECT_EQ(kind(0x111C9), BertKind::Punctuation);  // a mark since 11
  EXPECT_EQ(kind(0x1734), BertKind::Dropped);       // was a nonspacing mark until 14
  EXPECT_EQ(kind(0x1885), BertKind::Letter);        // nonspacing marks since 9 and 11
  EXPECT_EQ(kind(0x1886), BertKind::Letter);
  EXPECT_EQ(kind(0xA9BD), BertKind::Letter);
}

TEST(BertCharacters, what_came_after_unicode_8_is_a_letter) {
  EXPECT_EQ(kind(0x061D), BertKind::Letter);   // punctuation (14)
  EXPECT_EQ(kind(0x2E5D), BertKind::Letter);   // punctuation (14)
  EXPECT_EQ(kind(0x08E2), BertKind::Letter);   // a format character (9)
  EXPECT_EQ(kind(0x1ABF), BertKind::Letter);   // a nonspacing mark (13), of class 0 here
  EXPECT_EQ(kind(0x0378), BertKind::Letter);   // unassigned
  EXPECT_EQ(kind(0xE000), BertKind::Dropped);  // private use
}

TEST(BertCharacters, decompositions_and_order_are_those_of_unicode_9) {
  EXPECT_EQ(kind(0x11938), BertKind::Letter);  // decomposes since 13
  const BertCharacters characters = made();
  ASSERT_EQ(characters.at(0x1E000).kind, BertKind::Several);  // a mark of Unicode 9: kept, ordered
  EXPECT_EQ(characters.expand(0x1E000).parts[0].combining_class, 230);
  ASSERT_EQ(characters.at(0x302E).kind, BertKind::Several);
  EXPECT_EQ(characters.expand(0x302E).parts[0].combining_class, 224);
}

TEST(BertCharacters, lower_case_is_that_of_unicode_17) {
  EXPECT_EQ(becomes(0x1C89), 0x1C8AU);
  EXPECT_EQ(becomes(0xA7CB), 0x0264U);
  EXPECT_EQ(becomes(0xA7CC), 0xA7CDU);
  EXPECT_EQ(becomes(0xA7CE), 0xA7CFU);
  EXPECT_EQ(becomes(0xA7D2), 0xA7D3U);
  EXPECT_EQ(becomes(0xA7D4), 0xA7D5U);
  EXPECT_EQ(becomes(0xA7DA), 0xA7DBU);
  EXPECT_EQ(becomes(0xA7DC), 0x019BU);
  EXPECT_EQ(becomes(0x10D50), 0x10D70U);
  EXPECT_EQ(becomes(0x10D65), 0x10D85U);
  EXPECT_EQ(becomes(0x10D66), 0x10D66U);
  EXPECT_EQ(becomes(0x16EA0), 0x16EBBU);
  EXPECT_EQ(becomes(0x16EB8), 0x16ED3U);
  EXPECT_EQ(becomes(0x16EB9), 0x16EB9U);
}

TEST(BertCharacters, a_dotted_capital_i_keeps_its_dot_when_accents_stay) {
  BertNormalizer normalizer;
  normalizer.strip_accents = false;
  const BertParts parts = made(normalizer).expand(0x130);
  ASSERT_EQ(parts.size, 2U);
  EXPECT_EQ(parts.parts[0].character.becomes, U'i');
  EXPECT_EQ(parts.parts[1].character.becomes, 0x307U);
}

TEST(BertCharacters, hangul_syllables_become_their_letters) {
  const BertParts parts = made().expand(0xD55C);
  ASSERT_EQ(parts.size, 3U);
  EXPECT_EQ(parts.parts[0].character.becomes, 0x1112U);
  EXPECT_EQ(parts.parts[1].character.becomes, 0x1161U);
  EXPECT_EQ(parts.parts[2].character.becomes, 0x11ABU);
  EXPECT_EQ(made().expand(0xAC00).size, 2U);
}

TEST(BertCharacters, no_character_becomes_more_parts_than_there_is_room_for) {
  for (const bool strip : {false, true}) {
    BertNormalizer normalizer;
    normalizer.strip_accents = strip;
    const BertCharacters characters = made(normalizer);
    std::size_t most = 0;
    for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
      if (characters.at(code_point).kind == BertKind::Several) {
        most = std::max(most, characters.expand(code_point).size);
      }
    }
    EXPECT_LE(most, kMaxBertParts / 2) << strip;
    EXPECT_GE(most, 2U) << strip;
  }
}

}  // namespace
}  // namespace sonde::text
