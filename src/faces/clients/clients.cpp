#include "faces/clients/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "faces/clients/jsonc_edit.h"
#include "io/file_system.h"

namespace sonde::faces::clients {

namespace {

constexpr std::uint64_t kSettingsLimitBytes = 32ULL << 20;
constexpr int kBackupLimit = 1'000;
constexpr std::size_t kShownLines = 60;
constexpr std::size_t kShownBytes = 1'000;
constexpr const char* kServer = "sonde";

std::string variable_or(const library::Environment& environment, const char* name,
                        const std::string& fallback) {
  const std::string value = environment.variable ? environment.variable(name) : std::string();
  return value.empty() ? fallback : value;
}

Entry json_entry(const Client& client, const ServerCommand& server) {
  Entry entry;
  if (client.tells_type) {
    entry["type"] = "stdio";
  }
  entry["command"] = server.program;
  entry["args"] = server.arguments;
  return entry;
}

/// The file as it is; no text when there is none.
Result<Change> look(const Client& client) {
  Change change;
  change.file = library::resolved_path(client.settings);
  auto& fs = io::real_file_system();
  auto bytes = io::read_file(fs, change.file, kSettingsLimitBytes);
  if (!bytes.ok() && bytes.error().code != Code::NotFound) {
    return std::move(bytes).error();
  }
  if (bytes.ok()) {
    change.before = std::move(*bytes);
  }
  return change;
}

Result<std::string> spare_name(const std::string& path) {
  auto& fs = io::real_file_system();
  for (int i = 1; i <= kBackupLimit; ++i) {
    std::string name = path + ".before-sonde" + (i == 1 ? "" : "." + std::to_string(i));
    const auto info = fs.info(name);
    if (!info.ok() && info.error().code == Code::NotFound) {
      return name;
    }
  }
  return Error{Code::Limit, "there are too many copies of " + path + " already"};
}

Status make_folders(const std::string& folder) {
  auto& fs = io::real_file_system();
  if (folder.empty() || folder == "/" || fs.info(folder).ok()) {
    return {};
  }
  TRY(make_folders(folder.substr(0, folder.rfind('/'))));
  return fs.make_directory(folder);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

const std::vector<std::string>& client_names() {
  static const std::vector<std::string> names = {"claude-code", "cursor", "vscode", "codex",
                                                 "windsurf",    "gemini", "zed"};
  return names;
}

Result<std::vector<Client>> all_clients(const library::Environment& environment) {
  const std::string& home = environment.home;
  if (home.empty() || environment.config_home.empty()) {
    return Error{Code::InvalidArgument, "there is no home folder (HOME is not set)"};
  }
  const std::string claude = variable_or(environment, "CLAUDE_CONFIG_DIR", home);
  const std::string codex = variable_or(environment, "CODEX_HOME", home + "/.codex");
  const std::string code = environment.config_home + "/Code";
  const std::string zed = environment.config_home + "/zed";
  const std::string windsurf = home + "/.codeium/windsurf";
  return std::vector<Client>{
      {"claude-code",
       "Claude Code",
       claude + "/.claude.json",
       "mcpServers",
       Format::Json,
       true,
       {claude + "/.claude.json", home + "/.claude"}},
      {"cursor",
       "Cursor",
       home + "/.cursor/mcp.json",
       "mcpServers",
       Format::Json,
       false,
       {home + "/.cursor"}},
      {"vscode", "VS Code", code + "/User/mcp.json", "servers", Format::Json, true, {code}},
      {"codex", "Codex", codex + "/config.toml", "mcp_servers", Format::Toml, false, {codex}},
      {"windsurf",
       "Windsurf",
       windsurf + "/mcp_config.json",
       "mcpServers",
       Format::Json,
       false,
       {windsurf}},
      {"gemini",
       "Gemini CLI",
       home + "/.gemini/settings.json",
       "mcpServers",
       Format::Json,
       false,
       {home + "/.gemini"}},
      {"zed", "Zed", zed + "/settings.json", "context_servers", Format::Json, false, {zed}},
  };
}

bool is_here(const Client& client) {
  return std::any_of(client.signs.begin(), client.signs.end(), [](const std::string& path) {
    return io::real_file_system().info(path).ok();
  });
}

const char* action_name(Action action) {
  switch (action) {
    case Action::Added: return "added";
    case Action::Changed: return "changed";
    case Action::Unchanged: return "unchanged";
    case Action::Removed: return "removed";
    case Action::Absent: break;
  }
  return "absent";
}

Result<Change> plan_install(const Client& client, const ServerCommand& server) {
  TRY_ASSIGN(Change change, look(client));
  const auto with = [&](std::string_view text) {
    return client.format == Format::Toml
               ? with_toml_entry(text, client.container, kServer, server)
               : with_json_entry(text, client.container, kServer, json_entry(client, server));
  };
  const auto without = [&](std::string_view text) {
    return client.format == Format::Toml ? without_toml_entry(text, client.container, kServer)
                                         : without_json_entry(text, client.container, kServer);
  };
  TRY_ASSIGN(change.after, with(change.before));
  const auto bare = without(change.before);
  const bool was_there = !bare.ok() || *bare != change.before;
  change.action = change.after == change.before ? Action::Unchanged
                  : was_there                   ? Action::Changed
                                                : Action::Added;
  return change;
}

Result<Change> plan_uninstall(const Client& client) {
  TRY_ASSIGN(Change change, look(client));
  if (client.format == Format::Toml) {
    TRY_ASSIGN(change.after, without_toml_entry(change.before, client.container, kServer));
  } else {
    TRY_ASSIGN(change.after, without_json_entry(change.before, client.container, kServer));
  }
  change.action = change.after == change.before ? Action::Absent : Action::Removed;
  return change;
}

Result<std::string> apply(const Change& change) {
  auto& fs = io::real_file_system();
  const auto info = fs.info(change.file);
  std::string copy;
  std::uint32_t mode = 0600;
  if (info.ok()) {
    mode = info->mode;
    TRY_ASSIGN(const std::string now, io::read_file(fs, change.file, kSettingsLimitBytes));
    if (now != change.before) {
      return Error{Code::Busy, change.file + " was changed just now; try again"};
    }
    TRY_ASSIGN(copy, spare_name(change.file));
    TRY(io::replace_file(fs, copy, change.before, mode));
  } else {
    TRY(make_folders(change.file.substr(0, change.file.rfind('/'))));
  }
  TRY(io::replace_file(fs, change.file, change.after, mode));
  return copy;
}

namespace {

/// Only the bytes that differ.
std::string shown_bytes(const Change& change) {
  const std::string& before = change.before;
  const std::string& after = change.after;
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) {
    ++head;
  }
  std::size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::string text;
  const std::string_view gone = std::string_view(before).substr(head, before.size() - tail - head);
  const std::string_view come = std::string_view(after).substr(head, after.size() - tail - head);
  text += gone.empty() ? "" : fmt::format("      - ..{}..\n", gone.substr(0, kShownBytes));
  text += come.empty() ? "" : fmt::format("      + ..{}..\n", come.substr(0, kShownBytes));
  return text;
}

}  // namespace

std::string shown_change(const Change& change) {
  const std::vector<std::string_view> before = lines_of(change.before);
  const std::vector<std::string_view> after = lines_of(change.after);
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) {
    ++head;
  }
  std::size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  const bool within_lines = head + tail < std::min(before.size(), after.size());
  if (within_lines) {
    return shown_bytes(change);  // the rest of the lines may hold what is nobody's business
  }
  std::string text;
  std::size_t shown = 0;
  const auto show = [&](const std::vector<std::string_view>& lines, char sign) {
    for (std::size_t i = head; i < lines.size() - tail; ++i) {
      if (++shown > kShownLines) {
        return;
      }
      text += fmt::format("{:>5} {} {}\n", i + 1, sign, lines[i]);
    }
  };
  show(before, '-');
  show(after, '+');
  return shown > kShownLines ? text + "      ...\n" : text;
}

}  // namespace sonde::faces::clients
