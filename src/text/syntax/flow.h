#pragma once
// Which nodes of a syntax tree break the flow of control, by language. From these the complexity of
// a function is counted (complexity.h), and what is written before a definition is known (marks.h).

#include <cstdint>
#include <string_view>

namespace sonde::text {

enum class Flow : std::uint8_t {
  None,
  If,    // also as a modifier behind a statement
  Elif,  // a further condition in a node of its own
  Loop,
  Switch,  // switch, match, when, case ... of
  Case,    // one of its branches
  Catch,
  Ternary,
  Logical,  // an expression whose operator may be "and" or "or"
  Lambda,   // a function without a name
  Goto,
  Leave,      // break and continue, which may name a label
  Word,       // Elixir: a call that may be `if`, `case` and so on
  Attribute,  // annotations, attributes and decorators
  Export,     // `export` around a definition
};

/// What a node type is in a language as grammars.h names it.
Flow flow_of(std::string_view language, std::string_view type);

}  // namespace sonde::text
