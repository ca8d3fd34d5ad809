#include "worker/worker_process.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "io/os_error.h"
#include "worker/sandbox.h"

namespace sonde::worker {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kSlice{20};             // how late a stop may be noticed
constexpr milliseconds kLateGrace{1000};       // for an answer that is being read
constexpr milliseconds kEndGrace{1000};        // for a process that closed its socket
constexpr std::size_t kOutBytes = 256 * 1024;  // encoded ahead of the socket
constexpr std::size_t kInBytes = 256 * 1024;   // read at once

int slice_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), kSlice).count());
}

/// The events that are there within the slice; 0: none.
short wait_for(int fd, short events, int timeout_ms) {
  pollfd ready{fd, events, 0};
  return ::poll(&ready, 1, timeout_ms) > 0 ? ready.revents : short{0};
}

std::string seconds(milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace

/// One call of run().
struct WorkerProcess::Exchange {
  std::span<const Job> jobs;
  std::span<JobResult> results;
  std::uint64_t first_id = 0;
  std::size_t encoded = 0;   // jobs handed to `out`
  std::size_t answered = 0;  // jobs
  std::string out = {};
  std::size_t out_sent = 0;  // bytes of `out`
  bool can_send = true;
};

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(Spawner& spawner,
                                                            const Options& options,
                                                            const Stop& stop) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return io::os_error(errno, "make a socket for", options.program);
  }
  io::UniqueFd ours(ends[0]);
  io::UniqueFd theirs(ends[1]);
  TRY_ASSIGN(io::Subprocess process,
             spawner.start({.argv = {options.program},
                            .environment = options.environment,
                            .descriptors = {{theirs.get(), kWorkerSocket}}}));
  theirs.reset();
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(std::move(process), std::move(ours)));
  std::string hello;
  append_frame(hello, {.type = FrameType::Hello}, encode_hello(options.hello));
  std::size_t sent = 0;
  // A few bytes into an empty socket: they fit, or the other end is gone and await_ready tells.
  static_cast<void>(worker->send_some(hello, sent));
  TRY(worker->await_ready(options.start_deadline, stop));
  return worker;
}

Status WorkerProcess::await_ready(milliseconds deadline, const Stop& stop) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    TRY_ASSIGN(const std::optional<Frame> frame, reader_.next());
    if (frame) {
      if (frame->header.type != FrameType::Ready) {
        return Error{Code::Io, "the worker program began with something else than 'ready'"};
      }
      filtered_ = frame->header.status == 1;
      return {};
    }
    if (stop()) {
      return Error{Code::Cancelled, "stopped while a worker program was starting"};
    }
    if (wait_for(socket_.get(), POLLIN, slice_until(end)) != 0) {
      if (receive_some() == 0) {
        return Error{Code::Io, "the worker program " + ended_early().reason + " at its start"};
      }
    } else if (Clock::now() >= end) {
      return Error{Code::Io, "the worker program was not ready within " + seconds(deadline)};
    }
  }
}

bool WorkerProcess::quiet() const {
  return reader_.pending() == 0 && wait_for(socket_.get(), POLLIN, 0) == 0;
}

bool WorkerProcess::send_some(std::string& out, std::size_t& sent) {
  while (sent < out.size()) {
    const ssize_t count = io::retry_interrupted([&] {
      return ::send(socket_.get(), out.data() + sent, out.size() - sent,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    });
    if (count < 0) {
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    sent += static_cast<std::size_t>(count);
  }
  out.clear();
  sent = 0;
  return true;
}

std::ptrdiff_t WorkerProcess::receive_some() {
  buffer_.resize(kInBytes);
  const ssize_t got = io::retry_interrupted(
      [&] { return ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT); });
  if (got < 0) {
    // A reset is an end, too: the worker ended with unread jobs in its socket.
    return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
  }
  reader_.append({buffer_.data(), static_cast<std::size_t>(got)});
  return got;
}

/// Encodes jobs ahead of the socket, but not the whole batch.
void WorkerProcess::fill(Exchange& exchange) {
  while (exchange.encoded < exchange.jobs.size() &&
         exchange.out.size() - exchange.out_sent < kOutBytes) {
    const Job& job = exchange.jobs[exchange.encoded++];
    append_frame(
        exchange.out,
        {.type = FrameType::Job, .id = next_id_++, .kind = static_cast<std::uint16_t>(job.kind)},
        job.payload);
  }
}

Progress WorkerProcess::run(std::span<const Job> jobs, std::span<JobResult> results,
                            milliseconds deadline, const Stop& stop) {
  Exchange exchange{.jobs = jobs, .results = results, .first_id = next_id_};
  auto end = Clock::now() + deadline;
  while (exchange.answered < jobs.size()) {
    if (stop()) {
      return {exchange.answered, Fault{Outcome::Cancelled, "stopped by the caller", false}};
    }
    if (exchange.can_send) {
      fill(exchange);
      // When it cannot be sent to, what it said before it died is still to be read.
      exchange.can_send = send_some(exchange.out, exchange.out_sent);
    }
    const bool more =
        exchange.can_send && (!exchange.out.empty() || exchange.encoded < exchange.jobs.size());
    const auto events = static_cast<short>(POLLIN | (more ? POLLOUT : 0));
    const short ready = wait_for(socket_.get(), events, slice_until(end));
    if ((ready & ~POLLOUT) != 0) {
      const std::ptrdiff_t got = receive_some();
      const std::size_t before = exchange.answered;
      if (auto fault = take_answers(exchange)) {
        return {exchange.answered, std::move(fault)};
      }
      if (exchange.answered > before) {
        end = Clock::now() + deadline;
      } else if (got == 0) {
        return {exchange.answered, ended_early()};
      }
    }
    // What counts is the whole answer: bytes that trickle in win only the grace that an answer
    // needs which came in time and was read late.
    const auto late = Clock::now() - end;
    if (exchange.answered < jobs.size() &&
        (late >= kLateGrace || (late >= milliseconds(0) && (ready & POLLIN) == 0))) {
      return {exchange.answered,
              Fault{Outcome::TimedOut, "gave no answer within " + seconds(deadline), false}};
    }
  }
  return {exchange.answered, std::nullopt};
}

std::optional<Fault> WorkerProcess::take_answers(Exchange& exchange) {
  for (;;) {
    auto frame = reader_.next();
    if (!frame.ok()) {
      return Fault{Outcome::Garbled, "answered bytes that do not check: " + frame.error().message,
                   false};
    }
    if (!*frame) {
      return std::nullopt;
    }
    if (auto fault = accept(exchange, std::move(**frame))) {
      return fault;
    }
  }
}

std::optional<Fault> WorkerProcess::accept(Exchange& exchange, Frame frame) {
  const std::size_t i = exchange.answered;
  if (frame.header.type != FrameType::Answer || i >= exchange.encoded ||
      frame.header.id != exchange.first_id + i ||
      frame.header.kind != static_cast<std::uint16_t>(exchange.jobs[i].kind)) {
    return Fault{Outcome::Garbled, "answered what was not asked", false};
  }
  JobResult& result = exchange.results[i];
  switch (static_cast<AnswerStatus>(frame.header.status)) {
    case AnswerStatus::Done: result = {Outcome::Done, std::move(frame.payload), {}}; break;
    case AnswerStatus::Failed: result = {Outcome::Failed, {}, std::move(frame.payload)}; break;
    case AnswerStatus::OutOfMemory:
      return Fault{Outcome::OutOfMemory, "reached its memory limit", false};
    default: return Fault{Outcome::Garbled, "answered with an unknown status", false};
  }
  ++exchange.answered;
  ++jobs_done_;
  return std::nullopt;
}

Fault WorkerProcess::ended_early() {
  const auto end = process_.wait(kEndGrace);
  if (!end) {
    process_.kill_and_wait();
    return {Outcome::Crashed, "closed its socket", false};
  }
  if (end->signal == 0 && end->exit_code == kExitOutOfMemory) {
    return {Outcome::OutOfMemory, "reached its memory limit", true};
  }
  return {Outcome::Crashed,
          end->describe() + (reader_.pending() > 0 ? " in the middle of an answer" : ""), true};
}

}  // namespace sonde::worker
