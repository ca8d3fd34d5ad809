#pragma once
// Parsing under limits: time, size and how much of the text the grammar understood.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tree_sitter/api.h>

#include "base/result.h"
#include "text/syntax/edges.h"
#include "text/syntax/flow.h"
#include "text/syntax/grammars.h"
#include "text/syntax/node.h"

namespace sonde::text {

inline constexpr std::size_t kMaxParsedBytes = 2ULL << 20;  // larger texts are windowed
inline constexpr int kParseSeconds = 5;                     // of the thread's processor time

struct DeleteTree {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
struct DeleteParser {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};
using TreePtr = std::unique_ptr<TSTree, DeleteTree>;

/// A parser of one language, kept between texts. Threads: owned by one.
class LanguageParser {
 public:
  /// Errors: Internal (the grammar does not fit the runtime, no memory).
  static Result<std::unique_ptr<LanguageParser>> create(const Grammar& grammar);

  /// Errors: Limit (too large, too slow, or mostly not understood); the message says which, in
  /// words that follow "syntax tree".
  Result<TreePtr> parse(std::string_view text);

  [[nodiscard]] const Grammar& grammar() const { return grammar_; }
  /// The rule of a node, or null.
  [[nodiscard]] const NodeRule* rule(TSNode node) const {
    const TSSymbol symbol = ts_node_symbol(node);
    return symbol < rules_.size() ? rules_[symbol] : nullptr;
  }
  /// The rule that says which names a node calls, imports and so on; or null.
  [[nodiscard]] const EdgeRule* edge(TSNode node) const {
    const TSSymbol symbol = ts_node_symbol(node);
    return symbol < edges_.size() ? edges_[symbol] : nullptr;
  }
  /// How a node breaks the flow of control.
  [[nodiscard]] Flow flow(TSNode node) const {
    const TSSymbol symbol = none(node) ? 0 : ts_node_symbol(node);
    return symbol < flows_.size() ? flows_[symbol] : Flow::None;
  }
  /// True for a leaf that is a name by itself: an identifier that is no member of something.
  [[nodiscard]] bool is_plain_name(TSNode node) const {
    const TSSymbol symbol = ts_node_symbol(node);
    return symbol < plain_names_.size() && plain_names_[symbol];
  }

 private:
  LanguageParser(const Grammar& grammar, TSParser* parser);

  const Grammar& grammar_;  // static storage
  std::vector<const NodeRule*> rules_;
  std::vector<const EdgeRule*> edges_;  // by symbol, as rules_
  std::vector<Flow> flows_;             // likewise
  std::vector<bool> plain_names_;       // likewise
  std::unique_ptr<TSParser, DeleteParser> parser_;
};

}  // namespace sonde::text
