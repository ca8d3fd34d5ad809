#include "faces/mcp/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "faces/mcp/message_reader.h"
#include "faces/mcp/prompts.h"
#include "faces/mcp/resources.h"
#include "faces/mcp/root_uri.h"

namespace sonde::faces::mcp {

namespace {

using Clock = std::chrono::steady_clock;

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
    "`definition`, `references`, `callers` and `callees` for a name, `outline` for the layout of a "
    "file or folder, `similar` for code like a place. Answers say in their notes when the index is "
    "not complete.";

Object capabilities(const Dialect& dialect) {
  Object capabilities;
  capabilities["tools"] = Object::object();
  capabilities["prompts"] = Object::object();
  capabilities["resources"] = Object::object();
  if (!dialect.stateless()) {
    capabilities["logging"] = Object::object();
  }
  return capabilities;
}

Object described(const Tool& tool, const Dialect& dialect) {
  Object object;
  object["name"] = tool.name;
  if (dialect.structured()) {
    object["title"] = tool.title;
  }
  object["description"] = tool.description;
  object["inputSchema"] = tool.input_schema;
  if (dialect.structured()) {
    object["outputSchema"] = tool.output_schema;
  }
  if (dialect.annotated()) {
    object["annotations"]["title"] = tool.title;
    object["annotations"]["readOnlyHint"] = tool.effect == Effect::Reads;
    object["annotations"]["destructiveHint"] = false;
    object["annotations"]["idempotentHint"] = true;
    object["annotations"]["openWorldHint"] = false;
  }
  return object;
}

}  // namespace

Session::Session(SessionOptions options, Channel& channel)
    : options_(std::move(options)),
      channel_(channel),
      tools_(all_tools()),
      roots_set_(options_.workspace != nullptr),
      level_(number_of(Level::Info)),
      workspace_(options_.workspace != nullptr
                     ? options_.workspace
                     : std::make_shared<Workspace>(
                           options_.door, options_.home,
                           [this](Level level, const std::string& text) { log(level, text); })),
      calls_(*workspace_, channel_, options_.call_threads) {}

Session::~Session() {
  calls_.end();
  if (options_.workspace == nullptr) {
    workspace_->clear();  // its projects' threads use log()
  }
}

void Session::answer(const Request& request, Object result, Keep keep) {
  const Json& id = request.message.id;
  channel_.answer(id, result_text(id, request.dialect.dressed(std::move(result), keep)));
}

void Session::refuse(const Message& message, int code, const std::string& why) {
  channel_.answer(message.id, error_text(message.id, code, why));
}

void Session::handle_too_long() {
  channel_.answer(nullptr,
                  error_text(nullptr, rpc::kInvalidRequest,
                             fmt::format("a message may be {} MiB long; this one was passed over",
                                         kMessageLimitBytes >> 20)));
}

void Session::handle_line(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin != std::string_view::npos && line[begin] == '[' && version_ != "2025-03-26") {
    channel_.answer(
        nullptr, error_text(nullptr, rpc::kInvalidRequest,
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
      refuse(message, message.error_code, message.error);
  }
}

void Session::handle_request(const Message& message) {
  const RequestMeta meta = meta_of(message);
  const bool stateless = !meta.version.empty();
  if (stateless) {
    if (const auto refusal = refusal_of(message, meta)) {
      channel_.answer(message.id, *refusal);
      return;
    }
  }
  const Request request{message, meta, {stateless ? meta.version : version_}};
  const bool known = stateless ? serve_stateless(request) : serve_session(request);
  if (!known) {
    refuse(message, rpc::kMethodNotFound, "there is no method " + to_valid_utf8(message.method));
  }
}

bool Session::serve_session(const Request& request) {
  const std::string& method = request.message.method;
  if (method == "initialize") {
    initialize(request);
  } else if (method == "ping") {
    answer(request, Object::object());
  } else if (version_.empty()) {
    refuse(request.message, rpc::kInvalidParams,
           "name the protocol's version in `_meta`, or begin with `initialize`");
  } else if (method == "logging/setLevel") {
    set_level(request);
  } else {
    return serve_any(request);
  }
  return true;
}

bool Session::serve_stateless(const Request& request) {
  const std::string& method = request.message.method;
  if (!has_roots_for(request)) {
    return true;  // the client comes back with them
  }
  if (method == "server/discover") {
    discover(request);
  } else if (method == "subscriptions/listen") {
    listen(request);
  } else {
    return serve_any(request);
  }
  return true;
}

bool Session::serve_any(const Request& request) {
  const std::string& method = request.message.method;
  if (method == "tools/list") {
    list_tools(request);
  } else if (method == "tools/call") {
    call_tool(request);
  } else if (method == "prompts/list") {
    answer(request, prompt_list(), Keep::Long);
  } else if (method == "prompts/get") {
    get_prompt(request);
  } else if (method == "resources/list") {
    answer(request, resource_list(*workspace_), Keep::Briefly);
  } else if (method == "resources/templates/list") {
    answer(request, resource_templates(), Keep::Long);
  } else if (method == "resources/read") {
    read_resource(request);
  } else {
    return false;
  }
  return true;
}

void Session::handle_notification(const Message& message) {
  if (message.method == "notifications/cancelled") {
    const auto id = message.params.find("requestId");
    if (id != message.params.end()) {
      listening_.erase(id->dump());
      calls_.cancel(*id);
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

void Session::initialize(const Request& request) {
  if (!version_.empty()) {
    refuse(request.message, rpc::kInvalidRequest, "this session is initialized");
    return;
  }
  const Json& params = request.message.params;
  version_ = negotiated_version(text_at(params, "protocolVersion"));
  const Json* const client = object_at(params, "capabilities");
  client_has_roots_ = client != nullptr && object_at(*client, "roots") != nullptr;
  Object result;
  result["protocolVersion"] = version_;
  result["capabilities"] = capabilities({version_});
  result["serverInfo"] = server_info();
  result["instructions"] = kInstructions;
  channel_.answer(request.message.id, result_text(request.message.id, std::move(result)));
  roots_asked_ = Clock::now();
  if (!options_.roots.empty()) {
    use_roots(options_.roots);
  } else if (!client_has_roots_) {
    use_roots({options_.fallback_root});
  }
}

void Session::discover(const Request& request) {
  Object result;
  result["supportedVersions"] = all_versions();
  result["capabilities"] = capabilities(request.dialect);
  result["instructions"] = kInstructions;
  answer(request, std::move(result), Keep::Long);
}

/// Nothing that could be told of changes: tools and prompts are always the same.
void Session::listen(const Request& request) {
  const Json& id = request.message.id;
  if (listening_.size() >= kListenLimit || !listening_.insert(id.dump()).second) {
    refuse(request.message, rpc::kInvalidRequest, "too many of these are open, or this id is");
    return;
  }
  Object params;
  params["notifications"] = Object::object();
  params["_meta"]["io.modelcontextprotocol/subscriptionId"] = id;
  channel_.tell(id,
                notification_text("notifications/subscriptions/acknowledged", std::move(params)));
}

void Session::ask_roots() {
  roots_request_ = fmt::format("roots-{}", ++roots_requests_);
  roots_asked_ = Clock::now();
  channel_.ask(request_text(roots_request_, "roots/list"));
}

void Session::use_roots(std::vector<std::string> roots) {
  if (options_.workspace == nullptr) {
    workspace_->set_roots(roots);
  }
  roots_set_ = true;
}

/// The folders in {"roots": [{"uri": ..}]}; the fallback when there is none.
std::vector<std::string> Session::named_roots(const Json& list) {
  std::vector<std::string> roots;
  const auto named = list.is_object() ? list.find("roots") : list.end();
  if (list.is_object() && named != list.end() && named->is_array()) {
    for (const Json& root : *named) {
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
  return roots;
}

/// A client that is started elsewhere than in a project is asked for its folders with each call,
/// since nothing may be kept from one request to the next. @return false: it was asked
bool Session::has_roots_for(const Request& request) {
  if (!options_.roots.empty() || !workspace_->is_too_much(options_.fallback_root) ||
      !request.meta.client_has_roots) {
    if (!roots_set_) {
      use_roots(options_.roots.empty() ? std::vector{options_.fallback_root} : options_.roots);
    }
    return true;
  }
  if (request.message.method != "tools/call") {
    return true;
  }
  const Json* const responses = object_at(request.message.params, "inputResponses");
  const Json* const roots = responses == nullptr ? nullptr : object_at(*responses, "roots");
  if (roots != nullptr) {
    use_roots(named_roots(*roots));
    return true;
  }
  Object result;
  result["resultType"] = "input_required";
  result["inputRequests"]["roots"]["method"] = "roots/list";
  answer(request, std::move(result));
  return false;
}

void Session::handle_response(const Message& message) {
  if (roots_request_.empty() || message.id != roots_request_) {
    return;  // to a request that was given up
  }
  roots_request_.clear();
  use_roots(named_roots(message.result));
}

void Session::tick() {
  if (version_.empty() || roots_set_ || Clock::now() - roots_asked_ < options_.roots_patience) {
    return;
  }
  log(Level::Warning, "the client has not named its roots; " + options_.fallback_root + " is used");
  use_roots({options_.fallback_root});
}

void Session::set_level(const Request& request) {
  const std::string level = text_at(request.message.params, "level");
  const auto found = std::find(kLevels.begin(), kLevels.end(), level);
  if (found == kLevels.end()) {
    refuse(request.message, rpc::kInvalidParams,
           "there is no level \"" + to_valid_utf8(level) + "\"; \"debug\" to \"emergency\"");
    return;
  }
  level_ = static_cast<int>(found - kLevels.begin());
  answer(request, Object::object());
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
  channel_.tell(nullptr, notification_text("notifications/message", std::move(params)));
}

void Session::list_tools(const Request& request) {
  Object result;
  result["tools"] = Object::array();
  for (const Tool& tool : tools_) {
    result["tools"].push_back(described(tool, request.dialect));
  }
  answer(request, std::move(result), Keep::Long);
}

void Session::call_tool(const Request& request) {
  const Json& params = request.message.params;
  const std::string name = text_at(params, "name");
  const auto tool = std::find_if(tools_.begin(), tools_.end(),
                                 [&](const Tool& each) { return each.name == name; });
  if (tool == tools_.end()) {
    refuse(request.message, rpc::kInvalidParams,
           "there is no tool \"" + to_valid_utf8(name) + "\"; `tools/list` lists them");
    return;
  }
  const auto arguments = params.find("arguments");
  const bool given = arguments != params.end() && !arguments->is_null();
  if (given && !arguments->is_object()) {
    answer(request, failed_result("`arguments` must be an object"));
    return;
  }
  const auto run = [id = request.message.id, dialect = request.dialect, tool = &*tool,
                    json = given ? *arguments : Json::object()](const ToolCall& call) {
    return result_text(id, dialect.dressed(run_tool(*tool, json, dialect, call)));
  };
  calls_.start({request.message.id, request.meta.progress_token, request.dialect, run});
}

void Session::read_resource(const Request& request) {
  const auto run = [id = request.message.id, dialect = request.dialect,
                    uri = text_at(request.message.params, "uri")](const ToolCall& call) {
    auto contents = mcp::read_resource(call.workspace, uri, call.cancel);
    if (contents.ok()) {
      return result_text(id, dialect.dressed(std::move(*contents), Keep::Briefly));
    }
    const bool missing = contents.error().code == Code::NotFound && !dialect.stateless();
    Object data;
    data["uri"] = to_valid_utf8(uri);
    return error_text(id, missing ? rpc::kResourceNotFound : rpc::kInvalidParams,
                      to_valid_utf8(contents.error().message), std::move(data));
  };
  calls_.start({request.message.id, request.meta.progress_token, request.dialect, run});
}

void Session::get_prompt(const Request& request) {
  const Json& params = request.message.params;
  const Json* const arguments = object_at(params, "arguments");
  auto prompt =
      prompt_named(text_at(params, "name"), arguments == nullptr ? Json::object() : *arguments);
  if (prompt.ok()) {
    answer(request, std::move(*prompt));
  } else {
    refuse(request.message, rpc::kInvalidParams, prompt.error().message);
  }
}

}  // namespace sonde::faces::mcp
