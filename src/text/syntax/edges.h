#pragma once
// Which nodes of a syntax tree name something elsewhere: calls, imports, what a class inherits
// from, types. One table a language; names are taken as they are written, nothing is resolved.

#include <span>
#include <string_view>

#include <tree_sitter/api.h>

#include "text/structure.h"

namespace sonde::text {

/// Takes the names that rules find.
class EdgeSink {
 public:
  EdgeSink() = default;
  EdgeSink(const EdgeSink&) = delete;
  EdgeSink& operator=(const EdgeSink&) = delete;
  virtual ~EdgeSink() = default;
  /// @param name  of the text; may be empty, then nothing is taken
  /// @param at    the node that is the name: each is taken once, for the first of EdgeKind's order
  virtual void take(EdgeKind kind, std::string_view name, TSNode at) = 0;
};

struct EdgeRule;
using CollectEdges = void (*)(const EdgeRule& rule, std::string_view text, TSNode node,
                              EdgeSink& sink);

struct EdgeRule {
  std::string_view type;           // of the node
  EdgeKind kind = EdgeKind::Call;  // a node of an Import is not entered
  CollectEdges collect = nullptr;
  std::string_view field = {};  // where the name is; empty: the node itself or its first child
};

/// The rules of a language as grammars.h names it; empty when it has none.
std::span<const EdgeRule> edge_rules(std::string_view language);

}  // namespace sonde::text
