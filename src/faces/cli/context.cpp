#include "faces/cli/context.h"

#include "base/utf8.h"
#include "faces/cli/encoder_door.h"

namespace sonde::faces::cli {

bool Context::for_people() const { return streams.out_terminal.is_terminal || color == "always"; }

Painter Context::painter_out() const {
  const Terminal& terminal = streams.out_terminal;
  const bool capable = terminal.is_terminal && !terminal.dumb;
  Painter painter;
  painter.color = color == "always" || (color != "never" && capable);
  painter.links = painter.color && capable;
  painter.host = terminal.host;
  return painter;
}

std::string Context::shown_path(const std::string& absolute) const {
  return safe_path(library::relative_path(absolute, environment.working_directory));
}

void Context::note(const std::string& text) const {
  if (!invocation.common.quiet) {
    streams.err << "sonde: " << safe_line(text) << '\n';
  }
}

std::string Context::absolute(const std::string& path) const {
  return library::absolute_path(environment, path);
}

ProgressLine Context::progress() const {
  return ProgressLine(streams.err, streams.err_terminal, invocation.common.quiet, clock);
}

Result<library::LibraryOptions> options_at(Context& context, library::Location location) {
  library::LibraryOptions options;
  TRY_ASSIGN(options.config, library::read_config(context.environment, location.root));
  const CommonOptions& common = context.invocation.common;
  if (common.threads) {
    options.config.threads = *common.threads;
  }
  if (common.max_rss_bytes) {
    options.config.max_rss_bytes = *common.max_rss_bytes;
  }
  if (!common.precision.empty()) {
    options.config.precision = common.precision;
  }
  options.keeps_precision = options.config.precision == "auto";
  if (common.color.empty() && !context.streams.no_color) {
    context.color = options.config.color;
  }
  if (context.invocation.command == Command::Watch) {
    options.lease_wait = std::chrono::milliseconds(0);  // it says whom it waits for
  }
  LibraryEncoder encoder = library_encoder(context, options.config);
  options.encoder = std::move(encoder.encoder);
  options.encoder_of = encoders_of_machine(context, options.config);
  options.encoder_trouble = std::move(encoder.trouble);
  options.environment = context.environment;
  options.location = std::move(location);
  return options;
}

Result<library::LibraryOptions> found_library(Context& context, const std::string& start) {
  TRY_ASSIGN(library::Location location,
             library::find_library(context.environment, start, context.invocation.common.library));
  return options_at(context, std::move(location));
}

Result<std::unique_ptr<library::Library>> open_library(Context& context, const std::string& start) {
  TRY_ASSIGN(const library::LibraryOptions options, found_library(context, start));
  return context.door.open(options);
}

}  // namespace sonde::faces::cli
