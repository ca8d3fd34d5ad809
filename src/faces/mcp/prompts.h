#pragma once
// Prompts: what a user can ask of an agent by name.

#include <string>

#include "faces/mcp/protocol.h"

namespace sonde::faces::mcp {

/// The result of prompts/list.
Object prompt_list();
/// The result of prompts/get. Errors: InvalidArgument (no such prompt, an argument is missing).
Result<Object> prompt_named(const std::string& name, const Json& arguments);

}  // namespace sonde::faces::mcp
