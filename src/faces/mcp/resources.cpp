#include "faces/mcp/resources.h"

#include <utility>

#include "base/utf8.h"
#include "faces/mcp/root_uri.h"
#include "faces/mcp/text_lines.h"

namespace sonde::faces::mcp {

namespace {

constexpr const char* kJson = "application/json";

Object contents_of(const std::string& uri, const char* type, std::string text) {
  Object content;
  content["uri"] = to_valid_utf8(uri);
  content["mimeType"] = type;
  content["text"] = std::move(text);
  Object result;
  result["contents"] = Object::array({std::move(content)});
  return result;
}

}  // namespace

Object resource_list(Workspace& workspace) {
  Object result;
  result["resources"] = Object::array();
  for (const SavedAnswer& answer : workspace.answers().list()) {
    Object resource;
    resource["uri"] = answer.uri;
    resource["name"] = to_valid_utf8(answer.title);
    resource["mimeType"] = kJson;
    resource["size"] = answer.json.size();
    result["resources"].push_back(std::move(resource));
  }
  return result;
}

Object resource_templates() {
  return Object::parse(R"json({"resourceTemplates": [
    {"uriTemplate": "file://{+path}", "name": "file", "title": "A file of the project",
     "description": "Text of a file below one of the roots, by its absolute path", "mimeType": "text/plain"},
    {"uriTemplate": "sonde://answers/{id}", "name": "answer", "title": "An answer given before",
     "description": "What a tool answered, as its structured content named it in `resource`", "mimeType": "application/json"}]})json");
}

Result<Object> read_resource(Workspace& workspace, const std::string& uri,
                             const CancelToken& cancel) {
  if (uri.starts_with("sonde://answers/")) {
    const std::optional<SavedAnswer> saved = workspace.answers().find(uri);
    if (!saved) {
      return Error{Code::NotFound, "this answer is not kept any more; ask again"};
    }
    return contents_of(uri, kJson, saved->json);
  }
  TRY_ASSIGN(const std::string path, path_of_uri(uri));
  TRY_ASSIGN(const PathInRoot place, workspace.resolve(path, cancel));
  TRY_ASSIGN(const std::string text, text_of_file(place.path));
  return contents_of(uri, "text/plain", to_valid_utf8(text));
}

}  // namespace sonde::faces::mcp
