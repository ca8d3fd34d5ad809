// A library to preload: the process `sonde` kills itself at its n-th call that changes a disk.
//
//   SONDE_DIE_AT=n       the number of that call, from 0; without it nothing is killed
//   SONDE_DIE_NAME=name  only calls of this name count: "sync of library.db-wal"
//   SONDE_DIE_NOTE=path  where the call's name is written before, or, at a usual end, each name
//                        with how often it was called: "name\tcount\n"
//
// Calls on what is not a regular file or folder (sockets, the terminal) are not counted.

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

namespace {

struct Calls {
  std::mutex mutex;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t counted = 0;
};
Calls& calls() {
  static Calls all;
  return all;
}

bool is_sonde() { return std::strcmp(program_invocation_short_name, "sonde") == 0; }

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void write_note(const char* text, std::size_t length) {
  const char* const path = std::getenv("SONDE_DIE_NOTE");
  const int fd = path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0) {
    static_cast<void>(next<ssize_t (*)(int, const void*, std::size_t)>("write")(fd, text, length));
    ::close(fd);
  }
}

/// The last part of a path; the name of a derived file cut to its ending.
const char* kind_of(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  const char* const name = slash == nullptr ? path : slash + 1;
  const char* const dot = std::strrchr(name, '.');
  if (dot != nullptr && std::strncmp(dot, ".tmp", 4) == 0) {
    return "a new file";
  }
  const bool derived =
      dot != nullptr && (std::strcmp(dot, ".seg") == 0 || std::strcmp(dot, ".vec") == 0);
  return derived ? dot : name;
}

void comes(const char* call, const char* path) {
  const std::string name = std::string(call) + " of " + kind_of(path);
  const char* const only = std::getenv("SONDE_DIE_NAME");
  const char* const at = std::getenv("SONDE_DIE_AT");
  const std::lock_guard lock(calls().mutex);
  ++calls().counts[name];
  if (at == nullptr || (only != nullptr && name != only) ||
      calls().counted++ != std::strtoull(at, nullptr, 10)) {
    return;
  }
  write_note(name.data(), name.size());
  ::kill(::getpid(), SIGKILL);
  ::pause();
}

void before(const char* call, const char* path) {
  if (is_sonde()) {
    comes(call, path);
  }
}

void before(const char* call, int fd) {
  const int saved = errno;
  struct stat status {};
  if (is_sonde() && ::fstat(fd, &status) == 0 &&
      (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
    char link[64];
    char path[512] = {};
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (::readlink(link, path, sizeof path - 1) > 0) {
      comes(call, path);
    }
  }
  errno = saved;
}

struct AtEnd {
  AtEnd() { calls(); }  // which is then destroyed after this
  ~AtEnd() {
    std::string text;
    for (const auto& [name, count] : calls().counts) {
      text += name + '\t' + std::to_string(count) + '\n';
    }
    if (is_sonde()) {
      write_note(text.data(), text.size());
    }
  }
} at_end;

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t length) {
  before("write", fd);
  return next<ssize_t (*)(int, const void*, std::size_t)>("write")(fd, bytes, length);
}
ssize_t pwrite(int fd, const void* bytes, size_t length, off_t offset) {
  before("write", fd);
  return next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite")(fd, bytes, length,
                                                                           offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t length, off64_t offset) {
  return pwrite(fd, bytes, length, offset);
}
int fsync(int fd) {
  before("sync", fd);
  return next<int (*)(int)>("fsync")(fd);
}
int fdatasync(int fd) {
  before("sync", fd);
  return next<int (*)(int)>("fdatasync")(fd);
}
int ftruncate(int fd, off_t size) {
  before("truncate", fd);
  return next<int (*)(int, off_t)>("ftruncate")(fd, size);
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int rename(const char* from, const char* to) {
  before("rename", to);
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}
int unlink(const char* path) {
  before("remove", path);
  return next<int (*)(const char*)>("unlink")(path);
}
int mkdir(const char* path, mode_t mode) {
  before("make", path);
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}

}  // extern "C"
