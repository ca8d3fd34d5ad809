#pragma once
// Child processes: started with nothing that was not given to them, waited for with a timeout,
// killed and reaped without fail.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/unique_fd.h"

namespace sonde::io {

struct SubprocessOptions {
  std::vector<std::string> argv = {};         // [0] is the program's path; PATH is not searched
  std::vector<std::string> environment = {};  // "NAME=value"; nothing else is inherited
  struct Descriptor {
    int ours = -1;
    int theirs = -1;  // 0 to 255
  };
  /// The child has these and no others; 0, 1 and 2 are /dev/null unless they are given here.
  std::vector<Descriptor> descriptors = {};
};

/// How a process ended.
struct ExitStatus {
  int exit_code = 0;  // when signal is 0; -1: nobody knows (the host ignores SIGCHLD)
  int signal = 0;     // the signal that killed it
  /// "ended with exit code 3", "was killed by SIGSEGV (Segmentation fault)".
  [[nodiscard]] std::string describe() const;
};

/// One child process in a process group of its own, so that Ctrl-C reaches only us. It starts with
/// default signal handling. The destructor kills and reaps it. Movable.
/// Threads: owned by one thread at a time; kill() is safe while another thread waits.
class Subprocess {
 public:
  /// Errors: NotFound (no such program), InvalidArgument, Io (no more processes or descriptors).
  /// Cost: about a millisecond; our memory is not copied.
  static Result<Subprocess> start(const SubprocessOptions& options);

  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  ~Subprocess();

  [[nodiscard]] int pid() const { return pid_; }
  /// The process's end, when it comes within `timeout`; the same answer ever after.
  std::optional<ExitStatus> wait(std::chrono::milliseconds timeout);
  /// SIGKILL; harmless when it has ended.
  void kill();
  /// kill(), then waits for the end. A process in an uninterruptible wait of the kernel ends only
  /// when that does.
  ExitStatus kill_and_wait();

 private:
  Subprocess(int pid, UniqueFd pid_fd) : pid_(pid), pid_fd_(std::move(pid_fd)) {}
  ExitStatus reap();

  int pid_ = -1;
  UniqueFd pid_fd_;  // names the process even when its number is used again
  std::optional<ExitStatus> ended_;
};

}  // namespace sonde::io
