#pragma once
// What a model is fed of a chunk. Its content hash names the chunk's vector, so whatever stands in
// it costs an embedding when it changes: no folders, no line numbers, nothing of the neighbours.

#include <string>
#include <string_view>

namespace sonde::index {

/// Part of a model's key: vectors of another form of header are not to be compared.
inline constexpr std::string_view kEmbedTextForm = "header-1";

/// A line of what is known of the chunk (language, file stem, enclosing names), and the chunk.
/// @param path   of which only the file's stem is taken
/// @param scope  names around the symbol, as the chunker gives them
std::string embed_text(std::string_view language, std::string_view path, std::string_view scope,
                       std::string_view symbol, std::string_view text);

}  // namespace sonde::index
