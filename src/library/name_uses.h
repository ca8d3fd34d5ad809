#pragma once
// Where names stand in the texts of a library, however they are used there.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sonde::library {

/// What a name in a text is.
enum class NameUse : std::uint8_t {
  Code,     // or what cannot be told from it
  String,   // in quotes, on its line
  Comment,  // behind the sign of a comment, on its line; or prose
  Other,    // in a file that is no code: a build script, data, a template
};

/// Calls visit(name, its line, its first byte) for each word of `text` that could be a name.
/// @param line  of the text's first
void for_each_name(std::string_view text, std::uint32_t line,
                   const std::function<void(std::string_view, std::uint32_t, std::size_t)>& visit);

/// What the name at a byte of `text` is. Strings and comments of several lines are not seen.
NameUse use_at(std::string_view text, std::size_t byte, std::string_view language);

}  // namespace sonde::library
