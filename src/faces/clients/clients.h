#pragma once
// The programs that can start `sonde mcp`, and where each keeps its settings.

#include <string>
#include <vector>

#include "base/result.h"
#include "faces/clients/toml_edit.h"
#include "library/location.h"

namespace sonde::faces::clients {

enum class Format { Json, Toml };

struct Client {
  std::string name;       // as it is asked for: "claude-code"
  std::string title;      // "Claude Code"
  std::string settings;   // absolute path of its file
  std::string container;  // the object or table in it that holds servers
  Format format = Format::Json;
  bool tells_type = false;           // an entry says "type": "stdio"
  std::vector<std::string> signs{};  // files or folders that are there when the program is
};

/// "claude-code", "cursor", ... in this order.
const std::vector<std::string>& client_names();
/// All of them, for this user. Errors: InvalidArgument (there is no home folder).
Result<std::vector<Client>> all_clients(const library::Environment& environment);
[[nodiscard]] bool is_here(const Client& client);

enum class Action { Added, Changed, Unchanged, Removed, Absent };
/// "added", "changed", "unchanged", "removed", "absent" (there was nothing to remove).
const char* action_name(Action action);

/// What becomes of a client's settings.
struct Change {
  Action action = Action::Unchanged;
  std::string file;    // where the bytes are: the settings, with links resolved
  std::string before;  // empty: there is no file
  std::string after;
};

/// Looks, and writes nothing. Errors: InvalidArgument (the file cannot be changed safely; says
/// why), Io, Limit (a file of more than 32 MiB).
Result<Change> plan_install(const Client& client, const ServerCommand& server);
Result<Change> plan_uninstall(const Client& client);

/// Writes what was planned, after a copy of the file beside it; a file that changed since it was
/// looked at is left alone. @return the copy's path; empty when there was no file. Errors: Busy (it
/// changed), Io, NoSpace.
Result<std::string> apply(const Change& change);

/// The lines that differ: " 12 + text". At most a screen or two of them.
std::string shown_change(const Change& change);

}  // namespace sonde::faces::clients
