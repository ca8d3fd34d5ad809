// Settings of coding agents as people have them: what is not ours is the same bytes afterwards.

#include "faces/clients/clients.h"

#include <gtest/gtest.h>

#include <random>

#include "faces/clients/jsonc_edit.h"
#include "faces/clients/jsonc_scan.h"

namespace sonde::faces::clients {
namespace {

const ServerCommand kServer{"/usr/bin/sonde", {"mcp"}};

Entry entry() {
  Entry entry;
  entry["command"] = "/usr/bin/sonde";
  entry["args"] = {"mcp"};
  return entry;
}

std::string installed(const std::string& text) {
  auto changed = with_json_entry(text, "mcpServers", "sonde", entry());
  EXPECT_TRUE(changed.ok()) << changed.error().message << " in " << text;
  return changed.ok() ? *changed : "";
}

std::string uninstalled(const std::string& text) {
  auto changed = without_json_entry(text, "mcpServers", "sonde");
  EXPECT_TRUE(changed.ok()) << changed.error().message << " in " << text;
  return changed.ok() ? *changed : "";
}

TEST(JsonSettings, an_entry_joins_the_others_and_goes_without_a_trace) {
  const std::string text =
      "// my servers\n{\n    \"theme\": \"dark\", // of course\n    \"mcpServers\": {\n"
      "        \"other\": {\"command\": \"x\"} /* keep */, // this too\n        // nothing yet\n"
      "    },\n}\n";
  const std::string with = installed(text);
  EXPECT_EQ(
      with,
      "// my servers\n{\n    \"theme\": \"dark\", // of course\n    \"mcpServers\": {\n"
      "        \"other\": {\"command\": \"x\"} /* keep */, // this too\n        // nothing yet\n"
      "        \"sonde\": {\n            \"command\": \"/usr/bin/sonde\",\n"
      "            \"args\": [\n                \"mcp\"\n            ]\n        },\n    },\n}\n");
  EXPECT_EQ(installed(with), with);
  EXPECT_EQ(uninstalled(with), text);
}

TEST(JsonSettings, of_every_shape_are_changed_and_changed_back) {
  for (const std::string text : {
           "{}",
           "{ }\n",
           "{\n}\n",
           "{\"a\":1}",
           "{\"a\": 1, \"mcpServers\": {\"b\": {}}}",
           "{\"mcpServers\":{},\"z\":[1,{\"q\":\"}\"}]}",
           "{\n\t\"mcpServers\": {\n\t\t\"b\": {\n\t\t\t\"command\": \"c\"\n\t\t}\n\t}\n}",
           "{\r\n  \"mcpServers\": {\r\n    \"b\": {}\r\n  }\r\n}\r\n",
           "{\n  \"a\": \"\\\"//\\\\\", // x\n  \"mcpServers\": { /* none */ }\n}\n",
       }) {
    const std::string with = installed(text);
    const Entry now = Entry::parse(plain_json(with));
    EXPECT_EQ(now["mcpServers"]["sonde"], entry()) << with;
    EXPECT_EQ(installed(with), with);
    const std::string without = uninstalled(with);
    EXPECT_FALSE(Entry::parse(plain_json(without))["mcpServers"].contains("sonde")) << without;
    if (text.find("mcpServers") != std::string::npos && text.find("{}") == std::string::npos &&
        text.find("none") == std::string::npos) {
      EXPECT_EQ(without, text);
    }
  }
  EXPECT_EQ(Entry::parse(installed(" \n"))["mcpServers"]["sonde"], entry());
  EXPECT_EQ(installed("{\r\n  \"a\": 1\r\n}").find(",\r\n  \"mcpServers\""), 11U);
}

TEST(JsonSettings, fields_that_the_user_added_to_our_entry_stay) {
  const std::string text =
      "{\"mcpServers\": {\"sonde\": {\"env\": {\"A\": \"b\"}, \"command\": \"old\"}}}";
  EXPECT_EQ(installed(text),
            "{\"mcpServers\": {\"sonde\": {\"env\": {\"A\": \"b\"}, \"command\": "
            "\"/usr/bin/sonde\", \"args\": [\"mcp\"]}}}");
}

TEST(JsonSettings, that_are_broken_are_left_alone) {
  for (const std::string text :
       {"[]", "{", "{\"a\"}", "{\"a\": 1 \"b\": 2}", "{\"mcpServers\": []}", "{\"mcpServers\": 7}",
        "{\"mcpServers\": {\"sonde\": 1}}", "nonsense", "{\"a\": \"", "{\"a\": 1}}"}) {
    EXPECT_FALSE(with_json_entry(text, "mcpServers", "sonde", entry()).ok()) << text;
  }
}

/// Whatever the bytes, nothing else than the entry is another one afterwards.
TEST(JsonSettings, mutated_at_random_keep_all_that_is_not_ours) {
  const std::string seed =
      "{ // c\n  \"a\": [1, {\"b\": null}],\n  \"mcpServers\": {\n    \"x\": {\"y\": \"z\"}, /* d "
      "*/\n"
      "    \"sonde\": {\"command\": \"q\", \"args\": []},\n  },\n}\n";
  std::mt19937_64 random(20'261'124);
  int changed = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string text = seed;
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char pieces[] = {'{', '}', ',', '"', '/', '*', '\n', ' ', ':', '\\', '[', ']'};
      random() % 2 == 0 ? text.erase(at, 1 + random() % 4)
                        : text.insert(at, 1, pieces[random() % sizeof pieces]);
    }
    const auto with = with_json_entry(text, "mcpServers", "sonde", entry());
    if (!with.ok()) {
      continue;
    }
    ++changed;
    nlohmann::json before = nlohmann::json::parse(plain_json(text), nullptr, false);
    nlohmann::json after = nlohmann::json::parse(plain_json(*with));
    EXPECT_EQ(after["mcpServers"]["sonde"]["command"], "/usr/bin/sonde");
    if (before.is_object() && before.contains("mcpServers")) {
      before["mcpServers"].erase("sonde");
      after["mcpServers"].erase("sonde");
      EXPECT_EQ(before, after) << text;
    }
    const auto without = without_json_entry(*with, "mcpServers", "sonde");
    EXPECT_TRUE(without.ok()) << *with;
  }
  EXPECT_GT(changed, 200);
}

TEST(TomlSettings, a_table_joins_the_others_and_goes_without_a_trace) {
  const std::string text =
      "# mine\nmodel = \"m\"\n\n[mcp_servers.other] # keep\ncommand = \"x\"\nnote = \"\"\"\n"
      "[mcp_servers.sonde]\n\"\"\"\n\n# of the profile\n[profiles.a]\nb = 1\n";
  const auto with = with_toml_entry(text, "mcp_servers", "sonde", kServer);
  ASSERT_TRUE(with.ok()) << with.error().message;
  EXPECT_EQ(*with,
            text + "\n[mcp_servers.sonde]\ncommand = \"/usr/bin/sonde\"\nargs = [\"mcp\"]\n");
  EXPECT_EQ(*with_toml_entry(*with, "mcp_servers", "sonde", kServer), *with);
  EXPECT_EQ(*without_toml_entry(*with, "mcp_servers", "sonde"), text);
  EXPECT_EQ(*without_toml_entry(text, "mcp_servers", "sonde"), text);
  const auto alone = with_toml_entry("", "mcp_servers", "sonde", kServer);
  EXPECT_EQ(*without_toml_entry(*alone, "mcp_servers", "sonde"), "");
}

TEST(TomlSettings, what_the_user_added_to_our_table_stays_and_goes_with_it) {
  const std::string text =
      "[mcp_servers.sonde]\nstartup_timeout_sec = 5 # slow disk\ncommand = 'old' # mine\n\n"
      "[mcp_servers.sonde.env]\nA = \"b\"\n\n# next\n[mcp_servers.other]\ncommand = \"x\"\n";
  const auto with = with_toml_entry(text, "mcp_servers", "sonde", kServer);
  ASSERT_TRUE(with.ok()) << with.error().message;
  EXPECT_EQ(*with,
            "[mcp_servers.sonde]\nargs = [\"mcp\"]\nstartup_timeout_sec = 5 # slow disk\n"
            "command = \"/usr/bin/sonde\" # mine\n\n[mcp_servers.sonde.env]\nA = \"b\"\n\n# next\n"
            "[mcp_servers.other]\ncommand = \"x\"\n");
  const auto without = without_toml_entry(*with, "mcp_servers", "sonde");
  ASSERT_TRUE(without.ok()) << without.error().message;
  EXPECT_NE(without->find("# next\n[mcp_servers.other]\ncommand = \"x\"\n"), std::string::npos);
  EXPECT_EQ(without->find("sonde"), std::string::npos);
}

TEST(TomlSettings, that_cannot_be_changed_in_place_are_left_alone) {
  for (const std::string text :
       {"mcp_servers = {sonde = {command = \"x\"}}\n", "mcp_servers = 3\n", "a = \n", "[x\n",
        "mcp_servers = {other = {command = \"x\"}}\n", "mcp_servers.sonde.command = \"x\"\n"}) {
    EXPECT_FALSE(with_toml_entry(text, "mcp_servers", "sonde", kServer).ok()) << text;
  }
}

}  // namespace
}  // namespace sonde::faces::clients
