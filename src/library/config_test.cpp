#include "library/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sonde::library {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sonde-config-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    std::filesystem::create_directories(base_ + "/config/sonde");
    std::filesystem::create_directories(base_ + "/project");
    environment_.config_home = base_ + "/config";
  }
  void TearDown() override { std::filesystem::remove_all(base_); }

  void user(const std::string& text) { std::ofstream(user_file()) << text; }
  void project(const std::string& text) { std::ofstream(project_file()) << text; }
  std::string user_file() const { return base_ + "/config/sonde/config.toml"; }
  std::string project_file() const { return base_ + "/project/.sonde.toml"; }
  Result<Config> read() const { return read_config(environment_, base_ + "/project"); }
  std::string error() const {
    const auto result = read();
    EXPECT_FALSE(result.ok());
    return result.ok() ? "" : result.error().message;
  }

  std::string base_;
  Environment environment_;
};

TEST_F(ConfigTest, without_files_the_defaults_hold) {
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->results, 10U);
  EXPECT_EQ(config->size_cap_bytes, 16U << 20);
  EXPECT_TRUE(config->refresh);
}

TEST_F(ConfigTest, every_key_is_read) {
  user(R"(threads = 3
max_rss = "2GB"
color = "never"
[index]
exclude = ["*.log", "/data/"]
hidden = true
generated = true
vendored = true
size_cap = "1MiB"
[search]
results = 25
refresh = false
refresh_budget_ms = 120
)");
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->threads, 3U);
  EXPECT_EQ(config->max_rss_bytes, 2ULL << 30);
  EXPECT_EQ(config->color, "never");
  EXPECT_THAT(config->exclude, ElementsAre("*.log", "/data/"));
  EXPECT_TRUE(config->include_hidden);
  EXPECT_TRUE(config->include_generated);
  EXPECT_TRUE(config->include_vendored);
  EXPECT_EQ(config->size_cap_bytes, 1U << 20);
  EXPECT_EQ(config->results, 25U);
  EXPECT_FALSE(config->refresh);
  EXPECT_EQ(config->refresh_budget_ms, 120U);
}

TEST_F(ConfigTest, the_project_goes_over_the_user_and_adds_to_the_exclusions) {
  user("[index]\nexclude = [\"*.log\"]\nhidden = true\n[search]\nresults = 5\n");
  project("[index]\nexclude = [\"/out/\"]\nhidden = false\n");
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_FALSE(config->include_hidden);
  EXPECT_EQ(config->results, 5U);
  EXPECT_THAT(config->exclude, ElementsAre("*.log", "/out/"));
}

TEST_F(ConfigTest, only_the_users_own_file_may_name_an_embeddings_server) {
  user(
      "[embedding]\nurl = \"https://e.example/v1\"\nmodel = \"m\"\nkey_variable = \"KEY\"\n"
      "max_tokens = 512\ntimeout_s = 7\n");
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, (EmbeddingServer{"https://e.example/v1", "m", "KEY", 512, 7}));
  project("[embedding]\nurl = \"https://elsewhere.example/v1\"\n");
  EXPECT_THAT(error(), HasSubstr("user's own config.toml"));
  EXPECT_THAT(error(), HasSubstr(project_file()));
}

TEST_F(ConfigTest, an_unknown_key_is_named_with_the_known_ones) {
  project("\n[index]\nexcludes = []\n");
  EXPECT_THAT(error(), HasSubstr(project_file() + ":3: index.excludes is not a setting"));
  EXPECT_THAT(error(), HasSubstr("index.exclude, index.hidden"));
}

TEST_F(ConfigTest, a_wrong_value_is_named_with_what_is_expected) {
  const std::pair<const char*, const char*> cases[] = {
      {"threads = 1000", ":1: threads must be a number from 0 to 256"},
      {"threads = \"2\"", ":1: threads must be a number"},
      {"max_rss = \"lots\"", "max_rss must be a size like"},
      {"max_rss = 5", "max_rss must be a size like"},
      {"color = \"blue\"", "color must be \"auto\", \"always\" or \"never\""},
      {"precision = \"fp16\"", "precision must be \"auto\", \"f32\" or \"int8\""},
      {"index = 3", "index must be a table"},
      {"[index]\nhidden = 1", ":2: index.hidden must be true or false"},
      {"[index]\nsize_cap = \"1GB\"", "67108864 at most"},
      {"[index]\nexclude = \"*.log\"", "index.exclude must be a list of patterns"},
      {"[index]\nexclude = [3]", "index.exclude must be a list of patterns"},
      {"[search]\nresults = 0", "search.results must be a number from 1 to 1000"},
  };
  for (const auto& [text, message] : cases) {
    user(text);
    EXPECT_THAT(error(), HasSubstr(user_file())) << text;
    EXPECT_THAT(error(), HasSubstr(message)) << text;
  }
}

TEST_F(ConfigTest, what_is_not_toml_is_named_by_line) {
  user("threads = 2\nthreads\n");
  EXPECT_THAT(error(), HasSubstr(user_file() + ":2: not valid TOML"));
  user("threads = \xff\n");
  EXPECT_THAT(error(), HasSubstr("not valid TOML"));
}

TEST_F(ConfigTest, what_is_no_file_or_too_large_is_refused) {
  std::filesystem::create_directory(project_file());
  EXPECT_THAT(error(), HasSubstr("is not a file"));
  std::filesystem::remove(project_file());
  project("# " + std::string(2 << 20, 'x'));
  EXPECT_THAT(error(), HasSubstr("larger than"));
}

TEST_F(ConfigTest, every_cut_of_a_file_is_read_or_refused) {
  const std::string text = "threads = 3\n[index]\nexclude = [\"a\", \"b\"]\nsize_cap = \"1MB\"\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    user(text.substr(0, length));
    const auto config = read();
    if (!config.ok()) {
      EXPECT_EQ(config.error().code, Code::InvalidArgument);
    }
  }
}

TEST(ParseSize, units_are_powers_of_1024) {
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"123", 123},          {"0", 0},
      {"500k", 500U << 10},  {"16MB", 16U << 20},
      {"2 GiB", 2ULL << 30}, {"1.5g", 3ULL << 29},
      {"1T", 1ULL << 40},    {"7b", 7},
  };
  for (const auto& [text, bytes] : cases) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseSize, everything_else_is_refused) {
  for (const char* text :
       {"", "MB", "-1", "1XB", "1 MBs", "1e9", "nan", "inf", "99999999T", " 1"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
  }
}

}  // namespace
}  // namespace sonde::library
