#pragma once
// The supervisor's side: a pool of disposable worker processes.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "worker/job.h"

namespace sonde::worker {

struct PoolOptions {
  std::string program;                             // absolute path of the worker program
  std::size_t workers = 2;                         // processes alive at once, 1 to 64
  std::size_t memory_limit_bytes = 1ULL << 30;     // RLIMIT_AS of each
  std::chrono::milliseconds job_deadline{10'000};  // for one job, then SIGKILL
  std::size_t jobs_per_process = 20'000;           // then a fresh one, against slow leaks
  /// Folders that a worker may read below, and nowhere else; absolute, at most kMaxReadFolders
  /// (worker/protocol.h). Empty, the rule: a worker opens no file at all.
  std::vector<std::string> read_folders = {};
};

/// A pool of worker processes, started when first needed and restarted when they die. It has one
/// thread of its own, "sonde-spawner", which only starts processes: the kernel ends a worker
/// together with the thread that started it, so that must be one that lives as long as the pool.
/// Threads: safe; each call of run() holds one process for its duration, so callers that want
/// parallel work call it from several threads.
class Pool {
 public:
  /// Errors: NotFound (no such program), InvalidArgument.
  static Result<std::unique_ptr<Pool>> create(PoolOptions options);
  /// Stops what still runs (its jobs end Cancelled), kills every process and waits for its end.
  virtual ~Pool() = default;

  /// Runs the jobs in one process, pipelined, and returns one result a job, in order. A job whose
  /// process dies or hangs is tried once more, alone, in a fresh process; then its result says what
  /// happened, and the other jobs go on in another process.
  virtual std::vector<JobResult> run(std::span<const Job> jobs, const CancelToken& cancel) = 0;

  struct Counters {
    std::uint64_t started = 0;     // processes
    std::uint64_t killed = 0;      // by us, for a deadline or garbled answers
    std::uint64_t crashed = 0;     // on their own
    std::uint64_t unfiltered = 0;  // started without a system call filter: the kernel has none
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

/// The worker's side: reads jobs from `fd` until the other end closes it, answers each by its
/// handler. Sets limits and the sandbox first, as the supervisor's greeting says; whatever a
/// handler needs to open it must have opened before. @return the exit code of the process.
int serve(int fd, const Handlers& handlers);
/// What the main of a worker program returns: serve() on the socket that its supervisor left it, or
/// a word on stderr when nobody did. @param name  of the program
int serve_program(const char* name, const Handlers& handlers);

}  // namespace sonde::worker
