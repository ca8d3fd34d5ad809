#pragma once
// Git's configuration files, as far as the walk needs them: syntax, include and includeIf gitdir.
// Our own: loading and starting libgit2 took 10 of the 50 ms that a search has for the whole walk.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::tree {

/// Where git looks besides the repository. Passed in so that tests have their own.
struct GitEnvironment {
  std::string home;                       // may be empty
  std::string config_home;                // $XDG_CONFIG_HOME, or home + "/.config"
  std::string system_config;              // empty: none
  std::vector<std::string> user_configs;  // later ones win

  /// From HOME, XDG_CONFIG_HOME and GIT_CONFIG_{NOSYSTEM,SYSTEM,GLOBAL}.
  static GitEnvironment from_process();
};

/// Threads: thread-compatible.
class GitConfig {
 public:
  GitConfig(const GitEnvironment& environment, std::string git_folder)
      : environment_(environment), git_folder_(std::move(git_folder)) {}

  /// Reads the system's and the user's files.
  void read_defaults();
  /// Reads one file over what was read before. A missing one is nothing; a malformed one counts
  /// up to where it breaks.
  void read(const std::string& path) { read(path, 0); }

  /// @param key  "section.key", in lower case
  [[nodiscard]] const std::string* find(const std::string& key) const;
  [[nodiscard]] bool is_true(const std::string& key) const;
  /// A path with "~/" filled in.
  [[nodiscard]] std::string expand(std::string_view path) const;

 private:
  class Parser;
  void read(const std::string& path, int depth);
  [[nodiscard]] bool condition_holds(std::string_view condition, std::string_view folder) const;

  const GitEnvironment& environment_;
  std::string git_folder_;
  std::map<std::string, std::string> values_;
};

}  // namespace sonde::tree
