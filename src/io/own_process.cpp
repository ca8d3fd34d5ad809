#include "io/own_process.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <fstream>

#include "io/os_error.h"
#include "io/unique_fd.h"

namespace sonde::io {

Result<ResidentMemory> resident_memory() {
  constexpr std::uint64_t kKiB = 1'024;
  std::ifstream status("/proc/self/status");
  ResidentMemory memory;
  std::string word;
  while (status >> word) {
    if (word == "VmRSS:") {
      status >> memory.now_bytes;
    } else if (word == "VmHWM:") {
      status >> memory.peak_bytes;
    }
  }
  if (memory.now_bytes == 0) {
    return Error{Code::Unsupported, "/proc/self/status does not tell the memory in use"};
  }
  memory.now_bytes *= kKiB;
  memory.peak_bytes *= kKiB;
  return memory;
}

Status stay_on_one_processor() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) {
    return os_error(errno, "cannot ask for the processors", "");
  }
  for (int processor = CPU_SETSIZE - 1; processor >= 0; --processor) {
    if (CPU_ISSET(processor, &usable)) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(processor, &one);
      return ::sched_setaffinity(0, sizeof one, &one) == 0
                 ? Status()
                 : os_error(errno, "cannot stay on one processor", "");
    }
  }
  return {};
}

Status drop_cached_pages(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return os_error(errno, "cannot open", path);
  }
  const int failed = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  return failed == 0 ? Status() : os_error(failed, "cannot drop cached pages of", path);
}

Result<std::string> own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) {
    return os_error(errno, "cannot find the running program", "/proc/self/exe");
  }
  return std::string(path.data(), static_cast<std::size_t>(length));
}

}  // namespace sonde::io
