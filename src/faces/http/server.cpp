#include "faces/http/server.h"

#include <memory>
#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "faces/http/api.h"
#include "faces/http/listener.h"
#include "faces/http/mcp_endpoint.h"
#include "faces/http/router.h"

namespace sonde::faces::http {

namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::milliseconds kAfterCancelling{500};
constexpr std::size_t kApiThreads = 4;
// Room for every call of every session, so that handing one over never waits.
constexpr std::size_t kCallRoom = kSessionLimit * mcp::kCallLimit + 1'024;

mcp::SessionOptions session_options(const ServerOptions& options,
                                    std::shared_ptr<mcp::Workspace> workspace) {
  mcp::SessionOptions session;
  session.roots = options.roots;
  session.home = options.home;
  session.workspace = std::move(workspace);
  session.call_threads = std::make_shared<ThreadPool>(mcp::kCallThreads, "sonde-mcp", kCallRoom);
  return session;
}

std::vector<Route> routes_of(Api& api, McpEndpoint& endpoint) {
  return {
      {"GET", "/health", Door::Open, 0, [&api](const auto& each) { api.health(each); }},
      {"GET", "/ready", Door::Open, 0, [&api](const auto& each) { api.ready(each); }},
      {"GET", "/api/search", Door::Token, 0, [&api](const auto& each) { api.search(each); }},
      {"POST", "/api/search", Door::Token, kApiBodyLimitBytes,
       [&api](const auto& each) { api.search(each); }},
      {"GET", "/api/status", Door::Token, 0, [&api](const auto& each) { api.status(each); }},
      {"POST", "/mcp", Door::Token, kMcpBodyLimitBytes,
       [&endpoint](const auto& each) { endpoint.post(each); }},
      {"GET", "/mcp", Door::Token, 0, [&endpoint](const auto& each) { endpoint.get(each); }},
      {"DELETE", "/mcp", Door::Token, 0, [&endpoint](const auto& each) { endpoint.remove(each); }},
  };
}

}  // namespace

Status serve(const ServerOptions& options, const std::function<void(const Address&)>& ready,
             const CancelToken& cancel) {
  CancelSource given_up;  // what is still under way at the very end
  TRY_ASSIGN(const std::unique_ptr<Listener> listener,
             Listener::open({options.address}, given_up.token()));
  Address address = options.address;
  address.port = listener->port();
  const auto workspace = std::make_shared<mcp::Workspace>(options.door, options.home, options.log);
  workspace->set_roots(options.roots);
  {
    ThreadPool pool(kApiThreads, "sonde-api", kWorkLimit + 1);
    Api api(*workspace, pool);
    McpEndpoint endpoint(session_options(options, workspace));
    Router router(routes_of(api, endpoint),
                  {options.token, own_hosts(address.host, address.port, options.allowed_hosts)});
    listener->start(router);
    ready(address);
    while (!cancel.cancelled()) {
      endpoint.tick();
      std::this_thread::sleep_for(kTick);
    }
    endpoint.stop_listening();
    listener->drain(options.last_patience);
    given_up.cancel();
    endpoint.end();
    listener->drain(kAfterCancelling);
    listener->end();
    pool.wait_idle();
  }
  workspace->clear();
  return {};
}

}  // namespace sonde::faces::http
