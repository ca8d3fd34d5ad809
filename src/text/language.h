#pragma once
// Languages: names, how a file's language is found, and what its path says about a file.

#include <string>
#include <string_view>

namespace sonde::text {

/// The language of a file by its name, extension or first line ("#!/usr/bin/env python3"), as a
/// lower-case name: "python", "javascript", "jsx", "typescript", "tsx", "java", "c", "cpp",
/// "csharp", "go", "rust", "ruby", "php", "kotlin", "scala", "swift", "lua", "bash", "elixir",
/// "haskell", "zig", "dart", "sql", "html", "css", "json", "yaml", "toml", "markdown", "notebook",
/// other well-known ones that have no grammar ("perl", "r", "dockerfile", "make", "cmake",
/// "protobuf", ...), or "text".
/// @param head  the first bytes of the content, may be empty
/// The view points to static storage. Threads: safe.
std::string_view language_of(std::string_view path, std::string_view head);

/// True when `language` is source code (ranked by definitions), false for prose and data.
bool is_code(std::string_view language);
/// True for data and markup: json, yaml, toml, css, html, sql, xml, csv, ... (kind "data").
bool is_data(std::string_view language);
/// True for prose: markdown, restructuredtext, text, ... (stems of prose, kind "doc").
bool is_prose(std::string_view language);

}  // namespace sonde::text
