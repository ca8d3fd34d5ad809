#pragma once
// One worker process as its supervisor sees it: the process, the socket, and the jobs under way.

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/subprocess.h"
#include "worker/job.h"
#include "worker/protocol.h"
#include "worker/spawner.h"

namespace sonde::worker {

/// The number of the worker's end of the socket in the worker.
inline constexpr int kWorkerSocket = 3;

/// Why a process is of no further use, and what that means for the first job without an answer.
struct Fault {
  Outcome outcome = Outcome::Crashed;
  std::string reason;
  bool by_itself = true;  // false: we ended it
};

/// What a span of jobs came to.
struct Progress {
  std::size_t answered = 0;  // of the span, from its beginning
  std::optional<Fault> fault;
};

/// Threads: owned by one thread at a time. The destructor kills and reaps the process.
class WorkerProcess {
 public:
  struct Options {
    std::string program;
    std::vector<std::string> environment;
    Hello hello;
    std::chrono::milliseconds start_deadline{30'000};
  };
  /// Asked every few milliseconds while waiting; true ends the wait.
  using Stop = std::function<bool()>;

  /// Starts the program and waits until it has entered its sandbox.
  /// Errors: those of Subprocess::start; Cancelled (`stop`); Io (it ended, or did not get ready).
  static Result<std::unique_ptr<WorkerProcess>> start(Spawner& spawner, const Options& options,
                                                      const Stop& stop);

  /// Sends the jobs, receives the answers at the same time, and writes them to `results` (of the
  /// same length) in order. Ends early at a fault, or with Outcome::Cancelled by `stop`.
  /// @param deadline  from the answer before (or the beginning) to each answer
  Progress run(std::span<const Job> jobs, std::span<JobResult> results,
               std::chrono::milliseconds deadline, const Stop& stop);

  /// Jobs that it has answered in its life.
  [[nodiscard]] std::size_t jobs_done() const { return jobs_done_; }
  [[nodiscard]] bool filtered() const { return filtered_; }
  /// False when it has ended or closed its socket, or said what nobody asked for.
  [[nodiscard]] bool quiet() const;

 private:
  struct Exchange;
  WorkerProcess(io::Subprocess process, io::UniqueFd socket)
      : process_(std::move(process)), socket_(std::move(socket)) {}

  Status await_ready(std::chrono::milliseconds deadline, const Stop& stop);
  bool send_some(std::string& out, std::size_t& sent);
  /// Bytes read; 0 at the end of the stream; -1 when there is nothing now.
  std::ptrdiff_t receive_some();
  void fill(Exchange& exchange);
  std::optional<Fault> take_answers(Exchange& exchange);
  std::optional<Fault> accept(Exchange& exchange, Frame frame);
  Fault ended_early();

  io::Subprocess process_;
  io::UniqueFd socket_;
  FrameReader reader_;
  std::uint64_t next_id_ = 0;
  std::size_t jobs_done_ = 0;
  bool filtered_ = false;
  std::vector<char> buffer_;
};

}  // namespace sonde::worker
