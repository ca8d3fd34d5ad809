#pragma once
// What a trial did: counts by name, and the promises it saw broken.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::selftest {

struct Tally {
  std::map<std::string, std::uint64_t> counts;
  std::vector<std::string> broken;  // one sentence each, with what is needed to see it again

  void add(const std::string& name, std::uint64_t count = 1) { counts[name] += count; }
  /// Names that begin with "most " keep the greatest.
  void most(const std::string& name, std::uint64_t value);
  void break_promise(std::string what);
  void join(const Tally& other);
  [[nodiscard]] std::uint64_t count(const std::string& name) const;
};

/// Runs `work` in child processes, so that a signal costs a sentence in the tally and not the
/// program, and joins what they tell. The caller has no other thread.
/// @param scratch  an existing folder for what they tell
/// Errors: Io (no child can be started).
Result<Tally> in_children(unsigned children, const std::string& scratch,
                          const std::function<Tally(unsigned child)>& work);

/// Writes down what a child is about to do: told when a signal ends it.
void tell_doing(const std::string& scratch, unsigned child, const std::string& what);

}  // namespace sonde::selftest
