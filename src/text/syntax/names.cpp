#include "text/syntax/names.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/chunk_plan.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr int kDeclaratorDepth = 16;  // pointers, arrays and functions around one declared name
constexpr std::size_t kTitleBytes = 80;

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// The first line of `name`, trimmed and cut: what may stand as a symbol.
std::string clean(std::string_view name, std::size_t limit = kMaxNameBytes) {
  name = name.substr(0, name.find_first_of("\r\n"));
  const std::size_t begin = std::min(name.find_first_not_of(" \t"), name.size());
  name.remove_prefix(begin);
  name = name.substr(0, name.find_last_not_of(" \t") + 1);
  return std::string(name.substr(0, utf8_boundary_before(name, limit)));
}

std::string_view unquoted(std::string_view text) {
  while (!text.empty() && std::string_view("\"'`:").find(text.front()) != std::string_view::npos) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::string_view("\"'`:").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  return text;
}

void add(Found& found, std::string_view name) {
  std::string cleaned = clean(name);
  if (!cleaned.empty() && found.names.size() < kMaxDefines) {
    found.names.push_back(std::move(cleaned));
  }
}

/// "a::b" and "a\b" become "a.b"; template arguments go.
std::string dotted(std::string_view path) {
  std::string result;
  int depth = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '<') {
      ++depth;
    } else if (c == '>') {
      depth = std::max(depth - 1, 0);
    } else if (depth == 0 && (c == ':' || c == '\\' || c == '.')) {
      if (!result.empty() && result.back() != '.') {
        result += '.';
      }
    } else if (depth == 0 && c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      result += c;
    }
  }
  if (!result.empty() && result.back() == '.') {
    result.pop_back();
  }
  return clean(result);
}

/// Splits "a.b.c" into the scope "a.b" and the name "c".
void add_qualified(Found& found, std::string_view path) {
  const std::string whole = dotted(path);
  const std::size_t dot = whole.find_last_of('.');
  if (dot != std::string::npos && dot + 1 < whole.size()) {
    found.scope = whole.substr(0, dot);
    add(found, std::string_view(whole).substr(dot + 1));
  } else {
    add(found, whole);
  }
}

}  // namespace

std::string_view text_of(std::string_view text, TSNode node) {
  if (none(node)) {
    return {};
  }
  const std::size_t begin = std::min<std::size_t>(ts_node_start_byte(node), text.size());
  const std::size_t end = std::min<std::size_t>(ts_node_end_byte(node), text.size());
  return text.substr(begin, end > begin ? end - begin : 0);
}

void by_name_field(std::string_view text, TSNode node, Found& found) {
  const std::string_view name = unquoted(text_of(text, field(node, "name")));
  if (name.find_first_of(":\\.") != std::string_view::npos) {
    add(found, dotted(name));
  } else {
    add(found, name);
  }
}

void by_name_fields(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view field_name) {
    if (field_name == "name" && ts_node_is_named(child)) {
      add(found, text_of(text, child));
    }
    return true;
  });
}

void by_first_identifier(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child).find("identifier") == std::string_view::npos) {
      return true;
    }
    add(found, text_of(text, child));
    return false;
  });
}

// --- Python

namespace {

void add_python_target(std::string_view text, TSNode left, Found& found) {
  if (type_of(left) == "identifier") {
    add(found, text_of(text, left));
  } else if (type_of(left) == "pattern_list" || type_of(left) == "tuple_pattern") {
    each_child(left, [&](TSNode child, std::string_view) {
      if (type_of(child) == "identifier") {
        add(found, text_of(text, child));
      }
      return true;
    });
  }
}

}  // namespace

void describe_python_statement(std::string_view text, TSNode node, Found& found) {
  TSNode assignment = first_named(node);
  for (int depth = 0; depth < 4 && !none(assignment) && type_of(assignment) == "assignment";
       ++depth) {
    if (const TSNode left = field(assignment, "left"); !none(left)) {
      add_python_target(text, left, found);
    }
    const TSNode right = field(assignment, "right");
    if (!none(right) && type_of(right) == "lambda") {
      found.kind = ChunkKind::Function;
    }
    assignment = right;
  }
}

void describe_python_alias(std::string_view text, TSNode node, Found& found) {
  add(found, dotted(text_of(text, field(node, "left"))));
}

// --- JavaScript and TypeScript

namespace {

constexpr std::array<std::string_view, 4> kJsFunctions = {"arrow_function", "function_expression",
                                                          "function", "generator_function"};
constexpr std::array<std::string_view, 6> kTestWords = {"describe", "it",    "test",
                                                        "context",  "suite", "specify"};

ChunkKind kind_of_js_value(TSNode value, ChunkKind otherwise) {
  if (none(value)) {
    return otherwise;
  }
  if (is_one_of(type_of(value), kJsFunctions)) {
    return ChunkKind::Function;
  }
  return type_of(value) == "class" ? ChunkKind::Class : otherwise;
}

/// `describe("sends mail", () => {...})`: a test is known by its title.
void describe_js_test(std::string_view text, TSNode call, Found& found) {
  TSNode callee = field(call, "function");
  if (!none(callee) && type_of(callee) == "member_expression") {
    callee = field(callee, "object");  // it.only(...)
  }
  if (none(callee) || !is_one_of(text_of(text, callee), kTestWords)) {
    return;
  }
  const TSNode title = first_named(field(call, "arguments"));
  if (!none(title) && type_of(title).find("string") != std::string_view::npos) {
    found.kind = ChunkKind::Function;
    add(found, clean(unquoted(text_of(text, title)), kTitleBytes));
  }
}

void describe_js_assignment(std::string_view text, TSNode assignment, Found& found) {
  const std::string target = dotted(text_of(text, field(assignment, "left")));
  const ChunkKind kind = kind_of_js_value(field(assignment, "right"), ChunkKind::Constant);
  const bool exported = target.starts_with("exports.") || target.starts_with("module.exports");
  if (target.find_first_of("[({") != std::string::npos ||
      (kind == ChunkKind::Constant && !exported)) {
    return;
  }
  found.kind = kind;
  add_qualified(found, target == "module.exports" || target == "exports" ? "exports" : target);
  if (found.scope == "exports" || found.scope == "module.exports") {
    found.scope.clear();
  } else if (found.scope.ends_with(".prototype")) {
    found.scope.resize(found.scope.size() - std::string_view(".prototype").size());
  }
}

}  // namespace

void describe_js_variables(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == "variable_declarator" &&
        !text_of(text, field(child, "value")).starts_with("require(")) {
      const TSNode name = field(child, "name");
      if (!none(name) && type_of(name) == "identifier") {
        found.kind = kind_of_js_value(field(child, "value"), found.kind);
        add(found, text_of(text, name));
      }
    }
    return true;
  });
}

void describe_js_statement(std::string_view text, TSNode node, Found& found) {
  const TSNode expression = first_named(node);
  if (none(expression)) {
    return;
  }
  if (type_of(expression) == "assignment_expression") {
    describe_js_assignment(text, expression, found);
  } else if (type_of(expression) == "call_expression") {
    describe_js_test(text, expression, found);
  }
}

void describe_js_member(std::string_view text, TSNode node, Found& found) {
  TSNode name = field(node, "name");
  if (none(name)) {
    name = field(node, "property");
  }
  if (none(name)) {
    name = field(node, "key");
  }
  found.kind = kind_of_js_value(field(node, "value"), found.kind);
  // A property of a plain object is a name only when it is a function.
  if (type_of(node) != "pair" || found.kind != ChunkKind::Constant) {
    add(found, unquoted(text_of(text, name)));
  }
}

// --- C and C++

namespace {

/// The name inside pointers, arrays, functions and parentheses: `*(*name[2])(int)`.
TSNode declared_name(TSNode declarator, bool& is_function) {
  static constexpr std::array<std::string_view, 3> kWrapped = {
      "parenthesized_declarator", "reference_declarator", "attributed_declarator"};
  for (int depth = 0; depth < kDeclaratorDepth && !none(declarator); ++depth) {
    const std::string_view type = type_of(declarator);
    if (type == "function_declarator") {
      is_function = true;
    }
    const TSNode inner = field(declarator, "declarator");
    if (!none(inner) && type != "operator_cast") {
      declarator = inner;
    } else if (is_one_of(type, kWrapped)) {
      declarator = first_named(declarator);
    } else {
      return declarator;
    }
  }
  return declarator;
}

void add_declared(std::string_view text, TSNode name, Found& found) {
  std::string_view written = text_of(text, name);
  const std::size_t op = written.find("operator");
  if (op != std::string_view::npos) {
    found.scope = dotted(written.substr(0, op));
    written.remove_prefix(op);
    add(found, written.substr(
                   0, type_of(name) == "operator_name" ? written.size() : written.find('(', 9)));
  } else {
    add_qualified(found, written);
  }
}

bool has_body(TSNode type) { return !none(type) && !none(field(type, "body")); }

}  // namespace

void describe_c_function(std::string_view text, TSNode node, Found& found) {
  bool is_function = false;
  const TSNode declarator = field(node, "declarator");
  const TSNode name = declared_name(declarator, is_function);
  const std::string_view written = text_of(text, name);
  static constexpr std::array<std::string_view, 5> kTestMacros = {"TEST", "TEST_F", "TEST_P",
                                                                  "TYPED_TEST", "BENCHMARK_F"};
  if (is_one_of(written, kTestMacros)) {
    add(found, text_of(text, declarator));
  } else {
    add_declared(text, name, found);
  }
}

void describe_c_declaration(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view field_name) {
    if (field_name == "declarator") {
      bool is_function = false;
      const TSNode name = declared_name(child, is_function);
      if (is_function) {
        found.kind = ChunkKind::Function;
      }
      if (!none(name)) {
        add_declared(text, name, found);
      }
    }
    return true;
  });
}

void describe_declarators(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view field_name) {
    if (field_name == "declarator") {
      add(found, text_of(text, field(child, "name")));
    }
    return true;
  });
}

void describe_c_type(std::string_view text, TSNode node, Found& found) {
  if (type_of(node) == "type_definition") {
    const TSNode type = field(node, "type");
    found.kind = has_body(type) ? ChunkKind::Class : ChunkKind::Type;
    each_child(node, [&](TSNode child, std::string_view field_name) {
      if (field_name == "declarator") {
        bool is_function = false;
        add(found, text_of(text, declared_name(child, is_function)));
      }
      return true;
    });
  } else if (has_body(node)) {
    by_name_field(text, node, found);
  }
}

// --- C#

void describe_cs_field(std::string_view text, TSNode node, Found& found) {
  const TSNode variables = child_of_type(node, "variable_declaration");
  if (none(variables)) {
    return;
  }
  each_child(variables, [&](TSNode child, std::string_view) {
    if (type_of(child) == "variable_declarator") {
      add(found, text_of(text, field(child, "name")));
    }
    return true;
  });
}

void describe_cs_operator(std::string_view text, TSNode node, Found& found) {
  if (type_of(node) == "indexer_declaration") {
    add(found, "this[]");
  } else {
    add(found, "operator " + std::string(text_of(text, field(node, "operator"))));
  }
}

// --- Go

void describe_go_method(std::string_view text, TSNode node, Found& found) {
  add(found, text_of(text, field(node, "name")));
  std::string_view receiver = text_of(text, field(node, "receiver"));
  receiver = receiver.substr(0, receiver.find('['));
  const std::size_t end = receiver.find_last_not_of(" \t)");
  receiver = receiver.substr(0, end == std::string_view::npos ? 0 : end + 1);
  const std::size_t begin = receiver.find_last_of(" \t*(");
  found.scope = clean(receiver.substr(begin == std::string_view::npos ? 0 : begin + 1));
}

void describe_go_type(std::string_view text, TSNode node, Found& found) {
  const std::string_view type = type_of(field(node, "type"));
  if (type == "struct_type" || type == "interface_type") {
    found.kind = ChunkKind::Class;
  }
  by_name_field(text, node, found);
}

// --- Rust

void describe_rust_impl(std::string_view text, TSNode node, Found& found) {
  add(found, dotted(text_of(text, field(node, "type"))));
  found.defines = false;
}

// --- Ruby

void describe_ruby_call(std::string_view text, TSNode node, Found& found) {
  static constexpr std::array<std::string_view, 5> kAccessors = {
      "attr_accessor", "attr_reader", "attr_writer", "mattr_accessor", "cattr_accessor"};
  const std::string_view method = text_of(text, field(node, "method"));
  const TSNode arguments = field(node, "arguments");
  if (none(arguments)) {
    return;
  }
  const TSNode first = first_named(arguments);
  if (is_one_of(method, kAccessors)) {
    each_child(arguments, [&](TSNode child, std::string_view) {
      if (type_of(child) == "simple_symbol") {
        add(found, unquoted(text_of(text, child)));
      }
      return true;
    });
  } else if (method == "define_method" || method == "alias_method" || method == "scope" ||
             method == "task") {
    found.kind = ChunkKind::Function;
    if (!none(first) && type_of(first) == "simple_symbol") {
      add(found, unquoted(text_of(text, first)));
    }
  } else if (!none(first) && (type_of(first) == "method" || type_of(first) == "singleton_method")) {
    found.kind = ChunkKind::Function;  // private def name
    by_name_field(text, first, found);
  } else if (is_one_of(method, kTestWords) && !none(field(node, "block")) && !none(first)) {
    found.kind = ChunkKind::Function;
    add(found, clean(unquoted(text_of(text, first)), kTitleBytes));
  }
}

void describe_ruby_assignment(std::string_view text, TSNode node, Found& found) {
  const TSNode left = field(node, "left");
  if (!none(left) && type_of(left) == "constant") {
    add(found, text_of(text, left));
  }
}

// --- PHP

void describe_php_elements(std::string_view text, TSNode node, Found& found) {
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == "const_element") {
      add(found, text_of(text, first_named(child)));
    } else if (type_of(child) == "property_element") {
      std::string_view name = text_of(text, field(child, "name"));
      name.remove_prefix(name.starts_with('$') ? 1 : 0);
      add(found, name);
    }
    return true;
  });
}

void describe_php_statement(std::string_view text, TSNode node, Found& found) {
  const TSNode expression = first_named(node);
  if (none(expression)) {
    return;
  }
  if (type_of(expression) == "function_call_expression" &&
      text_of(text, field(expression, "function")) == "define") {
    add(found, unquoted(text_of(text, first_named(field(expression, "arguments")))));
  } else if (type_of(expression) == "assignment_expression") {
    const TSNode right = field(expression, "right");
    std::string_view name = text_of(text, field(expression, "left"));
    if (!none(right) &&
        (type_of(right) == "anonymous_function" || type_of(right) == "arrow_function") &&
        name.starts_with('$') && name.find_first_of("[->:") == std::string_view::npos) {
      found.kind = ChunkKind::Function;
      add(found, name.substr(1));
    }
  }
}

// --- Kotlin

namespace {

/// The receiver of `fun List<T>.name()`: what is written between the keyword and the name.
std::string kotlin_receiver(std::string_view text, TSNode node, TSNode name) {
  TSNode receiver{};
  each_child(node, [&](TSNode child, std::string_view) {
    if (ts_node_eq(child, name)) {
      return false;
    }
    if (type_of(child) == "user_type" || type_of(child) == "nullable_type") {
      receiver = child;
    }
    return true;
  });
  std::string scope = dotted(text_of(text, receiver));
  if (scope.ends_with('?')) {
    scope.pop_back();
  }
  return scope;
}

}  // namespace

void describe_kotlin_function(std::string_view text, TSNode node, Found& found) {
  const TSNode name = field(node, "name");
  if (none(name)) {
    return;
  }
  add(found, unquoted(text_of(text, name)));
  found.scope = kotlin_receiver(text, node, name);
}

void describe_kotlin_property(std::string_view text, TSNode node, Found& found) {
  const TSNode variable = child_of_type(node, "variable_declaration");
  if (none(variable)) {
    return;
  }
  add(found, text_of(text, first_named(variable)));
  found.scope = kotlin_receiver(text, node, variable);
}

void describe_kotlin_companion(std::string_view text, TSNode node, Found& found) {
  by_name_field(text, node, found);
  if (found.names.empty()) {
    found.names.emplace_back("Companion");
  }
  found.defines = false;
}

// --- Scala

void describe_scala_pattern(std::string_view text, TSNode node, Found& found) {
  TSNode pattern = field(node, "pattern");
  if (none(pattern)) {
    pattern = field(node, "name");
  }
  if (!none(pattern) && type_of(pattern) == "identifier") {
    add(found, text_of(text, pattern));
  }
}

void describe_scala_extension(std::string_view text, TSNode node, Found& found) {
  const TSNode parameter = first_named(field(node, "parameters"));
  if (!none(parameter)) {
    add(found, dotted(text_of(text, field(parameter, "type"))));
  }
  found.defines = false;
}

// --- Swift

void describe_swift_class(std::string_view text, TSNode node, Found& found) {
  add(found, dotted(text_of(text, field(node, "name"))));
  found.defines = text_of(text, field(node, "declaration_kind")) != "extension";
}

void describe_swift_property(std::string_view text, TSNode node, Found& found) {
  std::string_view name = text_of(text, field(node, "name"));
  name.remove_prefix(name.find_last_of(" \t\n") + 1);  // "var v" in a protocol
  add(found, name);
}

void describe_swift_keyword(std::string_view, TSNode node, Found& found) {
  const std::string_view type = type_of(node);
  add(found, type.substr(0, type.find('_')));  // init, deinit, subscript
}

// --- Lua

void describe_lua_function(std::string_view text, TSNode node, Found& found) {
  add_qualified(found, text_of(text, field(node, "name")));
}

void describe_lua_assignment(std::string_view text, TSNode node, Found& found) {
  const TSNode assignment =
      type_of(node) == "assignment_statement" ? node : child_of_type(node, "assignment_statement");
  if (none(assignment)) {
    return;
  }
  const TSNode target = first_named(child_of_type(assignment, "variable_list"));
  const TSNode value = first_named(child_of_type(assignment, "expression_list"));
  if (none(target) || type_of(target) == "bracket_index_expression") {
    return;
  }
  const std::string_view written = text_of(text, value);
  if (written.starts_with("require(") || written.starts_with("require\"") ||
      written.starts_with("require'")) {
    return;
  }
  if (!none(value) && type_of(value) == "function_definition") {
    found.kind = ChunkKind::Function;
  }
  add_qualified(found, text_of(text, target));
}

void describe_lua_field(std::string_view text, TSNode node, Found& found) {
  if (type_of(field(node, "value")) == "function_definition") {
    add(found, text_of(text, field(node, "name")));
  }
}

// --- Bash

void describe_bash_declaration(std::string_view text, TSNode node, Found& found) {
  if (type_of(node) == "variable_assignment") {
    by_name_field(text, node, found);
    return;
  }
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == "variable_assignment") {
      by_name_field(text, child, found);
    } else if (type_of(child) == "variable_name") {
      add(found, text_of(text, child));
    }
    return true;
  });
}

void describe_bash_function(std::string_view text, TSNode node, Found& found) {
  std::string_view name = text_of(text, field(node, "name"));
  if (name.starts_with("@test ")) {  // see bats.h
    name.remove_prefix(std::string_view("@test '").size());
  }
  add(found, name);
}

}  // namespace sonde::text
