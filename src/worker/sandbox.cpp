#include "worker/sandbox.h"

#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <type_traits>

#include "io/os_error.h"

// Sanitizers reserve terabytes of address space and make system calls of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SONDE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SONDE_SANITIZED 1
#endif
#endif
#ifndef SONDE_SANITIZED
#define SONDE_SANITIZED 0
#endif

namespace sonde::worker {

namespace {

constexpr bool kSanitized = SONDE_SANITIZED == 1;
constexpr rlim_t kMaxDescriptors = 8;
constexpr std::size_t kHandlerStackBytes = 64 * 1024;
constexpr std::size_t kExhaustionProbeBytes = std::size_t{16} << 20;

Status set_limit(__rlimit_resource resource, rlim_t value, const char* name) {
  const rlimit limit{value, value};
  if (::setrlimit(resource, &limit) == 0) {
    return {};
  }
  // A limit that is already lower cannot be raised, and need not be.
  rlimit present{};
  if (::getrlimit(resource, &present) == 0 && present.rlim_cur <= value) {
    return {};
  }
  return io::os_error(errno, "set the limit", name);
}

Status set_limits(const SandboxLimits& limits) {
  TRY(set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  TRY(set_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"));
  if (kSanitized) {
    return {};
  }
  TRY(set_limit(RLIMIT_NOFILE, kMaxDescriptors, "RLIMIT_NOFILE"));
  if (limits.cpu_s > 0) {
    TRY(set_limit(RLIMIT_CPU, limits.cpu_s, "RLIMIT_CPU"));
  }
  if (limits.memory_bytes > 0) {
    TRY(set_limit(RLIMIT_AS, limits.memory_bytes, "RLIMIT_AS"));
  }
  return {};
}

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

/// Calls that reach nothing but our own memory, time and open descriptors.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrusage),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

int add_rules(scmp_filter_ctx filter) {
  int failed = 0;
  for (const int call : kAllowed) {
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  }
  // No memory that can be executed: what a parser is tricked into writing stays data.
  const scmp_arg_cmp not_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &not_executable);
  }
  // abort() signals its own thread.
  const scmp_arg_cmp self{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0};
  failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
  return failed;
}

/// Errors: Unsupported, when the kernel (or what we run in) has no filters.
Status filter_system_calls() {
  const std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseFilter> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter || add_rules(filter.get()) != 0 || seccomp_load(filter.get()) != 0) {
    return Error{Code::Unsupported, "system calls cannot be filtered here"};
  }
  return {};
}

/// Async-signal-safe. Returning lets the fault happen again, now with the default action (and
/// abort() goes on to its end).
void on_crash(int) {
  void* probe = ::mmap(nullptr, kExhaustionProbeBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) {
    ::_exit(kExitOutOfMemory);
  }
  ::munmap(probe, kExhaustionProbeBytes);
}

}  // namespace

ExhaustionGuard::ExhaustionGuard() {
  if (kSanitized) {
    return;
  }
  stack_.resize(kHandlerStackBytes);
  stack_t alternate{};
  alternate.ss_sp = stack_.data();
  alternate.ss_size = stack_.size();
  ::sigaltstack(&alternate, nullptr);
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGABRT}) {
    ::sigaction(signal, &action, nullptr);
  }
}

ExhaustionGuard::~ExhaustionGuard() {
  if (stack_.empty()) {
    return;
  }
  for (const int signal : {SIGSEGV, SIGABRT}) {
    ::signal(signal, SIG_DFL);
  }
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
}

void die_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

Result<SandboxState> enter_sandbox(const SandboxLimits& limits) {
  TRY(set_limits(limits));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return io::os_error(errno, "give up", "new privileges");
  }
  if (kSanitized || !filter_system_calls().ok()) {
    return SandboxState::Unfiltered;
  }
  return SandboxState::Filtered;
}

}  // namespace sonde::worker
