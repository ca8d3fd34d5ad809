#pragma once
// What a name alone says about a file or folder. Tables, no I/O.

#include <string>
#include <string_view>

namespace sonde::tree {

/// The rule by which a file is taken for a secret, or empty. A secret stays out whatever the rules
/// say: what is indexed can be searched and shown by every program that asks.
/// @param parent  the name of the folder it is in; may be empty
std::string_view secret_file_rule(std::string_view name, std::string_view parent);
/// The same for whole folders (".ssh", ".gnupg").
std::string_view secret_folder_rule(std::string_view name);

/// True for images, archives, objects, fonts, media, databases: what holds no text to search.
bool is_binary_name(std::string_view name);

/// True for lock files, minified code, source maps and what code generators name their output.
bool is_generated_name(std::string_view name);

/// True for folders that package managers fill, whatever is around them: "node_modules". "vendor"
/// is not here: as a package of the user's own it is too common, see may_be_vendored_name().
bool is_vendored_folder(std::string_view name);
/// "vendor": other people's code only beside a manifest, at the top, or among web assets.
bool may_be_vendored_name(std::string_view name);
/// A file of a package manager, beside which "vendor" is other people's code.
bool is_manifest_name(std::string_view name);
/// A folder that holds what web pages are served from, in which "vendor" is other people's code.
bool is_asset_folder(std::string_view name);

/// ASCII lower case.
std::string lower_name(std::string_view name);

}  // namespace sonde::tree
