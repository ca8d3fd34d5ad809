#include "tree/file_at.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace sonde::tree {

io::UniqueFd open_folder_at(int parent, const char* name, Links links) {
  const int refuse = links == Links::Refuse ? O_NOFOLLOW : 0;
  return io::UniqueFd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | refuse));
}

std::optional<std::string> read_file_at(int parent, const char* name, Links links,
                                        std::size_t limit) {
  const int refuse = links == Links::Refuse ? O_NOFOLLOW : 0;
  const io::UniqueFd file(::openat(parent, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | refuse));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > limit) {
    return std::nullopt;
  }
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return std::nullopt;
    }
    if (count == 0) {
      break;  // it shrank
    }
    filled += static_cast<std::size_t>(count);
  }
  content.resize(filled);
  return content;
}

std::string path_of(const io::UniqueFd& descriptor) {
  std::array<char, PATH_MAX> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor.get());
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  return length <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(length));
}

}  // namespace sonde::tree
