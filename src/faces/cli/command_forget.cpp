#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

void print_report(const Context& context, const library::ForgetReport& report) {
  std::ostream& out = context.streams.out;
  out << fmt::format("forgot {} and {}\n", counted(report.files, "file", "files"),
                     counted(report.chunks, "place", "places"));
  for (const std::string& path : report.paths) {
    // Relative to its source, where it is not absolute.
    const bool absolute = path.starts_with("/");
    out << "left out from now on: " << (absolute ? context.shown_path(path) : safe_path(path))
        << '\n';
  }
}

}  // namespace

Result<int> run_forget(Context& context) {
  std::vector<std::string> paths;
  for (const std::string& path : context.invocation.paths) {
    paths.push_back(context.absolute(path));
  }
  // The library that knows a path is the one above it, wherever the person stands.
  TRY_ASSIGN(const auto library, open_library(context, paths.front()));
  TRY_ASSIGN(const library::ForgetReport report, library->forget(paths, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::forget_object(report));
  } else if (!context.invocation.common.quiet) {
    print_report(context, report);
  }
  for (const std::string& name : report.retained) {
    context.streams.err << "sonde: not reached, look there yourself: " << safe_path(name) << '\n';
  }
  if (report.pending) {
    context.streams.err << "sonde: pending: a search that still runs holds old pages of the "
                           "library; run the same command again to finish\n";
    return kHeld;
  }
  return kDone;
}

}  // namespace sonde::faces::cli
