#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "faces/cli/exit_code.h"
#include "faces/cli/test_support.h"

namespace sonde::faces::cli {
namespace {

using testing::HasSubstr;

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const std::vector<std::string> kInstall = {"install", "--program", "/opt/sonde"};

TEST(Install, writes_to_the_agents_that_are_here_and_keeps_what_was_there) {
  Rig rig;
  const std::string zed =
      "// mine\n{\n  \"vim_mode\": true, // yes\n  \"context_servers\": {\n    \"a\": {},\n  "
      "},\n}\n";
  rig.write("home/.config/zed/settings.json", zed);
  rig.write("home/.codex/config.toml", "model = \"m\" # mine\n");
  rig.write("home/.claude.json", R"({"oauthAccount":{"secret":"s3cr3t"},"mcpServers":{}})");
  ::chmod((rig.folder + "/home/.claude.json").c_str(), 0640);
  rig.make("home/.cursor");
  ASSERT_EQ(rig.run(kInstall), kDone) << rig.err;
  const auto claude = nlohmann::json::parse(read(rig.folder + "/home/.claude.json"));
  EXPECT_EQ(claude["mcpServers"]["sonde"]["type"], "stdio");
  EXPECT_EQ(claude["mcpServers"]["sonde"]["command"], "/opt/sonde");
  EXPECT_EQ(claude["oauthAccount"]["secret"], "s3cr3t");
  struct stat info {};
  ASSERT_EQ(::stat((rig.folder + "/home/.claude.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
  const auto cursor = nlohmann::json::parse(read(rig.folder + "/home/.cursor/mcp.json"));
  EXPECT_EQ(cursor["mcpServers"]["sonde"]["args"], nlohmann::json({"mcp"}));
  EXPECT_THAT(read(rig.folder + "/home/.codex/config.toml"),
              HasSubstr("model = \"m\" # mine\n\n[mcp_servers.sonde]\n"));
  EXPECT_THAT(read(rig.folder + "/home/.config/zed/settings.json"), HasSubstr("true, // yes\n"));
  EXPECT_EQ(read(rig.folder + "/home/.config/zed/settings.json.before-sonde"), zed);
  EXPECT_FALSE(std::filesystem::exists(rig.folder + "/home/.gemini"));
  EXPECT_THAT(rig.out, HasSubstr("Zed: added"));
  EXPECT_THAT(rig.out, HasSubstr("+     \"sonde\": {"));
  EXPECT_THAT(rig.out, Not(HasSubstr("s3cr3t")));

  // Once more: nothing to do, and no second copy.
  ASSERT_EQ(rig.run(kInstall), kDone);
  EXPECT_THAT(rig.out, HasSubstr("Zed: unchanged"));
  EXPECT_FALSE(
      std::filesystem::exists(rig.folder + "/home/.config/zed/settings.json.before-sonde.2"));

  ASSERT_EQ(rig.run({"uninstall"}), kDone) << rig.err;
  EXPECT_EQ(read(rig.folder + "/home/.config/zed/settings.json"), zed);
  EXPECT_EQ(read(rig.folder + "/home/.codex/config.toml"), "model = \"m\" # mine\n");
  ASSERT_EQ(rig.run({"uninstall", "--json"}), kDone);
  EXPECT_EQ(nlohmann::json::parse(rig.out)["clients"][0]["action"], "absent");
}

TEST(Install, a_dry_run_shows_and_writes_nothing) {
  Rig rig;
  ASSERT_EQ(rig.run({"install", "--all", "--dry-run", "--program", "/opt/sonde"}), kDone);
  EXPECT_THAT(rig.out, HasSubstr("VS Code: would be added"));
  EXPECT_THAT(rig.out, HasSubstr("/opt/sonde"));
  EXPECT_TRUE(std::filesystem::is_empty(rig.folder + "/home"));
}

TEST(Install, all_seven_are_written_and_taken_back) {
  Rig rig;
  ASSERT_EQ(rig.run({"install", "--all", "--json", "--program", "/opt/sonde"}), kDone) << rig.err;
  const auto report = nlohmann::json::parse(rig.out);
  EXPECT_EQ(report["schema"], "sonde.install/1");
  ASSERT_EQ(report["clients"].size(), 7U);
  for (const auto& client : report["clients"]) {
    EXPECT_EQ(client["action"], "added");
    EXPECT_THAT(read(client["file"]), HasSubstr("/opt/sonde")) << client;
  }
  ASSERT_EQ(rig.run({"uninstall"}), kDone);
  for (const auto& client : report["clients"]) {
    EXPECT_THAT(read(client["file"]), Not(HasSubstr("sonde"))) << client;
  }
}

TEST(Install, a_file_that_cannot_be_changed_safely_is_left_alone_and_the_others_go_on) {
  Rig rig;
  rig.write("home/.cursor/mcp.json", "{broken");
  rig.make("home/.gemini");
  EXPECT_EQ(rig.run(kInstall), kFailure);
  EXPECT_EQ(read(rig.folder + "/home/.cursor/mcp.json"), "{broken");
  EXPECT_THAT(rig.err, HasSubstr("Cursor"));
  EXPECT_THAT(read(rig.folder + "/home/.gemini/settings.json"), HasSubstr("/opt/sonde"));
}

TEST(Install, a_link_stays_a_link) {
  Rig rig;
  rig.write("dotfiles/mcp.json", "{}\n");
  rig.make("home/.cursor");
  std::filesystem::create_symlink(rig.folder + "/dotfiles/mcp.json",
                                  rig.folder + "/home/.cursor/mcp.json");
  ASSERT_EQ(rig.run({"install", "--client", "cursor", "--program", "/opt/sonde"}), kDone);
  EXPECT_TRUE(std::filesystem::is_symlink(rig.folder + "/home/.cursor/mcp.json"));
  EXPECT_THAT(read(rig.folder + "/dotfiles/mcp.json"), HasSubstr("/opt/sonde"));
}

TEST(Install, says_when_no_agent_is_here) {
  Rig rig;
  EXPECT_EQ(rig.run({"install"}), kNothingFound);
  EXPECT_THAT(rig.err, HasSubstr("claude-code"));
  EXPECT_EQ(rig.run({"install", "--client", "none"}), kFailure);
}

}  // namespace
}  // namespace sonde::faces::cli
