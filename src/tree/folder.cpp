#include "tree/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sonde::tree {
namespace {

constexpr std::size_t kBufferBytes = 32768;

unsigned char type_of(int folder, const char* name) {
  struct stat status {};
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return DT_REG;  // gone or refused: the file's own stat tells
  }
  return static_cast<unsigned char>(IFTODT(status.st_mode));
}

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace

int read_folder(int folder, FolderEntries& out) {
  alignas(dirent64) std::array<char, kBufferBytes> buffer;
  while (true) {
    const ssize_t filled = ::getdents64(folder, buffer.data(), buffer.size());
    if (filled < 0) {
      return errno;
    }
    if (filled == 0) {
      return 0;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(filled);) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const char* name = entry->d_name;
      if (is_dot(name)) {
        continue;
      }
      if (out.entries.size() == kMaxFolderEntries) {
        return EFBIG;
      }
      const std::size_t length = std::strlen(name);
      const unsigned char type =
          entry->d_type == DT_UNKNOWN ? type_of(folder, name) : entry->d_type;
      out.entries.push_back(
          {static_cast<std::uint32_t>(out.names.size()), static_cast<std::uint16_t>(length), type});
      out.names.append(name, length + 1);
    }
  }
}

}  // namespace sonde::tree
