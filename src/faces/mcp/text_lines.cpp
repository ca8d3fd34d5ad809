#include "faces/mcp/text_lines.h"

#include <sys/stat.h>

#include <utility>

#include "io/file_system.h"
#include "text/decode.h"

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

Result<std::string> text_of_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{Code::InvalidArgument, path + " is no file; `outline` shows what is in a folder"};
  }
  TRY_ASSIGN(const std::string bytes, io::read_file(io::real_file_system(), path, kFileLimitBytes));
  text::DecodedText decoded = text::decode_text(bytes);
  if (decoded.text.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument, path + " holds no text"};
  }
  return std::move(decoded.text);
}

}  // namespace sonde::faces::mcp
