#include "faces/cli/terminal.h"

#include <fmt/format.h>

#include <array>

#include "base/utf8.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kTabWidth = 4;

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::Path: return "\x1b[1;35m";
    case Style::Line: return "\x1b[32m";
    case Style::Symbol: return "\x1b[1m";
    case Style::Dim: return "\x1b[2m";
    case Style::Match: return "\x1b[1;31m";
    case Style::Warning: return "\x1b[33m";
  }
  return "";
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

/// Marks that reorder or hide what follows: a line must look like what it says (CVE-2021-42574).
bool is_direction_mark(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
         c == 0x200F || c == 0x2028 || c == 0x2029;
}

bool is_wide(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115F},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0xA4CF},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF00, 0xFF60},
                                           {0x1F300, 0x1FAFF}}};
  for (const Range& range : kWide) {
    if (c >= range.first && c <= range.last) {
      return true;
    }
  }
  return c >= 0x20000 && c <= 0x3FFFD;
}

std::size_t width_of(char32_t c) {
  const bool combining =
      (c >= 0x0300 && c <= 0x036F) || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
  return combining ? 0 : is_wide(c) ? 2 : 1;
}

std::string percent_encoded(std::string_view path) {
  std::string result;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

}  // namespace

std::string Painter::paint(Style style, std::string_view text) const {
  if (!color || text.empty()) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

std::string Painter::link(std::string_view absolute_path, std::string_view text) const {
  if (!links) {
    return std::string(text);
  }
  return fmt::format("\x1b]8;;file://{}{}\x1b\\{}\x1b]8;;\x1b\\", host,
                     percent_encoded(absolute_path), text);
}

std::string safe_line(std::string_view line) {
  std::string result;
  std::size_t column = 0;
  for (std::size_t position = 0; position < line.size();) {
    const char32_t c = next_code_point(line, position);
    if (c == '\t') {
      const std::size_t spaces = kTabWidth - column % kTabWidth;
      result.append(spaces, ' ');
      column += spaces;
    } else if (is_control(c) || is_direction_mark(c)) {
      result += fmt::format("<U+{:04X}>", static_cast<std::uint32_t>(c));
      column += 8;
    } else {
      append_utf8(result, c);
      column += width_of(c);
    }
  }
  return result;
}

std::string safe_path(std::string_view path) {
  std::string result;
  for (std::size_t position = 0; position < path.size();) {
    const std::size_t start = position;
    const char32_t c = next_code_point(path, position);
    const std::string_view bytes = path.substr(start, position - start);
    if (is_control(c) || is_direction_mark(c)) {
      for (const char byte : bytes) {
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
      }
    } else {
      result += bytes;
    }
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t position = 0; position < text.size();) {
    width += width_of(next_code_point(text, position));
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (text.size() <= width || display_width(text) <= width) {
    return std::string(text);
  }
  std::size_t used = 0;
  std::size_t end = 0;
  for (std::size_t position = 0; position < text.size();) {
    used += width_of(next_code_point(text, position));
    if (used + 1 > width) {
      break;
    }
    end = position;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace sonde::faces::cli
