#pragma once
// From a syntax tree to the structure of its file.

#include <string_view>

#include "text/structure.h"
#include "text/syntax/tree.h"

namespace sonde::text {

/// Walks all of `tree`. @param text  what was parsed, and names are taken from
/// Cost: about 40 ns a node; it keeps its own stack, so nesting costs memory, not stack.
Structure structure_from_tree(const LanguageParser& parser, TSTree* tree, std::string_view text);

}  // namespace sonde::text
