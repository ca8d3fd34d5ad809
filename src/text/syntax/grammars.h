#pragma once
// The languages that have a grammar, and a table for each of what its nodes mean to the chunker.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tree_sitter/api.h>

#include "text/chunk.h"
#include "text/syntax/names.h"

namespace sonde::text {

/// How the chunker treats a node.
enum NodeFlag : std::uint32_t {
  kCollect = 1U << 0U,      // even when small, its children may define names
  kTransparent = 1U << 1U,  // a body: always entered, never a place to cut by itself
  kWrapper = 1U << 2U,    // decorators, `export`, `template<>` around a definition: it begins here
  kComment = 1U << 3U,    // belongs to the node after it unless a blank line parts them
  kAttribute = 1U << 4U,  // belongs to the node after it
  kOpens = 1U << 5U,      // what follows it up to the next definition belongs to it
  kContinues = 1U << 6U,  // belongs to the definition before it (a body beside its signature)
  kFileScope = 1U << 7U,  // its name encloses the rest of the file (`namespace X;`)
  kCollectAtTop = 1U << 8U,  // kCollect, but only near the root
};

struct NodeRule {
  std::string_view type;
  ChunkKind kind = ChunkKind::Text;
  std::uint32_t flags = 0;
  Describe describe = nullptr;  // null: it never defines anything
};

struct Grammar {
  std::string_view language;
  const TSLanguage* (*tree_sitter)();
  ChunkKind other;  // of what belongs to no definition
  std::span<const NodeRule> rules;
  /// The text to parse instead, of the same length; empty: the text itself. Null: always itself.
  std::string (*rewrite)(std::string_view text) = nullptr;
};

/// Null when `language` has no grammar. Static storage.
const Grammar* grammar_of(std::string_view language);
/// All of them, in the order of their names.
std::span<const Grammar> all_grammars();

/// The rules of a grammar by node symbol; null where a type has none.
std::vector<const NodeRule*> rules_by_symbol(const Grammar& grammar);

}  // namespace sonde::text
