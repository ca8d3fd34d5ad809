// The command line of `sonde unused`, `cycles` and `analyze`.

#include "faces/cli/arguments_build.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kShownLimit = 100'000;
constexpr std::uint32_t kThresholdLimit = 1'000'000;

void add_scope(CLI::App& app, Target& target) {
  library::CodeScope& scope = target.invocation.analysis.scope;
  app.add_option("paths", scope.within, "Only these files and folders")->type_name("PATH");
  add_list(app, "-l,--lang", scope.languages, "Only this language; may be repeated")
      .type_name("LANG")
      ->delimiter(',');
  add_list(app, "-p,--path", scope.path_globs, "Only paths that fit this glob; may be repeated")
      .type_name("GLOB");
  app.add_flag("--no-refresh", target.no_refresh, "Do not bring changed files up to date first");
}

void add_limit(CLI::App& app, Target& target, const std::string& name,
               const std::string& description) {
  app.add_option(name, target.invocation.analysis.limit, description)
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kShownLimit));
}

void add_threshold(CLI::App& app, const std::string& name, std::optional<std::uint32_t>& value,
                   const std::string& description) {
  app.add_option(name, value, description)
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{0}, kThresholdLimit));
}

void add_analyze(CLI::App& root, Target& target) {
  AnalysisOptions& options = target.invocation.analysis;
  CLI::App& app =
      add_command(root, target, "analyze", "How complex functions are", Command::Analyze);
  add_scope(app, target);
  add_limit(app, target, "-n,--top", "Functions to show, the most complex first (20)");
  add_threshold(app, "--max-cyclomatic", options.cyclomatic, "Paths through a function; 0: any");
  add_threshold(app, "--max-cognitive", options.cognitive, "How hard it is to understand; 0: any");
  add_threshold(app, "--max-nesting", options.nesting, "Depth of its flow of control; 0: any");
  add_threshold(app, "--max-lines", options.lines, "Its lines; 0: any");
  add_threshold(app, "--max-parameters", options.parameters, "Its parameters; 0: any");
  app.add_option("--baseline", options.baseline, "Only what is new or worse than in it fails")
      ->type_name("FILE");
  app.add_option("--write-baseline", options.write_baseline, "Write what is found now into it")
      ->type_name("FILE");
  app.add_flag("--sarif", options.sarif, "Print SARIF 2.1.0");
  app.footer("Ends with 1 when a function is beyond a threshold, and not as bad in the baseline.");
}

}  // namespace

void add_analysis(CLI::App& root, Target& target) {
  AnalysisOptions& options = target.invocation.analysis;
  CLI::App& unused = add_command(root, target, "unused", "Definitions whose name nothing else uses",
                                 Command::Unused);
  add_scope(unused, target);
  add_limit(unused, target, "-n,--limit", "Definitions at most (200)");
  unused.add_option("--min-confidence", options.min_confidence, "How sure at least, 0 to 1 (0.6)")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0));
  unused.add_flag("--fail", options.fail, "End with 1 when there are any");
  unused.footer("Found by name: what is used by a computed name, or elsewhere, is not seen.");
  CLI::App& cycles =
      add_command(root, target, "cycles", "Imports that go in a circle", Command::Cycles);
  add_scope(cycles, target);
  add_limit(cycles, target, "-n,--limit", "Cycles at most (50)");
  cycles.add_flag("--fail", options.fail, "End with 1 when there are any");
  add_analyze(root, target);
}

}  // namespace sonde::faces::cli
