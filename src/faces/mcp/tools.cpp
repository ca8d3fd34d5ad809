#include "faces/mcp/tools.h"

namespace sonde::faces::mcp {

std::vector<Tool> all_tools() {
  std::vector<Tool> tools;
  tools.push_back(search_tool());
  tools.push_back(definition_tool());
  tools.push_back(references_tool());
  tools.push_back(callers_tool());
  tools.push_back(callees_tool());
  tools.push_back(outline_tool());
  tools.push_back(history_tool());
  tools.push_back(read_tool());
  tools.push_back(similar_tool());
  tools.push_back(status_tool());
  tools.push_back(index_tool());
  return tools;
}

std::string advice_for(const Error& error) {
  switch (error.code) {
    case Code::Corruption:
      return error.message.find("sonde doctor") == std::string::npos
                 ? error.message + "; `sonde doctor` on the command line says what is damaged"
                 : error.message;
    case Code::NoSpace: return error.message + "; make space on the disk, then call `index`";
    case Code::Busy: return error.message + "; call again in some seconds";
    case Code::Internal: return error.message + " (this is a mistake in Sonde; please report it)";
    default: return error.message;
  }
}

}  // namespace sonde::faces::mcp
