#pragma once
// Who calls whom, by name, some calls deep.

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "library/code_names.h"

namespace sonde::library {

/// A call tree, breadth first.
class CallTree {
 public:
  CallTree(CodeLookup& lookup, std::uint32_t depth)
      : lookup_(lookup), depth_(std::clamp(depth, 1U, kMaxCallDepth)) {}

  /// An edge before its places are read.
  struct Edge {
    std::uint32_t depth = 1;
    CodeFilePtr file;
    std::uint32_t caller = 0;  // one more than the index of its definition; 0: outside of any
    std::string callee;
    std::vector<std::uint32_t> lines;
    std::vector<FoundDefinition> meanings;
  };

  /// Errors: those of CodeLookup.
  Status callers(const std::string& name, NameMatch::Case how);
  Status callees(const std::vector<FoundDefinition>& roots);
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  bool expand(const std::string& name);
  Status add_callers(const std::string& name, NameMatch::Case how, std::uint32_t depth,
                     std::vector<std::string>& next);
  Status add_callees(const FoundDefinition& caller, std::uint32_t depth,
                     std::vector<FoundDefinition>& next);
  Result<std::vector<FoundDefinition>> meanings_of(const std::string& name,
                                                   const CodeFilePtr& file);

  CodeLookup& lookup_;
  const std::uint32_t depth_;
  std::set<std::string> expanded_;
  std::set<std::pair<std::int64_t, std::uint32_t>> expanded_definitions_;
  std::vector<Edge> edges_;
  bool cut_ = false;
};

}  // namespace sonde::library
