#include "text/syntax/grammars.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "text/syntax/bats.h"
#include "tree_sitter_grammars.h"

namespace sonde::text {

namespace {

using K = ChunkKind;

// A plain row {type, kind, flags, describe} a node type; types that are not listed are statements
// and expressions: places to cut, and entered only when they are large.

constexpr NodeRule kPython[] = {
    {"comment", K::Text, kComment},
    {"decorator", K::Text, kAttribute},
    {"decorated_definition", K::Text, kWrapper},
    {"function_definition", K::Function, 0, by_name_field},
    {"class_definition", K::Class, kCollect, by_name_field},
    {"expression_statement", K::Constant, 0, describe_python_statement},
    {"type_alias_statement", K::Type, 0, describe_python_alias},
    {"block", K::Text, kTransparent},
    {"if_statement", K::Text, kCollect},
    {"else_clause", K::Text, kCollect},
    {"elif_clause", K::Text, kCollect},
    {"try_statement", K::Text, kCollect},
    {"except_clause", K::Text, kCollect},
    {"finally_clause", K::Text, kCollect},
    {"with_statement", K::Text, kCollect},
};

// JavaScript, and TypeScript with its own nodes.
constexpr NodeRule kJavaScript[] = {
    {"comment", K::Text, kComment},
    {"html_comment", K::Text, kComment},
    {"decorator", K::Text, kAttribute},
    {"export_statement", K::Text, kWrapper},
    {"ambient_declaration", K::Text, kWrapper},
    {"function_declaration", K::Function, 0, by_name_field},
    {"generator_function_declaration", K::Function, 0, by_name_field},
    {"function_signature", K::Function, 0, by_name_field},
    {"class_declaration", K::Class, kCollect, by_name_field},
    {"abstract_class_declaration", K::Class, kCollect, by_name_field},
    {"class", K::Class, kCollect, by_name_field},
    {"interface_declaration", K::Class, kCollect, by_name_field},
    {"enum_declaration", K::Class, kCollect, by_name_field},
    {"module", K::Module, kCollect, by_name_field},
    {"internal_module", K::Module, kCollect, by_name_field},
    {"type_alias_declaration", K::Type, 0, by_name_field},
    {"lexical_declaration", K::Constant, kCollect, describe_js_variables},
    {"variable_declaration", K::Constant, kCollect, describe_js_variables},
    {"expression_statement", K::Constant, kCollect, describe_js_statement},
    {"method_definition", K::Function, 0, by_name_field},
    {"method_signature", K::Function, 0, by_name_field},
    {"abstract_method_signature", K::Function, 0, by_name_field},
    {"field_definition", K::Constant, 0, describe_js_member},
    {"public_field_definition", K::Constant, 0, describe_js_member},
    {"property_signature", K::Constant, 0, by_name_field},
    {"enum_assignment", K::Constant, 0, by_name_field},
    {"pair", K::Constant, 0, describe_js_member},
    {"variable_declarator", K::Text, kCollect},
    {"assignment_expression", K::Text, kCollect},
    {"object", K::Text, kCollect},
    {"class_body", K::Text, kTransparent},
    {"interface_body", K::Text, kTransparent},
    {"enum_body", K::Text, kTransparent},
    {"statement_block", K::Text, kTransparent},
};

constexpr NodeRule kJava[] = {
    {"line_comment", K::Text, kComment},
    {"block_comment", K::Text, kComment},
    {"class_declaration", K::Class, kCollect, by_name_field},
    {"interface_declaration", K::Class, kCollect, by_name_field},
    {"enum_declaration", K::Class, kCollect, by_name_field},
    {"record_declaration", K::Class, kCollect, by_name_field},
    {"annotation_type_declaration", K::Class, kCollect, by_name_field},
    {"method_declaration", K::Function, 0, by_name_field},
    {"constructor_declaration", K::Function, 0, by_name_field},
    {"compact_constructor_declaration", K::Function, 0, by_name_field},
    {"annotation_type_element_declaration", K::Function, 0, by_name_field},
    {"field_declaration", K::Constant, 0, describe_declarators},
    {"constant_declaration", K::Constant, 0, describe_declarators},
    {"enum_constant", K::Constant, 0, by_name_field},
    {"class_body", K::Text, kTransparent},
    {"interface_body", K::Text, kTransparent},
    {"enum_body", K::Text, kTransparent},
    {"enum_body_declarations", K::Text, kTransparent},
    {"annotation_type_body", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
    {"constructor_body", K::Text, kTransparent},
};

// C, and C++ with its own nodes.
constexpr NodeRule kC[] = {
    {"comment", K::Text, kComment},
    {"access_specifier", K::Text, kAttribute},
    {"template_declaration", K::Text, kWrapper},
    {"namespace_definition", K::Module, kCollect, by_name_field},
    {"function_definition", K::Function, 0, describe_c_function},
    {"declaration", K::Constant, kCollect, describe_c_declaration},
    {"field_declaration", K::Constant, kCollect, describe_c_declaration},
    {"struct_specifier", K::Class, kCollect, describe_c_type},
    {"class_specifier", K::Class, kCollect, describe_c_type},
    {"union_specifier", K::Class, kCollect, describe_c_type},
    {"enum_specifier", K::Class, kCollect, describe_c_type},
    {"type_definition", K::Type, kCollect, describe_c_type},
    {"alias_declaration", K::Type, 0, by_name_field},
    {"concept_definition", K::Type, 0, by_name_field},
    {"enumerator", K::Constant, 0, by_name_field},
    {"preproc_function_def", K::Function, 0, by_name_field},
    {"preproc_def", K::Constant, 0, by_name_field},
    {"preproc_if", K::Text, kCollect},
    {"preproc_ifdef", K::Text, kCollect},
    {"preproc_elif", K::Text, kCollect},
    {"preproc_else", K::Text, kCollect},
    {"linkage_specification", K::Text, kCollect},
    {"declaration_list", K::Text, kTransparent},
    {"field_declaration_list", K::Text, kTransparent},
    {"enumerator_list", K::Text, kTransparent},
    {"compound_statement", K::Text, kTransparent},
};

constexpr NodeRule kCSharp[] = {
    {"comment", K::Text, kComment},
    {"namespace_declaration", K::Module, kCollect, by_name_field},
    {"file_scoped_namespace_declaration", K::Module, kFileScope, by_name_field},
    {"class_declaration", K::Class, kCollect, by_name_field},
    {"struct_declaration", K::Class, kCollect, by_name_field},
    {"interface_declaration", K::Class, kCollect, by_name_field},
    {"record_declaration", K::Class, kCollect, by_name_field},
    {"enum_declaration", K::Class, kCollect, by_name_field},
    {"delegate_declaration", K::Type, 0, by_name_field},
    {"method_declaration", K::Function, 0, by_name_field},
    {"local_function_statement", K::Function, 0, by_name_field},
    {"constructor_declaration", K::Function, 0, by_name_field},
    {"destructor_declaration", K::Function, 0, by_name_field},
    {"operator_declaration", K::Function, 0, describe_cs_operator},
    {"indexer_declaration", K::Function, 0, describe_cs_operator},
    {"property_declaration", K::Constant, 0, by_name_field},
    {"event_declaration", K::Constant, 0, by_name_field},
    {"field_declaration", K::Constant, 0, describe_cs_field},
    {"event_field_declaration", K::Constant, 0, describe_cs_field},
    {"enum_member_declaration", K::Constant, 0, by_name_field},
    {"preproc_if", K::Text, kCollect},
    {"declaration_list", K::Text, kTransparent},
    {"enum_member_declaration_list", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
    {"global_statement", K::Text, kTransparent},
};

constexpr NodeRule kGo[] = {
    {"comment", K::Text, kComment},
    {"function_declaration", K::Function, 0, by_name_field},
    {"method_declaration", K::Function, 0, describe_go_method},
    {"type_declaration", K::Text, kWrapper},
    {"const_declaration", K::Text, kWrapper},
    {"var_declaration", K::Text, kWrapper},
    {"type_spec", K::Type, kCollect, describe_go_type},
    {"type_alias", K::Type, 0, by_name_field},
    {"const_spec", K::Constant, 0, by_name_fields},
    {"var_spec", K::Constant, 0, by_name_fields},
    {"method_elem", K::Function, 0, by_name_field},
    {"field_declaration", K::Constant, 0, by_name_fields},
    {"var_spec_list", K::Text, kTransparent},
    {"struct_type", K::Text, kCollect},
    {"interface_type", K::Text, kCollect},
    {"field_declaration_list", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
    {"statement_list", K::Text, kTransparent},
};

constexpr NodeRule kRust[] = {
    {"line_comment", K::Text, kComment},
    {"block_comment", K::Text, kComment},
    {"attribute_item", K::Text, kAttribute},
    {"function_item", K::Function, 0, by_name_field},
    {"function_signature_item", K::Function, 0, by_name_field},
    {"macro_definition", K::Function, 0, by_name_field},
    {"struct_item", K::Class, kCollect, by_name_field},
    {"enum_item", K::Class, kCollect, by_name_field},
    {"union_item", K::Class, kCollect, by_name_field},
    {"trait_item", K::Class, kCollect, by_name_field},
    {"impl_item", K::Class, kCollect, describe_rust_impl},
    {"mod_item", K::Module, kCollect, by_name_field},
    {"foreign_mod_item", K::Text, kCollect},
    {"type_item", K::Type, 0, by_name_field},
    {"associated_type", K::Type, 0, by_name_field},
    {"const_item", K::Constant, 0, by_name_field},
    {"static_item", K::Constant, 0, by_name_field},
    {"field_declaration", K::Constant, 0, by_name_field},
    {"enum_variant", K::Constant, 0, by_name_field},
    {"declaration_list", K::Text, kTransparent},
    {"field_declaration_list", K::Text, kTransparent},
    {"enum_variant_list", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kRuby[] = {
    {"comment", K::Text, kComment},
    {"method", K::Function, 0, by_name_field},
    {"singleton_method", K::Function, 0, by_name_field},
    {"class", K::Class, kCollect, by_name_field},
    {"module", K::Module, kCollect, by_name_field},
    {"singleton_class", K::Text, kCollect},
    {"assignment", K::Constant, 0, describe_ruby_assignment},
    {"call", K::Constant, kCollect, describe_ruby_call},
    {"body_statement", K::Text, kTransparent},
    {"do_block", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
    {"block_body", K::Text, kTransparent},
};

constexpr NodeRule kPhp[] = {
    {"comment", K::Text, kComment},
    {"namespace_definition", K::Module, kCollect | kFileScope, by_name_field},
    {"class_declaration", K::Class, kCollect, by_name_field},
    {"interface_declaration", K::Class, kCollect, by_name_field},
    {"trait_declaration", K::Class, kCollect, by_name_field},
    {"enum_declaration", K::Class, kCollect, by_name_field},
    {"function_definition", K::Function, 0, by_name_field},
    {"method_declaration", K::Function, 0, by_name_field},
    {"const_declaration", K::Constant, 0, describe_php_elements},
    {"property_declaration", K::Constant, 0, describe_php_elements},
    {"enum_case", K::Constant, 0, by_name_field},
    {"expression_statement", K::Constant, 0, describe_php_statement},
    {"declaration_list", K::Text, kTransparent},
    {"enum_declaration_list", K::Text, kTransparent},
    {"compound_statement", K::Text, kTransparent},
};

constexpr NodeRule kKotlin[] = {
    {"line_comment", K::Text, kComment},
    {"block_comment", K::Text, kComment},
    {"annotation", K::Text, kAttribute},
    {"function_declaration", K::Function, 0, describe_kotlin_function},
    {"property_declaration", K::Constant, 0, describe_kotlin_property},
    {"class_declaration", K::Class, kCollect, by_name_field},
    {"object_declaration", K::Class, kCollect, by_name_field},
    {"companion_object", K::Class, kCollect, describe_kotlin_companion},
    {"type_alias", K::Type, 0, by_first_identifier},
    {"enum_entry", K::Constant, 0, by_first_identifier},
    {"class_body", K::Text, kTransparent},
    {"enum_class_body", K::Text, kTransparent},
    {"function_body", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kScala[] = {
    {"comment", K::Text, kComment},
    {"block_comment", K::Text, kComment},
    {"class_definition", K::Class, kCollect, by_name_field},
    {"object_definition", K::Class, kCollect, by_name_field},
    {"trait_definition", K::Class, kCollect, by_name_field},
    {"enum_definition", K::Class, kCollect, by_name_field},
    {"package_object", K::Module, kCollect, by_name_field},
    {"extension_definition", K::Class, kCollect, describe_scala_extension},
    {"function_definition", K::Function, 0, by_name_field},
    {"function_declaration", K::Function, 0, by_name_field},
    {"given_definition", K::Constant, kCollect, by_name_field},
    {"val_definition", K::Constant, 0, describe_scala_pattern},
    {"val_declaration", K::Constant, 0, describe_scala_pattern},
    {"var_definition", K::Constant, 0, describe_scala_pattern},
    {"var_declaration", K::Constant, 0, describe_scala_pattern},
    {"type_definition", K::Type, 0, by_name_field},
    {"simple_enum_case", K::Constant, 0, by_name_field},
    {"full_enum_case", K::Constant, 0, by_name_field},
    {"enum_case_definitions", K::Text, kCollect},
    {"package_clause", K::Text, kCollect},
    {"template_body", K::Text, kTransparent},
    {"with_template_body", K::Text, kTransparent},
    {"enum_body", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
    {"indented_block", K::Text, kTransparent},
};

constexpr NodeRule kSwift[] = {
    {"comment", K::Text, kComment},
    {"multiline_comment", K::Text, kComment},
    {"class_declaration", K::Class, kCollect, describe_swift_class},
    {"protocol_declaration", K::Class, kCollect, by_name_field},
    {"function_declaration", K::Function, 0, by_name_field},
    {"protocol_function_declaration", K::Function, 0, by_name_field},
    {"init_declaration", K::Function, 0, describe_swift_keyword},
    {"deinit_declaration", K::Function, 0, describe_swift_keyword},
    {"subscript_declaration", K::Function, 0, describe_swift_keyword},
    {"typealias_declaration", K::Type, 0, by_name_field},
    {"associatedtype_declaration", K::Type, 0, by_name_field},
    {"property_declaration", K::Constant, 0, describe_swift_property},
    {"protocol_property_declaration", K::Constant, 0, describe_swift_property},
    {"enum_entry", K::Constant, 0, by_name_fields},
    {"class_body", K::Text, kTransparent},
    {"enum_class_body", K::Text, kTransparent},
    {"protocol_body", K::Text, kTransparent},
    {"function_body", K::Text, kTransparent},
    {"statements", K::Text, kTransparent},
};

constexpr NodeRule kLua[] = {
    {"comment", K::Text, kComment},
    {"function_declaration", K::Function, 0, describe_lua_function},
    {"variable_declaration", K::Text, kWrapper},
    {"assignment_statement", K::Constant, kCollect, describe_lua_assignment},
    {"field", K::Function, 0, describe_lua_field},
    {"expression_list", K::Text, kCollect},
    {"table_constructor", K::Text, kCollect},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kBash[] = {
    {"comment", K::Text, kComment},
    {"function_definition", K::Function, 0, describe_bash_function},
    {"variable_assignment", K::Constant, 0, describe_bash_declaration},
    {"declaration_command", K::Constant, 0, describe_bash_declaration},
    {"if_statement", K::Text, kCollect},
    {"compound_statement", K::Text, kTransparent},
};

constexpr NodeRule kElixir[] = {
    {"comment", K::Text, kComment},
    {"call", K::Text, kCollect, describe_elixir_call},
    {"unary_operator", K::Constant, 0, describe_elixir_attribute},
    {"do_block", K::Text, kTransparent},
};

constexpr NodeRule kHaskell[] = {
    {"comment", K::Text, kComment},
    {"haddock", K::Text, kComment},
    {"pragma", K::Text, kAttribute},
    {"imports", K::Text, kTransparent},
    {"declarations", K::Text, kTransparent},
    {"signature", K::Function, 0, describe_haskell_binding},
    {"function", K::Function, 0, describe_haskell_binding},
    {"bind", K::Function, 0, describe_haskell_binding},
    {"data_type", K::Class, kCollect, by_name_field},
    {"newtype", K::Class, kCollect, by_name_field},
    {"class", K::Class, kCollect, by_name_field},
    {"instance", K::Class, kCollect, describe_haskell_instance},
    {"type_synomym", K::Type, 0, by_name_field},
    {"type_family", K::Type, 0, by_name_field},
    {"data_family", K::Type, 0, by_name_field},
    {"pattern_synonym", K::Function, 0, by_name_field},
    {"data_constructors", K::Text, kCollect},
    {"data_constructor", K::Text, kCollect},
    {"gadt_constructors", K::Text, kCollect},
    {"prefix", K::Constant, 0, by_name_field},
    {"record", K::Constant, 0, by_name_field},
    {"gadt_constructor", K::Constant, 0, by_name_field},
    {"newtype_constructor", K::Constant, 0, by_name_field},
    {"class_declarations", K::Text, kTransparent},
    {"instance_declarations", K::Text, kTransparent},
};

constexpr NodeRule kZig[] = {
    {"comment", K::Text, kComment},
    {"function_declaration", K::Function, 0, by_name_field},
    {"variable_declaration", K::Constant, kCollect, describe_zig_variable},
    {"test_declaration", K::Function, 0, describe_zig_test},
    {"container_field", K::Constant, 0, by_name_field},
    {"struct_declaration", K::Text, kTransparent},
    {"enum_declaration", K::Text, kTransparent},
    {"union_declaration", K::Text, kTransparent},
    {"opaque_declaration", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kDart[] = {
    {"comment", K::Text, kComment},
    {"documentation_comment", K::Text, kComment},
    {"marker_annotation", K::Text, kAttribute},
    {"annotation", K::Text, kAttribute},
    {"class_definition", K::Class, kCollect, by_name_field},
    {"mixin_declaration", K::Class, kCollect, by_first_identifier},
    {"enum_declaration", K::Class, kCollect, by_name_field},
    {"extension_declaration", K::Class, kCollect, by_name_field},
    {"type_alias", K::Type, 0, by_first_identifier},
    {"function_signature", K::Function, 0, describe_dart_signature},
    {"getter_signature", K::Function, 0, describe_dart_signature},
    {"setter_signature", K::Function, 0, describe_dart_signature},
    {"method_signature", K::Function, 0, describe_dart_signature},
    {"declaration", K::Constant, 0, describe_dart_declaration},
    {"static_final_declaration_list", K::Constant, 0, describe_dart_declaration},
    {"initialized_identifier_list", K::Constant, 0, describe_dart_declaration},
    {"enum_constant", K::Constant, 0, by_name_field},
    {"function_body", K::Text, kContinues},
    {"class_body", K::Text, kTransparent},
    {"enum_body", K::Text, kTransparent},
    {"extension_body", K::Text, kTransparent},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kSql[] = {
    {"comment", K::Text, kComment},
    {"marginalia", K::Text, kComment},
    {"statement", K::Text, kWrapper},
    {"create_table", K::Class, 0, describe_sql_create},
    {"create_view", K::Class, 0, describe_sql_create},
    {"create_materialized_view", K::Class, 0, describe_sql_create},
    {"create_type", K::Type, 0, describe_sql_create},
    {"create_function", K::Function, 0, describe_sql_create},
    {"create_trigger", K::Function, 0, describe_sql_create},
    {"create_index", K::Constant, 0, describe_sql_create},
    {"create_sequence", K::Constant, 0, describe_sql_create},
    {"create_schema", K::Module, 0, describe_sql_create},
    {"create_database", K::Module, 0, describe_sql_create},
};

constexpr NodeRule kHtml[] = {
    {"comment", K::Text, kComment},
    {"element", K::Data, kCollect, describe_html_element},
    {"script_element", K::Data, 0, describe_html_element},
    {"style_element", K::Data, 0, describe_html_element},
};

constexpr NodeRule kCss[] = {
    {"comment", K::Text, kComment},
    {"rule_set", K::Data, 0, describe_css_rule},
    {"media_statement", K::Data, kCollect, describe_css_rule},
    {"supports_statement", K::Data, kCollect, describe_css_rule},
    {"keyframes_statement", K::Data, 0, describe_css_rule},
    {"at_rule", K::Data, 0, describe_css_rule},
    {"block", K::Text, kTransparent},
};

constexpr NodeRule kJson[] = {
    {"comment", K::Text, kComment},
    {"object", K::Text, kCollectAtTop},
    {"pair", K::Data, 0, describe_key},
};

constexpr NodeRule kYaml[] = {
    {"comment", K::Text, kComment},
    {"document", K::Text, kTransparent},
    {"block_node", K::Text, kTransparent},
    {"block_mapping", K::Text, kTransparent},
    {"block_sequence", K::Text, kTransparent},
    {"block_mapping_pair", K::Data, 0, describe_key},
};

constexpr NodeRule kToml[] = {
    {"comment", K::Text, kComment},
    {"pair", K::Data, 0, describe_key},
    {"table", K::Data, kCollect, describe_toml_table},
    {"table_array_element", K::Data, kCollect, describe_toml_table},
};

constexpr NodeRule kMarkdown[] = {
    {"section", K::Doc, kCollect, describe_markdown_section},
    {"setext_heading", K::Doc, kOpens, describe_markdown_setext},
    {"html_block", K::Text, 0},
};

constexpr Grammar kGrammars[] = {
    {"bash", tree_sitter_bash, K::Module, kBash, bats_tests_as_functions},
    {"c", tree_sitter_c, K::Module, kC},
    {"cpp", tree_sitter_cpp, K::Module, kC},
    {"csharp", tree_sitter_c_sharp, K::Module, kCSharp},
    {"css", tree_sitter_css, K::Data, kCss},
    {"dart", tree_sitter_dart, K::Module, kDart},
    {"elixir", tree_sitter_elixir, K::Module, kElixir},
    {"go", tree_sitter_go, K::Module, kGo},
    {"haskell", tree_sitter_haskell, K::Module, kHaskell},
    {"html", tree_sitter_html, K::Data, kHtml},
    {"java", tree_sitter_java, K::Module, kJava},
    {"javascript", tree_sitter_javascript, K::Module, kJavaScript},
    {"json", tree_sitter_json, K::Data, kJson},
    {"jsx", tree_sitter_javascript, K::Module, kJavaScript},
    {"kotlin", tree_sitter_kotlin, K::Module, kKotlin},
    {"lua", tree_sitter_lua, K::Module, kLua},
    {"markdown", tree_sitter_markdown, K::Doc, kMarkdown},
    {"php", tree_sitter_php, K::Module, kPhp},
    {"python", tree_sitter_python, K::Module, kPython},
    {"ruby", tree_sitter_ruby, K::Module, kRuby},
    {"rust", tree_sitter_rust, K::Module, kRust},
    {"scala", tree_sitter_scala, K::Module, kScala},
    {"sql", tree_sitter_sql, K::Data, kSql},
    {"swift", tree_sitter_swift, K::Module, kSwift},
    {"toml", tree_sitter_toml, K::Data, kToml},
    {"tsx", tree_sitter_tsx, K::Module, kJavaScript},
    {"typescript", tree_sitter_typescript, K::Module, kJavaScript},
    {"yaml", tree_sitter_yaml, K::Data, kYaml},
    {"zig", tree_sitter_zig, K::Module, kZig},
};

}  // namespace

const Grammar* grammar_of(std::string_view language) {
  const auto* found = std::lower_bound(
      std::begin(kGrammars), std::end(kGrammars), language,
      [](const Grammar& grammar, std::string_view name) { return grammar.language < name; });
  return found != std::end(kGrammars) && found->language == language ? found : nullptr;
}

std::span<const Grammar> all_grammars() { return kGrammars; }

std::vector<const NodeRule*> rules_by_symbol(const Grammar& grammar) {
  std::unordered_map<std::string_view, const NodeRule*> by_type;
  for (const NodeRule& rule : grammar.rules) {
    by_type.emplace(rule.type, &rule);
  }
  // Aliases give several symbols one name, so every symbol is asked for its own.
  const TSLanguage* language = grammar.tree_sitter();
  std::vector<const NodeRule*> rules(ts_language_symbol_count(language), nullptr);
  for (std::size_t symbol = 0; symbol < rules.size(); ++symbol) {
    const auto id = static_cast<TSSymbol>(symbol);
    if (ts_language_symbol_type(language, id) != TSSymbolTypeRegular) {
      continue;
    }
    const char* name = ts_language_symbol_name(language, id);
    const auto found = by_type.find(name == nullptr ? "" : name);
    if (found != by_type.end()) {
      rules[symbol] = found->second;
    }
  }
  return rules;
}

}  // namespace sonde::text
