#pragma once
// Results of a search as text: laid out for people, or plain lines for other programs.

#include <ostream>
#include <string>

#include "faces/cli/terminal.h"
#include "library/library.h"

namespace sonde::faces::cli {

struct RenderOptions {
  std::string working_directory;  // paths are shown as seen from here
  Painter painter;
  std::size_t width = 80;
  bool explain = false;
};

inline constexpr std::size_t kShownLines = 10;  // of a place's text, without --context

/// Grouped by file: "path:line  symbol  kind  score", the best lines of the text with the query's
/// words marked, then the file's further places one a line.
void render_for_people(std::ostream& out, const library::SearchAnswer& answer,
                       const RenderOptions& options);

/// One line a place, as `grep -n` prints them: "path:line:text". The line is the one that names the
/// symbol, or else the one with the most different words of the query. With context every line of
/// the place is printed so, and the lines around it as "path-line-text", with "--" between places.
void render_plain(std::ostream& out, const library::SearchAnswer& answer,
                  const RenderOptions& options);

/// Paths, one a line.
void render_paths(std::ostream& out, const library::SearchAnswer& answer,
                  const RenderOptions& options);

}  // namespace sonde::faces::cli
