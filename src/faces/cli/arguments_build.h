#pragma once
// What the parts of the command line are built with. Includes CLI11, which is slow to compile.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "faces/cli/arguments.h"

namespace sonde::faces::cli {

/// What CLI11 writes into, and which command it met.
struct Target {
  Invocation invocation;
  std::string max_rss;
  std::size_t threads = 0;
  std::string mode = "auto";
  bool no_refresh = false;
  bool no_embed = false;
  bool no_mentions = false;
};

/// @param command  None: it has commands of its own
CLI::App& add_command(CLI::App& parent, Target& target, const std::string& name,
                      const std::string& description, Command command);

/// An option that may be given several times, one value each time.
CLI::Option& add_list(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                      const std::string& description);

/// `unused`, `cycles` and `analyze`.
void add_analysis(CLI::App& root, Target& target);

}  // namespace sonde::faces::cli
