#pragma once
// The forms under which a defined name stands in Field::Symbol. Used by the index and by queries.

#include <string>
#include <string_view>
#include <vector>

namespace sonde::index {

inline constexpr std::size_t kScopeDepthLimit = 8;

/// The forms of `name` in `scope` ("a.Session", may be empty): "get", "session.get",
/// "a.session.get", and each without '_' and '-'. Sorted, unique, none empty.
std::vector<std::string> symbol_forms(std::string_view name, std::string_view scope);

/// `path` without its folders and its last extension: "src/json/provider.py" -> "provider",
/// ".gitignore" -> ".gitignore".
std::string_view file_stem(std::string_view path);
/// `path` without its last extension.
std::string_view without_extension(std::string_view path);

}  // namespace sonde::index
