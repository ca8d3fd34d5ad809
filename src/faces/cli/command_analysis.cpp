// `sonde unused`, `cycles` and `analyze`.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "faces/cli/baseline.h"
#include "faces/cli/code_output.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/json/analysis_objects.h"
#include "io/file_system.h"

namespace sonde::faces::cli {

namespace {

constexpr std::uint64_t kBaselineLimit = 256ULL << 20;
constexpr std::size_t kShownPaths = 8;  // of a large cycle

library::CodeScope scope_of(const Context& context) {
  library::CodeScope scope = context.invocation.analysis.scope;
  for (std::string& path : scope.within) {
    path = context.absolute(path);
  }
  return scope;
}

Result<library::LibraryOptions> options_for(Context& context) {
  const std::vector<std::string>& typed = context.invocation.analysis.scope.within;
  return library_for(context, typed.empty() ? std::string() : typed.front());
}

void take_limit(const Context& context, std::size_t& limit) {
  if (context.invocation.analysis.limit != 0) {
    limit = context.invocation.analysis.limit;
  }
}

int exit_code(const Context& context, bool any) {
  context.streams.out.flush();
  return any && context.invocation.analysis.fail ? kNothingFound : kDone;
}

// --- unused

void print_unused(const Context& context, const library::UnusedAnswer& answer) {
  const Painter painter = context.painter_out();
  std::ostream& out = context.streams.out;
  std::string shown;
  for (const library::UnusedSymbol& symbol : answer.symbols) {
    const library::CodePlace& place = symbol.place;
    const std::string path = path_of(context, place.source_path, place.path);
    if (path != shown) {
      out << painter.link(place.source_path + "/" + place.path, painter.paint(Style::Path, path));
      out << (place.stale ? "  " + painter.paint(Style::Warning, "changed on the disk since") : "")
          << '\n';
      shown = path;
    }
    out << fmt::format(
        "  {}  {}  {}  {}\n", painter.paint(Style::Line, std::to_string(place.line)),
        painter.paint(Style::Dim, place.kind), painter.paint(Style::Symbol, name_of(place)),
        painter.paint(Style::Dim,
                      fmt::format("{:.2f}: {}", symbol.confidence, safe_line(symbol.reason))));
  }
}

Result<int> run_unused(Context& context) {
  library::UnusedRequest request;
  request.scope = scope_of(context);
  request.min_confidence = context.invocation.analysis.min_confidence;
  request.refresh = context.invocation.analysis.refresh;
  take_limit(context, request.limit);
  TRY_ASSIGN(const library::LibraryOptions options, options_for(context));
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(const library::UnusedAnswer answer, library->unused(request, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::unused_object(answer));
  } else {
    print_unused(context, answer);
  }
  const int code = exit_code(context, !answer.symbols.empty());
  if (answer.symbols.empty()) {
    context.note(fmt::format("every name of {} definitions is used somewhere",
                             with_commas(answer.definitions)));
  }
  if (answer.less_sure > 0) {
    context.note(fmt::format("{} more with less confidence than {:.2f} (--min-confidence)",
                             with_commas(answer.less_sure), request.min_confidence));
  }
  print_notes(context, answer, answer.symbols.size(), "definitions");
  return code;
}

// --- cycles

void print_cycle(const Context& context, const library::ImportCycle& cycle) {
  const Painter painter = context.painter_out();
  std::ostream& out = context.streams.out;
  const bool more = cycle.members > cycle.steps.size();
  out << painter.paint(Style::Symbol,
                       counted(cycle.members, "file in a circle", "files in a circle"))
      << (more ? "; a shortest way round:" : ":") << '\n';
  for (const library::CycleStep& step : cycle.steps) {
    library::CodePlace place;
    place.source_path = step.source_path;
    place.path = step.path;
    out << "  " << where(context, place, step.line) << "  "
        << painter.paint(Style::Dim, "imports " + safe_line(step.imported))
        << (step.stale ? "  " + painter.paint(Style::Warning, "changed on the disk since") : "")
        << '\n';
  }
  if (more) {
    std::string names;
    for (std::size_t i = 0; i < cycle.paths.size() && i < kShownPaths; ++i) {
      names += (names.empty() ? "" : ", ") + safe_path(cycle.paths[i]);
    }
    out << "  "
        << painter.paint(Style::Dim, "of " + names + (cycle.members > kShownPaths ? ", ..." : ""))
        << '\n';
  }
}

Result<int> run_cycles(Context& context) {
  library::CyclesRequest request;
  request.scope = scope_of(context);
  request.refresh = context.invocation.analysis.refresh;
  take_limit(context, request.limit);
  TRY_ASSIGN(const library::LibraryOptions options, options_for(context));
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(const library::CyclesAnswer answer, library->cycles(request, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::cycles_object(answer));
  } else {
    for (const library::ImportCycle& cycle : answer.cycles) {
      print_cycle(context, cycle);
    }
  }
  const int code = exit_code(context, !answer.cycles.empty());
  if (answer.cycles.empty()) {
    context.note(fmt::format("no import cycle among {} files", with_commas(answer.files)));
  }
  print_notes(context, answer, answer.cycles.size(), "cycles");
  return code;
}

// --- analyze

library::Thresholds thresholds_of(const AnalysisOptions& given, library::Thresholds thresholds) {
  thresholds.cyclomatic = given.cyclomatic.value_or(thresholds.cyclomatic);
  thresholds.cognitive = given.cognitive.value_or(thresholds.cognitive);
  thresholds.nesting = given.nesting.value_or(thresholds.nesting);
  thresholds.lines = given.lines.value_or(thresholds.lines);
  thresholds.parameters = given.parameters.value_or(thresholds.parameters);
  return thresholds;
}

void print_functions(const Context& context, const library::AnalyzeAnswer& answer) {
  const Painter painter = context.painter_out();
  std::ostream& out = context.streams.out;
  if (!answer.functions.empty()) {
    out << painter.paint(Style::Dim, "cognitive  cyclomatic  nesting  lines  parameters") << '\n';
  }
  for (const library::MeasuredFunction& function : answer.functions) {
    const text::Measures& measures = function.measures;
    out << fmt::format("{:>9}  {:>10}  {:>7}  {:>5}  {:>10}  ", measures.cognitive,
                       measures.cyclomatic, measures.nesting, function.lines, measures.parameters)
        << where(context, function.place, function.place.line) << "  "
        << painter.paint(Style::Symbol, name_of(function.place)) << '\n';
  }
}

void print_findings(const Context& context, const std::vector<json::JudgedFinding>& findings) {
  const Painter painter = context.painter_out();
  for (const json::JudgedFinding& judged : findings) {
    if (judged.standing == json::Standing::Known) {
      continue;
    }
    const library::CodePlace& place = judged.finding->function.place;
    context.streams.out << where(context, place, place.line) << "  "
                        << safe_line(json::finding_text(*judged.finding))
                        << (judged.standing == json::Standing::Worse
                                ? "  " + painter.paint(Style::Warning, "worse than it was")
                                : "")
                        << '\n';
  }
}

Result<std::vector<json::JudgedFinding>> judged_findings(const Context& context,
                                                         const library::AnalyzeAnswer& answer) {
  const std::string& name = context.invocation.analysis.baseline;
  if (name.empty()) {
    return unjudged(answer.findings);
  }
  TRY_ASSIGN(const std::string text,
             io::read_file(io::real_file_system(), context.absolute(name), kBaselineLimit));
  return judge_findings(answer.findings, text, name);
}

Status write_baseline(const Context& context, const library::AnalyzeAnswer& answer) {
  const std::string& name = context.invocation.analysis.write_baseline;
  if (name.empty()) {
    return {};
  }
  constexpr unsigned kMode = 0644;  // meant to be committed
  return io::replace_file(io::real_file_system(), context.absolute(name),
                          baseline_text(answer.findings), kMode);
}

Result<int> run_analyze(Context& context) {
  const AnalysisOptions& given = context.invocation.analysis;
  library::AnalyzeRequest request;
  request.scope = scope_of(context);
  request.refresh = given.refresh;
  take_limit(context, request.limit);
  TRY_ASSIGN(const library::LibraryOptions options, options_for(context));
  request.thresholds = thresholds_of(given, options.config.thresholds);
  const bool limited = request.thresholds != library::Thresholds{};
  if (!limited && (given.sarif || !given.baseline.empty() || !given.write_baseline.empty())) {
    return Error{Code::InvalidArgument,
                 "nothing is a finding without a threshold: --max-cognitive 15, say, or [analyze] "
                 "in .sonde.toml"};
  }
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(const library::AnalyzeAnswer answer, library->analyze(request, context.cancel));
  TRY_ASSIGN(const std::vector<json::JudgedFinding> findings, judged_findings(context, answer));
  const auto failing = static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [](const auto& each) { return each.standing != json::Standing::Known; }));
  TRY(write_baseline(context, answer));
  const bool failed = failing > 0 && given.write_baseline.empty();
  if (given.sarif) {
    print_json(context, json::sarif_object(answer, findings, !given.baseline.empty()));
  } else if (context.invocation.json()) {
    print_json(context, json::analyze_object(answer, request.thresholds, findings, failed));
  } else if (limited) {
    print_findings(context, findings);
  } else {
    print_functions(context, answer);
  }
  context.streams.out.flush();
  context.note(fmt::format("{} in {}; mean cyclomatic {:.1f}, cognitive {:.1f}",
                           counted(answer.total, "function", "functions"),
                           counted(answer.files, "file", "files"), answer.mean_cyclomatic,
                           answer.mean_cognitive));
  if (limited) {
    context.note(fmt::format("{} beyond a threshold, {} of them as in the baseline",
                             counted(findings.size(), "place is", "places are"),
                             with_commas(findings.size() - failing)));
  }
  print_notes(context, answer, answer.total, "functions");
  return failed ? kNothingFound : kDone;
}

}  // namespace

Result<int> run_analysis(Context& context) {
  switch (context.invocation.command) {
    case Command::Unused: return run_unused(context);
    case Command::Cycles: return run_cycles(context);
    default: return run_analyze(context);
  }
}

}  // namespace sonde::faces::cli
