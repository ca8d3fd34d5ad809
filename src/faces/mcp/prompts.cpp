#include "faces/mcp/prompts.h"

namespace sonde::faces::mcp {

namespace {

constexpr const char* kExplore =
    "Explore this codebase with Sonde's tools and explain it. Begin with `status` and `outline` of "
    "\".\" and of its main folders; then `search` for what the project is for, where it starts, "
    "its "
    "main types, how errors and data flow, and how it is tested. Read only the lines you need. End "
    "with a map: the parts, what each does, how they hang together, and where to begin reading. "
    "Name "
    "files and lines.";

constexpr const char* kWhereToChange =
    "Find where this change has to be made, with Sonde's tools. `search` for what is done there "
    "today in two or three wordings, look names up with `definition`, read the places, and use "
    "`similar` to find code that has to change alike, and its tests. Do not change anything yet. "
    "Answer with the files and lines to change, in order, what changes in each, and what could "
    "break.\n\nThe change: ";

}  // namespace

Object prompt_list() {
  return Object::parse(R"json({"prompts": [
    {"name": "explore_codebase", "title": "Explore this codebase",
     "description": "What the project does, its parts, and where to begin reading",
     "arguments": [{"name": "focus", "description": "a part or question to look at most", "required": false}]},
    {"name": "find_where_to_change", "title": "Find where to change",
     "description": "The files and lines that a change touches, without making it",
     "arguments": [{"name": "change", "description": "what is to be changed", "required": true}]}]})json");
}

Result<Object> prompt_named(const std::string& name, const Json& arguments) {
  const auto argument = [&](const char* key) {
    const auto found = arguments.find(key);
    return found != arguments.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
  };
  std::string text;
  if (name == "explore_codebase") {
    const std::string focus = argument("focus");
    text = kExplore + (focus.empty() ? "" : "\n\nLook most at: " + focus);
  } else if (name == "find_where_to_change") {
    const std::string change = argument("change");
    if (change.empty()) {
      return Error{Code::InvalidArgument, "the argument `change` is needed"};
    }
    text = kWhereToChange + change;
  } else {
    return Error{Code::InvalidArgument, "there is no prompt \"" + name + "\""};
  }
  Object message;
  message["role"] = "user";
  message["content"]["type"] = "text";
  message["content"]["text"] = text;
  Object result;
  result["messages"] = Object::array({std::move(message)});
  return result;
}

}  // namespace sonde::faces::mcp
