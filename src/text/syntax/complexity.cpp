#include "text/syntax/complexity.h"

#include <algorithm>

#include "text/syntax/names.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr int kOperatorDepth = 60;        // of right operands within each other
constexpr std::size_t kSpine = 2'000;     // operators in one expression
constexpr std::uint32_t kCases = 10'000;  // of one Elixir case
constexpr std::uint32_t kMaxMeasure = 1'000'000;

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// What stands in parentheses, however many.
TSNode without_parentheses(TSNode node) {
  for (int depth = 0; depth < kOperatorDepth; ++depth) {
    const bool around = is_any(type_of(node), {"parenthesized_expression", "parens",
                                               "parenthesized_statements", "tuple_expression"});
    if (!around || ts_node_named_child_count(node) != 1) {
      break;
    }
    node = first_named(node);
  }
  return node;
}

char kind_of_operator(std::string_view written) {
  return is_any(written, {"&&", "and"}) ? '&' : is_any(written, {"||", "or"}) ? '|' : '\0';
}

/// A branch for whatever is left.
bool is_default(std::string_view text) {
  if (text.starts_with("case")) {
    text.remove_prefix(4);
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  for (const std::string_view word : {"default", "else", "_", "otherwise", "*)", "true ->"}) {
    const bool whole =
        text.size() == word.size() ||
        (text.size() > word.size() && text.starts_with(word) &&
         std::string_view(" \t\r\n:-=),").find(text[word.size()]) != std::string_view::npos);
    if (text.starts_with(word) && (whole || word.back() == ')' || word.back() == '>')) {
      return true;
    }
  }
  return false;
}

}  // namespace

ComplexityMeter::ComplexityMeter(const LanguageParser& parser, std::string_view text,
                                 std::vector<Definition>& definitions)
    : parser_(parser), text_(text), definitions_(definitions) {
  else_if_nests_ = is_any(parser.grammar().language, {"bash", "lua", "python", "ruby"});
}

void ComplexityMeter::leave(std::uint32_t start) {
  while (!frames_.empty() && start >= frames_.back().end) {
    frames_.pop_back();
  }
  while (!nests_.empty() && start >= nests_.back().end) {
    nests_.pop_back();
  }
}

std::uint32_t ComplexityMeter::nesting(std::uint32_t start) const {
  auto level = static_cast<std::uint32_t>(nests_.size());
  while (level > 0 && nests_[level - 1].from > start) {
    --level;  // a condition stands before what it guards
  }
  return level;
}

void ComplexityMeter::open(std::uint32_t definition, TSNode node, std::uint32_t end) {
  const std::uint32_t start = ts_node_start_byte(node);
  leave(start);
  const Definition& opened = definitions_[definition];
  if (opened.kind != ChunkKind::Function && opened.kind != ChunkKind::Class) {
    return;
  }
  Frame frame;
  frame.definition = definition;
  frame.end = end;
  frame.function = opened.kind == ChunkKind::Function;
  const std::string_view type = type_of(node);
  frame.body_follows = type.find("function") == std::string_view::npos &&
                       type.find("method") == std::string_view::npos &&
                       type.find("constructor") == std::string_view::npos;
  if (frame.function && !frames_.empty() && frames_.back().function) {
    nest(start, end);
  }
  frame.depth = nesting(start);
  frames_.push_back(frame);
}

void ComplexityMeter::count(std::uint32_t cyclomatic, std::uint32_t cognitive, bool nested,
                            std::uint32_t start) {
  const std::uint32_t level = nesting(start);
  bool innermost = true;
  for (auto frame = frames_.rbegin(); frame != frames_.rend() && frame->function; ++frame) {
    Measures& measures = definitions_[frame->definition].measures;
    if (innermost) {
      measures.cyclomatic = std::min(measures.cyclomatic + cyclomatic, kMaxMeasure);
    }
    const std::uint32_t deeper = nested && level > frame->depth ? level - frame->depth : 0;
    measures.cognitive = std::min(measures.cognitive + cognitive + deeper, kMaxMeasure);
    innermost = false;
  }
}

/// What follows in [from, end) is one deeper.
void ComplexityMeter::nest(std::uint32_t from, std::uint32_t end) {
  nests_.push_back({from, end});
  const auto level = static_cast<std::uint32_t>(nests_.size());
  for (auto frame = frames_.rbegin(); frame != frames_.rend() && frame->function; ++frame) {
    Measures& measures = definitions_[frame->definition].measures;
    measures.nesting = std::max(measures.nesting, level - std::min(level, frame->depth));
  }
}

void ComplexityMeter::enter(Flow flow, TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  leave(start);
  if (frames_.empty() || !frames_.back().function) {
    return;
  }
  switch (flow) {
    case Flow::If: enter_if(node); break;
    case Flow::Elif:
      count(1, 1, false, start);
      count_else(node);
      break;
    case Flow::Loop: enter_loop(node); break;
    case Flow::Switch:
      count(0, 1, true, start);
      nest(start, ts_node_end_byte(node));
      break;
    case Flow::Case: enter_case(node); break;
    case Flow::Catch:
    case Flow::Ternary:
      count(1, 1, true, start);
      nest(start, ts_node_end_byte(node));
      break;
    case Flow::Logical: enter_logical(node); break;
    case Flow::Lambda: enter_lambda(node); break;
    case Flow::Goto: count(0, 1, false, start); break;
    case Flow::Leave: enter_leave(node); break;
    case Flow::Word: enter_word(node); break;
    case Flow::None:
    case Flow::Attribute:
    case Flow::Export: break;
  }
}

void ComplexityMeter::enter_if(TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  const auto known = std::find(else_ifs_.begin(), else_ifs_.end(), node.id);
  if (known != else_ifs_.end()) {
    else_ifs_.erase(known);
    count(1, 1, false, start);
  } else {
    count(1, 1, true, start);
    const TSNode condition = field(node, "condition");
    const TSNode body = field(node, "body");
    const bool behind =
        !none(condition) && !none(body) && ts_node_start_byte(body) < ts_node_start_byte(condition);
    const bool first = none(condition) || behind;  // a modifier: what is guarded stands first
    nest(first ? start : ts_node_end_byte(condition),
         behind ? ts_node_end_byte(body) : ts_node_end_byte(node));
  }
  if (type_of(node) != "guard_statement") {  // whose `else` is all it has
    count_else(node);
  }
}

/// An `else` among the children: one more, and when it is an `else if`, that counts it instead.
void ComplexityMeter::count_else(TSNode node) {
  bool after_else = false;
  each_child(node, [&](TSNode child, std::string_view) {
    const std::string_view type = type_of(child);
    const bool clause = is_any(type, {"else_clause", "else_statement"}) ||
                        (type == "else" && ts_node_named_child_count(child) > 0);
    if (after_else && !ts_node_is_named(child) && type != "{") {
      return true;
    }
    if (clause || after_else) {
      after_else = false;
      const TSNode inner = clause ? first_named(child) : child;
      if (!else_if_nests_ && flow_of_node(inner) == Flow::If) {
        else_ifs_.push_back(inner.id);
      } else {
        count(0, 1, false, ts_node_start_byte(child));
      }
      return true;
    }
    after_else = type == "else";
    return true;
  });
}

void ComplexityMeter::enter_loop(TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  count(1, 1, true, start);
  const TSNode body = field(node, "body");
  if (none(body)) {
    nest(start, ts_node_end_byte(node));
  } else {
    nest(ts_node_start_byte(body), ts_node_end_byte(body));
  }
}

void ComplexityMeter::enter_case(TSNode node) {
  if (!is_default(text_of(text_, node))) {
    count(1, 0, false, ts_node_start_byte(node));
  }
}

char ComplexityMeter::operator_of(TSNode node) const {
  const std::string_view type = type_of(node);
  if (is_any(type, {"conjunction_expression", "logical_and_expression"})) {
    return '&';
  }
  if (is_any(type, {"disjunction_expression", "logical_or_expression"})) {
    return '|';
  }
  const TSNode written = field(node, "operator");
  if (!none(written)) {
    return kind_of_operator(text_of(text_, written));
  }
  char found = '\0';
  each_child(node, [&](TSNode child, std::string_view) {
    found = ts_node_is_named(child) ? '\0' : kind_of_operator(type_of(child));
    return found == '\0';
  });
  return found;
}

/// The operators of an expression in the order of the text, parentheses left out of account.
void ComplexityMeter::collect_operators(TSNode node, std::vector<char>& operators, int depth) {
  std::vector<TSNode> spine;  // of left operands within each other
  for (node = without_parentheses(node);
       spine.size() < kSpine && flow_of_node(node) == Flow::Logical && operator_of(node) != '\0';
       node = without_parentheses(first_named(node))) {
    spine.push_back(node);
    joined_.insert(node.id);
  }
  for (auto each = spine.rbegin(); each != spine.rend(); ++each) {
    const char written = operator_of(*each);
    bool first = true;
    const TSNode named = field(*each, "operator");
    each_child(*each, [&](TSNode child, std::string_view) {
      if (!ts_node_is_named(child) || child.id == named.id) {
        return true;
      }
      if (!first) {
        operators.push_back(written);
        if (depth < kOperatorDepth) {
          collect_operators(child, operators, depth + 1);
        }
      }
      first = false;
      return true;
    });
  }
}

void ComplexityMeter::enter_logical(TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  if (start >= joined_end_) {
    joined_.clear();
  }
  if (joined_.contains(node.id) || operator_of(node) == '\0') {
    return;
  }
  joined_end_ = std::max(joined_end_, ts_node_end_byte(node));
  std::vector<char> operators;
  collect_operators(node, operators, 0);
  std::uint32_t sequences = 0;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    sequences += i == 0 || operators[i] != operators[i - 1] ? 1 : 0;
  }
  count(static_cast<std::uint32_t>(operators.size()), sequences, false, start);
}

void ComplexityMeter::enter_lambda(TSNode node) {
  if (frames_.back().body_follows) {
    frames_.back().body_follows = false;
    return;
  }
  nest(ts_node_start_byte(node), ts_node_end_byte(node));
}

/// A jump to a label.
void ComplexityMeter::enter_leave(TSNode node) {
  const bool statement = type_of(node).ends_with("_statement");
  each_child(node, [&](TSNode child, std::string_view) {
    const std::string_view type = type_of(child);
    const bool label = is_any(type, {"label", "label_name", "statement_identifier", "break_label",
                                     "loop_label"}) ||
                       (statement && type == "identifier");
    if (label) {
      count(0, 1, false, ts_node_start_byte(node));
    }
    return !label;
  });
}

/// Elixir has no statements: these are macros, which look like calls.
void ComplexityMeter::enter_word(TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  const std::uint32_t end = ts_node_end_byte(node);
  const std::string_view word = text_of(text_, field(node, "target"));
  const TSNode body = child_of_type(node, "do_block");
  if (none(body)) {
    return;
  }
  if (is_any(word, {"if", "unless"})) {
    count(1, 1, true, start);
    nest(ts_node_start_byte(body), end);
    if (!none(child_of_type(body, "else_block"))) {
      count(0, 1, false, start);
    }
  } else if (word == "for") {
    count(1, 1, true, start);
    nest(ts_node_start_byte(body), end);
  } else if (is_any(word, {"case", "cond", "receive", "with"})) {
    count(0, 1, true, start);
    nest(ts_node_start_byte(body), end);
    each_child(
        body,
        [&](TSNode child, std::string_view) {
          if (type_of(child) == "stab_clause") {
            enter_case(child);
          }
          return true;
        },
        kCases);
  }
}

void ComplexityMeter::call(std::uint32_t name, TSNode at) {
  const std::uint32_t start = ts_node_start_byte(at);
  leave(start);
  if (frames_.empty() || !frames_.back().function || frames_.back().recursive) {
    return;
  }
  Frame& frame = frames_.back();
  if (definitions_[frame.definition].name != name) {
    return;
  }
  std::string_view before = text_.substr(0, start);
  before = before.substr(before.size() - std::min<std::size_t>(before.size(), 8));
  const bool member = before.ends_with('.') || before.ends_with("->") || before.ends_with(':');
  const bool own = before.ends_with("self.") || before.ends_with("this.") ||
                   before.ends_with("this->") || before.ends_with("Self::");
  if (!member || own) {
    frame.recursive = true;
    count(0, 1, false, start);
  }
}

// --- parameters

namespace {

constexpr std::uint32_t kParameters = 1'000;
constexpr int kParameterDepth = 6;

/// Elixir: `def f(a, b) when a > 1` is a call with a call in it.
TSNode elixir_parameters(TSNode node) {
  TSNode head = first_named(child_of_type(node, "arguments"));
  if (type_of(head) == "binary_operator") {
    head = field(head, "left");
  }
  return child_of_type(head, "arguments");
}

/// The list of parameters: of the node, or of the function that it names.
TSNode parameter_list(TSNode node) {
  if (type_of(node) == "call") {
    return elixir_parameters(node);
  }
  for (int depth = 0; depth < kParameterDepth && !none(node); ++depth) {
    for (const std::string_view name : {"parameters", "parameter", "patterns"}) {
      const TSNode list = field(node, name);
      if (!none(list)) {
        return list;
      }
    }
    for (const std::string_view type : {"function_value_parameters", "formal_parameter_list",
                                        "parameters", "formal_parameters"}) {
      const TSNode list = child_of_type(node, type);
      if (!none(list)) {
        return list;
      }
    }
    TSNode inner{};
    for (const std::string_view name : {"declarator", "value", "right", "function"}) {
      inner = none(inner) ? field(node, name) : inner;
    }
    for (const std::string_view type : {"variable_declarator", "function_signature",
                                        "assignment_expression", "expression_list"}) {
      inner = none(inner) ? child_of_type(node, type) : inner;
    }
    node = inner;
  }
  return TSNode{};
}

std::uint32_t count_parameters(std::string_view text, TSNode list, int depth) {
  std::uint32_t count = 0;
  each_child(
      list,
      [&](TSNode child, std::string_view) {
        const std::string_view type = type_of(child);
        const std::string_view written = text_of(text, child);
        const bool self = type == "self_parameter" || type == "receiver_parameter" ||
                          written == "self" || written == "cls" || written == "void" ||
                          written == "/" || written == "*";
        const bool other =
            is_any(type, {"comment", "line_comment", "block_comment", "attribute_item",
                          "attribute_list", "parameter_modifiers"});
        if (!ts_node_is_named(child) || self || other) {
          return true;
        }
        if (type == "optional_formal_parameters" && depth < kParameterDepth) {
          count += count_parameters(text, child, depth + 1);
          return true;
        }
        std::uint32_t names = 0;  // Go: `a, b int` are two
        if (type == "parameter_declaration") {
          each_child(child, [&](TSNode, std::string_view field_name) {
            names += field_name == "name" ? 1 : 0;
            return true;
          });
        }
        count += std::max(names, 1U);
        return true;
      },
      kParameters);
  return count;
}

}  // namespace

std::uint32_t parameters_of(std::string_view text, TSNode node) {
  const TSNode list = parameter_list(node);
  if (none(list)) {
    std::uint32_t count = 0;
    each_child(node, [&](TSNode child, std::string_view) {
      count += type_of(child) == "parameter" ? 1 : 0;  // Swift
      return true;
    });
    return count;
  }
  const std::string_view type = type_of(list);
  if (type == "identifier") {
    return 1;  // x => x
  }
  if (type == "function_value_parameters") {
    std::uint32_t count = 0;  // default values stand among them
    each_child(
        list,
        [&](TSNode child, std::string_view) {
          count += type_of(child) == "parameter" ? 1 : 0;
          return true;
        },
        kParameters);
    return count;
  }
  std::uint32_t count = count_parameters(text, list, 0);
  each_child(node, [&](TSNode child, std::string_view field_name) {
    // Scala: a function may have several lists.
    count +=
        field_name == "parameters" && child.id != list.id ? count_parameters(text, child, 0) : 0;
    return true;
  });
  return count;
}

}  // namespace sonde::text
