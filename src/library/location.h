#pragma once
// Where a library is: found by walking up, as git does, or named.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::library {

/// What the process was started with, passed in so that nothing below reads the environment.
struct Environment {
  std::string working_directory;  // absolute
  std::string home;               // may be empty
  std::string config_home;        // XDG_CONFIG_HOME or ~/.config
  std::string state_home;         // XDG_STATE_HOME or ~/.local/state
  std::string library;            // SONDE_LIBRARY, or empty
  std::string worker_program;     // absolute path of sonde-worker
  std::string data_home = {};     // XDG_DATA_HOME or ~/.local/share
  std::string hub_endpoint = {};  // HF_ENDPOINT, or empty
  /// Another variable that the settings name, such as the one with a server's key; empty when it is
  /// not set. May be null.
  std::function<std::string(const std::string& name)> variable = {};
};

/// The folder with this user's models (embed/model_store.h). Errors: InvalidArgument (no home).
Result<std::string> models_folder(const Environment& environment);

/// Reads the process's environment; finds sonde-worker beside the program (build folder) or in
/// ../libexec/sonde, else where SONDE_WORKER says. Errors: Io (no working folder).
Result<Environment> environment_of_process();

struct Location {
  std::string directory;  // the library folder, absolute
  std::string root;  // the project's folder: first source of a new library; base of relative output
  std::string note;  // why it lies elsewhere than in root/.sonde; empty when it does not
};

/// Finds the library for `start` (a file or folder): `explicit_directory` if given, else
/// SONDE_LIBRARY, else the nearest going up: a folder's own .sonde, or the one in the state folder
/// that was made for it. A folder holds a library when library.db or segments are in it, so that a
/// lost library.db is noticed. Errors: NotFound ("no library here; `sonde index` makes one").
Result<Location> find_library(const Environment& environment, const std::string& start,
                              const std::string& explicit_directory);

/// Where a new library for `root` goes: root/.sonde, or, where SQLite's WAL does not work (NFS, 9p,
/// SMB, FUSE: asked of statfs) or the folder cannot be written, the state folder.
/// Makes nothing. Errors: Io, InvalidArgument (root is not a folder, a named folder holds other
/// files).
Result<Location> place_library(const Environment& environment, const std::string& root,
                               const std::string& explicit_directory);

/// Writes down, once the store is made, in a library that lies elsewhere than in root/.sonde, which
/// root it is for; find_library() goes by it. Does nothing for root/.sonde. Errors: Io.
Status record_root(const Location& location);

/// The name of a file system on which SQLite's WAL is not safe, by its number in statfs(2); empty
/// for all others.
std::string_view file_system_without_wal(std::uint32_t type);

/// The folder that a new library for `start` is rooted in: the top of its git work tree, else
/// itself.
std::string project_root(const std::string& start);

/// An absolute path without "." and ".." and double slashes; symbolic links are left as they are.
std::string absolute_path(const Environment& environment, const std::string& path);
/// The path with its symbolic links resolved; itself where that cannot be done.
std::string resolved_path(const std::string& path);
/// `path` as seen from `base` ("../x" when outside).
std::string relative_path(const std::string& path, const std::string& base);

}  // namespace sonde::library
