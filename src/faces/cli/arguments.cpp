#include "faces/cli/arguments.h"

#include <algorithm>
#include <map>

#include "faces/cli/arguments_build.h"
#include "faces/clients/clients.h"

namespace sonde::faces::cli {

CLI::App& add_command(CLI::App& parent, Target& target, const std::string& name,
                      const std::string& description, Command command) {
  CLI::App& app = *parent.add_subcommand(name, description);
  if (command != Command::None) {
    app.callback([&target, command] { target.invocation.command = command; });
  }
  return app;
}

CLI::Option& add_list(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                      const std::string& description) {
  CLI::Option& option = *app.add_option(name, values, description);
  option.allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return option;
}

namespace {

constexpr std::size_t kThreadLimit = 256;
constexpr std::uint32_t kSelftestSecondsLimit = 24 * 3600;
constexpr std::size_t kResultLimit = 1000;
constexpr std::size_t kPlaceLimit = 100'000;
constexpr std::uint32_t kOutlineDepthLimit = 100;
constexpr std::uint32_t kContextLimit = 1000;
constexpr std::uint64_t kBudgetLimit = 10'000'000;
constexpr std::size_t kArgumentLimit = 100'000;

const std::vector<std::string> kKinds = {"function",  "method", "class",  "struct", "enum",
                                         "interface", "trait",  "module", "type",   "constant",
                                         "doc",       "data",   "cell",   "text"};
const std::vector<std::string> kColors = {"auto", "always", "never"};
const std::vector<std::string> kPrecisions = {"auto", "f32", "int8"};
const std::vector<std::string> kShells = {"bash", "zsh", "fish"};
const std::vector<std::string> kModes = {"auto", "hybrid", "words", "meaning"};

void add_common(CLI::App& app, Target& target) {
  CommonOptions& common = target.invocation.common;
  const std::string group = "Options everywhere";
  app.set_help_flag("-h,--help", "Show this help")->group(group);
  app.add_option("--library", common.library, "The library's folder, instead of the nearest .sonde")
      ->type_name("DIR")
      ->group(group);
  app.add_flag("--json", common.json, "Print one JSON object (docs/json.md)")->group(group);
  app.add_flag("-q,--quiet", common.quiet, "Print results and errors only")->group(group);
  app.add_option("--threads", target.threads, "Threads to use; as many as cores by default")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kThreadLimit))
      ->group(group);
  app.add_option("--max-rss", target.max_rss,
                 "Memory to stay under, such as 2GB; a quarter of the machine's by default")
      ->type_name("SIZE")
      ->group(group);
  app.add_option("--color", common.color, "auto, always or never")
      ->type_name("WHEN")
      ->check(CLI::IsMember(kColors))
      ->group(group);
}

/// Last, so that a command's help begins with its own options.
void add_common_everywhere(CLI::App& app, Target& target) {
  add_common(app, target);
  for (CLI::App* command : app.get_subcommands({})) {
    add_common_everywhere(*command, target);
  }
}

void add_precision(CLI::App& app, Target& target) {
  app.add_option("--precision", target.invocation.common.precision,
                 "auto, f32 or int8: what the model computes with; auto keeps what a library has")
      ->type_name("P")
      ->check(CLI::IsMember(kPrecisions));
}

void add_index(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "index", "Create the library or bring it up to date",
                              Command::Index);
  IndexOptions& index = target.invocation.index;
  app.add_option("path", index.path, "Only this part; where there is no library yet, its root")
      ->type_name("PATH");
  app.add_flag("--force", index.request.force, "Read and chunk every file again");
  app.add_flag("--no-embed", target.no_embed, "Words only; the next run embeds what is left");
  app.add_flag("--compact", index.request.compact,
               "Merge into one segment, make the library small and give free space back");
  app.add_option("-j,--jobs", target.threads, "The same as --threads")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kThreadLimit));
  add_precision(app, target);
}

void add_watch(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "watch",
                              "Keep the library up to date while files change", Command::Watch);
  WatchCommandOptions& watch = target.invocation.watch;
  app.add_option("paths", watch.paths, "Only these parts; where there is no library yet, its root")
      ->type_name("PATH");
  app.add_flag("--no-embed", target.no_embed, "Words only");
  app.add_flag("--poll", watch.poll, "Compare all files again and again instead of listening");
  add_precision(app, target);
}

void add_search_filters(CLI::App& app, library::SearchRequest& request) {
  add_list(app, "-l,--lang", request.languages, "Only this language; may be repeated")
      .type_name("LANG")
      ->delimiter(',');
  add_list(app, "-p,--path", request.path_globs, "Only paths that fit this glob; may be repeated")
      .type_name("GLOB");
  add_list(app, "-k,--kind", request.kinds, "Only this kind of place; may be repeated")
      .type_name("KIND")
      ->delimiter(',')
      ->check(CLI::IsMember(kKinds));
  add_list(app, "-s,--symbol", request.symbols, "Only places that define this name")
      .type_name("NAME");
  app.add_option("--min-score", request.min_score, "Only results of at least this score, 0 to 1")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0));
}

void add_search(CLI::App& root, Target& target) {
  CLI::App& app =
      add_command(root, target, "search", "Find places by what they say or do", Command::Search);
  SearchOptions& search = target.invocation.search;
  library::SearchRequest& request = search.request;
  app.add_option("query", request.query,
                 "Words, \"phrases\", -not, and lang: path: kind: symbol: filters")
      ->type_name("QUERY")
      ->required();
  app.add_option("paths", request.within, "Only in these files and folders")->type_name("PATH");
  app.add_option("-n,--limit", request.limit, "Results at most (10)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kResultLimit))
      ->each([&search](const std::string&) { search.limit_given = true; });
  app.add_option("--mode", target.mode,
                 "How to search: by words, by meaning, or by both, hybrid; auto: by both where "
                 "there are vectors")
      ->type_name("MODE")
      ->check(CLI::IsMember(kModes));
  add_search_filters(app, request);
  app.add_option("-C,--context", request.context_lines, "Lines to show around each place")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{0}, kContextLimit))
      ->each([&search](const std::string&) { search.context_given = true; });
  CLI::Option* files = app.add_flag("--files", search.files_only, "Print paths only");
  app.add_flag("--chunks", request.by_chunk, "Each place by itself, not grouped by file")
      ->excludes(files);
  app.add_option("--budget", request.budget_tokens,
                 "Results of at most this many tokens in all, counted by the model, "
                 "or four bytes each")
      ->type_name("TOKENS")
      ->check(CLI::Range(std::uint64_t{1}, kBudgetLimit));
  app.add_flag("--explain", request.explain, "Show the parts of each score");
  app.add_flag("--exact", request.exact,
               "By meaning: compare with every vector, however many there are");
  app.add_flag("--no-refresh", target.no_refresh, "Do not bring changed files up to date first");
  app.add_flag("--jsonl", search.json_lines,
               "Print one JSON object a line: the results, then how complete they are")
      ->excludes(files);
}

void add_similar(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "similar", "Find what means nearly the same as a place",
                              Command::Similar);
  SearchOptions& search = target.invocation.search;
  library::SearchRequest& request = search.request;
  app.add_option("place", target.invocation.similar.place, "A file, or FILE:LINE for a place in it")
      ->type_name("PATH")
      ->required();
  app.add_option("paths", request.within, "Only in these files and folders")->type_name("PATH");
  app.add_option("-n,--limit", request.limit, "Results at most (10)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kResultLimit))
      ->each([&search](const std::string&) { search.limit_given = true; });
  add_search_filters(app, request);
  app.add_flag("--files", search.files_only, "Print paths only");
}

CLI::App& add_symbol_command(CLI::App& root, Target& target, const std::string& name,
                             const std::string& description, Command command) {
  CLI::App& app = add_command(root, target, name, description, command);
  library::SymbolRequest& request = target.invocation.code.symbol;
  app.add_option("symbol", request.symbol, "A name, alone or with what encloses it: Session.get")
      ->type_name("SYMBOL")
      ->required();
  app.add_option("paths", request.within, "Only in these files and folders")->type_name("PATH");
  app.add_option("-n,--limit", request.limit, "Places at most (50)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kPlaceLimit));
  add_list(app, "-l,--lang", request.languages, "Only this language; may be repeated")
      .type_name("LANG")
      ->delimiter(',');
  app.add_flag("--no-refresh", target.no_refresh, "Do not bring changed files up to date first");
  app.footer("Places are found by name: of several definitions of one name none is left out.");
  return app;
}

void add_code(CLI::App& root, Target& target) {
  library::OutlineRequest& outline = target.invocation.code.outline;
  CLI::App& shown = add_command(root, target, "outline",
                                "What a file or the files of a folder define", Command::Outline);
  shown.add_option("path", outline.path, "A file or folder; this one by default")
      ->type_name("PATH");
  shown
      .add_option("--depth", outline.depth,
                  "Levels of symbols within symbols; all in a file, one in a folder")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, kOutlineDepthLimit));
  shown.add_option("-n,--limit", outline.limit, "Files at most (200)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kPlaceLimit));
  shown.add_flag("--no-refresh", target.no_refresh, "Do not bring changed files up to date first");
  add_symbol_command(root, target, "definition", "Where a symbol is defined", Command::Definition);
  add_symbol_command(root, target, "references", "What calls, imports, inherits or names a symbol",
                     Command::References)
      .add_flag("--no-mentions", target.no_mentions,
                "Only what the syntax tree says, not the name elsewhere in the text");
  const auto add_depth = [&target](CLI::App& app) {
    app.add_option("--depth", target.invocation.code.symbol.depth, "Calls to follow (1)")
        ->type_name("N")
        ->check(CLI::Range(std::uint32_t{1}, library::kMaxCallDepth));
  };
  add_depth(add_symbol_command(root, target, "callers",
                               "What calls a function, and what calls that", Command::Callers));
  add_depth(add_symbol_command(root, target, "callees",
                               "What a function calls, and what that calls", Command::Callees));
}

void add_history(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "history", "Find commits by what they say or changed",
                              Command::History);
  HistoryOptions& history = target.invocation.history;
  library::HistoryRequest& request = history.request;
  app.add_option("query", request.query,
                 "Words, \"phrases\", -not, and path: filters; without it the newest commits "
                 "that fit the options")
      ->type_name("QUERY");
  app.add_option("-n,--limit", request.limit, "Commits at most (10)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kResultLimit));
  add_list(app, "-p,--path", request.path_globs,
           "Only changes of paths that fit this glob; may be repeated")
      .type_name("GLOB");
  app.add_option("--author", request.author, "Only commits whose author's name or address has this")
      ->type_name("A");
  app.add_option("--since", history.since,
                 "Only commits written then or later: 2024-05-31, \"3 weeks ago\", yesterday")
      ->type_name("D");
  app.add_option("--until", history.until, "Only commits written until then, with that day")
      ->type_name("D");
  app.add_option("--hunks", request.hunks_per_commit, "Changed places shown of a commit (3)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, kResultLimit));
  app.add_flag("--no-refresh", target.no_refresh, "Do not read new commits first");
}

void add_sources(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "source", "The folders of the library", Command::None);
  app.require_subcommand(1);
  app.footer("sonde source add PATH | list | remove PATH");
  CLI::App& add = add_command(app, target, "add", "Add a folder", Command::SourceAdd);
  add.add_option("path", target.invocation.source, "The folder")->type_name("PATH")->required();
  add_command(app, target, "list", "List the folders", Command::SourceList);
  CLI::App& remove = add_command(
      app, target, "remove", "Remove a folder and all that is known of it", Command::SourceRemove);
  remove.add_option("path", target.invocation.source, "The folder, or its id")
      ->type_name("PATH")
      ->required();
}

void add_models(CLI::App& root, Target& target) {
  CLI::App& app =
      add_command(root, target, "model", "The models that search by meaning", Command::None);
  app.require_subcommand(1);
  app.footer("sonde model add PATH | pull NAME | list | use NAME | remove NAME | test [NAME]");
  ModelOptions& model = target.invocation.model;
  const auto add = [&](const char* name, const char* description, Command command,
                       const char* argument, const char* about) -> CLI::App& {
    CLI::App& sub = add_command(app, target, name, description, command);
    sub.add_option(std::string(argument) == "PATH" ? "path" : "name", model.what, about)
        ->type_name(argument)
        ->required(command != Command::ModelTest);
    if (command == Command::ModelAdd || command == Command::ModelPull) {
      sub.add_option("--name", model.name, "The name to keep it under")->type_name("NAME");
    }
    return sub;
  };
  add("add", "Take a model from a folder, wheel, zip or tar", Command::ModelAdd, "PATH",
      "The folder or archive");
  add("pull", "Bring a model from the Hugging Face hub", Command::ModelPull, "NAME",
      "OWNER/NAME, or NAME alone for sentence-transformers/NAME");
  add_command(app, target, "list", "List the models", Command::ModelList);
  add("use", "Use this model for new libraries", Command::ModelUse, "NAME", "The model");
  add("remove", "Remove a model", Command::ModelRemove, "NAME", "The model");
  add("test", "Try whether a model works, and how fast", Command::ModelTest, "NAME",
      "The model; the one in use by default");
}

void add_embed(CLI::App& root, Target& target) {
  CLI::App& app =
      add_command(root, target, "embed", "Turn texts into vectors with the model", Command::Embed);
  EmbedOptions& embed = target.invocation.embed;
  app.add_option("texts", embed.texts, "The texts; none: each line of standard input")
      ->type_name("TEXT");
  app.add_flag("--query", embed.query, "As queries, not as documents");
  app.add_option("--model", embed.model, "This model, instead of the one in use")
      ->type_name("NAME");
  add_precision(app, target);
}

void add_bench_encoder(CLI::App& bench, Target& target) {
  CLI::App& app = add_command(bench, target, "encoder",
                              "How fast the model turns texts into vectors", Command::BenchEncoder);
  library::EncoderBench& encoder = target.invocation.bench.encoder;
  app.add_option("--texts", encoder.texts, "Lines of {\"kind\": \"text\" or \"query\", \"text\"}")
      ->type_name("FILE")
      ->required();
  app.add_option("--vectors", encoder.vectors, "Write the vectors here, as NumPy keeps them")
      ->type_name("FILE");
  app.add_option("--model", target.invocation.bench.model, "This model, instead of the one in use")
      ->type_name("NAME");
  add_precision(app, target);
}

void add_bench(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "bench", "Measure Sonde itself", Command::None);
  app.require_subcommand(1);
  app.footer(
      "sonde bench vectors --data FILE --queries FILE --truth FILE [--tags FILE ...]\n"
      "sonde bench encoder --texts FILE [--precision P] [--vectors FILE]");
  add_bench_encoder(app, target);
  CLI::App& vectors = add_command(app, target, "vectors",
                                  "Vectors as they are given: kept, searched, changed, deleted",
                                  Command::BenchVectors);
  library::VectorBench& bench = target.invocation.bench.vectors;
  const auto file = [&](const char* name, std::string& path, const char* about) -> CLI::Option& {
    return *vectors.add_option(name, path, about)->type_name("FILE");
  };
  file("--data", bench.data, "The vectors: f32, row by row").required();
  file("--queries", bench.queries, "The queries: f32").required();
  file("--truth", bench.truth, "Rows nearest to each query, best first: i32").required();
  file("--tags", bench.tags, "A tag of each row, 0 to 99: u8");
  file("--truth-f10", bench.truth_f10, "As --truth, among tags below 10");
  file("--truth-f01", bench.truth_f01, "As --truth, among tag 7");
  file("--truth-del30", bench.truth_del30, "As --truth, without tags 40 to 69");
  vectors.add_option("--dim", bench.dimensions, "Dimensions (384)")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, std::uint32_t{8'192}));
  vectors.add_option("--k", bench.count, "Nearest that are asked for (10)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000}));
  vectors.add_option("--effort", bench.effort, "Of one phase")->group("");
  vectors.add_option("--phase", target.invocation.bench.phase, "One phase alone")->group("");
}

void add_mcp(CLI::App& root, Target& target) {
  CLI::App& app = add_command(root, target, "mcp",
                              "Serve coding agents over standard input and output", Command::Mcp);
  add_list(app, "--root", target.invocation.mcp.roots,
           "A project to serve; may be repeated. Without it those that the client names, else the "
           "working folder")
      .type_name("PATH");
}

void add_install(CLI::App& root, Target& target) {
  InstallOptions& install = target.invocation.install;
  const auto add = [&](const char* name, const char* about, Command command) -> CLI::App& {
    CLI::App& app = add_command(root, target, name, about, command);
    add_list(app, "--client", install.clients, "Only this one; may be repeated")
        .type_name("NAME")
        ->delimiter(',')
        ->check(CLI::IsMember(clients::client_names()));
    app.add_flag("--all", install.all, "All of them, also those that are not found here");
    app.add_flag("--dry-run", install.dry_run, "Show what would change, and change nothing");
    return app;
  };
  add("install", "Let coding agents start `sonde mcp`: write it into their settings",
      Command::Install)
      .add_option("--program", install.program, "What they start, instead of this program")
      ->type_name("PATH");
  add("uninstall", "Take `sonde mcp` out of the settings of coding agents", Command::Uninstall);
}

void add_serve(CLI::App& root, Target& target) {
  CLI::App& app =
      add_command(root, target, "serve", "Serve agents and programs over HTTP", Command::Serve);
  ServeOptions& serve = target.invocation.serve;
  app.add_option("--listen", serve.listen,
                 "Where: 127.0.0.1:8811; port 0 takes any that is free. Another address than "
                 "loopback needs --token-file")
      ->type_name("ADDRESS:PORT");
  add_list(app, "--root", serve.roots,
           "A project to serve; may be repeated. Without it that of the working folder")
      .type_name("DIR");
  app.add_option("--token-file", serve.token_file,
                 "The file with the token that requests carry, instead of the one in the state "
                 "folder; made where there is none")
      ->type_name("FILE");
  add_list(app, "--allow-host", serve.allowed_hosts,
           "A further name, or NAME:PORT, that requests may be addressed to; may be repeated")
      .type_name("NAME");
}

void add_care(CLI::App& root, Target& target) {
  Invocation& invocation = target.invocation;
  CLI::App& status = add_command(root, target, "status",
                                 "What the library holds and how fresh it is", Command::Status);
  status.add_flag("--skipped", invocation.status.list_skipped, "List what was left out, and why");
  status.add_flag("--quarantine", invocation.status.list_quarantine,
                  "List files that could not be read, and why");
  CLI::App& forget = add_command(root, target, "forget",
                                 "Remove every trace of files and exclude them", Command::Forget);
  forget.add_option("paths", invocation.paths, "Files or folders")->type_name("PATH")->required();
  CLI::App& doctor = add_command(root, target, "doctor", "Check everything and say what is wrong",
                                 Command::Doctor);
  doctor.add_flag("--repair", invocation.repair, "Mend what can be mended");
  CLI::App& retry = add_command(
      root, target, "retry", "Try files again that crashed or hung their reader", Command::Retry);
  retry.add_option("paths", invocation.paths, "Files; without them all that are quarantined")
      ->type_name("PATH");
  CLI::App& reset =
      add_command(root, target, "reset", "Back the library up and start again", Command::Reset);
  reset.add_flag("-y,--yes", invocation.yes, "Do not ask");
  CLI::App& completion = add_command(root, target, "completion",
                                     "Print a completion script for a shell", Command::Completion);
  completion.add_option("shell", invocation.shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember(kShells));
}

void add_selftest(CLI::App& root, Target& target) {
  SelftestCommandOptions& selftest = target.invocation.selftest;
  CLI::App& app =
      add_command(root, target, "selftest",
                  "Try power loss, kill -9 and damage on scratch libraries", Command::Selftest);
  app.add_option("--seconds", selftest.seconds, "How long it may take")
      ->type_name("N")
      ->check(CLI::Range(1U, kSelftestSecondsLimit));
  app.add_option("--folder", selftest.folder, "On whose disk; a folder is made there and removed")
      ->type_name("PATH");
  app.add_option("--seed", selftest.seed, "The seed that an earlier run printed")->type_name("N");
}

void build(CLI::App& app, Target& target) {
  app.name("sonde");
  app.description("Sonde finds things by meaning, on your own machine.");
  app.require_subcommand(0, 1);
  app.footer(
      "`sonde COMMAND --help` says more. Exit codes: 0 done, 1 nothing found, 2 a mistake or a\n"
      "failure said, 3 the library needs repair, 4 another process holds it, 130 interrupted.");
  app.set_version_flag("--version", std::string("sonde ") + SONDE_VERSION, "Print the version")
      ->group("Options everywhere");
  add_index(app, target);
  add_watch(app, target);
  add_search(app, target);
  add_similar(app, target);
  add_code(app, target);
  add_history(app, target);
  add_analysis(app, target);
  add_sources(app, target);
  add_models(app, target);
  add_embed(app, target);
  add_bench(app, target);
  add_mcp(app, target);
  add_install(app, target);
  add_serve(app, target);
  add_care(app, target);
  add_selftest(app, target);
  add_common_everywhere(app, target);
}

/// The command that was being read, for the hint where its help is.
std::string command_words(const CLI::App& app) {
  std::string words = "sonde";
  const CLI::App* at = &app;
  for (int depth = 0; depth < 3 && !at->get_subcommands().empty(); ++depth) {
    at = at->get_subcommands().front();
    words += " " + at->get_name();
  }
  return words;
}

Error usage_error(const CLI::App& app, const std::vector<std::string>& arguments,
                  const std::string& what) {
  const std::string words = command_words(app);
  std::string message = what;
  if (words == "sonde" && !arguments.empty() && arguments.front().front() != '-') {
    message = "there is no command \"" + arguments.front() + "\"";
  }
  if (words == "sonde search" && std::any_of(arguments.begin(), arguments.end(), [](const auto& a) {
        return a.size() > 2 && a[0] == '-' && a.find(' ') != std::string::npos;
      })) {
    message += "; a query that begins with - goes last, after --";
  }
  return Error{Code::InvalidArgument, message + " (see `" + words + " --help`)"};
}

Status finish(Target& target) {
  Invocation& invocation = target.invocation;
  if (target.threads > 0) {
    invocation.common.threads = target.threads;
  }
  if (!target.max_rss.empty()) {
    TRY_ASSIGN(const std::uint64_t bytes, library::parse_size(target.max_rss));
    constexpr std::uint64_t kSmallest = 64ULL << 20;
    if (bytes < kSmallest) {
      return Error{Code::InvalidArgument, "--max-rss must be at least 64MB"};
    }
    invocation.common.max_rss_bytes = bytes;
  }
  invocation.search.request.refresh = !target.no_refresh;
  invocation.history.request.refresh = !target.no_refresh;
  invocation.code.symbol.refresh = !target.no_refresh;
  invocation.code.outline.refresh = !target.no_refresh;
  invocation.analysis.refresh = !target.no_refresh;
  invocation.code.symbol.mentions = !target.no_mentions;
  invocation.index.request.embed = !target.no_embed;
  const std::map<std::string, library::SearchMode> modes = {
      {"auto", library::SearchMode::Auto},
      {"hybrid", library::SearchMode::Hybrid},
      {"words", library::SearchMode::Words},
      {"meaning", library::SearchMode::Meaning}};
  invocation.search.request.mode = modes.at(target.mode);
  return {};
}

OptionShape shape_of(const CLI::Option& option) {
  OptionShape shape;
  for (const std::string& name : option.get_snames()) {
    shape.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    shape.names.push_back("--" + name);
  }
  shape.description = option.get_description();
  shape.takes_value = option.get_items_expected_max() > 0;
  const std::map<std::string, std::vector<std::string>> choices = {
      {"--color", kColors}, {"--kind", kKinds}, {"--mode", kModes}};
  const auto known = choices.find(shape.names.empty() ? "" : shape.names.back());
  if (known != choices.end()) {
    shape.choices = known->second;
  }
  shape.takes_path = option.get_type_name() == "DIR" || option.get_type_name() == "FILE" ||
                     option.get_type_name() == "GLOB";
  return shape;
}

CommandShape shape_of(const CLI::App& app) {
  CommandShape shape;
  shape.name = app.get_name();
  shape.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      shape.takes_paths |= option->get_type_name() == "PATH";
      if (option->get_type_name().starts_with("SHELL")) {
        shape.choices = kShells;
      }
    } else {
      shape.options.push_back(shape_of(*option));
    }
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    shape.commands.push_back(shape_of(*command));
  }
  return shape;
}

}  // namespace

Result<ParsedArguments> parse_arguments(const std::vector<std::string>& arguments) {
  if (arguments.size() > kArgumentLimit) {
    return Error{Code::Limit, "more than 100000 arguments; name a folder instead of its files"};
  }
  CLI::App app;
  Target target;
  try {
    build(app, target);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    TRY(finish(target));
  } catch (const CLI::CallForHelp&) {
    return ParsedArguments{{}, app.help()};
  } catch (const CLI::CallForVersion&) {
    return ParsedArguments{{}, std::string("sonde ") + SONDE_VERSION + "\n"};
  } catch (const CLI::ParseError& error) {
    return usage_error(app, arguments, error.what());
  } catch (const CLI::Error& error) {
    return Error{Code::Internal,
                 std::string("the command line could not be read: ") + error.what()};
  }
  return ParsedArguments{std::move(target.invocation), ""};
}

CommandShape command_line_shape() {
  CLI::App app;
  Target target;
  build(app, target);
  return shape_of(app);
}

}  // namespace sonde::faces::cli
