#include "faces/mcp/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "faces/mcp/message_reader.h"
#include "faces/mcp/prompts.h"
#include "faces/mcp/root_uri.h"

namespace sonde::faces::mcp {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kProgressEvery{200};

// The protocol's levels (those of syslog); ours are four of them.
constexpr std::array<const char*, 8> kLevels = {"debug", "info",     "notice", "warning",
                                                "error", "critical", "alert",  "emergency"};

int number_of(Level level) {
  switch (level) {
    case Level::Debug: return 0;
    case Level::Info: return 1;
    case Level::Warning: return 3;
    case Level::Error: break;
  }
  return 4;
}

constexpr const char* kInstructions =
    "Sonde searches this project by words and by meaning, on an index that follows every change. "
    "Use `search` first to find where something is done, then `read` the lines you need; "
    "`definition` for a name, `outline` for the layout of a file or folder, `similar` for code "
    "like "
    "a place. Answers say in their notes when the index is not complete.";

std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json* object_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

Object text_content(const std::string& text) {
  Object content;
  content["type"] = "text";
  content["text"] = to_valid_utf8(text);
  return content;
}

Object failed_result(const std::string& message) {
  Object result;
  result["content"] = Object::array({text_content(message)});
  result["isError"] = true;
  return result;
}

double value_of(const library::Progress& progress, double& total) {
  const bool embedding = progress.phase == library::Progress::Phase::Embed;
  total = static_cast<double>(embedding ? progress.embed_total : progress.files_total);
  return static_cast<double>(embedding ? progress.embed_done : progress.files_done);
}

}  // namespace

Session::Session(SessionOptions options, Outbox& outbox)
    : options_(std::move(options)),
      outbox_(outbox),
      tools_(all_tools()),
      level_(number_of(Level::Info)),
      workspace_(options_.door, options_.home,
                 [this](Level level, const std::string& text) { log(level, text); }),
      pool_(kCallThreads, "sonde-mcp", kCallLimit + 1) {}

Session::~Session() {
  cancel_all();
  pool_.wait_idle();
  workspace_.clear();
}

bool Session::idle() {
  const std::lock_guard lock(mutex_);
  return calls_.empty();
}

void Session::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, call] : calls_) {
    call->source.cancel();
  }
}

void Session::handle_too_long() {
  outbox_.send(error_text(nullptr, rpc::kInvalidRequest,
                          fmt::format("a message may be {} MiB long; this one was passed over",
                                      kMessageLimitBytes >> 20)));
}

void Session::handle_line(std::string_view line) {
  const bool batched = line.find_first_not_of(" \t") != std::string_view::npos &&
                       line[line.find_first_not_of(" \t")] == '[';
  if (batched && version_ != "2025-03-26") {
    outbox_.send(error_text(nullptr, rpc::kInvalidRequest,
                            "several messages in an array are not part of this protocol version"));
    return;
  }
  for (const Message& message : parse_messages(line)) {
    handle(message);
  }
}

void Session::handle(const Message& message) {
  switch (message.kind) {
    case Message::Kind::Request: handle_request(message); return;
    case Message::Kind::Notification: handle_notification(message); return;
    case Message::Kind::Response: handle_response(message); return;
    case Message::Kind::Broken:
      log(Level::Warning, "a message that cannot be read: " + message.error);
      outbox_.send(error_text(message.id, message.error_code, message.error));
  }
}

void Session::handle_request(const Message& message) {
  const std::string& method = message.method;
  if (method == "initialize") {
    initialize(message);
  } else if (method == "ping") {
    outbox_.send(result_text(message.id, Object::object()));
  } else if (version_.empty()) {
    outbox_.send(
        error_text(message.id, rpc::kInvalidRequest, "the first request must be `initialize`"));
  } else if (method == "tools/list") {
    list_tools(message);
  } else if (method == "tools/call") {
    call_tool(message);
  } else if (method == "prompts/list") {
    list_prompts(message);
  } else if (method == "prompts/get") {
    get_prompt(message);
  } else if (method == "logging/setLevel") {
    set_level(message);
  } else {
    outbox_.send(error_text(message.id, rpc::kMethodNotFound,
                            "there is no method " + to_valid_utf8(method)));
  }
}

void Session::handle_notification(const Message& message) {
  if (message.method == "notifications/cancelled") {
    const auto id = message.params.find("requestId");
    if (id != message.params.end()) {
      cancel_call(*id);
    }
  } else if (message.method == "notifications/initialized") {
    ready_ = true;
    if (options_.roots.empty() && client_has_roots_) {
      ask_roots();
    }
  } else if (message.method == "notifications/roots/list_changed" && options_.roots.empty() &&
             client_has_roots_) {
    ask_roots();
  }
}

void Session::initialize(const Message& message) {
  if (!version_.empty()) {
    outbox_.send(error_text(message.id, rpc::kInvalidRequest, "this session is initialized"));
    return;
  }
  version_ = negotiated_version(text_at(message.params, "protocolVersion"));
  const Json* const capabilities = object_at(message.params, "capabilities");
  client_has_roots_ = capabilities != nullptr && object_at(*capabilities, "roots") != nullptr;
  Object result;
  result["protocolVersion"] = version_;
  result["capabilities"]["tools"] = Object::object();
  result["capabilities"]["prompts"] = Object::object();
  result["capabilities"]["logging"] = Object::object();
  result["serverInfo"]["name"] = "sonde";
  result["serverInfo"]["title"] = "Sonde";
  result["serverInfo"]["version"] = SONDE_VERSION;
  result["instructions"] = kInstructions;
  outbox_.send(result_text(message.id, std::move(result)));
  roots_asked_ = Clock::now();
  if (!options_.roots.empty()) {
    use_roots(options_.roots);
  } else if (!client_has_roots_) {
    use_roots({options_.fallback_root});
  }
}

void Session::ask_roots() {
  roots_request_ = fmt::format("roots-{}", ++roots_requests_);
  roots_asked_ = Clock::now();
  outbox_.send(request_text(roots_request_, "roots/list"));
}

void Session::use_roots(std::vector<std::string> roots) {
  roots_set_ = true;
  workspace_.set_roots(roots);
}

void Session::handle_response(const Message& message) {
  if (roots_request_.empty() || message.id != roots_request_) {
    return;  // to a request that was given up
  }
  roots_request_.clear();
  std::vector<std::string> roots;
  const auto list =
      message.result.is_object() ? message.result.find("roots") : message.result.end();
  if (message.result.is_object() && list != message.result.end() && list->is_array()) {
    for (const Json& root : *list) {
      const auto path = path_of_uri(root.is_object() ? text_at(root, "uri") : std::string());
      if (path.ok()) {
        roots.push_back(*path);
      } else {
        log(Level::Warning, path.error().message);
      }
    }
  }
  if (roots.empty()) {
    log(Level::Warning,
        "the client names no folder as a root; " + options_.fallback_root + " is used");
    roots.push_back(options_.fallback_root);
  }
  use_roots(std::move(roots));
}

void Session::tick() {
  if (version_.empty() || roots_set_ || Clock::now() - roots_asked_ < options_.roots_patience) {
    return;
  }
  log(Level::Warning, "the client has not named its roots; " + options_.fallback_root + " is used");
  use_roots({options_.fallback_root});
}

void Session::set_level(const Message& message) {
  const std::string level = text_at(message.params, "level");
  const auto found = std::find(kLevels.begin(), kLevels.end(), level);
  if (found == kLevels.end()) {
    outbox_.send(error_text(message.id, rpc::kInvalidParams,
                            "there is no level \"" + level + "\"; \"debug\" to \"emergency\""));
    return;
  }
  level_ = static_cast<int>(found - kLevels.begin());
  outbox_.send(result_text(message.id, Object::object()));
}

void Session::log(Level level, const std::string& text) {
  if (options_.log) {
    options_.log(level, text);
  }
  const int number = number_of(level);
  if (!ready_ || number < level_) {
    return;
  }
  Object params;
  params["level"] = kLevels[static_cast<std::size_t>(number)];
  params["logger"] = "sonde";
  params["data"] = to_valid_utf8(text);
  outbox_.tell(notification_text("notifications/message", std::move(params)));
}

void Session::list_tools(const Message& message) {
  Object list = Object::array();
  for (const Tool& tool : tools_) {
    Object object;
    object["name"] = tool.name;
    if (structured()) {
      object["title"] = tool.title;
    }
    object["description"] = tool.description;
    object["inputSchema"] = tool.input_schema;
    if (structured()) {
      object["outputSchema"] = tool.output_schema;
    }
    if (annotated()) {
      object["annotations"]["title"] = tool.title;
      object["annotations"]["readOnlyHint"] = tool.effect == Effect::Reads;
      object["annotations"]["destructiveHint"] = false;
      object["annotations"]["idempotentHint"] = true;
      object["annotations"]["openWorldHint"] = false;
    }
    list.push_back(std::move(object));
  }
  Object result;
  result["tools"] = std::move(list);
  outbox_.send(result_text(message.id, std::move(result)));
}

void Session::call_tool(const Message& message) {
  const std::string name = text_at(message.params, "name");
  const auto tool = std::find_if(tools_.begin(), tools_.end(),
                                 [&](const Tool& each) { return each.name == name; });
  if (tool == tools_.end()) {
    outbox_.send(error_text(message.id, rpc::kInvalidParams,
                            "there is no tool \"" + name + "\"; `tools/list` lists them"));
    return;
  }
  const auto arguments = message.params.find("arguments");
  const bool given = arguments != message.params.end() && !arguments->is_null();
  if (given && !arguments->is_object()) {
    outbox_.send(result_text(message.id, failed_result("`arguments` must be an object")));
    return;
  }
  const auto call = std::make_shared<Call>();
  call->id = message.id;
  if (const Json* const meta = object_at(message.params, "_meta")) {
    const auto token = meta->find("progressToken");
    if (token != meta->end() && (token->is_string() || token->is_number_integer())) {
      call->progress_token = *token;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() >= kCallLimit) {
      outbox_.send(error_text(message.id, rpc::kBusy,
                              fmt::format("{} calls are under way already", kCallLimit)));
      return;
    }
    if (!calls_.emplace(message.id.dump(), call).second) {
      outbox_.send(error_text(message.id, rpc::kInvalidRequest, "this id is in use"));
      return;
    }
  }
  pool_.submit([this, call, tool = &*tool, arguments = given ? *arguments : Json::object()] {
    run_call(call, *tool, arguments);
  });
}

void Session::run_call(const std::shared_ptr<Call>& call, const Tool& tool, const Json& arguments) {
  const CancelToken cancel = call->source.token();
  const library::ProgressSink progress = [this, call](const library::Progress& state) {
    tell_progress(*call, state);
  };
  Object result;
  try {
    Result<ToolAnswer> answer = cancel.cancelled()
                                    ? Result<ToolAnswer>(Error{Code::Cancelled, "cancelled"})
                                    : tool.run({workspace_, cancel, progress}, arguments);
    if (answer.ok()) {
      result["content"] = Object::array({text_content(answer->text)});
      if (structured()) {
        result["structuredContent"] = std::move(answer->structured);
      }
      result["isError"] = false;
    } else {
      result = failed_result(advice_for(answer.error()));
    }
  } catch (const std::exception& error) {
    result = failed_result(advice_for({Code::Internal, error.what()}));
  }
  finish_call(call, result_text(call->id, std::move(result)));
}

void Session::finish_call(const std::shared_ptr<Call>& call, const std::string& answer) {
  const std::lock_guard lock(mutex_);
  if (!call->silent) {
    outbox_.send(answer);
  }
  calls_.erase(call->id.dump());
}

void Session::cancel_call(const Json& id) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id.dump());
  if (found != calls_.end()) {
    found->second->silent = true;
    found->second->source.cancel();
  }
}

void Session::tell_progress(Call& call, const library::Progress& progress) {
  if (call.progress_token.is_null() || call.silent) {
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
  params["progressToken"] = call.progress_token;
  params["progress"] = base + value;
  if (total > 0) {
    params["total"] = base + total;
  }
  params["message"] = embedding ? fmt::format("{:.0f} of {:.0f} places embedded", value, total)
                                : fmt::format("{:.0f} of {:.0f} files read", value, total);
  outbox_.tell(notification_text("notifications/progress", std::move(params)));
}

void Session::list_prompts(const Message& message) {
  outbox_.send(result_text(message.id, prompt_list()));
}

void Session::get_prompt(const Message& message) {
  const Json* const arguments = object_at(message.params, "arguments");
  auto prompt = prompt_named(text_at(message.params, "name"),
                             arguments == nullptr ? Json::object() : *arguments);
  outbox_.send(prompt.ok() ? result_text(message.id, std::move(*prompt))
                           : error_text(message.id, rpc::kInvalidParams, prompt.error().message));
}

}  // namespace sonde::faces::mcp
