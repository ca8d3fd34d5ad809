#include <fmt/format.h>

#include <random>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"
#include "selftest/selftest.h"

namespace sonde::faces::cli {

namespace {

void print_report(const Context& context, const selftest::SelftestReport& report) {
  std::ostream& out = context.streams.out;
  out << fmt::format("{:<12} {:>12} {:<9} {:>9} {:>16}\n", "trial", "tried", "", "seconds",
                     "promises broken");
  for (const selftest::TrialResult& trial : report.trials) {
    out << fmt::format("{:<12} {:>12} {:<9} {:>9.1f} {:>16}\n", trial.name,
                       with_commas(trial.tried), trial.unit, trial.seconds,
                       trial.tally.count("promises broken"));
  }
  for (const selftest::TrialResult& trial : report.trials) {
    for (const std::string& what : trial.tally.broken) {
      out << "broken: " << safe_line(what) << '\n';
    }
  }
  out << fmt::format("seed {}\n", report.seed);
}

}  // namespace

Result<int> run_selftest(Context& context) {
  const SelftestCommandOptions& given = context.invocation.selftest;
  selftest::SelftestOptions options;
  options.folder =
      given.folder.empty() ? context.environment.working_directory : context.absolute(given.folder);
  options.worker_program = context.environment.worker_program;
  options.budget = std::chrono::seconds(given.seconds);
  options.seed = given.seed ? *given.seed : std::random_device{}();
  TRY_ASSIGN(const selftest::SelftestReport report, selftest::selftest(options, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::selftest_object(report));
  } else if (!context.invocation.common.quiet || report.broken() > 0) {
    print_report(context, report);
  }
  return report.broken() == 0 ? kDone : kBrokenPromise;
}

}  // namespace sonde::faces::cli
