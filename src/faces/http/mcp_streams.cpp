#include "faces/http/mcp_streams.h"

#include <utility>

namespace sonde::faces::http {

namespace {

constexpr std::size_t kLongestError = 16'384;

std::string event_of(const std::string& line) {
  return "event: message\ndata: " + line.substr(0, line.find('\n')) + "\n\n";
}

}  // namespace

int status_of_answer(const std::string& line) {
  if (line.size() > kLongestError) {
    return 200;  // results are long, errors are not
  }
  const mcp::Json json = mcp::Json::parse(line, nullptr, false);
  const mcp::Json* const error = json.is_object() ? mcp::object_at(json, "error") : nullptr;
  if (error == nullptr) {
    return 200;
  }
  return error->value("code", 0) == mcp::rpc::kMethodNotFound ? 404 : 400;
}

Response rpc_refusal(int status, const mcp::Json& id, int code, const std::string& message) {
  Response response;
  response.status = status;
  response.body = mcp::error_text(id, code, message);
  return response;
}

bool McpStreams::add(const std::shared_ptr<McpPost>& post) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : post->open) {
    if (posts_.count(id) > 0) {
      return false;
    }
  }
  for (const std::string& id : post->open) {
    posts_.emplace(id, post);
  }
  return true;
}

void McpStreams::set_current(std::shared_ptr<McpPost> post) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(post);
}

void McpStreams::stream(McpPost& post, const std::string& line, Importance importance) {
  if (!post.streaming) {
    post.streaming = true;
    post.exchange->open_stream(post.headers);
  }
  post.exchange->event(event_of(line), importance);
}

void McpStreams::answer(const mcp::Json& id, std::string line) {
  const std::lock_guard lock(mutex_);
  const auto found = posts_.find(id.dump());
  const std::shared_ptr<McpPost> post = found != posts_.end() ? found->second
                                        : id.is_null()        ? current_
                                                              : nullptr;
  if (post == nullptr || post->done) {
    return;
  }
  const bool awaited = found != posts_.end();
  if (awaited) {
    post->open.erase(found->first);
    posts_.erase(found);
  }
  if (post->several || post->streaming) {
    stream(*post, line, Importance::Needed);
  } else {
    Response response;
    response.status = post->stateless || !awaited ? status_of_answer(line) : 200;
    response.headers = post->headers;
    response.body = std::move(line);
    post->exchange->respond(std::move(response));
    post->done = true;
  }
  if (post->open.empty()) {
    finish_locked(*post);
  }
}

void McpStreams::tell(const mcp::Json& id, std::string line) {
  const std::lock_guard lock(mutex_);
  if (id.is_null()) {
    if (listener_ != nullptr) {
      listener_->event(event_of(line), Importance::Droppable);
    }
    return;
  }
  const auto found = posts_.find(id.dump());
  if (found != posts_.end() && found->second->takes_stream) {
    stream(*found->second, line, Importance::Droppable);
  }
}

void McpStreams::ask(std::string line) {
  const std::lock_guard lock(mutex_);
  if (listener_ != nullptr) {
    listener_->event(event_of(line), Importance::Needed);
  }
}

void McpStreams::finish_locked(McpPost& post) {
  if (post.done) {
    return;
  }
  post.done = true;
  if (post.streaming) {
    post.exchange->end_stream();
    return;
  }
  // Notifications, or requests that were cancelled: there is nothing to say.
  Response accepted;
  accepted.status = 202;
  accepted.headers = post.headers;
  post.exchange->respond(std::move(accepted));
}

void McpStreams::finish(McpPost& post) {
  const std::lock_guard lock(mutex_);
  finish_locked(post);
}

void McpStreams::give_up(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = posts_.find(id);
  if (found == posts_.end()) {
    return;
  }
  const std::shared_ptr<McpPost> post = found->second;
  posts_.erase(found);
  post->open.erase(id);
  if (post->open.empty()) {
    finish_locked(*post);
  }
}

bool McpStreams::listen(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  if (listener_ != nullptr) {
    return false;
  }
  listener_ = exchange;
  exchange->open_stream({});
  return true;
}

void McpStreams::stop_listening() {
  const std::lock_guard lock(mutex_);
  if (listener_ != nullptr) {
    listener_->end_stream();
    listener_.reset();
  }
}

void McpStreams::end() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, post] : posts_) {
    post->open.clear();
    finish_locked(*post);
  }
  posts_.clear();
}

bool McpStreams::quiet() {
  const std::lock_guard lock(mutex_);
  return posts_.empty() && listener_ == nullptr;
}

}  // namespace sonde::faces::http
