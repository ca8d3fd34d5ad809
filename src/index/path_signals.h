#pragma once
// What a path says of a file, as far as the ranking asks.

#include <optional>
#include <string>
#include <string_view>

namespace sonde::index {

/// Declares what another file of the same name does: "http.h", "http.pyi", "http.d.ts".
bool is_header(std::string_view path);
/// The stem of what it declares: "http".
std::string header_stem(std::string_view path);

/// A folder named for a version: "api/v2/" is version 2 of "api/".
struct VersionFolder {
  std::string_view parent;  // the path up to its name
  std::string_view name;    // "v2"
  unsigned version = 0;
};
/// The first of a path.
std::optional<VersionFolder> version_folder(std::string_view path);

/// The word of a path that says its code is for another platform than Unix with Linux ("win",
/// "darwin"); empty where there is none.
std::string_view foreign_platform(std::string_view path);

}  // namespace sonde::index
