#pragma once
// The arguments of a tool, read one by one. What is wrong with them is said so that the caller can
// mend it.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "faces/mcp/protocol.h"

namespace sonde::faces::mcp {

/// Owned by one thread; `json` must outlive it. Errors of every call: InvalidArgument.
class Arguments {
 public:
  /// @param json  an object
  explicit Arguments(const Json& json) : json_(json) {}

  Result<std::string> text(const std::string& name, const std::string& fallback = {});
  /// Not empty.
  Result<std::string> needed_text(const std::string& name);
  /// A whole number, also written as a string.
  Result<std::uint64_t> number(const std::string& name, std::uint64_t fallback, std::uint64_t least,
                               std::uint64_t most);
  /// A list of texts; one text is a list of one.
  Result<std::vector<std::string>> list(const std::string& name);
  Result<bool> flag(const std::string& name, bool fallback = false);
  [[nodiscard]] bool has(const std::string& name) const;
  /// Call last: every argument must have been asked for.
  [[nodiscard]] Status finish() const;

 private:
  const Json* find(const std::string& name);

  const Json& json_;
  std::set<std::string> asked_;
};

}  // namespace sonde::faces::mcp
