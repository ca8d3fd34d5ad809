#include "faces/mcp/text_lines.h"

namespace sonde::faces::mcp {

Lines cut_lines(std::string_view text, std::uint64_t first, std::uint64_t last) {
  Lines lines;
  lines.first = first;
  std::size_t begin = 0;
  bool room = true;
  while (begin < text.size()) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    ++lines.total;
    if (room && lines.total >= first && lines.total <= last) {
      room = lines.text.size() + (end - begin) <= kTextLimitBytes;
      if (room) {
        lines.text += text.substr(begin, end - begin);
        lines.last = lines.total;
      }
    }
    begin = end;
  }
  return lines;
}

}  // namespace sonde::faces::mcp
