// The lock is an "open file description" lock: like flock() it belongs to the open file and dies
// with its last descriptor, but it can also be asked about without being taken. (Asking by taking
// a flock for a moment would make another process's acquire() fail.)

#include "io/lease.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "base/utf8.h"
#include "io/file_system.h"
#include "io/os_error.h"
#include "io/unique_fd.h"

namespace sonde::io {

namespace {

constexpr int kAcquireTries = 16;
constexpr std::size_t kMaxHolderBytes = 64;
constexpr std::uint64_t kMaxProcBytes = 4096;

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// What a holder wrote: "PID START\n", START being the process's start in clock ticks since boot.
struct Holder {
  int pid = 0;
  std::uint64_t start = 0;
};

std::optional<Holder> read_holder(int fd) {
  char text[kMaxHolderBytes];
  const ssize_t length = retry_interrupted([&] { return ::pread(fd, text, sizeof text, 0); });
  if (length <= 0) {
    return std::nullopt;
  }
  Holder holder;
  const char* const end = text + length;
  const auto pid = std::from_chars(text, end, holder.pid);
  if (pid.ec != std::errc() || holder.pid <= 0 || pid.ptr == end || *pid.ptr != ' ') {
    return std::nullopt;
  }
  const auto start = std::from_chars(pid.ptr + 1, end, holder.start);
  if (start.ec != std::errc() || start.ptr == end || *start.ptr != '\n') {
    return std::nullopt;
  }
  return holder;
}

std::string read_proc(int pid, const char* name) {
  auto text =
      read_file(real_file_system(), "/proc/" + std::to_string(pid) + "/" + name, kMaxProcBytes);
  return text.ok() ? std::move(text).value() : std::string();
}

/// Field 22 of /proc/PID/stat; 0 when it cannot be read. The second field, the command, is in
/// parentheses and may itself hold spaces and parentheses, so counting begins behind the last one.
std::uint64_t start_of(int pid) {
  const std::string stat = read_proc(pid, "stat");
  std::size_t position = stat.rfind(')');
  for (int field = 3; field <= 22 && position != std::string::npos; ++field) {
    position = stat.find(' ', position + 1);
  }
  std::uint64_t start = 0;
  if (position != std::string::npos) {
    std::from_chars(stat.data() + position + 1, stat.data() + stat.size(), start);
  }
  return start;
}

Error busy(const std::string& path, int fd) {
  std::string who = "another process";
  const auto holder = read_holder(fd);
  // A text that an earlier holder left names a process that is gone, or a later one with its id.
  if (holder && start_of(holder->pid) == holder->start) {
    who = "process " + std::to_string(holder->pid);
    std::string command = read_proc(holder->pid, "comm");
    if (!command.empty()) {
      command.erase(command.find_last_not_of('\n') + 1);
      who += " (" + to_valid_utf8(command) + ")";
    }
  }
  return Error{Code::Busy, who + " holds the lease '" + path + "'; try again when it has ended"};
}

/// False when the file was removed or replaced between our open and our lock: the lock is then on
/// a file that nobody else will look at.
bool still_named(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

void write_holder(int fd) {
  const int pid = ::getpid();
  const std::string text = std::to_string(pid) + " " + std::to_string(start_of(pid)) + "\n";
  // Only a courtesy to who reads it: the lease is held also when the disk is full.
  if (retry_interrupted([&] { return ::ftruncate(fd, 0); }) == 0) {
    static_cast<void>(retry_interrupted([&] { return ::pwrite(fd, text.data(), text.size(), 0); }));
  }
}

/// Unlocks before it closes: a child that has not called exec yet shares the descriptor, and would
/// keep the lease.
void give_back(int fd) {
  if (fd < 0) {
    return;
  }
  const UniqueFd held(fd);
  struct flock lock = whole_file();
  lock.l_type = F_UNLCK;
  static_cast<void>(retry_interrupted([&] { return ::fcntl(fd, F_OFD_SETLK, &lock); }));
}

}  // namespace

Result<Lease> Lease::acquire(const std::string& path) {
  for (int i = 0; i < kAcquireTries; ++i) {
    UniqueFd fd(retry_interrupted(
        [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); }));
    if (!fd.valid()) {
      return os_error(errno, "open the lease", path);
    }
    struct flock lock = whole_file();
    if (retry_interrupted([&] { return ::fcntl(fd.get(), F_OFD_SETLK, &lock); }) != 0) {
      if (errno == EAGAIN || errno == EACCES) {
        return busy(path, fd.get());
      }
      return os_error(errno, "lock the lease", path);
    }
    if (still_named(fd.get(), path)) {
      write_holder(fd.get());
      return Lease(fd.release());
    }
  }
  return Error{Code::Io, "the lease '" + path + "' is replaced again and again"};
}

std::optional<int> Lease::holder(const std::string& path) {
  const UniqueFd fd(
      retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW); }));
  if (!fd.valid()) {
    return std::nullopt;
  }
  struct flock lock = whole_file();
  if (retry_interrupted([&] { return ::fcntl(fd.get(), F_OFD_GETLK, &lock); }) != 0 ||
      lock.l_type == F_UNLCK) {
    return std::nullopt;
  }
  const auto holder = read_holder(fd.get());
  return holder ? std::optional<int>(holder->pid) : std::nullopt;
}

Lease::Lease(Lease&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back(std::exchange(fd_, std::exchange(other.fd_, -1)));
  }
  return *this;
}

Lease::~Lease() { give_back(std::exchange(fd_, -1)); }

}  // namespace sonde::io
