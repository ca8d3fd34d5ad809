#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"
#include "io/file_system.h"

namespace sonde::faces::cli {

namespace {

Result<std::vector<library::QuarantineInfo>> quarantined(library::Library& library,
                                                         const CancelToken& cancel) {
  library::StatusRequest request;
  request.list_quarantine = true;
  TRY_ASSIGN(library::StatusReport status, library.status(request, cancel));
  return std::move(status.quarantine_list);
}

}  // namespace

Result<int> run_retry(Context& context) {
  library::IndexRequest request;
  for (const std::string& path : context.invocation.paths) {
    request.paths.push_back(context.absolute(path));
  }
  TRY_ASSIGN(const auto library,
             open_library(context, request.paths.empty() ? context.environment.working_directory
                                                         : request.paths.front()));
  if (request.paths.empty()) {
    TRY_ASSIGN(const std::vector<library::QuarantineInfo> entries,
               quarantined(*library, context.cancel));
    for (const library::QuarantineInfo& entry : entries) {
      request.paths.push_back(io::join_path(entry.source_path, entry.path));
    }
  }
  library::IndexReport report;
  if (!request.paths.empty()) {
    request.force = true;
    TRY_ASSIGN(report, library->index(request, {}, context.cancel));
  }
  TRY_ASSIGN(const std::vector<library::QuarantineInfo> left,
             quarantined(*library, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::retry_object(report, left));
  } else if (!context.invocation.common.quiet) {
    context.streams.out << fmt::format("tried {}\n",
                                       counted(request.paths.size(), "file", "files"));
    for (const library::QuarantineInfo& entry : left) {
      context.streams.out << fmt::format("quarantined: {}: {}\n",
                                         safe_path(io::join_path(entry.source_path, entry.path)),
                                         safe_line(entry.reason));
    }
  }
  return kDone;
}

}  // namespace sonde::faces::cli
