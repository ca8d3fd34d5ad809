#pragma once
// Changing one table of a settings file in TOML as its owner wrote it; what is not the table is the
// same bytes afterwards.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::faces::clients {

/// What starts a server.
struct ServerCommand {
  std::string program;
  std::vector<std::string> arguments;
};

/// The text with [`container`.`name`] having `command` and `args`; its other keys stay.
/// Errors: InvalidArgument (no TOML, or written in a way that cannot be changed safely: the text is
/// not to be changed).
Result<std::string> with_toml_entry(std::string_view text, const std::string& container,
                                    const std::string& name, const ServerCommand& server);

/// The text without [`container`.`name`] and the tables in it; the same text when there is none.
/// Errors: likewise.
Result<std::string> without_toml_entry(std::string_view text, const std::string& container,
                                       const std::string& name);

}  // namespace sonde::faces::clients
