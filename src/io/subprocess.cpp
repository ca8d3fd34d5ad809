// posix_spawn of glibc shares our memory until exec (as vfork), which is safe with threads.

#include "io/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/os_error.h"

namespace sonde::io {

namespace {

constexpr int kMaxDescriptor = 255;

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

/// What the child does with descriptors before exec. Ours are first copied above every number of
/// theirs, so that no dup2 overwrites one that is still needed; `copies` must live until the spawn.
Status arrange_descriptors(const SubprocessOptions& options, SpawnActions& actions,
                           std::vector<UniqueFd>& copies) {
  std::array<bool, kMaxDescriptor + 1> given{};
  int end = 3;  // behind the last descriptor that the child has
  for (const auto& descriptor : options.descriptors) {
    if (descriptor.theirs < 0 || descriptor.theirs > kMaxDescriptor) {
      return Error{Code::InvalidArgument, "a descriptor's number is outside 0 to 255"};
    }
    end = std::max(end, descriptor.theirs + 1);
  }
  int failed = 0;
  for (const auto& descriptor : options.descriptors) {
    UniqueFd copy(::fcntl(descriptor.ours, F_DUPFD_CLOEXEC, end));
    if (!copy.valid()) {
      return os_error(errno, "copy a descriptor for", options.argv.front());
    }
    failed |= posix_spawn_file_actions_adddup2(actions.get(), copy.get(), descriptor.theirs);
    given[static_cast<std::size_t>(descriptor.theirs)] = true;
    copies.push_back(std::move(copy));
  }
  for (int fd = 0; fd < end; ++fd) {
    if (!given[static_cast<std::size_t>(fd)]) {
      failed |= fd < 3 ? posix_spawn_file_actions_addopen(actions.get(), fd, "/dev/null", O_RDWR, 0)
                       : posix_spawn_file_actions_addclose(actions.get(), fd);
    }
  }
  failed |= posix_spawn_file_actions_addclosefrom_np(actions.get(), end);
  return failed == 0 ? Status() : os_error(ENOMEM, "start", options.argv.front());
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    result.push_back(const_cast<char*>(text.c_str()));  // posix_spawn does not write to them
  }
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) {
    return exit_code < 0 ? "ended, nobody knows how"
                         : "ended with exit code " + std::to_string(exit_code);
  }
  const char* name = ::sigabbrev_np(signal);
  const char* words = ::sigdescr_np(signal);
  std::string text = "was killed by ";
  text += name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
  if (words != nullptr) {
    text += " (" + std::string(words) + ")";
  }
  return text;
}

Result<Subprocess> Subprocess::start(const SubprocessOptions& options) {
  if (options.argv.empty() || options.argv.front().find('/') == std::string::npos) {
    return Error{Code::InvalidArgument, "a program to start needs a path"};
  }
  SpawnActions actions;
  SpawnAttributes attributes;
  std::vector<UniqueFd> copies;
  TRY(arrange_descriptors(options, actions, copies));
  const std::vector<char*> argv = pointers(options.argv);
  const std::vector<char*> environment = pointers(options.environment);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, options.argv.front().c_str(), actions.get(),
                                   attributes.get(), argv.data(), environment.data());
  if (failed != 0) {
    return os_error(failed, "start the program", options.argv.front());
  }
  // Nobody else reaps our children, so the number is still the child's, alive or dead.
  // (Called by number: glibc 2.36 declares the functions without C linkage.)
  UniqueFd pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pid_fd.valid()) {
    const Error error = os_error(errno, "watch the program", options.argv.front());
    ::kill(pid, SIGKILL);
    retry_interrupted([&] { return ::waitpid(pid, nullptr, 0); });
    return error;
  }
  return Subprocess(pid, std::move(pid_fd));
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pid_fd_(std::move(other.pid_fd_)),
      ended_(std::exchange(other.ended_, std::nullopt)) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  Subprocess taken(std::move(other));
  std::swap(pid_, taken.pid_);
  std::swap(pid_fd_, taken.pid_fd_);
  std::swap(ended_, taken.ended_);
  return *this;
}

Subprocess::~Subprocess() {
  if (pid_fd_.valid()) {
    kill_and_wait();
  }
}

std::optional<ExitStatus> Subprocess::wait(std::chrono::milliseconds timeout) {
  if (ended_) {
    return ended_;
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd end{pid_fd_.get(), POLLIN, 0};
    const int ready =
        ::poll(&end, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000)));
    if (ready > 0) {
      return reap();
    }
    if ((ready == 0 && left.count() <= 0) || (ready < 0 && errno != EINTR)) {
      return std::nullopt;
    }
  }
}

void Subprocess::kill() {
  // Through the descriptor: it cannot hit a later process with the same number.
  static_cast<void>(::syscall(SYS_pidfd_send_signal, pid_fd_.get(), SIGKILL, nullptr, 0));
}

ExitStatus Subprocess::kill_and_wait() {
  if (!ended_) {
    kill();
    reap();
  }
  return *ended_;
}

ExitStatus Subprocess::reap() {
  int status = 0;
  ExitStatus end;
  if (retry_interrupted([&] { return ::waitpid(pid_, &status, 0); }) != pid_) {
    end.exit_code = -1;
  } else if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_code = WEXITSTATUS(status);
  }
  ended_ = end;
  return end;
}

}  // namespace sonde::io
