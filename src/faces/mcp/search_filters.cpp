#include "faces/mcp/search_filters.h"

namespace sonde::faces::mcp {

Result<library::SearchMode> search_mode_named(const std::string& name) {
  if (name == "auto")
    return library::SearchMode::Auto;
  if (name == "words")
    return library::SearchMode::Words;
  if (name == "meaning")
    return library::SearchMode::Meaning;
  if (name == "hybrid")
    return library::SearchMode::Hybrid;
  return Error{Code::InvalidArgument,
               "the argument `mode` must be auto, words, meaning or hybrid, not " + name};
}

}  // namespace sonde::faces::mcp
