#include <string>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

/// Errors: InvalidArgument (there is nobody to ask, or the answer was no).
Status confirm(const Context& context, const std::string& directory) {
  if (context.invocation.yes) {
    return {};
  }
  Streams& streams = context.streams;
  if (!streams.in_is_terminal || !streams.err_terminal.is_terminal) {
    return Error{Code::InvalidArgument,
                 "reset empties the library " + directory +
                     " (a backup is kept); without a terminal to ask on, it needs --yes"};
  }
  streams.err << "Back up the library " << safe_path(directory) << " and start again? [y/N] "
              << std::flush;
  std::string answer;
  std::getline(streams.in, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") {
    return Error{Code::InvalidArgument, "nothing was done"};
  }
  return {};
}

}  // namespace

Result<int> run_reset(Context& context) {
  TRY_ASSIGN(const library::LibraryOptions options,
             found_library(context, context.environment.working_directory));
  const std::string& directory = options.location.directory;
  TRY(confirm(context, directory));
  TRY_ASSIGN(const std::string backup, context.door.reset(options));
  if (context.invocation.json()) {
    print_json(context, json::reset_object(directory, backup));
  } else if (!context.invocation.common.quiet) {
    context.streams.out << "the library " << context.shown_path(directory)
                        << " is empty; what was in it is in " << context.shown_path(backup)
                        << "\n`sonde index` fills it again\n";
  }
  return kDone;
}

}  // namespace sonde::faces::cli
