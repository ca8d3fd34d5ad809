#pragma once
// One request and its answer, between a connection and what serves the path.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "faces/http/message.h"

namespace sonde::faces::http {

enum class Importance {
  Needed,
  Droppable,  // left out when the client is far behind
};

/// Answered once: by respond(), or by open_stream(), any number of events, and end_stream(); what
/// is said after the answer's end, or to a client that has gone, is dropped. One that is given up
/// unanswered is answered with an error. Threads: safe; nothing waits for the client.
class Exchange {
 public:
  virtual ~Exchange() = default;

  [[nodiscard]] virtual const Request& request() const = 0;
  /// Cancelled when the client has gone or the server ends.
  [[nodiscard]] virtual CancelToken cancel() const = 0;
  /// Called once when the client goes before its answer's end; by a thread that must not wait. Set
  /// before the handler returns.
  virtual void when_gone(std::function<void()> call) = 0;

  virtual void respond(Response response) = 0;
  /// The beginning of a stream of server-sent events.
  virtual void open_stream(std::vector<Header> headers) = 0;
  /// @param text  whole lines of the stream's format
  virtual void event(std::string text, Importance importance) = 0;
  virtual void end_stream() = 0;
};

/// What is decided before a request's body is read.
struct Admission {
  std::optional<Response> refusal;
  std::size_t body_limit_bytes = 0;
};

/// Threads: safe.
class Handler {
 public:
  virtual ~Handler() = default;
  /// @param request  without its body
  virtual Admission admit(const Request& request) = 0;
  /// Answers now or later. Called by a thread that must not wait.
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
};

}  // namespace sonde::faces::http
