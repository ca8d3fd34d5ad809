// The rest of names.h: languages whose definitions are calls, equations, statements or data.

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/chunk_plan.h"
#include "text/syntax/names.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr std::size_t kTitleBytes = 80;

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string_view trimmed(std::string_view text, std::string_view also = "") {
  const std::string drop = " \t\r\n" + std::string(also);
  const std::size_t begin = std::min(text.find_first_not_of(drop), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(drop) + 1);
}

void add(Found& found, std::string_view name, std::size_t limit = kMaxNameBytes) {
  name = trimmed(name);
  name = trimmed(name.substr(0, name.find_first_of("\r\n")));
  if (!name.empty() && found.names.size() < kMaxDefines) {
    found.names.emplace_back(name.substr(0, utf8_boundary_before(name, limit)));
  }
}

// --- Elixir

ChunkKind elixir_kind(std::string_view word) {
  static constexpr std::array<std::string_view, 3> kModules = {"defmodule", "defprotocol",
                                                               "defimpl"};
  static constexpr std::array<std::string_view, 10> kFunctions = {
      "def",       "defp",        "defmacro", "defmacrop", "defguard",
      "defguardp", "defdelegate", "defn",     "test",      "describe"};
  return is_one_of(word, kModules)     ? ChunkKind::Class
         : is_one_of(word, kFunctions) ? ChunkKind::Function
                                       : ChunkKind::Text;
}

/// `m(a) when a > 1` and `m(a)` and `p`: the called name.
std::string_view elixir_head(std::string_view text, TSNode head) {
  for (int depth = 0; depth < 3 && !none(head); ++depth) {
    if (type_of(head) == "binary_operator" && text_of(text, field(head, "operator")) == "when") {
      head = field(head, "left");
    } else if (type_of(head) == "call") {
      head = field(head, "target");
    } else {
      break;
    }
  }
  return text_of(text, head);
}

}  // namespace

void describe_elixir_call(std::string_view text, TSNode node, Found& found) {
  const std::string_view word = text_of(text, field(node, "target"));
  found.kind = elixir_kind(word);
  const TSNode arguments = child_of_type(node, "arguments");
  if (found.kind == ChunkKind::Text || none(arguments)) {
    return;
  }
  const TSNode first = first_named(arguments);
  if (word == "test" || word == "describe") {
    if (!none(first) && type_of(first) == "string") {
      add(found, trimmed(text_of(text, first), "\""), kTitleBytes);
    }
  } else if (found.kind == ChunkKind::Class) {
    add(found, text_of(text, first));
    found.defines = word != "defimpl";
  } else {
    const std::string_view head = elixir_head(text, first);
    add(found, head.substr(0, head.find('(')));
  }
}

void describe_elixir_attribute(std::string_view text, TSNode node, Found& found) {
  static constexpr std::array<std::string_view, 7> kBefore = {
      "doc", "spec", "impl", "typedoc", "deprecated", "tag", "describetag"};
  static constexpr std::array<std::string_view, 4> kTypes = {"type", "typep", "opaque", "callback"};
  const TSNode operand = field(node, "operand");
  if (text_of(text, field(node, "operator")) != "@" || none(operand) ||
      type_of(operand) != "call") {
    return;
  }
  const std::string_view word = text_of(text, field(operand, "target"));
  const TSNode value = first_named(child_of_type(operand, "arguments"));
  if (is_one_of(word, kBefore)) {
    found.attribute = true;
  } else if (is_one_of(word, kTypes) && !none(value)) {
    found.kind = word == "callback" ? ChunkKind::Function : ChunkKind::Type;
    const std::string_view written = text_of(text, value);
    add(found, written.substr(0, written.find_first_of("( :")));
  } else if (word != "moduledoc") {
    add(found, word);
  }
}

// --- Haskell

void describe_haskell_binding(std::string_view text, TSNode node, Found& found) {
  TSNode name = field(node, "name");
  if (none(name)) {
    if (const TSNode infix = child_of_type(node, "infix"); !none(infix)) {
      name = field(infix, "operator");
    }
  }
  add(found, trimmed(text_of(text, name), "()`"));
}

void describe_haskell_instance(std::string_view text, TSNode node, Found& found) {
  std::string head = std::string(text_of(text, field(node, "name")));
  if (const TSNode patterns = field(node, "patterns"); !none(patterns)) {
    head += " " + std::string(text_of(text, patterns));
  }
  add(found, head, kTitleBytes);
  found.defines = false;
}

// --- Zig

void describe_zig_variable(std::string_view text, TSNode node, Found& found) {
  static constexpr std::array<std::string_view, 5> kContainers = {
      "struct_declaration", "enum_declaration", "union_declaration", "opaque_declaration",
      "error_set_declaration"};
  by_first_identifier(text, node, found);
  each_child(node, [&](TSNode child, std::string_view) {
    if (text_of(text, child).starts_with("@import(")) {
      found.names.clear();
    } else if (is_one_of(type_of(child), kContainers)) {
      found.kind = ChunkKind::Class;
    }
    return true;
  });
}

void describe_zig_test(std::string_view text, TSNode node, Found& found) {
  add(found, trimmed(text_of(text, first_named(node)), "\""), kTitleBytes);
}

// --- Dart

void describe_dart_signature(std::string_view text, TSNode node, Found& found) {
  TSNode signature = node;
  if (type_of(node) == "method_signature") {
    signature = first_named(node);
  }
  if (none(signature)) {
    return;
  }
  const std::string_view type = type_of(signature);
  if (type == "operator_signature") {
    add(found,
        "operator " + std::string(text_of(text, child_of_type(signature, "binary_operator"))));
  } else if (type.find("constructor") != std::string_view::npos) {
    const std::string_view written = text_of(text, signature);
    std::string_view name = trimmed(written.substr(0, written.find('(')));
    name.remove_prefix(name.find_last_of(" \t\n") + 1);
    add(found, name);  // "A" or "A.named"
  } else {
    by_name_field(text, signature, found);
  }
}

void describe_dart_declaration(std::string_view text, TSNode node, Found& found) {
  if (const TSNode first = first_named(node);
      !none(first) && type_of(first).find("signature") != std::string_view::npos) {
    found.kind = ChunkKind::Function;
    describe_dart_signature(text, first, found);
    return;
  }
  const bool is_list = type_of(node).find("list") != std::string_view::npos;
  each_child(node, [&](TSNode child, std::string_view) {
    if (is_list && type_of(child).find("final_declaration") != std::string_view::npos) {
      by_first_identifier(text, child, found);
    } else if (type_of(child) == "initialized_identifier") {
      by_first_identifier(text, child, found);
    } else if (type_of(child).find("identifier_list") != std::string_view::npos ||
               type_of(child).find("declaration_list") != std::string_view::npos) {
      describe_dart_declaration(text, child, found);
    }
    return true;
  });
}

// --- SQL

void describe_sql_create(std::string_view text, TSNode node, Found& found) {
  TSNode name{};
  each_child(node, [&](TSNode child, std::string_view field_name) {
    if (type_of(child) == "object_reference") {
      const TSNode inner = field(child, "name");
      name = none(inner) ? child : inner;
      return false;
    }
    if (type_of(child) == "identifier" || field_name == "column") {
      name = child;
      return false;
    }
    return true;
  });
  add(found, trimmed(text_of(text, name), "\"`[]"));
}

// --- HTML and CSS

void describe_html_element(std::string_view text, TSNode node, Found& found) {
  const TSNode tag = first_named(node);
  if (none(tag)) {
    return;
  }
  each_child(tag, [&](TSNode child, std::string_view) {
    if (type_of(child) == "attribute" && text_of(text, first_named(child)) == "id") {
      const TSNode value = named_child(child, 1);
      add(found, trimmed(text_of(text, value), "\"'"), kTitleBytes);
      return false;
    }
    return true;
  });
}

void describe_css_rule(std::string_view text, TSNode node, Found& found) {
  std::string_view written = text_of(text, node);
  written = written.substr(0, std::min(written.find('{'), written.find(';')));
  if (written.find('\n') == std::string_view::npos) {
    add(found, written, kTitleBytes);
    return;
  }
  std::string joined;  // selectors on lines of their own
  for (const char c : written.substr(0, kTitleBytes * 2)) {
    if (c != '\n' && c != '\r') {
      joined += c;
    }
  }
  add(found, joined, kTitleBytes);
}

// --- JSON, YAML, TOML

void describe_key(std::string_view text, TSNode node, Found& found) {
  TSNode key = field(node, "key");
  if (none(key)) {
    key = first_named(node);
  }
  add(found, trimmed(text_of(text, key), "\"'"), kTitleBytes);
}

void describe_toml_table(std::string_view text, TSNode node, Found& found) {
  add(found, trimmed(text_of(text, first_named(node)), "\"'"), kTitleBytes);
}

// --- Markdown

namespace {

void add_heading(std::string_view text, TSNode heading, Found& found) {
  add(found, trimmed(text_of(text, field(heading, "heading_content")), "#"), kTitleBytes);
}

}  // namespace

void describe_markdown_section(std::string_view text, TSNode node, Found& found) {
  const TSNode first = first_named(node);
  if (!none(first) && type_of(first) == "atx_heading") {
    add_heading(text, first, found);
  }
}

void describe_markdown_setext(std::string_view text, TSNode node, Found& found) {
  add_heading(text, node, found);
}

}  // namespace sonde::text
