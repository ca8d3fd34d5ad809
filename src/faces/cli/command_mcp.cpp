#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/mcp/serve.h"

namespace sonde::faces::cli {

namespace {

/// Makes the options of libraries, whose projects open on several threads; one model serves all
/// that embed with the same.
class SharedOptions {
 public:
  explicit SharedOptions(Context& context) : context_(context) {}

  Result<library::LibraryOptions> at(library::Location location) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(library::LibraryOptions options, options_at(context_, std::move(location)));
    if (options.encoder != nullptr) {
      options.encoder =
          encoders_.emplace(options.encoder->id().key(), options.encoder).first->second;
    }
    if (!encoder_of_) {
      encoder_of_ = options.encoder_of;
    }
    options.encoder_of = encoder_of_;
    return options;
  }

 private:
  Context& context_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<embed::Encoder>> encoders_;
  std::function<std::shared_ptr<embed::Encoder>(const std::string& model_key)> encoder_of_;
};

mcp::Door door_of(Context& context, SharedOptions& shared) {
  mcp::Door door;
  const std::string& explicit_library = context.invocation.common.library;
  door.find = [&context, &explicit_library](const std::string& root) {
    return library::find_library(context.environment, root, explicit_library);
  };
  door.place = [&context, &explicit_library](const std::string& root) {
    return library::place_library(context.environment, root, explicit_library);
  };
  door.options = [&shared](library::Location location) { return shared.at(std::move(location)); };
  door.create = context.door.create;
  door.open = context.door.open;
  return door;
}

}  // namespace

Result<int> run_mcp(Context& context) {
  if (context.streams.in_descriptor < 0 || context.streams.out_descriptor < 0) {
    return Error{Code::InvalidArgument, "the server needs standard input and output"};
  }
  std::mutex log_mutex;
  SharedOptions shared(context);
  mcp::ServeOptions options;
  for (const std::string& root : context.invocation.mcp.roots) {
    options.session.roots.push_back(context.absolute(root));
  }
  options.session.fallback_root = library::project_root(context.environment.working_directory);
  options.session.home = context.environment.home;
  options.session.door = door_of(context, shared);
  options.session.log = [&](mcp::Level level, const std::string& text) {
    const std::lock_guard lock(log_mutex);
    if (level != mcp::Level::Debug) {
      context.note(text);
    }
  };
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
