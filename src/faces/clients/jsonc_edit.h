#pragma once
// Changing one entry of a settings file in JSON as its owner wrote it: comments, commas after the
// last element, order and indentation stay; what is not the entry is the same bytes afterwards.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::faces::clients {

using Entry = nlohmann::ordered_json;

/// The text with `container`.`name` being an object that holds the fields of `entry`; its other
/// fields stay, and what is there already is not touched. An empty text becomes a new file.
/// Errors: InvalidArgument (no JSON, or the places are no objects: the text is not to be changed).
Result<std::string> with_json_entry(std::string_view text, const std::string& container,
                                    const std::string& name, const Entry& entry);

/// The text without `container`.`name`; the same text when there is none. Errors: likewise.
Result<std::string> without_json_entry(std::string_view text, const std::string& container,
                                       const std::string& name);

}  // namespace sonde::faces::clients
