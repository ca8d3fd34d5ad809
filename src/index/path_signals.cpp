#include "index/path_signals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "index/symbols.h"

namespace sonde::index {
namespace {

constexpr std::array<std::string_view, 20> kForeignPlatforms{
    "aix",     "cygwin", "darwin", "freebsd", "haiku", "ibmi",   "mac",
    "macos",   "msdos",  "netbsd", "openbsd", "os390", "osx",    "qnx",
    "solaris", "sunos",  "win",    "win32",   "win64", "windows"};

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

}  // namespace

bool is_header(std::string_view path) {
  constexpr std::array<std::string_view, 6> kEndings{".h", ".hh", ".hpp", ".hxx", ".pyi", ".d.ts"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [path](std::string_view ending) { return path.ends_with(ending); });
}

std::string header_stem(std::string_view path) {
  return std::string(file_stem(path.ends_with(".d.ts") ? path.substr(0, path.size() - 3) : path));
}

std::optional<VersionFolder> version_folder(std::string_view path) {
  constexpr std::size_t kDigitsMax = 4;
  std::size_t end = 0;
  for (std::size_t begin = 0; (end = path.find('/', begin)) != std::string_view::npos;
       begin = end + 1) {
    const std::string_view name = path.substr(begin, end - begin);
    if (name.size() < 2 || name.size() > kDigitsMax + 1 || (name[0] != 'v' && name[0] != 'V')) {
      continue;
    }
    VersionFolder folder{path.substr(0, begin), name, 0};
    const auto parsed = std::from_chars(name.data() + 1, name.data() + name.size(), folder.version);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) {
      return folder;
    }
  }
  return std::nullopt;
}

std::string_view foreign_platform(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = begin;
    while (end < path.size() && is_letter_or_digit(path[end])) {
      ++end;
    }
    const std::string_view word = path.substr(begin, end - begin);
    if (std::binary_search(kForeignPlatforms.begin(), kForeignPlatforms.end(), word)) {
      return word;
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace sonde::index
