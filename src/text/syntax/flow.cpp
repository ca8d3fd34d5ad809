#include "text/syntax/flow.h"

#include <array>
#include <utility>

namespace sonde::text {

namespace {

using Entry = std::pair<std::string_view, Flow>;

// What means the same in every language that has it.
constexpr Entry kCommon[] = {
    {"if_statement", Flow::If},
    {"if_expression", Flow::If},
    {"if_type_expression", Flow::If},
    {"if_element", Flow::If},
    {"if", Flow::If},
    {"unless", Flow::If},
    {"if_modifier", Flow::If},
    {"unless_modifier", Flow::If},
    {"guard_statement", Flow::If},
    {"elif_clause", Flow::Elif},
    {"else_if_clause", Flow::Elif},
    {"elseif_statement", Flow::Elif},
    {"elsif", Flow::Elif},
    {"for_statement", Flow::Loop},
    {"for_in_statement", Flow::Loop},
    {"for_range_loop", Flow::Loop},
    {"foreach_statement", Flow::Loop},
    {"enhanced_for_statement", Flow::Loop},
    {"c_style_for_statement", Flow::Loop},
    {"for_expression", Flow::Loop},
    {"for_element", Flow::Loop},
    {"while_statement", Flow::Loop},
    {"while_expression", Flow::Loop},
    {"do_statement", Flow::Loop},
    {"do_while_statement", Flow::Loop},
    {"do_while_expression", Flow::Loop},
    {"repeat_statement", Flow::Loop},
    {"repeat_while_statement", Flow::Loop},
    {"loop_expression", Flow::Loop},
    {"for", Flow::Loop},
    {"while", Flow::Loop},
    {"until", Flow::Loop},
    {"while_modifier", Flow::Loop},
    {"until_modifier", Flow::Loop},
    {"switch_statement", Flow::Switch},
    {"switch_expression", Flow::Switch},
    {"expression_switch_statement", Flow::Switch},
    {"type_switch_statement", Flow::Switch},
    {"select_statement", Flow::Switch},
    {"match_statement", Flow::Switch},
    {"match_expression", Flow::Switch},
    {"when_expression", Flow::Switch},
    {"case", Flow::Switch},
    {"case_match", Flow::Switch},
    {"lambda_case", Flow::Switch},
    {"multi_way_if", Flow::Switch},
    {"case_statement", Flow::Case},
    {"switch_case", Flow::Case},
    {"switch_label", Flow::Case},
    {"switch_section", Flow::Case},
    {"switch_expression_arm", Flow::Case},
    {"switch_statement_case", Flow::Case},
    {"switch_expression_case", Flow::Case},
    {"switch_entry", Flow::Case},
    {"expression_case", Flow::Case},
    {"type_case", Flow::Case},
    {"communication_case", Flow::Case},
    {"match_arm", Flow::Case},
    {"match_conditional_expression", Flow::Case},
    {"case_clause", Flow::Case},
    {"case_item", Flow::Case},
    {"when_entry", Flow::Case},
    {"when", Flow::Case},
    {"in_clause", Flow::Case},
    {"alternative", Flow::Case},
    {"guards", Flow::Case},
    {"catch_clause", Flow::Catch},
    {"catch_block", Flow::Catch},
    {"catch_expression", Flow::Catch},
    {"except_clause", Flow::Catch},
    {"seh_except_clause", Flow::Catch},
    {"rescue", Flow::Catch},
    {"rescue_modifier", Flow::Catch},
    {"rescue_block", Flow::Catch},
    {"conditional_expression", Flow::Ternary},
    {"ternary_expression", Flow::Ternary},
    {"conditional", Flow::Ternary},
    {"binary_expression", Flow::Logical},
    {"binary_operator", Flow::Logical},
    {"boolean_operator", Flow::Logical},
    {"binary", Flow::Logical},
    {"infix_expression", Flow::Logical},
    {"infix", Flow::Logical},
    {"let_chain", Flow::Logical},
    {"conjunction_expression", Flow::Logical},
    {"disjunction_expression", Flow::Logical},
    {"logical_and_expression", Flow::Logical},
    {"logical_or_expression", Flow::Logical},
    {"lambda", Flow::Lambda},
    {"lambda_expression", Flow::Lambda},
    {"lambda_literal", Flow::Lambda},
    {"closure_expression", Flow::Lambda},
    {"arrow_function", Flow::Lambda},
    {"function_expression", Flow::Lambda},
    {"generator_function", Flow::Lambda},
    {"anonymous_function", Flow::Lambda},
    {"anonymous_method_expression", Flow::Lambda},
    {"func_literal", Flow::Lambda},
    {"goto_statement", Flow::Goto},
    {"break_statement", Flow::Leave},
    {"continue_statement", Flow::Leave},
    {"break_expression", Flow::Leave},
    {"continue_expression", Flow::Leave},
    {"decorator", Flow::Attribute},
    {"attribute_item", Flow::Attribute},
    {"annotation", Flow::Attribute},
    {"marker_annotation", Flow::Attribute},
    {"export_statement", Flow::Export},
};

struct Exception {
  std::string_view language;
  std::string_view type;
  Flow flow;
};

constexpr Exception kExceptions[] = {
    {"bash", "case_statement", Flow::Switch}, {"bash", "list", Flow::Logical},
    {"elixir", "call", Flow::Word},           {"elixir", "unary_operator", Flow::Attribute},
    {"haskell", "conditional", Flow::If},     {"lua", "function_definition", Flow::Lambda},
    {"swift", "do_statement", Flow::None},
};

}  // namespace

Flow flow_of(std::string_view language, std::string_view type) {
  for (const Exception& exception : kExceptions) {
    if (exception.language == language && exception.type == type) {
      return exception.flow;
    }
  }
  for (const auto& [name, flow] : kCommon) {
    if (name == type) {
      return flow;
    }
  }
  return Flow::None;
}

}  // namespace sonde::text
