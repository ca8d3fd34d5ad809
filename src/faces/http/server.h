#pragma once
// `sonde serve`: what answers over HTTP, put together.

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "faces/http/address.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::http {

struct ServerOptions {
  Address address;
  std::string token;
  std::vector<std::string> allowed_hosts;  // further names that requests may be addressed to
  std::vector<std::string> roots;          // absolute folders; at least one
  std::string home;
  mcp::Door door;
  /// May be called from any thread.
  mcp::LogSink log;
  /// At the end, for what was asked before it.
  std::chrono::milliseconds last_patience{3'000};
};

/// Serves until it is cancelled. Then no more connections are taken, what was asked is answered
/// within the patience, and the rest is cancelled; what was committed stays.
/// @param ready  called once, with the address that clients can use
/// Errors: those of Listener::open.
Status serve(const ServerOptions& options, const std::function<void(const Address&)>& ready,
             const CancelToken& cancel);

}  // namespace sonde::faces::http
