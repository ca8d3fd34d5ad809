#pragma once
// The complexity of functions, counted while their tree is walked.
//
// Cyclomatic: McCabe's, as 1 and one for each condition, loop, branch of a switch but the default,
// catch, ternary and logical operator. Cognitive: SonarSource's "Cognitive Complexity", version
// 1.5 (G. Ann Campbell, 2021), appendix B; recursion is seen where a function calls itself by its
// name. A function within another counts for itself, and for the other's cognitive one.

#include <string_view>
#include <unordered_set>
#include <vector>

#include <tree_sitter/api.h>

#include "text/structure.h"
#include "text/syntax/flow.h"
#include "text/syntax/tree.h"

namespace sonde::text {

/// Adds to the measures of the definitions whose text a walk is in.
class ComplexityMeter {
 public:
  /// @param definitions  of the walk; grows outside
  ComplexityMeter(const LanguageParser& parser, std::string_view text,
                  std::vector<Definition>& definitions);

  /// A definition opens. @param end  one past its last byte
  void open(std::uint32_t definition, TSNode node, std::uint32_t end);
  /// A node that breaks the flow; to be called in the order of the text.
  void enter(Flow flow, TSNode node);
  /// A call. @param name  number of the called name
  void call(std::uint32_t name, TSNode at);

 private:
  struct Frame {
    std::uint32_t definition = 0;
    std::uint32_t end = 0;
    std::uint32_t depth = 0;    // nesting where it begins
    bool function = false;      // false: a class, beyond which nothing is counted
    bool body_follows = false;  // the next lambda is the function itself
    bool recursive = false;
  };
  struct Nest {
    std::uint32_t from = 0;
    std::uint32_t end = 0;
  };

  void leave(std::uint32_t start);
  [[nodiscard]] std::uint32_t nesting(std::uint32_t start) const;
  void count(std::uint32_t cyclomatic, std::uint32_t cognitive, bool nested, std::uint32_t start);
  void nest(std::uint32_t from, std::uint32_t end);
  void enter_if(TSNode node);
  void count_else(TSNode node);
  void enter_loop(TSNode node);
  void enter_case(TSNode node);
  void enter_logical(TSNode node);
  void enter_lambda(TSNode node);
  void enter_leave(TSNode node);
  void enter_word(TSNode node);
  [[nodiscard]] char operator_of(TSNode node) const;
  void collect_operators(TSNode node, std::vector<char>& operators, int depth);
  [[nodiscard]] Flow flow_of_node(TSNode node) const { return parser_.flow(node); }

  const LanguageParser& parser_;
  const std::string_view text_;
  std::vector<Definition>& definitions_;
  bool else_if_nests_ = false;  // `else if` is an if within an else here
  std::vector<Frame> frames_;
  std::vector<Nest> nests_;
  std::vector<const void*> else_ifs_;       // nodes, before they are met
  std::unordered_set<const void*> joined_;  // logical nodes counted with an outer one
  std::uint32_t joined_end_ = 0;
};

/// How many parameters a node that defines a function takes; without `self` and its kin.
std::uint32_t parameters_of(std::string_view text, TSNode node);

}  // namespace sonde::text
