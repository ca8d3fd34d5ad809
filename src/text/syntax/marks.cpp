#include "text/syntax/marks.h"

#include <algorithm>
#include <cctype>

#include "text/syntax/names.h"
#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr std::uint32_t kGap = 400;         // bytes between an attribute and what it is about
constexpr std::uint32_t kExportHead = 300;  // between `export` and the definition: decorators
constexpr std::size_t kModifierBytes = 2'000;
constexpr int kDepth = 2;

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// "b" of "@a.b(c)", "#[a::b]" and "[b(1)]".
std::string_view attribute_name(std::string_view written) {
  written.remove_prefix(std::min(written.find_first_not_of("@#![( \t\r\n"), written.size()));
  std::size_t end = 0;
  while (end < written.size() &&
         (std::isalnum(static_cast<unsigned char>(written[end])) != 0 || written[end] == '_' ||
          written[end] == '.' || written[end] == ':')) {
    ++end;
  }
  written = written.substr(0, end);
  const std::size_t cut = written.find_last_of(".:");
  return cut == std::string_view::npos ? written : written.substr(cut + 1);
}

/// Attributes that speak to the compiler or to people, and hand nothing to anybody.
bool is_harmless(std::string_view name) {
  return is_any(
      name,
      {// Python
       "staticmethod", "classmethod", "property", "setter", "getter", "deleter", "abstractmethod",
       "abstractproperty", "overload", "final", "cached_property", "lru_cache", "cache", "wraps",
       "dataclass", "contextmanager", "asynccontextmanager", "total_ordering", "unique",
       "deprecated", "runtime_checkable", "no_type_check",
       // Java and Kotlin
       "Deprecated", "SuppressWarnings", "Suppress", "Nullable", "NonNull", "NotNull", "Nonnull",
       "SafeVarargs", "FunctionalInterface", "VisibleForTesting", "GuardedBy", "CheckReturnValue",
       "Beta", "Immutable", "ThreadSafe", "JvmStatic", "JvmOverloads", "JvmField", "JvmName",
       "Throws", "OptIn", "Experimental", "Since", "Contract", "CanIgnoreReturnValue",
       // Rust
       "inline", "derive", "cfg", "cfg_attr", "must_use", "allow", "warn", "deny", "expect", "doc",
       "cold", "track_caller", "repr", "target_feature", "automatically_derived", "non_exhaustive",
       "rustfmt", "skip", "clippy", "stable", "unstable", "rustc_const_stable",
       // C#, Swift, Scala, PHP, Dart
       "Obsolete", "MethodImpl", "Flags", "Conditional", "DebuggerStepThrough", "Pure", "available",
       "discardableResult", "inlinable", "usableFromInline", "escaping", "frozen", "tailrec",
       "protected", "visibleForTesting", "immutable", "pragma"});
}

/// Attributes of C by which the linker or the runtime uses what nothing names.
bool hands_to_runtime(std::string_view written) {
  for (const std::string_view word :
       {"constructor", "destructor", "used", "interrupt", "weak", "section", "visibility", "alias",
        "dllexport", "export_name"}) {
    if (written.find(word) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

void add_mark(Definition& definition, MarkFlag mark) {
  definition.marks = static_cast<std::uint8_t>(definition.marks | mark);
}

bool has_word(std::string_view written, std::string_view word) {
  for (std::size_t at = written.find(word); at != std::string_view::npos;
       at = written.find(word, at + 1)) {
    const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const std::size_t end = at + word.size();
    if ((at == 0 || !letter(written[at - 1])) && (end == written.size() || !letter(written[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool MarkReader::stands_before(std::uint32_t end, std::uint32_t start) const {
  return end != 0 && end <= start && start - end <= kGap &&
         text_.substr(end, start - end).find_first_of(";{}(=") == std::string_view::npos;
}

void MarkReader::note(Flow flow, TSNode node) {
  const std::uint32_t start = ts_node_start_byte(node);
  const std::uint32_t end = ts_node_end_byte(node);
  if (flow == Flow::Export) {
    export_begin_ = start;
    export_end_ = end;
    return;
  }
  if (!stands_before(attributes_end_, start)) {
    attributes_begin_ = start;
    overrides_ = false;
    hands_over_ = false;
  }
  attributes_end_ = end;
  Definition read;
  mark_by_attribute(text_of(text_, node), read);
  overrides_ = overrides_ || (read.marks & kOverrides) != 0;
  hands_over_ = hands_over_ || (read.marks & kAnnotated) != 0;
}

void MarkReader::mark_by_attribute(std::string_view written, Definition& definition) const {
  const std::string_view name = attribute_name(written);
  if (language_ == "elixir" && name != "impl") {
    return;  // @doc, @spec and values that the module keeps
  }
  if (is_any(name, {"Override", "override", "impl"})) {
    add_mark(definition, kOverrides);
  } else if (!is_harmless(name)) {
    add_mark(definition, kAnnotated);
  }
}

void MarkReader::mark_by_word(std::string_view written, Definition& definition) const {
  written = written.substr(0, kModifierBytes);
  const bool part = written.starts_with("pub(");  // Rust: of the crate, or of less
  if (part || has_word(written, "private") || has_word(written, "fileprivate")) {
    definition.visibility = Visibility::Private;
  } else if (has_word(written, "public") || has_word(written, "open") ||
             has_word(written, "protected") || has_word(written, "pub")) {
    definition.visibility = Visibility::Public;
  }
  if (has_word(written, "override")) {
    add_mark(definition, kOverrides);
  }
}

/// Modifiers, attributes and specifiers that stand within the node, before its body.
void MarkReader::mark_by_children(TSNode node, Definition& definition, int depth) const {
  each_child(node, [&](TSNode child, std::string_view field_name) {
    if (field_name == "body" || field_name == "value") {
      return true;
    }
    const std::string_view type = type_of(child);
    const std::string_view written = text_of(text_, child).substr(0, kModifierBytes);
    if (is_any(type, {"modifiers", "modifier", "visibility_modifier", "accessibility_modifier",
                      "override_modifier", "virtual_specifier", "access_modifier",
                      "member_modifier", "var_modifier", "pub", "private", "protected"})) {
      if (type == "modifiers" && depth < kDepth) {
        mark_by_children(child, definition, depth + 1);
      }
      if (type != "modifiers" || language_ == "java") {
        mark_by_word(written, definition);
      }
    } else if (is_any(type, {"annotation", "marker_annotation", "attribute", "decorator"})) {
      mark_by_attribute(written, definition);
    } else if (is_any(type, {"attribute_list", "attribute_group"}) && depth < kDepth) {
      mark_by_children(child, definition, depth + 1);
    } else if (is_any(type,
                      {"attribute_specifier", "attribute_declaration", "ms_declspec_modifier"})) {
      if (hands_to_runtime(written)) {
        add_mark(definition, kAnnotated);
      }
    } else if (type == "storage_class_specifier" && written == "static") {
      // In C a file's own; of a C++ class a member as any other.
      definition.visibility = definition.parent == 0 ? Visibility::Private : definition.visibility;
    } else if (is_any(type, {"function_declarator", "pointer_declarator"}) && depth < kDepth) {
      mark_by_children(child, definition, depth + 1);
    } else if (type == "override") {
      add_mark(definition, kOverrides);
    } else if (type == "local") {
      definition.visibility = Visibility::Private;
    }
    return true;
  });
}

void MarkReader::mark_by_name(std::string_view name, Definition& definition) const {
  const char first = name.empty() ? '\0' : name[0];
  if (language_ == "go") {
    const bool upper = first >= 'A' && first <= 'Z';
    definition.visibility = upper ? Visibility::Public : Visibility::Private;
  } else if (is_any(language_,
                    {"python", "dart", "lua", "javascript", "jsx", "typescript", "tsx"})) {
    if ((first == '_' || first == '#') && definition.visibility != Visibility::Public) {
      definition.visibility = Visibility::Private;
    }
  }
}

void MarkReader::mark(TSNode node, std::string_view name, Definition& definition) {
  const std::uint32_t start = ts_node_start_byte(node);
  const bool within = attributes_begin_ >= start && attributes_end_ <= ts_node_end_byte(node);
  if (!within && stands_before(attributes_end_, start)) {
    if (overrides_) {
      add_mark(definition, kOverrides);
    }
    if (hands_over_) {
      add_mark(definition, kAnnotated);
    }
    attributes_end_ = 0;  // the next definition has its own
  }
  const bool unit = definition.parent == 0;
  if (is_any(language_, {"rust", "zig"})) {
    definition.visibility = Visibility::Private;
  } else if (is_any(language_, {"javascript", "jsx", "typescript", "tsx"})) {
    const bool within_export = export_end_ >= ts_node_end_byte(node) && export_begin_ <= start;
    const bool directly =
        within_export &&
        text_.substr(export_begin_, start - export_begin_).find('{') == std::string_view::npos;
    const bool exported =
        directly || (unit && within_export && start - export_begin_ <= kExportHead);
    definition.visibility = exported ? Visibility::Public
                            : unit   ? Visibility::Private
                                     : Visibility::Unknown;
  }
  mark_by_name(name, definition);
  if (language_ == "elixir") {
    const std::string_view word = text_of(text_, field(node, "target"));
    const bool hidden = is_any(word, {"defp", "defmacrop", "defguardp"});
    definition.visibility = hidden ? Visibility::Private : Visibility::Unknown;
  }
  mark_by_children(node, definition, 0);
}

}  // namespace sonde::text
