#include "index/analyze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "index/symbols.h"

namespace sonde::index {
namespace {

using ::testing::ElementsAre;

/// "term x frequency" of a field.
std::vector<std::string> terms_of(const std::vector<TermOccurrences>& terms, Field field) {
  std::vector<std::string> found;
  for (const TermOccurrences& term : terms) {
    if (term.field == field) {
      found.push_back(term.term + " x" + std::to_string(term.frequency));
    }
  }
  return found;
}

AnalyzedFile one_doc(std::string_view text, std::string_view symbol, std::string_view scope) {
  FileInput file;
  file.path = "src/json/HttpProvider.py";
  DocInput doc;
  doc.text = text;
  doc.symbol = symbol;
  doc.scope = scope;
  file.docs = {doc};
  return analyze_file(file);
}

TEST(AnalyzeFile, each_field_gets_its_terms) {
  const AnalyzedFile file = one_doc("def load_it: load", "load_it", "app.Provider");
  ASSERT_EQ(file.docs.size(), 1U);
  const auto& terms = file.docs[0].terms;
  EXPECT_THAT(terms_of(terms, Field::Body), ElementsAre("def x1", "it x1", "load x2", "loadit x1"));
  EXPECT_THAT(terms_of(terms, Field::Defines), ElementsAre("it x1", "load x1", "loadit x1"));
  EXPECT_THAT(terms_of(terms, Field::Symbol),
              ElementsAre("app.provider.load_it x1", "app.provider.loadit x1", "load_it x1",
                          "loadit x1", "provider.load_it x1", "provider.loadit x1"));
  EXPECT_THAT(terms_of(file.path_terms, Field::Path),
              ElementsAre("http x1", "httpprovid x1", "json x1", "provid x1", "src x1"));
  EXPECT_EQ(file.docs[0].length, 4U);
}

TEST(AnalyzeFile, terms_are_sorted_unique_and_positions_agree_with_frequencies) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) {
    text += "w" + std::to_string(i % 700) + "x fooBar_" + std::to_string(i % 11) + " é" +
            std::to_string(i % 5) + "\n";
  }
  const AnalyzedFile file = one_doc(text, "fooBar", "");
  const auto& terms = file.docs[0].terms;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i > 0) {
      ASSERT_LT(std::tie(terms[i - 1].field, terms[i - 1].term),
                std::tie(terms[i].field, terms[i].term));
    }
    if (terms[i].field == Field::Body) {
      ASSERT_EQ(terms[i].positions.size(), terms[i].frequency);
      ASSERT_TRUE(std::is_sorted(terms[i].positions.begin(), terms[i].positions.end()));
    } else {
      ASSERT_TRUE(terms[i].positions.empty());
    }
  }
}

TEST(AnalyzeFile, a_file_without_text_has_no_terms_but_its_path) {
  const AnalyzedFile file = one_doc("", "", "");
  EXPECT_TRUE(file.docs[0].terms.empty());
  EXPECT_FALSE(file.path_terms.empty());
}

TEST(Symbols, names_have_their_forms_with_and_without_scope) {
  EXPECT_THAT(symbol_forms("get", "Session"), ElementsAre("get", "session.get"));
  EXPECT_THAT(symbol_forms("M.load", ""), ElementsAre("load", "m.load"));
  EXPECT_THAT(symbol_forms("", ""), ElementsAre());
}

TEST(Symbols, the_stem_of_a_file_is_its_name_alone) {
  EXPECT_EQ(file_stem("src/json/provider.py"), "provider");
  EXPECT_EQ(file_stem(".gitignore"), ".gitignore");
  EXPECT_EQ(file_stem("a.b/Makefile"), "Makefile");
  EXPECT_EQ(file_stem("x.tar.gz"), "x.tar");
  EXPECT_EQ(file_stem("a/b."), "b.");
}

}  // namespace
}  // namespace sonde::index
