#pragma once
// Where a git repository keeps what it knows: $GIT_DIR, the common folder that its working trees
// share, and the other working trees.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/unique_fd.h"
#include "tree/git_config.h"

namespace sonde::tree {

/// $GIT_DIR of the working tree whose folder is open as `top`: ".git", or what a file ".git" names.
io::UniqueFd open_git_folder(int top);
/// The folder of the repository that a $GIT_DIR belongs to: itself, but for a linked worktree.
io::UniqueFd open_common_folder(int git_folder);

/// How many folders up the repository around one is looked for.
inline constexpr std::size_t kMaxParents = 512;

/// The folder that holds HEAD, index and index.lock of the repository in whose working tree
/// `folder` lies; empty when it lies in none.
std::string git_folder_of(const std::string& folder);

/// The tops of the other working trees of the repository that `top` is a working tree of, absolute:
/// the main one first, then the linked ones by name. Only folders whose own ".git" leads back to
/// this repository; at most kMaxWorktrees are looked at. Reads git's files and starts no process.
/// Empty when `top` is no working tree.
std::vector<std::string> sibling_worktrees(const std::string& top,
                                           const GitEnvironment& environment);

inline constexpr std::size_t kMaxWorktrees = 256;

}  // namespace sonde::tree
