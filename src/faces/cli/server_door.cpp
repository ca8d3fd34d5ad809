#include "faces/cli/server_door.h"

#include <utility>

namespace sonde::faces::cli {

Result<library::LibraryOptions> ServerDoor::options_for(library::Location location) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(library::LibraryOptions options, options_at(context_, std::move(location)));
  if (options.encoder != nullptr) {
    options.encoder = encoders_.emplace(options.encoder->id().key(), options.encoder).first->second;
  }
  if (!encoder_of_) {
    encoder_of_ = options.encoder_of;
  }
  options.encoder_of = encoder_of_;
  return options;
}

mcp::Door ServerDoor::door() {
  const library::Environment& environment = context_.environment;
  const std::string& explicit_library = context_.invocation.common.library;
  mcp::Door door;
  door.find = [&environment, &explicit_library](const std::string& root) {
    return library::find_library(environment, root, explicit_library);
  };
  door.place = [&environment, &explicit_library](const std::string& root) {
    return library::place_library(environment, root, explicit_library);
  };
  door.options = [this](library::Location location) { return options_for(std::move(location)); };
  door.create = context_.door.create;
  door.open = context_.door.open;
  return door;
}

mcp::LogSink ServerDoor::log() {
  return [this](mcp::Level level, const std::string& text) {
    const std::lock_guard lock(log_mutex_);
    if (level != mcp::Level::Debug) {
      context_.note(text);
    }
  };
}

}  // namespace sonde::faces::cli
