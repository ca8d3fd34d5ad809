#include "worker/pool.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "io/os_error.h"
#include "worker/spawner.h"
#include "worker/worker_process.h"

namespace sonde::worker {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxWorkers = 64;
constexpr int kTriesPerJob = 2;
constexpr int kStartsInARow = 2;  // that may fail before a batch is given up
constexpr milliseconds kSlotSlice{20};
constexpr std::uint64_t kMinCpuLimit_s = 600;

/// What a worker program may need of our environment: where its libraries are, and what makes
/// sanitizers talk.
std::vector<std::string> worker_environment() {
  std::vector<std::string> environment;
  for (const char* name : {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {
      environment.push_back(std::string(name) + "=" + value);
    }
  }
  return environment;
}

Status check_options(const PoolOptions& options) {
  if (options.workers < 1 || options.workers > kMaxWorkers) {
    return Error{Code::InvalidArgument, "a pool has 1 to " + std::to_string(kMaxWorkers) +
                                            " workers, not " + std::to_string(options.workers)};
  }
  if (options.jobs_per_process < 1 || options.job_deadline <= milliseconds(0)) {
    return Error{Code::InvalidArgument, "a pool needs a deadline and at least a job a process"};
  }
  if (options.read_folders.size() > kMaxReadFolders) {
    return Error{Code::Limit, "a worker reads below at most " + std::to_string(kMaxReadFolders) +
                                  " folders, not " + std::to_string(options.read_folders.size())};
  }
  struct stat status {};
  if (!options.program.starts_with('/') || ::stat(options.program.c_str(), &status) != 0 ||
      !S_ISREG(status.st_mode) || ::access(options.program.c_str(), X_OK) != 0) {
    return Error{Code::NotFound,
                 "there is no worker program '" + options.program + "' that could be started"};
  }
  return {};
}

WorkerProcess::Options process_options(const PoolOptions& options) {
  const auto deadline_s = std::chrono::ceil<std::chrono::seconds>(options.job_deadline).count();
  return {.program = options.program,
          .environment = worker_environment(),
          .hello = {
              .memory_limit_bytes = options.memory_limit_bytes,
              .cpu_limit_s = std::max(kMinCpuLimit_s, 20 * static_cast<std::uint64_t>(deadline_s)),
              .read_folders = options.read_folders}};
}

using Process = std::unique_ptr<WorkerProcess>;

class ProcessPool final : public Pool {
 public:
  explicit ProcessPool(PoolOptions options)
      : options_(std::move(options)), process_options_(process_options(options_)) {}

  ~ProcessPool() override {
    stopping_ = true;
    std::unique_lock lock(mutex_);
    // Each call that still runs sees the flag within a slice of its poll.
    changed_.wait(lock, [this] { return in_use_ == 0 && waiting_ == 0; });
  }

  std::vector<JobResult> run(std::span<const Job> jobs, const CancelToken& cancel) override;

  Counters counters() const override {
    return {started_.load(), killed_.load(), crashed_.load(), unfiltered_.load()};
  }

 private:
  class Batch;

  /// Waits for a slot. False when stopped first.
  bool acquire(const WorkerProcess::Stop& stop) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    while (in_use_ == options_.workers && !stop()) {
      changed_.wait_for(lock, kSlotSlice);
    }
    --waiting_;
    const bool got = in_use_ < options_.workers && !stop();
    in_use_ += got ? 1 : 0;
    changed_.notify_all();
    return got;
  }

  /// Gives the slot back, and the process when it is still good.
  void release(Process process) {
    const std::lock_guard lock(mutex_);
    if (process) {
      idle_.push_back(std::move(process));
    }
    --in_use_;
    // Under the lock: the destructor may end as soon as it is free.
    changed_.notify_all();
  }

  /// A warm process, or nothing.
  Process take_idle() {
    for (;;) {
      Process process;
      {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) {
          return nullptr;
        }
        process = std::move(idle_.back());
        idle_.pop_back();
      }
      if (process->quiet()) {
        return process;
      }
      ++crashed_;  // while nobody looked
    }
  }

  void count(const Fault& fault) {
    if (fault.outcome != Outcome::Cancelled) {
      ++(fault.by_itself ? crashed_ : killed_);
    }
  }

  const PoolOptions options_;
  const WorkerProcess::Options process_options_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> killed_{0};
  std::atomic<std::uint64_t> crashed_{0};
  std::atomic<std::uint64_t> unfiltered_{0};
  Spawner spawner_;  // before idle_: it outlives the processes that it started
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_use_ = 0;
  std::size_t waiting_ = 0;
  std::vector<Process> idle_;
};

/// One call of run(), in possession of a slot.
class ProcessPool::Batch {
 public:
  Batch(ProcessPool& pool, std::span<const Job> jobs, std::vector<JobResult>& results,
        const WorkerProcess::Stop& stop)
      : pool_(pool), jobs_(jobs), results_(results), stop_(stop) {}

  /// Returns the process when it can be used again.
  Process run() {
    process_ = pool_.take_idle();
    while (next_ < jobs_.size()) {
      if (jobs_[next_].payload.size() > kMaxPayloadBytes) {
        settle({Outcome::Failed,
                {},
                "the job has " + std::to_string(jobs_[next_].payload.size()) +
                    " bytes, more than the limit of " + std::to_string(kMaxPayloadBytes)});
      } else if (!ensure_process() || !step()) {
        return nullptr;
      }
    }
    return std::move(process_);
  }

 private:
  void settle(JobResult result) {
    results_[next_++] = std::move(result);
    tries_ = 0;
  }

  bool give_up(Outcome outcome, const std::string& reason) {
    process_.reset();
    std::fill(results_.begin() + static_cast<std::ptrdiff_t>(next_), results_.end(),
              JobResult{outcome, {}, reason});
    return false;
  }

  bool ensure_process() {
    if (process_ && process_->jobs_done() >= pool_.options_.jobs_per_process) {
      process_.reset();
    }
    for (int i = 0; !process_; ++i) {
      auto started = WorkerProcess::start(pool_.spawner_, pool_.process_options_, stop_);
      if (started.ok()) {
        process_ = std::move(started).value();
        ++pool_.started_;
        pool_.unfiltered_ += process_->filtered() ? 0 : 1;
      } else if (started.error().code == Code::Cancelled) {
        return give_up(Outcome::Cancelled, started.error().message);
      } else if (i + 1 == kStartsInARow) {
        return give_up(Outcome::Unavailable, started.error().message);
      }
    }
    return true;
  }

  /// How many jobs may go to the process now. A job that failed goes alone.
  std::size_t span_length() const {
    if (tries_ > 0) {
      return 1;
    }
    const std::size_t left_of_process = pool_.options_.jobs_per_process - process_->jobs_done();
    const std::size_t length = std::min(jobs_.size() - next_, left_of_process);
    for (std::size_t i = 1; i < length; ++i) {
      if (jobs_[next_ + i].payload.size() > kMaxPayloadBytes) {
        return i;
      }
    }
    return length;
  }

  bool step() {
    const std::size_t length = span_length();
    Progress progress =
        process_->run(jobs_.subspan(next_, length), std::span(results_).subspan(next_, length),
                      pool_.options_.job_deadline, stop_);
    next_ += progress.answered;
    tries_ = progress.answered > 0 ? 0 : tries_;
    if (!progress.fault) {
      return true;
    }
    process_.reset();
    pool_.count(*progress.fault);
    if (progress.fault->outcome == Outcome::Cancelled) {
      return give_up(Outcome::Cancelled, progress.fault->reason);
    }
    if (progress.answered < length && ++tries_ == kTriesPerJob) {
      settle({progress.fault->outcome, {}, "the worker process " + progress.fault->reason});
    }
    return true;
  }

  ProcessPool& pool_;
  const std::span<const Job> jobs_;
  std::vector<JobResult>& results_;
  const WorkerProcess::Stop& stop_;
  Process process_;
  std::size_t next_ = 0;  // the first job without a result
  int tries_ = 0;         // faults of that job so far
};

std::vector<JobResult> ProcessPool::run(std::span<const Job> jobs, const CancelToken& cancel) {
  std::vector<JobResult> results(jobs.size());
  const WorkerProcess::Stop stop = [&] { return stopping_.load() || cancel.cancelled(); };
  if (!acquire(stop)) {
    std::fill(results.begin(), results.end(),
              JobResult{Outcome::Cancelled, {}, "stopped by the caller"});
    return results;
  }
  release(Batch(*this, jobs, results, stop).run());
  return results;
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::create(PoolOptions options) {
  TRY(check_options(options));
  return std::unique_ptr<Pool>(std::make_unique<ProcessPool>(std::move(options)));
}

}  // namespace sonde::worker
