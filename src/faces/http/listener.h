#pragma once
// The listening socket and the few threads that read and write for all connections.

#include <chrono>
#include <memory>

#include "base/cancel.h"
#include "base/result.h"
#include "faces/http/address.h"
#include "faces/http/exchange.h"

namespace sonde::faces::http {

struct ListenOptions {
  Address address;
  std::size_t threads = 2;
  std::size_t connection_limit = 256;  // further ones are told so and closed
};

/// Threads: owned by one; the handler is called from several.
class Listener {
 public:
  /// @param handler  outlives it. @param stop  given to every request
  /// Errors: Busy (somebody listens there), InvalidArgument (not an address of this machine), Io.
  static Result<std::unique_ptr<Listener>> open(const ListenOptions& options, CancelToken stop);
  virtual ~Listener() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void start(Handler& handler) = 0;
  /// Takes no more connections, lets requests that came be answered, for at most `patience`.
  virtual void drain(std::chrono::milliseconds patience) = 0;
  /// Cuts off who is left and ends the threads; nothing is called any more then.
  virtual void end() = 0;
};

}  // namespace sonde::faces::http
