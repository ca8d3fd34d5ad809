#include "faces/http/mcp_endpoint.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/utf8.h"
#include "faces/http/mcp_headers.h"
#include "faces/http/token_file.h"

namespace sonde::faces::http {

namespace {

using Clock = std::chrono::steady_clock;
using mcp::Message;

constexpr const char* kSessionHeader = "Mcp-Session-Id";
constexpr std::size_t kSessionIdBytes = 16;
constexpr std::chrono::hours kUnused{8};
constexpr std::chrono::milliseconds kLook{10};
constexpr const char* kStreamType = "text/event-stream";

bool takes_stream(const Request& request) {
  return request.version >= 11 && request.accepts(kStreamType);
}

bool opens_session(const std::vector<Message>& messages) {
  return messages.size() == 1 && messages.front().kind == Message::Kind::Request &&
         messages.front().method == "initialize" && mcp::meta_of(messages.front()).version.empty();
}

}  // namespace

void McpEndpoint::post(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  const std::string_view type = request.header("content-type");
  if (!same_letters(trimmed(type.substr(0, type.find(';'))), "application/json")) {
    exchange->respond(error_response(
        415, {Code::InvalidArgument, "/mcp takes messages of `Content-Type: application/json`"}));
    return;
  }
  const std::vector<Message> messages = mcp::parse_messages(request.body);
  if (auto refusal = refusal_of_headers(request, messages)) {
    exchange->respond(std::move(*refusal));
    return;
  }
  const auto post = std::make_shared<McpPost>();
  post->exchange = exchange;
  post->takes_stream = takes_stream(request);
  if (messages.size() == 1 && messages.front().kind == Message::Kind::Broken) {
    const Message& broken = messages.front();
    exchange->respond(rpc_refusal(400, broken.id, broken.error_code, broken.error));
  } else if (messages.size() > 1 && !post->takes_stream) {
    exchange->respond(
        error_response(406, {Code::InvalidArgument,
                             "several messages are answered by a stream; `Accept` must "
                             "name text/event-stream"}));
  } else if (is_stateless(request, messages)) {
    take_alone(post, messages);
  } else if (opens_session(messages)) {
    open_session(post, messages);
  } else if (const auto session = session_of(exchange)) {
    session->take(post, messages, request.body);
  }
}

/// A session of one request, let go when that is answered.
void McpEndpoint::take_alone(const std::shared_ptr<McpPost>& post,
                             const std::vector<Message>& messages) {
  post->stateless = true;
  const auto session = std::make_shared<McpSession>(options_, "", "");
  session->take(post, messages, post->exchange->request().body);
  if (!session->idle()) {
    const std::lock_guard lock(mutex_);
    ending_.push_back(session);
  }
}

void McpEndpoint::open_session(const std::shared_ptr<McpPost>& post,
                               const std::vector<Message>& messages) {
  Result<std::string> id = random_digits(kSessionIdBytes);
  if (!id.ok()) {
    post->exchange->respond(error_response(id.error()));
    return;
  }
  post->headers.push_back({kSessionHeader, *id});
  const auto session = std::make_shared<McpSession>(
      options_, *id,
      mcp::negotiated_version(mcp::text_at(messages.front().params, "protocolVersion")));
  {
    const std::lock_guard lock(mutex_);
    if (!make_room()) {
      post->exchange->respond(error_response(
          {Code::Busy, "too many sessions are at work; end one with DELETE, or try again"}));
      return;
    }
    sessions_.emplace(*id, session);
  }
  session->take(post, messages, post->exchange->request().body);
}

/// The session that was not used for longest makes room, when nothing runs in it.
bool McpEndpoint::make_room() {
  if (sessions_.size() < kSessionLimit) {
    return true;
  }
  auto oldest = sessions_.end();
  for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
    if (!each->second->working() &&
        (oldest == sessions_.end() || each->second->last_used() < oldest->second->last_used())) {
      oldest = each;
    }
  }
  if (oldest == sessions_.end()) {
    return false;
  }
  oldest->second->end();
  oldest->second->settle();
  ending_.push_back(oldest->second);
  sessions_.erase(oldest);
  return true;
}

std::shared_ptr<McpSession> McpEndpoint::session_of(const std::shared_ptr<Exchange>& exchange) {
  const std::string id(exchange->request().header(kSessionHeader));
  if (id.empty()) {
    exchange->respond(rpc_refusal(400, nullptr, mcp::rpc::kInvalidRequest,
                                  "begin with `initialize`, and send the header Mcp-Session-Id of "
                                  "its answer; or name the protocol's version in `_meta`"));
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    exchange->respond(rpc_refusal(404, nullptr, mcp::rpc::kInvalidRequest,
                                  "there is no such session any more; begin with `initialize`"));
    return nullptr;
  }
  return found->second;
}

void McpEndpoint::get(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  if (auto refusal = refusal_of_headers(request, {})) {
    exchange->respond(std::move(*refusal));
  } else if (!takes_stream(request) || request.method == "HEAD") {
    exchange->respond(error_response(
        406, {Code::InvalidArgument, "GET opens a stream; `Accept` must name text/event-stream"}));
  } else if (const auto session = session_of(exchange)) {
    session->listen(exchange);
  }
}

void McpEndpoint::remove(const std::shared_ptr<Exchange>& exchange) {
  const auto session = session_of(exchange);
  if (session == nullptr) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.erase(session->id()) > 0) {
      ending_.push_back(session);
    }
  }
  session->end();
  session->settle();
  Response done;
  done.status = 204;
  exchange->respond(std::move(done));
}

void McpEndpoint::tick() {
  std::vector<std::shared_ptr<McpSession>> ended;  // let go without the lock
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (auto each = sessions_.begin(); each != sessions_.end();) {
    if (each->second->idle() && now - each->second->last_used() > kUnused) {
      ended.push_back(each->second);
      each = sessions_.erase(each);
    } else {
      ++each;
    }
  }
  for (const auto& each : ending_) {
    if (each->ended()) {
      each->settle();
    }
  }
  const auto still = std::stable_partition(ending_.begin(), ending_.end(),
                                           [](const auto& each) { return !each->idle(); });
  ended.insert(ended.end(), std::make_move_iterator(still), std::make_move_iterator(ending_.end()));
  ending_.erase(still, ending_.end());
}

std::vector<std::shared_ptr<McpSession>> McpEndpoint::all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<McpSession>> sessions = ending_;
  for (const auto& [id, session] : sessions_) {
    sessions.push_back(session);
  }
  return sessions;
}

void McpEndpoint::stop_listening() {
  for (const auto& session : all()) {
    session->settle();
  }
}

void McpEndpoint::end() {
  const auto sessions_to_end = all();
  for (const auto& session : sessions_to_end) {
    session->end();
  }
  for (const auto& session : sessions_to_end) {
    while (session->working()) {
      std::this_thread::sleep_for(kLook);
    }
    session->settle();
  }
  Sessions sessions;
  std::vector<std::shared_ptr<McpSession>> ending;
  const std::lock_guard lock(mutex_);
  sessions.swap(sessions_);
  ending.swap(ending_);
  // They are let go after the lock is.
}

}  // namespace sonde::faces::http
