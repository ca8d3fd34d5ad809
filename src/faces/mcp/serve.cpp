#include "faces/mcp/serve.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "faces/mcp/message_reader.h"
#include "faces/mcp/outbox.h"
#include "io/os_error.h"

namespace sonde::faces::mcp {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMs = 100;
constexpr std::chrono::milliseconds kLook{10};
constexpr std::size_t kReadBytes = 64 * 1024;

void handle_all(MessageReader& reader, Session& session) {
  while (const auto line = reader.next()) {
    if (line->too_long) {
      session.handle_too_long();
    } else {
      session.handle_line(line->text);
    }
  }
}

enum class Ready { Nothing, Bytes, End };

/// A client that does not read its answers is not read either; that it went away is seen all the
/// same.
Result<Ready> wait_for_input(int input, Outbox& outbox) {
  const bool full = outbox.full();
  pollfd entry{input, static_cast<short>(full ? 0 : POLLIN), 0};
  const int ready = ::poll(&entry, 1, kLookMs);
  if (ready < 0 && errno != EINTR) {
    return io::os_error(errno, "wait for", "the input");
  }
  if (ready <= 0) {
    return Ready::Nothing;
  }
  if ((entry.revents & POLLNVAL) != 0 || (full && (entry.revents & (POLLHUP | POLLERR)) != 0)) {
    return Ready::End;
  }
  return Ready::Bytes;
}

Status read_until_end(int input, Outbox& outbox, Session& session, const CancelToken& cancel) {
  MessageReader reader;
  std::vector<char> bytes(kReadBytes);
  for (;;) {
    TRY(cancel.check());
    session.tick();
    if (outbox.broken()) {
      return {};
    }
    TRY_ASSIGN(const Ready ready, wait_for_input(input, outbox));
    if (ready == Ready::Nothing) {
      continue;
    }
    const ssize_t count = ready == Ready::End ? 0 : ::read(input, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR || errno == EAGAIN) {
        continue;
      }
      return io::os_error(errno, "read", "the input");
    }
    if (count == 0) {
      reader.end();
      handle_all(reader, session);
      return {};
    }
    reader.feed({bytes.data(), static_cast<std::size_t>(count)});
    handle_all(reader, session);
  }
}

/// What was asked before the input ended is still answered, if that is soon done.
void finish(Outbox& outbox, Session& session, std::chrono::milliseconds patience,
            const CancelToken& cancel) {
  const auto end = Clock::now() + patience;
  while (!session.idle() && !outbox.broken() && !cancel.cancelled() && Clock::now() < end) {
    session.tick();
    std::this_thread::sleep_for(kLook);
  }
  session.cancel_all();
}

}  // namespace

Status serve(ServeOptions options, int input, int output, const CancelToken& cancel) {
  Outbox outbox(output);
  Status ended;
  {
    Session session(std::move(options.session), outbox);
    ended = read_until_end(input, outbox, session, cancel);
    if (ended.ok()) {
      finish(outbox, session, options.last_patience, cancel);
    }
  }
  outbox.drain(ended.ok() ? options.last_patience : kLook * 10);
  return ended;
}

}  // namespace sonde::faces::mcp
