#include "text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "text/fold.h"

namespace sonde::text {
namespace {

using ::testing::ElementsAre;

/// "term@position", a whole with '*' and a single CJK character with '1' behind it.
std::vector<std::string> words(std::string_view text) {
  Analyzer analyzer;
  std::vector<std::string> words;
  for (const Word& word : analyzer.analyze(text)) {
    words.push_back(std::string(analyzer.term(word)) + "@" + std::to_string(word.position) +
                    (word.kind == WordKind::Whole     ? "*"
                     : word.kind == WordKind::Unigram ? "1"
                                                      : ""));
  }
  return words;
}

TEST(Analyzer, identifiers_are_split_and_kept_whole) {
  EXPECT_THAT(words("getUserName"), ElementsAre("get@0", "user@1", "name@2", "getusernam@0*"));
  EXPECT_THAT(words("get_user_name"), ElementsAre("get@0", "user@1", "name@2", "getusernam@0*"));
  EXPECT_THAT(words("HTTPServer2"), ElementsAre("http@0", "server@1", "2@2", "httpserver2@0*"));
  EXPECT_THAT(words("keep-alive"), ElementsAre("keep@0", "aliv@1", "keepal@0*"));
  EXPECT_THAT(words("sha256sum"), ElementsAre("sha@0", "256@1", "sum@2", "sha256sum@0*"));
  EXPECT_THAT(words("__init__"), ElementsAre("init@0"));
  EXPECT_THAT(words("URLs"), ElementsAre("url@0"));
  EXPECT_THAT(words("userIDs"), ElementsAre("user@0", "id@1", "userid@0*"));
}

TEST(Analyzer, words_in_one_piece_meet_the_same_words_in_parts) {
  const std::vector<std::string> whole = words("filesystem");
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(words("FileSystem").back(), whole[0] + "*");
  EXPECT_EQ(words("file_system").back(), whole[0] + "*");
}

TEST(Analyzer, prose_is_stemmed) {
  EXPECT_EQ(words("Running jobs"), words("run job"));
  EXPECT_EQ(words("registered"), words("registers"));
}

TEST(Analyzer, punctuation_separates_and_leaves_no_gap) {
  EXPECT_THAT(words("a->b --flag x.send(y)"),
              ElementsAre("a@0", "b@1", "flag@2", "x@3", "send@4", "y@5"));
}

TEST(Analyzer, case_width_and_diacritics_fold) {
  EXPECT_EQ(words("Zürich"), words("zurich"));
  EXPECT_EQ(words("Zu\xCC\x88rich"), words("zurich"));
  EXPECT_EQ(words("ＨＴＴＰ"), words("http"));
  EXPECT_EQ(words("Straße"), words("STRASSE"));
  EXPECT_EQ(words("Łódź"), words("lodz"));
  EXPECT_EQ(words("ΑΒΓ"), words("αβγ"));
  EXPECT_EQ(words("ПриветМир").size(), 3U);
}

TEST(Analyzer, turkish_i_in_all_its_forms_is_i) {
  EXPECT_EQ(words("İSTANBUL"), words("istanbul"));
  EXPECT_EQ(words("ıstanbul"), words("istanbul"));
}

TEST(Analyzer, cjk_gives_pairs_and_single_characters) {
  EXPECT_THAT(words("検索器"), ElementsAre("検@01", "検索@0", "索@11", "索器@1", "器@21"));
  EXPECT_THAT(words("猫"), ElementsAre("猫@0"));
  EXPECT_THAT(words("日本語text"),
              ElementsAre("日@01", "日本@0", "本@11", "本語@1", "語@21", "text@3"));
  // Half-width kana fold first; voiced marks stay, they make another letter.
  EXPECT_EQ(words("ｶﾞｽ"), words("ガス"));
  EXPECT_NE(words("ガス"), words("カス"));
}

TEST(Analyzer, emoji_are_words) {
  EXPECT_THAT(words("ship it 🚀🚀"), ElementsAre("ship@0", "it@1", "🚀@2", "🚀@3"));
}

TEST(Analyzer, unicode_beside_a_word_does_not_change_it) {
  EXPECT_EQ(words("HTTPServer—"), words("HTTPServer"));
  EXPECT_EQ(words("“getUserName”"), words("getUserName"));
}

TEST(Analyzer, long_tokens_are_cut_and_stay_distinct) {
  const std::string a(100'000, 'x');
  const std::string b = a + "y";
  Analyzer analyzer;
  ASSERT_EQ(analyzer.analyze(a).size(), 1U);
  const std::string first(analyzer.term(analyzer.analyze(a)[0]));
  const std::string second(analyzer.term(analyzer.analyze(b)[0]));
  EXPECT_LE(first.size(), kTermLimitBytes);
  EXPECT_NE(first, second);
}

TEST(Analyzer, noise_is_one_word) {
  EXPECT_EQ(words("a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0").size(), 1U);
}

TEST(Analyzer, any_bytes_are_text_and_terms_are_bounded) {
  std::mt19937 random(7);
  Analyzer analyzer;
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) {
      c = static_cast<char>(round % 2 == 0 ? random() % 256
                                           : "aZ_-9.\xE6\xA4\x9C\xCC\x88"[random() % 11]);
    }
    std::uint32_t last = 0;
    for (const Word& word : analyzer.analyze(bytes)) {
      ASSERT_FALSE(analyzer.term(word).empty());
      ASSERT_LE(word.size, kTermLimitBytes);
      ASSERT_LT(word.position, analyzer.length());
      if (word.kind == WordKind::Part) {
        ASSERT_GE(word.position, last);
        last = word.position;
      }
    }
  }
}

TEST(Analyzer, an_answer_does_not_depend_on_what_was_analyzed_before) {
  Analyzer warm;
  std::mt19937 random(11);
  for (int i = 0; i < 50'000; ++i) {
    warm.analyze("word" + std::string(1 + random() % 9, static_cast<char>('a' + random() % 26)));
  }
  for (const char* text : {"running", "words", "relational", "getUserNames"}) {
    Analyzer cold;
    const auto& a = cold.analyze(text);
    const auto& b = warm.analyze(text);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(cold.term(a[i]), warm.term(b[i]));
    }
  }
}

TEST(FoldSymbol, keeps_the_form_and_folds_the_rest) {
  EXPECT_EQ(fold_symbol("Session.get_User"), "session.get_user");
  EXPECT_EQ(fold_symbol("Session::get"), "session.get");
  EXPECT_EQ(fold_symbol("Zürich#Go"), "zurich.go");
  EXPECT_EQ(squeeze_symbol("get_user-name"), "getusername");
  EXPECT_LE(fold_symbol(std::string(1000, 'a')).size(), kTermLimitBytes);
}

}  // namespace
}  // namespace sonde::text
