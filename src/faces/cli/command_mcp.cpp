#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/server_door.h"
#include "faces/mcp/serve.h"

namespace sonde::faces::cli {

Result<int> run_mcp(Context& context) {
  if (context.streams.in_descriptor < 0 || context.streams.out_descriptor < 0) {
    return Error{Code::InvalidArgument, "the server needs standard input and output"};
  }
  ServerDoor door(context);
  mcp::ServeOptions options;
  for (const std::string& root : context.invocation.mcp.roots) {
    options.session.roots.push_back(context.absolute(root));
  }
  options.session.fallback_root = library::project_root(context.environment.working_directory);
  options.session.home = context.environment.home;
  options.session.door = door.door();
  options.session.log = door.log();
  if (context.streams.in_is_terminal) {
    context.note(
        "this is a server for coding agents (docs/mcp.md): it waits for their messages; "
        "ctrl-D ends it");
  }
  const Status ended = mcp::serve(std::move(options), context.streams.in_descriptor,
                                  context.streams.out_descriptor, context.cancel);
  if (!ended.ok() && ended.error().code != Code::Cancelled) {
    return ended.error();
  }
  return ended.ok() ? kDone : kInterrupted;
}

}  // namespace sonde::faces::cli
