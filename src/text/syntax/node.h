#pragma once
// Small helpers over tree-sitter nodes. Every walk over children has a limit, kMaxLooked for
// what a node defines, which is said near its start.

#include <cstdint>
#include <string>
#include <string_view>

#include <tree_sitter/api.h>

namespace sonde::text {

inline constexpr std::uint32_t kMaxLooked = 64;

/// A node that is not there; every helper answers it with nothing.
inline bool none(TSNode node) { return node.id == nullptr; }

inline std::string_view type_of(TSNode node) {
  return none(node) ? std::string_view() : ts_node_type(node);
}

inline TSNode field(TSNode node, std::string_view name) {
  return none(node) ? TSNode{}
                    : ts_node_child_by_field_name(node, name.data(),
                                                  static_cast<std::uint32_t>(name.size()));
}

inline TSNode named_child(TSNode node, std::uint32_t index) {
  return none(node) ? TSNode{} : ts_node_named_child(node, index);
}

inline TSNode first_named(TSNode node) { return named_child(node, 0); }

/// Calls visit(child, field name or "") for the first `limit` children, until it returns false.
template <typename Visit>
void each_child(TSNode node, Visit&& visit, std::uint32_t limit = kMaxLooked) {
  if (none(node)) {
    return;
  }
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  bool more = ts_tree_cursor_goto_first_child(&cursor);
  for (std::uint32_t looked = 0; more && looked < limit; ++looked) {
    const char* name = ts_tree_cursor_current_field_name(&cursor);
    if (!visit(ts_tree_cursor_current_node(&cursor),
               std::string_view(name == nullptr ? "" : name))) {
      break;
    }
    more = ts_tree_cursor_goto_next_sibling(&cursor);
  }
  ts_tree_cursor_delete(&cursor);
}

/// The first child whose type is `type`.
inline TSNode child_of_type(TSNode node, std::string_view type) {
  TSNode found{};
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == type) {
      found = child;
      return false;
    }
    return true;
  });
  return found;
}

}  // namespace sonde::text
