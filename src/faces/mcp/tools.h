#pragma once
// The tools that an agent calls. Their descriptions are what it decides by, so they say when a tool
// is the right one and what comes back.

#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "faces/mcp/protocol.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::mcp {

/// What a call works with.
struct ToolCall {
  Workspace& workspace;
  const CancelToken& cancel;
  const library::ProgressSink& progress;
};

struct ToolAnswer {
  std::string text;   // for the model to read
  Object structured;  // the same, as the output schema says
};

/// What changes by a call.
enum class Effect { Reads, Writes };

struct Tool {
  std::string name;
  std::string title;
  std::string description;
  Object input_schema;
  Object output_schema;
  Effect effect = Effect::Reads;
  std::string subject{};  // the argument that names its answer when that is kept; empty: it is not
  std::function<Result<ToolAnswer>(const ToolCall&, const Json& arguments)> run;
};

// One function for each, beside its schemas: tool_search.cpp, tool_code.cpp, tool_calls.cpp,
// tool_files.cpp, tool_history.cpp, tool_care.cpp.
Tool search_tool();
Tool similar_tool();
Tool definition_tool();
Tool references_tool();
Tool callers_tool();
Tool callees_tool();
Tool outline_tool();
Tool history_tool();
Tool read_tool();
Tool status_tool();
Tool index_tool();

/// All of them, in the order in which they are listed.
std::vector<Tool> all_tools();

/// The error with what to do next, where its message does not say.
std::string advice_for(const Error& error);

}  // namespace sonde::faces::mcp
