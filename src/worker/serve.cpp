// The worker's side of the protocol. An answer leaves the process before the next job begins: so
// the first job without an answer is the one that a crash belongs to.

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "base/hash.h"
#include "io/os_error.h"
#include "worker/pool.h"
#include "worker/protocol.h"
#include "worker/sandbox.h"
#include "worker/worker_process.h"

namespace sonde::worker {

namespace {

constexpr int kExitDone = 0;
constexpr int kExitProtocol = 2;  // the supervisor's bytes do not check, or it does not read ours
constexpr int kExitSandbox = 3;

/// The socket, with what has been read of it.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  /// Nothing at the end of the stream. Errors: those of FrameReader, Io.
  Result<std::optional<Frame>> receive() {
    for (;;) {
      TRY_ASSIGN(std::optional<Frame> frame, reader_.next());
      if (frame) {
        return frame;
      }
      const ssize_t got =
          io::retry_interrupted([&] { return ::recv(fd_, buffer_.data(), buffer_.size(), 0); });
      if (got < 0) {
        return io::os_error(errno, "read from", "the supervisor");
      }
      if (got == 0) {
        return std::optional<Frame>();
      }
      reader_.append({buffer_.data(), static_cast<std::size_t>(got)});
    }
  }

  bool send(const FrameHeader& header, std::string_view payload) {
    out_.clear();
    append_frame(out_, header, payload);
    std::string_view left = out_;
    while (!left.empty()) {
      const ssize_t sent = io::retry_interrupted(
          [&] { return ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL); });
      if (sent < 0) {
        return false;
      }
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

 private:
  int fd_;
  FrameReader reader_;
  std::string out_;
  std::array<char, 64 * 1024> buffer_;
};

struct Answer {
  AnswerStatus status = AnswerStatus::Done;
  std::string payload;
};

Answer failed(std::string reason) { return {AnswerStatus::Failed, std::move(reason)}; }

/// No exception leaves this function: libraries that handlers use may throw.
Answer answer(const Handlers& handlers, const Frame& job) {
  const auto handler = handlers.find(static_cast<JobKind>(job.header.kind));
  if (handler == handlers.end()) {
    return failed("this worker program has no handler for jobs of kind " +
                  std::to_string(job.header.kind));
  }
  try {
    Result<std::string> result = handler->second(job.payload);
    if (!result.ok()) {
      return failed(result.error().message);
    }
    if (result->size() > kMaxPayloadBytes) {
      return failed("the answer has " + std::to_string(result->size()) +
                    " bytes, more than the limit of " + std::to_string(kMaxPayloadBytes));
    }
    return {AnswerStatus::Done, std::move(result).value()};
  } catch (const std::bad_alloc&) {
    return {AnswerStatus::OutOfMemory, {}};
  } catch (const std::exception& error) {
    return failed(std::string("the handler threw: ") + error.what());
  } catch (...) {
    return failed("the handler threw something");
  }
}

/// Greets, then enters the sandbox. Errors: those of the greeting and of enter_sandbox.
Result<SandboxState> greet(Connection& connection) {
  TRY_ASSIGN(const std::optional<Frame> frame, connection.receive());
  if (!frame || frame->header.type != FrameType::Hello) {
    return Error{Code::Corruption, "the supervisor did not greet"};
  }
  TRY_ASSIGN(const Hello hello, decode_hello(frame->payload));
  // The checksum library chooses its code at its first use: let that be before the filter.
  static_cast<void>(checksum64("warm"));
  return enter_sandbox({hello.memory_limit_bytes, hello.cpu_limit_s, hello.read_folders});
}

int serve_jobs(Connection& connection, const Handlers& handlers) {
  for (;;) {
    const auto frame = connection.receive();
    if (!frame.ok() || (*frame && (*frame)->header.type != FrameType::Job)) {
      return kExitProtocol;
    }
    if (!*frame) {
      return kExitDone;
    }
    const FrameHeader& job = (*frame)->header;
    const Answer reply = answer(handlers, **frame);
    const FrameHeader header{FrameType::Answer, job.id, job.kind,
                             static_cast<std::uint16_t>(reply.status)};
    if (!connection.send(header, reply.payload)) {
      return kExitProtocol;
    }
  }
}

}  // namespace

int serve(int fd, const Handlers& handlers) {
  die_with_parent();
  const ExhaustionGuard guard;
  try {
    Connection connection(fd);
    const auto state = greet(connection);
    if (!state.ok()) {
      return state.error().code == Code::Io ? kExitSandbox : kExitProtocol;
    }
    const FrameHeader ready{FrameType::Ready, 0, 0,
                            static_cast<std::uint16_t>(*state == SandboxState::Filtered ? 1 : 0)};
    return connection.send(ready, {}) ? serve_jobs(connection, handlers) : kExitProtocol;
  } catch (const std::bad_alloc&) {
    return kExitOutOfMemory;  // while a job or an answer was copied
  }
}

int serve_program(const char* name, const Handlers& handlers) {
  struct stat status {};
  if (::fstat(kWorkerSocket, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    std::fprintf(stderr, "%s is started by sonde; there is nothing to do for it here\n", name);
    return kExitProtocol;
  }
  return serve(kWorkerSocket, handlers);
}

}  // namespace sonde::worker
