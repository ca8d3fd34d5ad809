#pragma once
// How servers reach the libraries of several roots.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "faces/cli/context.h"
#include "faces/mcp/project.h"

namespace sonde::faces::cli {

/// Makes the options of libraries, whose projects open on several threads; one model serves all
/// that embed with the same. Outlives the doors that it makes. Threads: safe.
class ServerDoor {
 public:
  /// @param context  outlives this
  explicit ServerDoor(Context& context) : context_(context) {}

  mcp::Door door();
  /// A sink that prints on standard error, all but details.
  mcp::LogSink log();

 private:
  Result<library::LibraryOptions> options_for(library::Location location);

  Context& context_;
  std::mutex mutex_;
  std::mutex log_mutex_;
  std::map<std::string, std::shared_ptr<embed::Encoder>> encoders_;
  std::function<std::shared_ptr<embed::Encoder>(const std::string& model_key)> encoder_of_;
};

}  // namespace sonde::faces::cli
