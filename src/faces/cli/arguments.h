#pragma once
// The command line: options to request structs. Nothing here looks at the disk.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "library/analysis.h"
#include "library/encoder_bench.h"
#include "library/history.h"
#include "library/library.h"
#include "library/vector_bench.h"

namespace sonde::faces::cli {

enum class Command {
  None,
  Index,
  Watch,
  Search,
  Similar,
  Outline,
  Definition,
  References,
  Callers,
  Callees,
  History,
  Unused,
  Cycles,
  Analyze,
  SourceAdd,
  SourceList,
  SourceRemove,
  Status,
  Forget,
  Doctor,
  Retry,
  Selftest,
  Reset,
  Completion,
  ModelAdd,
  ModelPull,
  ModelList,
  ModelUse,
  ModelRemove,
  ModelTest,
  Embed,
  BenchVectors,
  Mcp,
  BenchEncoder,
  Install,
  Uninstall,
  Serve,
};

/// What every command takes.
struct CommonOptions {
  std::string library;
  bool json = false;
  bool quiet = false;
  std::optional<std::size_t> threads;
  std::optional<std::uint64_t> max_rss_bytes;
  std::string color;      // empty: not said
  std::string precision;  // of those that embed; empty: not said
};

struct IndexOptions {
  std::string path;  // as typed; empty: not said
  library::IndexRequest request;
};

struct WatchCommandOptions {
  std::vector<std::string> paths;  // as typed; none: everything
  bool poll = false;
};

/// `sonde similar`: shown as a search is.
struct SimilarOptions {
  std::string place;  // FILE or FILE:LINE, as typed
};

struct SearchOptions {
  library::SearchRequest request;  // `within` as typed
  bool limit_given = false;
  bool context_given = false;
  bool files_only = false;
  bool json_lines = false;
};

/// `sonde definition` and its kin, and `sonde outline`.
struct CodeOptions {
  library::SymbolRequest symbol;    // `within` as typed
  library::OutlineRequest outline;  // `path` as typed; empty: the working folder
};

struct HistoryOptions {
  library::HistoryRequest request;
  std::string since;  // as typed; empty: not said
  std::string until;
};

/// `sonde unused`, `cycles` and `analyze`.
struct AnalysisOptions {
  library::CodeScope scope;  // `within` as typed
  std::size_t limit = 0;     // 0: the request's own
  double min_confidence = 0.6;
  bool fail = false;  // exit 1 when something is found
  bool refresh = true;
  // analyze; thresholds that are not given are those of the settings
  std::optional<std::uint32_t> cyclomatic, cognitive, nesting, lines, parameters;
  std::string baseline;        // a path as typed; empty: none
  std::string write_baseline;  // likewise
  bool sarif = false;
};

struct ModelOptions {
  std::string what;  // a path (add), what the hub calls it (pull), or a name; empty: the one in use
  std::string name;  // --name
};

struct EmbedOptions {
  std::vector<std::string> texts;  // none: lines of standard input
  std::string model;               // --model; empty: as the settings say
  bool query = false;
};

/// `sonde bench`. Phases run in processes of their own: the program starts itself.
struct BenchOptions {
  library::VectorBench vectors;   // paths as typed
  library::EncoderBench encoder;  // paths as typed
  std::string model;              // --model of bench encoder; empty: as the settings say
  std::string phase;              // of a process that was started so; empty: all of them
};

struct McpOptions {
  std::vector<std::string> roots;  // as typed; none: the client says
};

/// `sonde install` and `sonde uninstall`.
struct InstallOptions {
  std::vector<std::string> clients;  // none: those that are here
  bool all = false;
  bool dry_run = false;
  std::string program;  // what the clients start; empty: this program
};

/// `sonde serve`.
struct ServeOptions {
  std::string listen = "127.0.0.1:8811";
  std::vector<std::string> roots;  // as typed; none: the working folder's project
  std::string token_file;          // as typed; empty: the one in the state folder
  std::vector<std::string> allowed_hosts;
};

struct SelftestCommandOptions {
  std::uint32_t seconds = 30;
  std::string folder;                 // as typed; empty: the working folder
  std::optional<std::uint64_t> seed;  // nothing: another one each time
};

/// One command line, read. Only the part of its command is filled.
struct Invocation {
  Command command = Command::None;
  CommonOptions common;
  IndexOptions index;
  WatchCommandOptions watch;  // `embed` as in index.request
  SearchOptions search;
  SimilarOptions similar;
  CodeOptions code;
  HistoryOptions history;
  AnalysisOptions analysis;
  library::StatusRequest status;
  std::string source;              // of source add and source remove, as typed
  std::vector<std::string> paths;  // of forget and retry, as typed
  ModelOptions model;
  EmbedOptions embed;
  BenchOptions bench;
  McpOptions mcp;
  InstallOptions install;
  ServeOptions serve;
  SelftestCommandOptions selftest;
  bool repair = false;
  bool yes = false;
  std::string shell;

  [[nodiscard]] bool json() const { return common.json || search.json_lines || analysis.sarif; }
};

struct ParsedArguments {
  Invocation invocation;
  std::string print;  // help or version: print it and be done
};

/// @param arguments  without the program's name
/// Errors: InvalidArgument (says which option, what it takes, where the help is).
Result<ParsedArguments> parse_arguments(const std::vector<std::string>& arguments);

/// What the command line looks like, for completion scripts.
struct OptionShape {
  std::vector<std::string> names;  // "-n", "--limit"
  std::string description;
  bool takes_value = false;
  bool takes_path = false;
  std::vector<std::string> choices;
};
struct CommandShape {
  std::string name;
  std::string description;
  std::vector<OptionShape> options;
  std::vector<CommandShape> commands;
  bool takes_paths = false;
  std::vector<std::string> choices;  // of the first argument
};
/// The whole command line, made from what parse_arguments() parses with.
CommandShape command_line_shape();

}  // namespace sonde::faces::cli
