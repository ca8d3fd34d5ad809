#include "faces/http/mcp_session.h"

namespace sonde::faces::http {

namespace {

using mcp::Message;

std::string cancellation_of(const std::string& id) {
  return R"({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": )" +
         id + "}}";
}

}  // namespace

void McpSession::take(const std::shared_ptr<McpPost>& post, const std::vector<Message>& messages,
                      const std::string& body) {
  touch();
  const bool array = body.find_first_not_of(" \t\r\n") == body.find('[');
  if (array && version_ != "2025-03-26") {
    post->exchange->respond(
        rpc_refusal(400, nullptr, mcp::rpc::kInvalidRequest,
                    "several messages in an array are not part of this protocol version"));
    return;
  }
  for (const Message& message : messages) {
    const bool answered =
        message.kind == Message::Kind::Request || message.kind == Message::Kind::Broken;
    if (answered && !message.id.is_null() && !post->open.insert(message.id.dump()).second) {
      post->exchange->respond(
          rpc_refusal(400, message.id, mcp::rpc::kInvalidRequest, "two messages have the same id"));
      return;
    }
  }
  post->several = messages.size() > 1;
  const std::set<std::string> asked = post->open;
  const std::lock_guard lock(mutex_);
  if (!streams_.add(post)) {
    post->exchange->respond(rpc_refusal(400, messages.front().id, mcp::rpc::kInvalidRequest,
                                        "a request with this id is under way"));
    return;
  }
  post->exchange->when_gone([weak = weak_from_this(), asked] {
    if (const auto self = weak.lock()) {
      self->cancel(asked);
    }
  });
  streams_.set_current(post);
  session_.handle_line(body);
  streams_.set_current(nullptr);
  for (const Message& message : messages) {
    if (message.kind == Message::Kind::Notification &&
        message.method == "notifications/cancelled" && message.params.contains("requestId")) {
      streams_.give_up(message.params["requestId"].dump());
    }
  }
  if (asked.empty()) {
    streams_.finish(*post);
  }
}

void McpSession::listen(const std::shared_ptr<Exchange>& exchange) {
  touch();
  exchange->when_gone([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->streams_.stop_listening();
    }
  });
  if (!streams_.listen(exchange)) {
    exchange->when_gone(nullptr);
    exchange->respond(
        error_response(409, {Code::InvalidArgument, "this session has such a stream already"}));
  }
}

/// The client has gone: what it asked for is not worked on any more.
void McpSession::cancel(const std::set<std::string>& ids) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : ids) {
    session_.handle_line(cancellation_of(id));
    streams_.give_up(id);
  }
}

void McpSession::settle() {
  const std::lock_guard lock(mutex_);  // a request that is being taken in has its call then
  streams_.stop_listening();
  if (session_.idle()) {
    streams_.end();
  }
}

void McpSession::end() {
  ended_ = true;
  session_.cancel_all();
}

}  // namespace sonde::faces::http
