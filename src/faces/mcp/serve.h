#pragma once
// MCP over two descriptors: standard input and output in the program, pipes in tests.

#include "base/cancel.h"
#include "faces/mcp/session.h"

namespace sonde::faces::mcp {

struct ServeOptions {
  SessionOptions session;
  /// After the end of input: for what was asked before it, and for what waits to be written.
  std::chrono::milliseconds last_patience{2'000};
};

/// Serves until the input ends, nobody reads the output any more, or it is cancelled; what runs
/// then is cancelled, and what was committed stays. Neither descriptor is closed. Errors:
/// Cancelled; Io (the input cannot be read).
Status serve(ServeOptions options, int input, int output, const CancelToken& cancel);

}  // namespace sonde::faces::mcp
