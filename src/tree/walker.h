#pragma once
// The walk itself, with what it takes from its surroundings passed in.

#include <string>

#include "tree/git_config.h"
#include "tree/walk.h"

namespace sonde::tree {

/// walk(), with git's environment given. See walk.h.
Result<WalkResult> walk_with(const std::string& root, const WalkOptions& options,
                             const CancelToken& cancel, const GitEnvironment& environment);

/// Deeper folders are left out.
inline constexpr std::size_t kMaxWalkDepth = 8192;

}  // namespace sonde::tree
