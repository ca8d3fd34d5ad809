#include "index/spelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "index/search_testing.h"

namespace sonde::index {
namespace {

using search_testing::found;
using search_testing::paths;
using search_testing::view_of;

/// The textbook's recursion.
std::size_t slow_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) {
    return a.size() + b.size();
  }
  std::size_t best = std::min({slow_distance(a.substr(1), b) + 1, slow_distance(a, b.substr(1)) + 1,
                               slow_distance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0U : 1U)});
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, slow_distance(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

TEST(Spelling, distance_is_that_of_the_textbook_up_to_its_limit) {
  std::mt19937 random(5);
  const auto word = [&random] {
    std::string letters;
    for (std::size_t n = random() % 6; n > 0; --n) {
      letters += static_cast<char>('a' + random() % 3);
    }
    return letters;
  };
  for (int round = 0; round < 2'000; ++round) {
    const std::string a = word();
    const std::string b = word();
    for (std::size_t limit = 0; limit < 4; ++limit) {
      EXPECT_EQ(edit_distance(a, b, limit), std::min(slow_distance(a, b), limit + 1)) << a << b;
    }
  }
}

const std::vector<search_testing::TestFile>& files() {
  static const std::vector<search_testing::TestFile> files = {
      {"pool.py", {{"def acquireConnection(): wait for a free one", "acquireConnection"}}},
      {"flavor.py", {{"class Flavor: of the runtime", "Flavor"}}},
      {"other.py", {{"class Other: of the runtime", "Other"}}}};
  return files;
}

TEST(Spelling, a_name_with_a_slip_is_found_and_the_answer_says_so) {
  const IndexView view = view_of(files());
  const SearchResult result = found(view, "flavour");
  EXPECT_EQ(paths(result).front(), "flavor.py");
  ASSERT_EQ(result.corrections.size(), 1U);
  EXPECT_EQ(result.corrections[0].written, "flavour");
  EXPECT_EQ(result.corrections[0].used, "flavor");
  EXPECT_EQ(paths(found(view, "aquireConnection")).front(), "pool.py");
  EXPECT_EQ(paths(found(view, "acquireConnectoin")).front(), "pool.py");
}

TEST(Spelling, words_that_are_there_or_near_to_nothing_stay) {
  const IndexView view = view_of(files());
  for (const char* query : {"runtime", "kubernetes", "othr", "flavors of the runtime"}) {
    EXPECT_TRUE(found(view, query).corrections.empty()) << query;
  }
}

TEST(Spelling, only_live_docs_have_names) {
  IndexView view = view_of(files());
  view[0].dead_files = {0};  // flavor.py is the first by its path
  EXPECT_TRUE(found(view, "flavour").corrections.empty());
}

}  // namespace
}  // namespace sonde::index
