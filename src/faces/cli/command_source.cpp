#include <fmt/format.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

Result<int> list_sources(Context& context, library::Library& library) {
  TRY_ASSIGN(const std::vector<library::SourceInfo> sources, library.sources());
  if (context.invocation.json()) {
    print_json(context, json::sources_object(sources));
    return kDone;
  }
  for (const library::SourceInfo& source : sources) {
    context.streams.out << fmt::format("{}  {}  {}{}\n", source.uid, safe_path(source.path),
                                       counted(source.files, "file", "files"),
                                       source.present ? "" : "  (the folder is not there now)");
  }
  return kDone;
}

}  // namespace

Result<int> run_source(Context& context) {
  const Invocation& invocation = context.invocation;
  TRY_ASSIGN(const auto library, open_library(context, context.environment.working_directory));
  if (invocation.command == Command::SourceList) {
    return list_sources(context, *library);
  }
  const bool add = invocation.command == Command::SourceAdd;
  // What is removed may be named by its id, which is no path.
  const bool is_id = !add && invocation.source.find('/') == std::string::npos &&
                     invocation.source.size() == 16 &&
                     invocation.source.find_first_not_of("0123456789abcdef") == std::string::npos;
  const std::string named = is_id ? invocation.source : context.absolute(invocation.source);
  TRY_ASSIGN(const library::SourceInfo source,
             add ? library->add_source(named) : library->remove_source(named));
  if (invocation.json()) {
    print_json(context, json::source_object(source, add ? "added" : "removed"));
  } else if (!invocation.common.quiet) {
    context.streams.out << (add ? "added " : "removed ") << safe_path(source.path)
                        << (add ? "; `sonde index` reads it\n"
                                : "; its files on the disk are as they were\n");
  }
  return kDone;
}

}  // namespace sonde::faces::cli
