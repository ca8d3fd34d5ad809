#include "worker/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <type_traits>

#include "io/os_error.h"
#include "io/unique_fd.h"

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
constexpr rlim_t kMaxReaderDescriptors = 256;  // packs and their indexes stay open
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
  TRY(set_limit(RLIMIT_NOFILE,
                limits.read_folders.empty() ? kMaxDescriptors : kMaxReaderDescriptors,
                "RLIMIT_NOFILE"));
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

/// Calls that look at files and change none; what they may open is for Landlock to say.
constexpr int kAllowedToReaders[] = {
    SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(fstat),     SCMP_SYS(newfstatat),
    SCMP_SYS(statx),    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),    SCMP_SYS(getdents64),
    SCMP_SYS(lseek),    SCMP_SYS(pread64),    SCMP_SYS(getuid),    SCMP_SYS(geteuid),
};

/// Everything of open()'s flags that could make or change a file.
constexpr scmp_datum_t kWritingFlags = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;

int add_reader_rules(scmp_filter_ctx filter) {
  int failed = 0;
  for (const int call : kAllowedToReaders) {
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  }
  const scmp_arg_cmp open_reads{1, SCMP_CMP_MASKED_EQ, kWritingFlags, O_RDONLY};
  failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, &open_reads);
  const scmp_arg_cmp openat_reads{2, SCMP_CMP_MASKED_EQ, kWritingFlags, O_RDONLY};
  failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &openat_reads);
  for (const int command : {F_GETFD, F_SETFD, F_GETFL}) {
    const scmp_arg_cmp asked{1, SCMP_CMP_EQ, static_cast<scmp_datum_t>(command), 0};
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, &asked);
  }
  return failed;
}

int add_rules(scmp_filter_ctx filter, bool reader) {
  int failed = reader ? add_reader_rules(filter) : 0;
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
Status filter_system_calls(bool reader) {
  const std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseFilter> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter || add_rules(filter.get(), reader) != 0 || seccomp_load(filter.get()) != 0) {
    return Error{Code::Unsupported, "system calls cannot be filtered here"};
  }
  return {};
}

/// Every right over files that the kernel's Landlock knows to take away.
std::uint64_t handled_rights(long abi) {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // those of ABI 1, bits 0 to 12
  if (abi >= 2) {
    rights |= 1ULL << 13;  // REFER
  }
  if (abi >= 3) {
    rights |= 1ULL << 14;  // TRUNCATE
  }
  return rights;
}

/// From now on files can be opened below these folders only, and only read.
/// Errors: Unsupported (a kernel without Landlock), Io (a folder that cannot be opened).
Status confine_to(const std::vector<std::string>& folders) {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    return Error{Code::Unsupported, "this kernel has no Landlock"};
  }
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = handled_rights(abi);
  // The size of its first version: later kernels take the fields that are not there as zero.
  const io::UniqueFd rules(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0)));
  if (!rules.valid()) {
    return io::os_error(errno, "make", "the rules of Landlock");
  }
  for (const std::string& folder : folders) {
    const io::UniqueFd open(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    if (!open.valid()) {
      return io::os_error(errno, "open", folder);
    }
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    beneath.parent_fd = open.get();
    if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) !=
        0) {
      return io::os_error(errno, "allow to read", folder);
    }
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    return io::os_error(errno, "enter", "the rules of Landlock");
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
  if (kSanitized) {
    return SandboxState::Unfiltered;
  }
  const bool reader = !limits.read_folders.empty();
  const bool confined = !reader || confine_to(limits.read_folders).ok();
  const bool filtered = filter_system_calls(reader).ok();
  return confined && filtered ? SandboxState::Filtered : SandboxState::Unfiltered;
}

}  // namespace sonde::worker
