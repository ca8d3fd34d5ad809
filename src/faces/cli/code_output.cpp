#include "faces/cli/code_output.h"

#include "library/location.h"

namespace sonde::faces::cli {

Result<library::LibraryOptions> library_for(Context& context, const std::string& path) {
  auto here = found_library(context, context.environment.working_directory);
  if (here.ok() || here.error().code != Code::NotFound || path.empty()) {
    return here;
  }
  return found_library(context, context.absolute(path));
}

std::string path_of(const Context& context, const std::string& source_path,
                    const std::string& path) {
  const std::string shown =
      library::relative_path(source_path + "/" + path, context.environment.working_directory);
  return safe_path(shown);
}

std::string name_of(const library::CodePlace& place) {
  return safe_line(place.scope.empty() || place.symbol.empty() ? place.symbol
                                                               : place.scope + "." + place.symbol);
}

std::string where(const Context& context, const library::CodePlace& place, std::uint32_t line) {
  const Painter painter = context.painter_out();
  const std::string shown =
      painter.paint(Style::Path, path_of(context, place.source_path, place.path)) + ":" +
      painter.paint(Style::Line, std::to_string(line));
  return painter.link(place.source_path + "/" + place.path, shown);
}

}  // namespace sonde::faces::cli
