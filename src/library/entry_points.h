#pragma once
// Which definitions are used without being named: by a runtime, a framework, or another project.

#include <string>

#include "library/code_lookup.h"

namespace sonde::library {

/// What is known of a definition that nothing refers to.
struct UnusedCandidate {
  bool counts = false;    // false: it may be used without being named, or is none of a reader's
  double confidence = 0;  // that nothing uses it, from what is written at it alone
  std::string reason;     // for people: "private", ...
};

/// @param index  of a definition of the file
UnusedCandidate candidate_of(const CodeFile& file, std::uint32_t index);

}  // namespace sonde::library
