#include "text/syntax/edges.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/syntax/names.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr int kNameDepth = 12;                   // of expressions around one name: "a.b.c<T>"
constexpr std::size_t kLeafBytes = 200;          // longer ones are no names
constexpr std::uint32_t kImportedNames = 2'000;  // looked at in one list
constexpr int kImportDepth = 8;                  // of groups in one import

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool names_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || c == '$' || c == '@' || c == '?' || c == '!' || c == '-' ||
         (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A word, not an operator, a number or a piece of code.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLeafBytes && !(text[0] >= '0' && text[0] <= '9') &&
         text[0] != '-' && std::all_of(text.begin(), text.end(), names_character);
}

/// The node of the last simple name in an expression that names something: "c" of `a.b.c`, "f" of
/// `n::f<int>`. A node that is not there when the expression is computed.
TSNode name_node(TSNode node) {
  for (int depth = 0; depth < kNameDepth && !none(node); ++depth) {
    if (ts_node_named_child_count(node) == 0) {
      return node;
    }
    TSNode inner{};
    for (const std::string_view name :
         {"attribute", "property", "field", "member", "suffix", "method", "name", "id", "right",
          "macro", "function", "constructor", "type"}) {
      inner = field(node, name);
      if (!none(inner)) {
        break;
      }
    }
    const std::string_view type = type_of(node);
    if (none(inner) && is_any(type, {"generic_type", "generic_name", "delegation_specifier",
                                     "constructor_invocation", "command_name", "named_type",
                                     "type_elem", "parenthesized_expression", "pointer_type",
                                     "type_descriptor", "inheritance_specifier", "decorator",
                                     "await_expression", "non_null_expression", "extends_clause",
                                     "primary_constructor_base_type", "nullable_type", "type"})) {
      inner = first_named(node);
    }
    if (none(inner) && is_any(type, {"navigation_expression", "scoped_type_identifier", "user_type",
                                     "qualified_name", "conditional_access_expression",
                                     "member_binding_expression", "dotted_name", "namespace_name",
                                     "method_reference", "navigation_suffix", "identifier"})) {
      inner = named_child(node, ts_node_named_child_count(node) - 1);
      if (is_any(type_of(inner), {"type_arguments"})) {
        inner = first_named(node);
      }
    }
    node = inner;
  }
  return TSNode{};
}

void take_name(EdgeKind kind, std::string_view text, TSNode node, EdgeSink& sink) {
  const TSNode name = name_node(node);
  const std::string_view written = text_of(text, name);
  if (is_name(written)) {
    sink.take(kind, written, name);
  }
}

/// The name in the rule's field, or of the node.
void in_field(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  take_name(rule.kind, text, rule.field.empty() ? node : field(node, rule.field), sink);
}

/// The name in the first child.
void in_first(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  take_name(rule.kind, text, first_named(node), sink);
}

/// The name of each child (of the rule's field, when it has one): a list of base classes.
void in_each(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  each_child(rule.field.empty() ? node : field(node, rule.field),
             [&](TSNode child, std::string_view) {
               const bool other =
                   is_any(type_of(child), {"keyword_argument", "type_arguments", "comment",
                                           "access_specifier", "arguments", "mixins", "lifetime"});
               if (ts_node_is_named(child) && !other) {
                 take_name(rule.kind, text, child, sink);
               }
               return true;
             });
}

// --- imports

std::string_view without_quotes(std::string_view text) {
  constexpr std::string_view kQuotes = "\"'`<> \t";
  const std::size_t begin = std::min(text.find_first_not_of(kQuotes), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kQuotes) + 1);
}

void take_path(std::string_view text, TSNode node, EdgeSink& sink,
               EdgeKind kind = EdgeKind::Import) {
  const std::string_view path = without_quotes(text_of(text, node));
  if (path != "*" && path != "self" && path.size() <= kLeafBytes &&
      path.find_first_of(" \t\r\n") == std::string_view::npos) {
    sink.take(kind, path, node);
  }
}

/// True for what holds names out of the module that is imported.
bool lists_names(std::string_view type, std::string_view around, std::string_view field_name) {
  return is_any(type, {"import_clause", "export_clause", "import_list", "combinator",
                       "namespace_selectors"}) ||
         (around == "import_from_statement" && field_name != "module_name") ||
         (around == "scoped_use_list" && field_name == "list");
}

/// Modules, files and names, each as it is written; the names they are given here are no imports.
void take_imports(std::string_view text, TSNode node, EdgeSink& sink, int depth,
                  EdgeKind kind = EdgeKind::Import) {
  const std::string_view around = type_of(node);
  each_child(
      node,
      [&](TSNode child, std::string_view field_name) {
        const std::string_view type = type_of(child);
        if (!ts_node_is_named(child) || field_name == "alias" || type == "comment") {
          return true;
        }
        const bool whole = ts_node_named_child_count(child) == 0 ||
                           type.find("string") != type.npos ||
                           is_any(type, {"dotted_name", "relative_import", "scoped_identifier",
                                         "qualified_identifier", "qualified_name", "namespace_name",
                                         "identifier", "module", "configurable_uri", "uri"});
        const EdgeKind each = lists_names(type, around, field_name) ? EdgeKind::ImportedName : kind;
        if (whole) {
          take_path(text, child, sink, each);
        } else if (depth < kImportDepth) {
          take_imports(text, child, sink, depth + 1, each);
        }
        return true;
      },
      kImportedNames);
}

void imports(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  take_imports(text, node, sink, 0);
}

/// Of types alone: nothing is loaded when the program runs.
bool imports_types(std::string_view text, TSNode node) {
  const std::string_view written = text_of(text, node);
  return written.starts_with("import type ") || written.starts_with("export type ") ||
         written.starts_with("import typeof ");
}

void js_import(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  take_imports(text, node, sink, 0,
               imports_types(text, node) ? EdgeKind::ImportedName : EdgeKind::Import);
}

/// `if TYPE_CHECKING:` holds what a type checker alone reads.
void python_import(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  constexpr std::uint32_t kDepth = 2;  // a block, its statement
  bool checked = false;
  TSNode around = ts_node_start_point(node).column == 0 ? TSNode{} : ts_node_parent(node);
  for (std::uint32_t depth = 0; depth < kDepth && !none(around); ++depth) {
    checked = checked || text_of(text, field(around, "condition")).ends_with("TYPE_CHECKING");
    around = ts_node_parent(around);
  }
  take_imports(text, node, sink, 0, checked ? EdgeKind::ImportedName : EdgeKind::Import);
}

/// `import a.b.{c, d}`: each part of the path is a node of its own.
void scala_import(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  TSNode first{};
  std::uint32_t end = 0;
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == "identifier") {
      first = none(first) ? child : first;
      end = ts_node_end_byte(child);
    } else if (type_of(child) == "namespace_selectors") {
      take_imports(text, child, sink, 0, EdgeKind::ImportedName);
    }
    return true;
  });
  if (!none(first) && end - ts_node_start_byte(first) <= kLeafBytes) {
    const std::uint32_t start = ts_node_start_byte(first);
    sink.take(EdgeKind::Import, text.substr(start, end - start), first);
  }
}

void import_field(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const TSNode path = field(node, rule.field);
  if (!none(path)) {
    take_path(text, path, sink);
  }
}

/// `export { a } from './b'` imports; `export` of a definition does not.
void js_export(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  if (!none(field(node, "source"))) {
    take_imports(text, node, sink, 0,
                 imports_types(text, node) ? EdgeKind::ImportedName : EdgeKind::Import);
  }
}

void first_string(std::string_view text, TSNode node, EdgeSink& sink) {
  const TSNode argument = first_named(node);
  if (type_of(argument).find("string") != std::string_view::npos) {
    take_path(text, argument, sink);
  }
}

// --- calls that are something else by their name

void js_call(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const std::string_view callee = text_of(text, field(node, "function"));
  if (callee == "require" || callee == "import") {
    first_string(text, field(node, "arguments"), sink);
    return;
  }
  in_field(rule, text, node, sink);
}

void ruby_call(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const std::string_view method = text_of(text, field(node, "method"));
  const TSNode arguments = field(node, "arguments");
  if (none(field(node, "receiver"))) {
    if (is_any(method, {"require", "require_relative", "load", "autoload"})) {
      first_string(text, arguments, sink);
      return;
    }
    if (is_any(method, {"include", "extend", "prepend"})) {
      in_each({{}, EdgeKind::Inherit, nullptr}, text, arguments, sink);
      return;
    }
  }
  const TSNode receiver = field(node, "receiver");
  if (method == "new" && !none(receiver)) {
    take_name(rule.kind, text, receiver, sink);  // Foo.new makes a Foo
  }
  in_field(rule, text, node, sink);
}

void lua_call(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  if (text_of(text, field(node, "name")) == "require") {
    first_string(text, field(node, "arguments"), sink);
    return;
  }
  in_field(rule, text, node, sink);
}

void bash_command(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const std::string_view name = text_of(text, field(node, "name"));
  if (name == "source" || name == ".") {
    take_path(text, field(node, "argument"), sink);
    return;
  }
  in_field(rule, text, node, sink);
}

void elixir_call(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const TSNode target = field(node, "target");
  const std::string_view name = text_of(text, target);
  if (is_any(name, {"alias", "import", "use", "require"})) {
    const TSNode module = first_named(child_of_type(node, "arguments"));
    if (type_of(module) == "alias") {
      take_path(text, module, sink);
    }
    return;
  }
  // The head of a definition looks like a call of what it defines.
  const TSNode around = ts_node_parent(ts_node_parent(node));
  const bool head = text_of(text, field(around, "target")).starts_with("def");
  if (!head && !name.starts_with("def")) {
    take_name(rule.kind, text, target, sink);
  }
}

/// In the call of a macro there are no nodes of calls: a name before a parenthesis is one.
void rust_macro_call(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  TSNode before{};
  each_child(node, [&](TSNode child, std::string_view) {
    if (type_of(child) == "token_tree" && type_of(before) == "identifier" &&
        text_of(text, child).starts_with('(')) {
      sink.take(rule.kind, text_of(text, before), before);
    }
    before = child;
    return true;
  });
}

/// A field without a name embeds its type.
void go_field(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  if (none(field(node, "name"))) {
    take_name(rule.kind, text, field(node, "type"), sink);
  }
}

/// `type_elem` in an interface embeds; elsewhere it is a constraint or an argument.
void go_element(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  if (type_of(ts_node_parent(node)) == "interface_type") {
    take_name(rule.kind, text, node, sink);
  }
}

/// A call has no node of its own: what stands before its arguments is called.
void dart_selector(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  if (type_of(first_named(node)) != "argument_part") {
    return;
  }
  TSNode before = ts_node_prev_named_sibling(node);
  if (type_of(before) == "selector") {
    before = first_named(first_named(before));  // the identifier of `.name`
  }
  if (type_of(before) == "identifier") {
    take_name(rule.kind, text, before, sink);
  }
}

/// Types that are part of the language are nobody's.
void go_type(const EdgeRule& rule, std::string_view text, TSNode node, EdgeSink& sink) {
  const std::string_view name = text_of(text, node);
  if (!is_any(name, {"any", "bool", "byte", "error", "float32", "float64", "int", "int32", "int64",
                     "int8", "rune", "string", "uint", "uint32", "uint64", "uint8", "uintptr"})) {
    sink.take(rule.kind, name, node);
  }
}

void zig_builtin(const EdgeRule&, std::string_view text, TSNode node, EdgeSink& sink) {
  if (text_of(text, first_named(node)) == "@import") {
    first_string(text, child_of_type(node, "arguments"), sink);
  }
}

using E = EdgeKind;

constexpr EdgeRule kPython[] = {
    {"call", E::Call, in_field, "function"},
    {"decorator", E::Call, in_first},
    {"import_statement", E::Import, python_import},
    {"import_from_statement", E::Import, python_import},
    {"class_definition", E::Inherit, in_each, "superclasses"},
    {"type", E::Type, in_first},
    {"generic_type", E::Type, in_first},
};

constexpr EdgeRule kJavaScript[] = {
    {"call_expression", E::Call, js_call, "function"},
    {"new_expression", E::Call, in_field, "constructor"},
    {"decorator", E::Call, in_first},
    {"jsx_opening_element", E::Call, in_field, "name"},
    {"jsx_self_closing_element", E::Call, in_field, "name"},
    {"import_statement", E::Import, js_import},
    {"export_statement", E::Use, js_export},
    {"class_heritage", E::Inherit, in_each},
    {"extends_clause", E::Inherit, in_field, "value"},
    {"implements_clause", E::Inherit, in_each},
    {"extends_type_clause", E::Inherit, in_each},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kGo[] = {
    {"call_expression", E::Call, in_field, "function"},
    {"import_spec", E::Import, import_field, "path"},
    {"field_declaration", E::Inherit, go_field},
    {"type_elem", E::Inherit, go_element},
    {"type_identifier", E::Type, go_type},
};

constexpr EdgeRule kRust[] = {
    {"call_expression", E::Call, in_field, "function"},
    {"macro_invocation", E::Call, in_field, "macro"},
    {"token_tree", E::Call, rust_macro_call},
    {"use_declaration", E::Import, imports},
    {"impl_item", E::Inherit, in_field, "trait"},
    {"trait_item", E::Inherit, in_each, "bounds"},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kJava[] = {
    {"method_invocation", E::Call, in_field, "name"},
    {"object_creation_expression", E::Call, in_field, "type"},
    {"method_reference", E::Call, in_field},
    {"import_declaration", E::Import, imports},
    {"superclass", E::Inherit, in_each},
    {"type_list", E::Inherit, in_each},
    {"annotation", E::Type, in_field, "name"},
    {"marker_annotation", E::Type, in_field, "name"},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kC[] = {
    {"call_expression", E::Call, in_field, "function"},
    {"new_expression", E::Call, in_field, "type"},
    {"preproc_include", E::Import, import_field, "path"},
    {"using_declaration", E::Import, imports},
    {"base_class_clause", E::Inherit, in_each},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kCSharp[] = {
    {"invocation_expression", E::Call, in_field, "function"},
    {"object_creation_expression", E::Call, in_field, "type"},
    {"using_directive", E::Import, imports},
    {"base_list", E::Inherit, in_each},
    {"attribute", E::Type, in_field, "name"},
    {"parameter", E::Type, in_field, "type"},
    {"variable_declaration", E::Type, in_field, "type"},
    {"method_declaration", E::Type, in_field, "returns"},
    {"property_declaration", E::Type, in_field, "type"},
    {"cast_expression", E::Type, in_field, "type"},
    {"type_argument_list", E::Type, in_each},
    {"type_parameter_constraint", E::Type, in_field, "type"},
    {"typeof_expression", E::Type, in_field, "type"},
};

constexpr EdgeRule kRuby[] = {
    {"call", E::Call, ruby_call, "method"},
    {"superclass", E::Inherit, in_each},
    {"constant", E::Type, in_field},
};

constexpr EdgeRule kPhp[] = {
    {"function_call_expression", E::Call, in_field, "function"},
    {"member_call_expression", E::Call, in_field, "name"},
    {"nullsafe_member_call_expression", E::Call, in_field, "name"},
    {"scoped_call_expression", E::Call, in_field, "name"},
    {"object_creation_expression", E::Call, in_first},
    {"namespace_use_declaration", E::Import, imports},
    {"require_expression", E::Import, imports},
    {"require_once_expression", E::Import, imports},
    {"include_expression", E::Import, imports},
    {"include_once_expression", E::Import, imports},
    {"base_clause", E::Inherit, in_each},
    {"class_interface_clause", E::Inherit, in_each},
    {"use_declaration", E::Inherit, in_each},
    {"named_type", E::Type, in_field},
    {"attribute", E::Type, in_first},
};

constexpr EdgeRule kKotlin[] = {
    {"call_expression", E::Call, in_first},
    {"import", E::Import, imports},
    {"delegation_specifier", E::Inherit, in_field},
    {"user_type", E::Type, in_field},
};

constexpr EdgeRule kScala[] = {
    {"call_expression", E::Call, in_field, "function"},
    {"instance_expression", E::Call, in_first},
    {"import_declaration", E::Import, scala_import},
    {"extends_clause", E::Inherit, in_each},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kSwift[] = {
    {"call_expression", E::Call, in_first},
    {"import_declaration", E::Import, imports},
    {"inheritance_specifier", E::Inherit, in_field, "inherits_from"},
    {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kLua[] = {{"function_call", E::Call, lua_call, "name"}};

constexpr EdgeRule kBash[] = {{"command", E::Call, bash_command, "name"}};

constexpr EdgeRule kElixir[] = {{"call", E::Call, elixir_call}};

constexpr EdgeRule kDart[] = {
    {"selector", E::Call, dart_selector}, {"import_or_export", E::Import, imports},
    {"superclass", E::Inherit, in_each},  {"mixins", E::Inherit, in_each},
    {"interfaces", E::Inherit, in_each},  {"type_identifier", E::Type, in_field},
};

constexpr EdgeRule kHaskell[] = {
    {"apply", E::Call, in_field, "function"},
    {"import", E::Import, imports},
};

constexpr EdgeRule kZig[] = {
    {"call_expression", E::Call, in_field, "function"},
    {"builtin_function", E::Use, zig_builtin},
};

constexpr std::pair<std::string_view, std::span<const EdgeRule>> kLanguages[] = {
    {"bash", kBash},
    {"c", kC},
    {"cpp", kC},
    {"csharp", kCSharp},
    {"dart", kDart},
    {"elixir", kElixir},
    {"go", kGo},
    {"haskell", kHaskell},
    {"java", kJava},
    {"javascript", kJavaScript},
    {"jsx", kJavaScript},
    {"kotlin", kKotlin},
    {"lua", kLua},
    {"php", kPhp},
    {"python", kPython},
    {"ruby", kRuby},
    {"rust", kRust},
    {"scala", kScala},
    {"swift", kSwift},
    {"tsx", kJavaScript},
    {"typescript", kJavaScript},
    {"zig", kZig},
};

}  // namespace

std::span<const EdgeRule> edge_rules(std::string_view language) {
  for (const auto& [name, rules] : kLanguages) {
    if (name == language) {
      return rules;
    }
  }
  return {};
}

}  // namespace sonde::text
