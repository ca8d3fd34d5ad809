#include "faces/mcp/protocol.h"

#include <utility>

#include "base/utf8.h"

namespace sonde::faces::mcp {

namespace {

Message broken(int code, std::string what, Json id = nullptr) {
  Message message;
  message.error_code = code;
  message.error = std::move(what);
  message.id = std::move(id);
  return message;
}

/// Brackets and commas cost memory far beyond their bytes; counted before anything is built.
Status check_size(std::string_view text) {
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1U : 0U;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    values += c == ',' || c == '[' || c == '{' ? 1U : 0U;
    depth += c == '[' || c == '{' ? 1U : 0U;
    depth -= (c == ']' || c == '}') && depth > 0 ? 1U : 0U;
    if (depth > kDepthLimit || values > kValueLimit) {
      return Error{Code::Limit, "a message may hold " + std::to_string(kValueLimit) + " values, " +
                                    std::to_string(kDepthLimit) + " deep"};
    }
  }
  return {};
}

bool is_id(const Json& id) { return id.is_string() || id.is_number_integer(); }

Message parse_response(const Json& json, Message message) {
  message.kind = Message::Kind::Response;
  const auto result = json.find("result");
  const auto error = json.find("error");
  if (result != json.end()) {
    message.result = *result;
  } else if (error != json.end() && error->is_object()) {
    const auto text = error->find("message");
    message.error = text != error->end() && text->is_string() ? text->get<std::string>() : "error";
  } else {
    return broken(rpc::kInvalidRequest, "a message has a method, a result or an error");
  }
  return message;
}

Message parse_one(const Json& json) {
  if (!json.is_object()) {
    return broken(rpc::kInvalidRequest, "a message is a JSON object");
  }
  Message message;
  const auto id = json.find("id");
  if (id != json.end()) {
    if (!is_id(*id)) {
      return broken(rpc::kInvalidRequest, "an id is a string or an integer");
    }
    message.id = *id;
  }
  const auto version = json.find("jsonrpc");
  if (version == json.end() || *version != "2.0") {
    return broken(rpc::kInvalidRequest, "\"jsonrpc\" must be \"2.0\"", message.id);
  }
  const auto method = json.find("method");
  if (method == json.end()) {
    return parse_response(json, std::move(message));
  }
  if (!method->is_string()) {
    return broken(rpc::kInvalidRequest, "\"method\" must be a string", message.id);
  }
  message.method = method->get<std::string>();
  message.kind = message.id.is_null() ? Message::Kind::Notification : Message::Kind::Request;
  const auto params = json.find("params");
  if (params != json.end() && !params->is_null()) {
    if (!params->is_object()) {
      return broken(rpc::kInvalidParams, "\"params\" must be an object", message.id);
    }
    message.params = *params;
  }
  return message;
}

std::string line_of(const Object& object) {
  return object.dump(-1, ' ', false, Object::error_handler_t::replace) + "\n";
}

Object envelope() {
  Object object;
  object["jsonrpc"] = "2.0";
  return object;
}

}  // namespace

std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json* object_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

std::vector<Message> parse_messages(std::string_view line) {
  const Status small = check_size(line);
  if (!small.ok()) {
    return {broken(rpc::kInvalidRequest, small.error().message)};
  }
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) {
    return {broken(rpc::kParseError,
                   is_valid_utf8(line) ? "this line is not JSON" : "this line is not UTF-8")};
  }
  if (!json.is_array()) {
    return {parse_one(json)};
  }
  if (json.empty() || json.size() > kBatchLimit) {
    return {broken(rpc::kInvalidRequest,
                   "an array holds 1 to " + std::to_string(kBatchLimit) + " messages")};
  }
  std::vector<Message> messages;
  for (const Json& item : json) {
    messages.push_back(parse_one(item));
  }
  return messages;
}

std::string result_text(const Json& id, Object result) {
  Object object = envelope();
  object["id"] = id;
  object["result"] = std::move(result);
  return line_of(object);
}

std::string error_text(const Json& id, int code, const std::string& message, Object data) {
  Object object = envelope();
  object["id"] = id;
  object["error"]["code"] = code;
  object["error"]["message"] = message;
  if (!data.is_null()) {
    object["error"]["data"] = std::move(data);
  }
  return line_of(object);
}

std::string notification_text(const std::string& method, Object params) {
  Object object = envelope();
  object["method"] = method;
  object["params"] = std::move(params);
  return line_of(object);
}

std::string request_text(const std::string& id, const std::string& method) {
  Object object = envelope();
  object["id"] = id;
  object["method"] = method;
  return line_of(object);
}

}  // namespace sonde::faces::mcp
