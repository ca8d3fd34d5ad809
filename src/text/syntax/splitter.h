#pragma once
// From a syntax tree to a plan: where the text may be cut, and who owns what.

#include <string_view>

#include "text/chunk_plan.h"
#include "text/syntax/tree.h"

namespace sonde::text {

/// Walks `tree` and plans the cuts of `text`. Nodes of at most kUnitLimit characters stay whole;
/// larger ones are entered. The walk keeps its own stack, so nesting costs memory, not stack.
/// Cost: linear in the nodes entered and their children.
Plan plan_from_tree(const LanguageParser& parser, TSTree* tree, const Ruler& ruler);

}  // namespace sonde::text
