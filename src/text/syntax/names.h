#pragma once
// How the nodes of a syntax tree say what they define. One function a pattern; the tables in
// grammars.cpp say which node types use which.

#include <string>
#include <string_view>
#include <vector>

#include <tree_sitter/api.h>

#include "text/chunk.h"

namespace sonde::text {

/// What a node turns out to be.
struct Found {
  ChunkKind kind = ChunkKind::Text;  // preset from the table
  std::vector<std::string> names;    // none: it defines nothing after all
  std::string scope;                 // symbols the name itself states: "Foo" of `void Foo::bar()`
  bool defines = true;               // false: it only opens a scope (an impl block, an extension)
  bool attribute = false;            // it belongs to the node after it
};

/// The text a node covers. `text` is what was parsed.
std::string_view text_of(std::string_view text, TSNode node);

/// Fills `found` from `node`. Never fails: what it does not understand has no names.
using Describe = void (*)(std::string_view text, TSNode node, Found& found);

void by_name_field(std::string_view text, TSNode node, Found& found);
void by_name_fields(std::string_view text, TSNode node, Found& found);  // several names
void by_first_identifier(std::string_view text, TSNode node, Found& found);

void describe_python_statement(std::string_view text, TSNode node, Found& found);
void describe_python_alias(std::string_view text, TSNode node, Found& found);
void describe_js_variables(std::string_view text, TSNode node, Found& found);
void describe_js_statement(std::string_view text, TSNode node, Found& found);
void describe_js_member(std::string_view text, TSNode node, Found& found);
void describe_declarators(std::string_view text, TSNode node, Found& found);
void describe_c_declaration(std::string_view text, TSNode node, Found& found);
void describe_c_function(std::string_view text, TSNode node, Found& found);
void describe_c_type(std::string_view text, TSNode node, Found& found);
void describe_cs_field(std::string_view text, TSNode node, Found& found);
void describe_cs_operator(std::string_view text, TSNode node, Found& found);
void describe_go_method(std::string_view text, TSNode node, Found& found);
void describe_go_type(std::string_view text, TSNode node, Found& found);
void describe_rust_impl(std::string_view text, TSNode node, Found& found);
void describe_ruby_call(std::string_view text, TSNode node, Found& found);
void describe_ruby_assignment(std::string_view text, TSNode node, Found& found);
void describe_php_elements(std::string_view text, TSNode node, Found& found);
void describe_php_statement(std::string_view text, TSNode node, Found& found);
void describe_kotlin_function(std::string_view text, TSNode node, Found& found);
void describe_kotlin_property(std::string_view text, TSNode node, Found& found);
void describe_kotlin_companion(std::string_view text, TSNode node, Found& found);
void describe_scala_pattern(std::string_view text, TSNode node, Found& found);
void describe_scala_extension(std::string_view text, TSNode node, Found& found);
void describe_swift_class(std::string_view text, TSNode node, Found& found);
void describe_swift_property(std::string_view text, TSNode node, Found& found);
void describe_swift_keyword(std::string_view text, TSNode node, Found& found);
void describe_lua_function(std::string_view text, TSNode node, Found& found);
void describe_lua_assignment(std::string_view text, TSNode node, Found& found);
void describe_lua_field(std::string_view text, TSNode node, Found& found);
void describe_bash_declaration(std::string_view text, TSNode node, Found& found);
void describe_bash_function(std::string_view text, TSNode node, Found& found);
void describe_elixir_call(std::string_view text, TSNode node, Found& found);
void describe_elixir_attribute(std::string_view text, TSNode node, Found& found);
void describe_haskell_binding(std::string_view text, TSNode node, Found& found);
void describe_haskell_instance(std::string_view text, TSNode node, Found& found);
void describe_zig_variable(std::string_view text, TSNode node, Found& found);
void describe_zig_test(std::string_view text, TSNode node, Found& found);
void describe_dart_signature(std::string_view text, TSNode node, Found& found);
void describe_dart_declaration(std::string_view text, TSNode node, Found& found);
void describe_sql_create(std::string_view text, TSNode node, Found& found);
void describe_html_element(std::string_view text, TSNode node, Found& found);
void describe_css_rule(std::string_view text, TSNode node, Found& found);
void describe_key(std::string_view text, TSNode node, Found& found);
void describe_toml_table(std::string_view text, TSNode node, Found& found);
void describe_markdown_section(std::string_view text, TSNode node, Found& found);
void describe_markdown_setext(std::string_view text, TSNode node, Found& found);

}  // namespace sonde::text
