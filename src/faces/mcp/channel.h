#pragma once
// Where messages to one client go: standard output, or the streams of HTTP responses.

#include <string>

#include "faces/mcp/protocol.h"

namespace sonde::faces::mcp {

/// Every message is one line with its line feed. Called from several threads at once; returns
/// without waiting for the client.
class Channel {
 public:
  virtual ~Channel() = default;

  /// The answer to a request, and the last message about it. @param id  null: of a message that
  /// could not be read
  virtual void answer(const Json& id, std::string line) = 0;
  /// A notification; may be dropped when the client is far behind. @param id  of the request that
  /// it belongs to; null: none
  virtual void tell(const Json& id, std::string line) = 0;
  /// A request to the client.
  virtual void ask(std::string line) = 0;
};

}  // namespace sonde::faces::mcp
