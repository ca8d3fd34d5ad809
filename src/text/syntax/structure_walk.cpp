#include "text/syntax/structure_walk.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.h"
#include "text/chunk_plan.h"
#include "text/syntax/complexity.h"
#include "text/syntax/edges.h"
#include "text/syntax/marks.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr std::uint32_t kDataDepth = 2;  // keys of data files below keys are no outline
constexpr std::size_t kMaxDataDefinitions = 2'000;
constexpr std::size_t kMaxUses = 400'000;  // plain names looked at in one file

/// Gives each distinct name a number; 0 is the empty one.
class NameTable {
 public:
  NameTable() { number_of({}); }

  std::uint32_t number_of(std::string_view name) {
    name = name.substr(0, utf8_boundary_before(name, kMaxNameBytes));
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) {
      return found->second;
    }
    if (names_.size() > kMaxStructureNames) {
      return 0;
    }
    const auto number = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(names_.emplace_back(name), number);
    return number;
  }
  /// 0 when it is not there.
  [[nodiscard]] std::uint32_t find(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::vector<std::string_view> list() const {
    return {names_.begin(), names_.end()};
  }
  std::vector<std::string> take() {
    return {std::make_move_iterator(names_.begin()), std::make_move_iterator(names_.end())};
  }

 private:
  std::deque<std::string> names_;                                // whose elements never move
  std::unordered_map<std::string_view, std::uint32_t> numbers_;  // views of names_
};

/// A name in the text, before it is known what else it is.
struct Mention {
  std::uint32_t byte = 0;
  Reference reference;
};

class StructureWalk final : public EdgeSink {
 public:
  StructureWalk(const LanguageParser& parser, std::string_view text)
      : parser_(parser),
        text_(text),
        data_(parser.grammar().other == ChunkKind::Data),
        meter_(parser, text, structure_.definitions),
        marks_(parser.grammar().language, text) {
    const std::string_view language = parser.grammar().language;
    joins_clauses_ = language == "haskell" || language == "elixir";
  }

  Structure run(TSTree* tree) {
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    bool more = ts_tree_cursor_goto_first_child(&cursor);
    while (more) {
      if (visit(ts_tree_cursor_current_node(&cursor)) && ts_tree_cursor_goto_first_child(&cursor)) {
        continue;
      }
      while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
        if (!ts_tree_cursor_goto_parent(&cursor)) {
          more = false;
          break;
        }
      }
    }
    ts_tree_cursor_delete(&cursor);
    return finish();
  }

  void take(EdgeKind kind, std::string_view name, TSNode at) override {
    const std::uint32_t line = ts_node_start_point(at).row + 1;
    const bool own = names_open_definition(name, line);
    if (kind == EdgeKind::Call && !(own && joins_clauses_)) {  // there its head looks like a call
      meter_.call(names_.find(name), at);
    }
    if (own) {
      return;
    }
    const std::uint32_t number = names_.number_of(name);
    if (number == 0 || mentions_.size() >= kMaxReferences) {
      structure_.cut = true;
      return;
    }
    mentions_.push_back({ts_node_start_byte(at), {number, within(), line, kind}});
  }

 private:
  /// A definition whose text is being walked.
  struct Open {
    std::uint32_t definition = 0;  // one more than its index
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    bool function = false;
  };

  /// True when the children shall be visited.
  bool visit(TSNode node) {
    if (!ts_node_is_named(node)) {
      return false;
    }
    const std::uint32_t start = ts_node_start_byte(node);
    while (!open_.empty() && start >= open_.back().end) {
      open_.pop_back();
    }
    const NodeRule* rule = ts_node_is_error(node) ? nullptr : parser_.rule(node);
    if (rule != nullptr && !visit_rule(*rule, node)) {
      return false;
    }
    if (const Flow flow = parser_.flow(node); flow != Flow::None && !data_) {
      if (flow == Flow::Attribute || flow == Flow::Export) {
        marks_.note(flow, node);
      } else {
        meter_.enter(flow, node);
      }
    }
    if (const EdgeRule* edge = parser_.edge(node); edge != nullptr) {
      edge->collect(*edge, text_, node, *this);
      return edge->kind != EdgeKind::Import;
    }
    if (parser_.is_plain_name(node)) {
      take_use(node);
    }
    return true;
  }

  /// False when the node shall not be entered.
  bool visit_rule(const NodeRule& rule, TSNode node) {
    if ((rule.flags & kComment) != 0) {
      return false;
    }
    if ((rule.flags & kContinues) != 0) {
      reopen(node);
    }
    const bool local = rule.kind == ChunkKind::Constant && in_function();
    if (rule.describe == nullptr || local) {
      return true;
    }
    Found found;
    found.kind = rule.kind;
    rule.describe(text_, node, found);
    const bool local_after_all = found.kind == ChunkKind::Constant && in_function();
    if (!found.names.empty() && !found.attribute && !local_after_all) {
      define(rule, node, found);
    }
    return !data_ || open_.size() < kDataDepth;
  }

  void define(const NodeRule& rule, TSNode node, const Found& found) {
    const std::size_t limit = data_ ? kMaxDataDefinitions : kMaxDefinitions;
    const std::uint32_t end_line = line_of_end(node);
    const std::uint32_t parent = within();
    if (!open_.empty() && open_.back().start == ts_node_start_byte(node) &&
        structure_.definitions[parent - 1].name == names_.find(found.names.front())) {
      return;  // a signature within a signature
    }
    if (continues_clause(node, found, parent, end_line)) {
      open_.push_back({last_, ts_node_start_byte(node), ts_node_end_byte(node), true});
      meter_.open(last_ - 1, node, ts_node_end_byte(node));
      return;
    }
    const std::uint32_t first = static_cast<std::uint32_t>(structure_.definitions.size()) + 1;
    for (const std::string& name : found.names) {
      Definition definition;
      definition.name = names_.number_of(name);
      definition.scope = names_.number_of(found.scope);
      definition.parent = parent;
      definition.line = line_of_name(node, name);
      definition.end_line = std::max(end_line, definition.line);
      definition.kind = found.kind;
      definition.opens_only = !found.defines;
      definition.declaration = is_declaration(rule, node, found);
      if (!data_) {
        marks_.mark(node, name, definition);
      }
      if (definition.kind == ChunkKind::Function) {
        definition.measures.parameters = parameters_of(text_, node);
      }
      if (structure_.definitions.size() >= limit || definition.name == 0) {
        structure_.cut = structure_.cut || !data_;
        return;
      }
      structure_.definitions.push_back(definition);
    }
    last_ = first;
    const bool rest = (rule.flags & kFileScope) != 0 && none(field(node, "body"));
    const std::uint32_t end = rest ? end_of_scope() : ts_node_end_byte(node);
    open_.push_back({first, ts_node_start_byte(node), end, found.kind == ChunkKind::Function});
    meter_.open(first - 1, node, end);
    if (rest) {
      structure_.definitions[first - 1].end_line = std::max(
          end_line, static_cast<std::uint32_t>(1 + std::count(text_.begin(), text_.end(), '\n')));
    }
  }

  /// Haskell's and Elixir's functions are written clause by clause.
  bool continues_clause(TSNode node, const Found& found, std::uint32_t parent,
                        std::uint32_t end_line) {
    if (!joins_clauses_ || last_ == 0) {
      return false;
    }
    Definition& last = structure_.definitions[last_ - 1];
    const bool same = last.parent == parent && last.kind == found.kind &&
                      last.kind == ChunkKind::Function &&
                      last.name == names_.number_of(found.names.front());
    if (same) {
      last.end_line = std::max(last.end_line, end_line);
      last.declaration = false;
      last.measures.parameters = std::max(last.measures.parameters, parameters_of(text_, node));
    }
    return same;
  }

  /// A body beside its signature belongs to that.
  void reopen(TSNode node) {
    if (last_ == 0 || structure_.definitions[last_ - 1].parent != within()) {
      return;
    }
    Definition& last = structure_.definitions[last_ - 1];
    last.end_line = std::max(last.end_line, line_of_end(node));
    last.declaration = false;
    open_.push_back({last_, ts_node_start_byte(node), ts_node_end_byte(node),
                     last.kind == ChunkKind::Function});
    meter_.open(last_ - 1, node, ts_node_end_byte(node));
  }

  /// A prototype or a signature: nothing follows it.
  static bool is_declaration(const NodeRule& rule, TSNode node, const Found& found) {
    if (rule.type.find("signature") != std::string_view::npos) {
      return true;
    }
    const bool prototype = rule.type == "declaration" || rule.type == "field_declaration";
    return prototype && found.kind == ChunkKind::Function && none(field(node, "body"));
  }

  /// The line on which the name stands: behind annotations, attributes and the type.
  [[nodiscard]] std::uint32_t line_of_name(TSNode node, std::string_view name) const {
    const std::uint32_t start_line = ts_node_start_point(node).row + 1;
    for (const std::string_view field_name : {"name", "declarator", "left", "type"}) {
      const TSNode named = field(node, field_name);
      if (!none(named) && text_of(text_, named).find(name) != std::string_view::npos) {
        const std::string_view written = text_of(text_, named);
        const std::string_view before = written.substr(0, written.find(name));
        return ts_node_start_point(named).row + 1 +
               static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
      }
    }
    const std::string_view whole = text_of(text_, node);
    const std::size_t at = whole.substr(0, kSearchedForName).find(name);
    const std::string_view before = whole.substr(0, at == std::string_view::npos ? 0 : at);
    return start_line + static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  }
  static constexpr std::size_t kSearchedForName = 2'000;

  /// A node that ends with its line's feed ends on that line.
  [[nodiscard]] std::uint32_t line_of_end(TSNode node) const {
    const TSPoint end = ts_node_end_point(node);
    return end.row + (end.column == 0 && end.row > ts_node_start_point(node).row ? 0U : 1U);
  }

  [[nodiscard]] std::uint32_t end_of_scope() const {
    return open_.empty() ? UINT32_MAX : open_.back().end;
  }
  [[nodiscard]] std::uint32_t within() const { return open_.empty() ? 0 : open_.back().definition; }
  [[nodiscard]] bool in_function() const {
    return std::any_of(open_.begin(), open_.end(), [](const Open& open) { return open.function; });
  }

  /// The name of a definition where it is defined is no reference to it.
  [[nodiscard]] bool names_open_definition(std::string_view name, std::uint32_t line) const {
    if (open_.empty() || open_.back().definition != last_) {
      return false;
    }
    const Definition& definition = structure_.definitions[open_.back().definition - 1];
    return definition.line == line && !definition.opens_only &&
           names_.find(name) == definition.name;
  }

  /// A plain name, which counts when the file defines or imports it.
  void take_use(TSNode node) {
    if (ts_node_child_count(node) > 0 || uses_.size() >= kMaxUses) {
      return;
    }
    const std::string_view name = text_of(text_, node);
    const std::uint32_t line = ts_node_start_point(node).row + 1;
    if (name.empty() || name.size() > kMaxNameBytes || names_open_definition(name, line)) {
      return;
    }
    if (joins_clauses_ && last_ != 0 &&
        names_.find(name) == structure_.definitions[last_ - 1].name) {
      return;  // a further clause
    }
    uses_.push_back({name, ts_node_start_byte(node), within(), line});
  }

  /// Names that a plain use may mean: functions, classes and types of the file, and imports.
  [[nodiscard]] std::unordered_set<std::string_view> known_names(
      const std::vector<std::string_view>& names) const {
    std::unordered_set<std::string_view> known;
    for (const Definition& definition : structure_.definitions) {
      const bool solid = definition.kind == ChunkKind::Function ||
                         definition.kind == ChunkKind::Class || definition.kind == ChunkKind::Type;
      if (solid && !definition.opens_only) {
        known.insert(names[definition.name]);
      }
    }
    for (const Mention& mention : mentions_) {
      if (is_import(mention.reference.kind)) {
        const std::string_view name = names[mention.reference.name];
        const std::size_t cut = name.find_last_of(".:\\/");
        known.insert(cut == std::string_view::npos ? name : name.substr(cut + 1));
      }
    }
    return known;
  }

  Structure finish() {
    {
      const std::vector<std::string_view> names = names_.list();
      const std::unordered_set<std::string_view> known = known_names(names);
      for (const Use& use : uses_) {
        if (mentions_.size() < kMaxReferences && known.contains(use.name)) {
          mentions_.push_back(
              {use.byte, {names_.number_of(use.name), use.within, use.line, EdgeKind::Use}});
        }
      }
    }
    std::stable_sort(mentions_.begin(), mentions_.end(), [](const Mention& a, const Mention& b) {
      const EdgeKind kind_a = is_import(a.reference.kind) ? EdgeKind::Import : a.reference.kind;
      const EdgeKind kind_b = is_import(b.reference.kind) ? EdgeKind::Import : b.reference.kind;
      return std::tie(a.byte, kind_a) < std::tie(b.byte, kind_b);
    });
    structure_.references.reserve(mentions_.size());
    for (std::size_t i = 0; i < mentions_.size(); ++i) {
      const Reference& reference = mentions_[i].reference;
      const bool again = i > 0 && mentions_[i].byte == mentions_[i - 1].byte;
      if (!again && reference.name != 0) {
        structure_.references.push_back(reference);
      }
    }
    structure_.names = names_.take();
    return std::move(structure_);
  }

  struct Use {
    std::string_view name;  // of text_
    std::uint32_t byte = 0;
    std::uint32_t within = 0;
    std::uint32_t line = 1;
  };

  const LanguageParser& parser_;
  const std::string_view text_;
  const bool data_;
  bool joins_clauses_ = false;
  NameTable names_;
  Structure structure_;
  ComplexityMeter meter_;
  MarkReader marks_;
  std::vector<Open> open_;
  std::uint32_t last_ = 0;  // the newest definition, one more than its index
  std::vector<Mention> mentions_;
  std::vector<Use> uses_;
};

}  // namespace

Structure structure_from_tree(const LanguageParser& parser, TSTree* tree, std::string_view text) {
  return StructureWalk(parser, text).run(tree);
}

}  // namespace sonde::text
