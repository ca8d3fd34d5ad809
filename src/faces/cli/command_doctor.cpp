#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

void print_report(const Context& context, const library::DoctorReport& report) {
  std::ostream& out = context.streams.out;
  const Painter painter = context.painter_out();
  for (const library::DoctorFinding& finding : report.findings) {
    out << painter.paint(finding.damage ? Style::Warning : Style::Dim,
                         finding.damage ? "damage" : "note")
        << ": " << safe_line(finding.what) << '\n';
    if (!finding.remedy.empty()) {
      out << "  remedy: " << safe_line(finding.remedy) << '\n';
    }
  }
  for (const std::string& done : report.repaired) {
    out << "repaired: " << safe_line(done) << '\n';
  }
  if (report.healthy) {
    out << (report.repaired.empty() ? "everything checks\n" : "everything checks now\n");
  } else {
    out << (context.invocation.repair
                ? "not everything could be mended; `sonde reset` starts again, with a backup\n"
                : "`sonde doctor --repair` mends what can be mended\n");
  }
}

}  // namespace

Result<int> run_doctor(Context& context) {
  TRY_ASSIGN(const library::LibraryOptions options,
             found_library(context, context.environment.working_directory));
  auto examine = [&]() -> Result<library::DoctorReport> {
    ProgressLine progress = context.progress();
    return context.door.doctor(options, context.invocation.repair, progress.sink(), context.cancel);
  };
  TRY_ASSIGN(const library::DoctorReport report, examine());
  if (context.invocation.json()) {
    print_json(context, json::doctor_object(report));
  } else if (!context.invocation.common.quiet || !report.healthy) {
    print_report(context, report);
  }
  return report.healthy ? kDone : kNeedsRepair;
}

}  // namespace sonde::faces::cli
