#pragma once
// Where the commits of a folder's repository are, read without libgit2: a few small files of git's.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/commit.h"

namespace sonde::history {

struct RepositoryPlace {
  std::string objects;                  // the folder of its objects, absolute
  std::vector<std::string> alternates;  // further such folders that it names
  std::string prefix;                   // the source within the working tree; empty: it is its top
  std::optional<CommitId> head;         // nothing: no commit yet
  std::uint64_t shallow = 0;            // names where its history is cut off; 0: nowhere
  bool partial = false;                 // made to fetch contents when they are needed
};

/// The repository in whose working tree `folder` lies. Errors: NotFound (it lies in none),
/// Unsupported (names of 256 bits, references in a reftable), Io (HEAD cannot be read).
/// Cost: some small files; packed-refs when HEAD's branch is only there.
Result<RepositoryPlace> find_repository(const std::string& folder);

}  // namespace sonde::history
