#pragma once
// What a stream can show, and text made safe and coloured for it.

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde::faces::cli {

/// What is on the other side of a stream.
struct Terminal {
  bool is_terminal = false;
  bool dumb = false;  // TERM=dumb: no colours, no moving of the cursor
  std::size_t width = 80;
  std::string host;  // for links to files; empty: none
};

enum class Style { Path, Line, Symbol, Dim, Match, Warning };

/// How text is put on a stream. Copyable.
struct Painter {
  bool color = false;
  bool links = false;
  std::string host;

  /// `text` in the style's colour, unchanged without colours. `text` must be safe already.
  [[nodiscard]] std::string paint(Style style, std::string_view text) const;
  /// `text` as a link (OSC 8) to the file, unchanged without links.
  [[nodiscard]] std::string link(std::string_view absolute_path, std::string_view text) const;
};

/// A line of a file for a terminal: control characters (also C1 and those that turn the direction
/// of text) are shown as <U+001B>, tabs become spaces, ill-formed bytes U+FFFD.
std::string safe_line(std::string_view line);

/// A path for people and pipes: bytes as they are, but control characters as \x1b, so that a name
/// can neither steer a terminal nor break a line. A backslash stays one.
std::string safe_path(std::string_view path);

/// Columns that `text` (valid UTF-8 without control characters) takes; East Asian wide ones take 2.
std::size_t display_width(std::string_view text);
/// The longest beginning of `text` that takes at most `width` columns, "…" last where it was cut.
std::string cut_to_width(std::string_view text, std::size_t width);

}  // namespace sonde::faces::cli
