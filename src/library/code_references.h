#pragma once
// What refers to a name: edges of the syntax trees, and the name elsewhere in the text.

#include <set>
#include <string>
#include <vector>

#include "library/code_names.h"

namespace sonde::library {

/// Collects the references to one name.
class References {
 public:
  References(CodeLookup& lookup, NameMatch match) : lookup_(lookup), match_(std::move(match)) {}

  /// Errors: those of CodeLookup.
  Status collect(const std::string& name, bool mentions);
  /// Edges first, then mentions.
  [[nodiscard]] std::vector<FoundPlace> take();
  /// True when the name stands in more text than was looked through.
  [[nodiscard]] bool cut() const;

 private:
  void collect_edges(const CodeFilePtr& file, std::set<std::uint32_t>& taken);
  Status collect_mentions(const NamedFile& named, const CodeFilePtr& file, const std::string& name,
                          const std::set<std::uint32_t>& taken);

  CodeLookup& lookup_;
  NameMatch match_;
  std::vector<FoundPlace> found_;
  std::vector<FoundPlace> mentioned_;
  std::size_t chunks_ = 0;
};

}  // namespace sonde::library
