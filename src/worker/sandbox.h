#pragma once
// What a worker process takes from itself before it reads the first untrusted byte.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::worker {

struct SandboxLimits {
  std::uint64_t memory_bytes = 0;  // RLIMIT_AS; 0: as it is
  std::uint64_t cpu_s = 0;         // RLIMIT_CPU, a backstop behind the supervisor; 0: as it is
  std::vector<std::string> read_folders = {};  // what may be opened, for reading; empty: nothing
};

enum class SandboxState {
  Filtered,    // limits, no new privileges, a filter over system calls and, where folders may be
               // read, Landlock's rules that it is these alone
  Unfiltered,  // without the filter or the rules: the kernel does not have them, or this is a
               // sanitizer's build, which needs more calls than the filter allows
};

/// Applies limits (memory, CPU, no files written, no core, hardly a descriptor), no_new_privs, and
/// a filter that leaves only what computing needs: everything else, such as open, socket, fork and
/// exec, fails with EPERM. There is no way back. The process must have one thread. With
/// `read_folders` files below these can be opened for reading (Landlock sees to it in the kernel);
/// where it has no Landlock the filter still lets nothing be opened otherwise than for reading.
/// Errors: Io, when a limit cannot be set.
Result<SandboxState> enter_sandbox(const SandboxLimits& limits);

/// How a worker process ends that has no memory left.
inline constexpr int kExitOutOfMemory = 9;

/// While it lives, a crash (SIGSEGV, SIGABRT) at the memory limit ends the process with
/// kExitOutOfMemory: C libraries answer a failed allocation by abort() or a null pointer. Other
/// crashes go their way. Does nothing in sanitizers' builds, which have handlers of their own.
class ExhaustionGuard {
 public:
  ExhaustionGuard();
  ~ExhaustionGuard();
  ExhaustionGuard(const ExhaustionGuard&) = delete;
  ExhaustionGuard& operator=(const ExhaustionGuard&) = delete;

 private:
  std::vector<char> stack_;  // for the handler: the usual one may be what ran out
};

/// The kernel sends us SIGKILL when the thread that started us ends.
void die_with_parent();

}  // namespace sonde::worker
