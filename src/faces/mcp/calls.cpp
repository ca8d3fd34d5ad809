#include "faces/mcp/calls.h"

#include <fmt/format.h>

#include <utility>

#include "base/utf8.h"

namespace sonde::faces::mcp {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kProgressEvery{200};

Object text_content(const std::string& text) {
  Object content;
  content["type"] = "text";
  content["text"] = to_valid_utf8(text);
  return content;
}

double value_of(const library::Progress& progress, double& total) {
  const bool embedding = progress.phase == library::Progress::Phase::Embed;
  total = static_cast<double>(embedding ? progress.embed_total : progress.files_total);
  return static_cast<double>(embedding ? progress.embed_done : progress.files_done);
}

}  // namespace

Object failed_result(const std::string& message) {
  Object result;
  result["content"] = Object::array({text_content(message)});
  result["isError"] = true;
  return result;
}

Object run_tool(const Tool& tool, const Json& arguments, const Dialect& dialect,
                const ToolCall& call) {
  auto answer = call.cancel.cancelled() ? Result<ToolAnswer>(Error{Code::Cancelled, "cancelled"})
                                        : tool.run(call, arguments);
  if (!answer.ok()) {
    return failed_result(advice_for(answer.error()));
  }
  if (!tool.subject.empty()) {
    const std::string title = tool.name + ": " + text_at(arguments, tool.subject.c_str());
    answer->structured["resource"] = call.workspace.answers().save(title, answer->structured);
  }
  Object result;
  result["content"] = Object::array({text_content(answer->text)});
  if (dialect.structured()) {
    result["structuredContent"] = std::move(answer->structured);
  }
  result["isError"] = false;
  return result;
}

Calls::Calls(Workspace& workspace, Channel& channel, std::shared_ptr<ThreadPool> pool)
    : workspace_(workspace),
      channel_(channel),
      pool_(pool != nullptr
                ? std::move(pool)
                : std::make_shared<ThreadPool>(kCallThreads, "sonde-mcp", kCallLimit + 1)) {}

void Calls::end() {
  cancel_all();
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return calls_.empty(); });
}

bool Calls::idle() {
  const std::lock_guard lock(mutex_);
  return calls_.empty();
}

void Calls::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, call] : calls_) {
    call->source.cancel();
  }
}

void Calls::start(CallRequest request) {
  const auto call = std::make_shared<Call>();
  call->request = std::move(request);
  const Json& id = call->request.id;
  const Dialect& dialect = call->request.dialect;
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() >= kCallLimit) {
      channel_.answer(id, result_text(id, dialect.dressed(failed_result(fmt::format(
                                              "{} calls are under way already; call again when "
                                              "one of them is answered",
                                              kCallLimit)))));
      return;
    }
    if (!calls_.emplace(id.dump(), call).second) {
      channel_.answer(id, error_text(id, rpc::kInvalidRequest, "this id is in use"));
      return;
    }
  }
  pool_->submit([this, call] { run(call); });
}

void Calls::run(const std::shared_ptr<Call>& call) {
  const CancelToken cancel = call->source.token();
  const library::ProgressSink progress = [this, call](const library::Progress& state) {
    tell_progress(*call, state);
  };
  const CallRequest& request = call->request;
  std::string answer;
  try {
    answer = request.run({workspace_, cancel, progress});
  } catch (const std::exception& error) {
    answer = result_text(
        request.id,
        request.dialect.dressed(failed_result(advice_for({Code::Internal, error.what()}))));
  }
  finish(call, answer);
}

void Calls::finish(const std::shared_ptr<Call>& call, const std::string& answer) {
  const std::lock_guard lock(mutex_);
  if (!call->silent) {
    channel_.answer(call->request.id, answer);
  }
  calls_.erase(call->request.id.dump());
  ended_.notify_all();  // while it is locked: end() may be the last to need this
}

void Calls::cancel(const Json& id) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id.dump());
  if (found != calls_.end()) {
    found->second->silent = true;
    found->second->source.cancel();
  }
}

void Calls::tell_progress(Call& call, const library::Progress& progress) {
  if (call.request.progress_token.is_null() || call.silent) {
    return;
  }
  // A value may never go back, but there are phases: a further one counts on from the last.
  double total = 0;
  const double value = value_of(progress, total);
  const auto now = Clock::now();
  if (now - call.last_progress < kProgressEvery) {
    return;
  }
  call.last_progress = now;
  const bool embedding = progress.phase == library::Progress::Phase::Embed;
  const double base = embedding ? static_cast<double>(progress.files_total) : 0;
  if (base + value <= call.last_value) {
    return;
  }
  call.last_value = base + value;
  Object params;
  params["progressToken"] = call.request.progress_token;
  params["progress"] = base + value;
  if (total > 0) {
    params["total"] = base + total;
  }
  params["message"] = embedding ? fmt::format("{:.0f} of {:.0f} places embedded", value, total)
                                : fmt::format("{:.0f} of {:.0f} files read", value, total);
  channel_.tell(call.request.id, notification_text("notifications/progress", std::move(params)));
}

}  // namespace sonde::faces::mcp
