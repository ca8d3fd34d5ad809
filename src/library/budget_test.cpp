#include "library/budget.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sonde::library {
namespace {

/// Every byte that is no space is a token, and two stand around a text.
class ByteTokens final : public embed::Encoder {
 public:
  [[nodiscard]] const embed::ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view, const CancelToken&) override {
    return std::vector<float>();
  }
  Status embed_documents(std::span<const std::string_view>, std::span<float>,
                         const CancelToken&) override {
    return {};
  }
  [[nodiscard]] std::size_t count_tokens(std::string_view text) const override {
    std::size_t count = 2;
    for (const char c : text) {
      count += c == ' ' || c == '\n' ? 0 : 1;
    }
    return count;
  }
  [[nodiscard]] embed::EncoderCounters counters() const override { return {}; }

 private:
  embed::ModelId id_;
};

SearchHit hit_of(const std::string& path, const std::string& text) {
  SearchHit hit;
  hit.path = path;
  hit.text = text;
  return hit;
}

TEST(Budget, is_never_passed_by_the_models_count_and_of_the_first_whole_lines_stay) {
  const ByteTokens model;
  // A head "p:1-1 " costs 5.
  for (std::uint64_t budget = 1; budget < 40; ++budget) {
    SearchAnswer answer;
    answer.results = {hit_of("p", "abcdefgh\nijkl\nmn"), hit_of("q", "123 45"), hit_of("r", "6")};
    keep_within_budget(budget, &model, answer);
    EXPECT_EQ(answer.tokens_by, "model");
    EXPECT_LE(answer.tokens, budget);
    EXPECT_EQ(answer.results.size() + answer.left_out_by_budget, 3U);
    std::uint64_t tokens = 0;
    for (const SearchHit& hit : answer.results) {
      tokens += 5 + model.count_tokens(hit.text) - 2;
    }
    EXPECT_EQ(answer.tokens, tokens);
    if (budget < 5) {
      EXPECT_TRUE(answer.results.empty());
      continue;
    }
    const std::string expected = budget < 13   ? ""
                                 : budget < 17 ? "abcdefgh\n"
                                 : budget < 19 ? "abcdefgh\nijkl\n"
                                               : "abcdefgh\nijkl\nmn";
    // Where the first is cut, a shorter one may still fit behind it.
    ASSERT_FALSE(answer.results.empty());
    EXPECT_EQ(answer.results[0].text, expected) << budget;
  }
}

TEST(Budget, counts_the_context_where_there_is_one_and_estimates_without_a_model) {
  SearchAnswer answer;
  answer.results = {hit_of("p", "xx\n")};
  answer.results[0].context = std::string(40, 'a') + "\n" + std::string(39, 'b') + "\n";
  keep_within_budget(14, nullptr, answer);
  EXPECT_EQ(answer.tokens_by, "estimate");
  EXPECT_EQ(answer.results[0].context, std::string(40, 'a') + "\n");
  EXPECT_EQ(answer.tokens, 2U + 11U);
}

}  // namespace
}  // namespace sonde::library
