#pragma once
// Brings the index of one repository's history up to date: only commits that are new are read, by
// sonde-git in its sandbox; what HEAD does not reach any more is left out at once.

#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "library/history_folder.h"

namespace sonde::library {

struct HistoryUpdateInput {
  io::FileSystem& fs;
  std::string source_path;             // absolute
  std::vector<std::string> forgotten;  // paths below the source whose changes are not kept
  std::string program;                 // absolute path of sonde-git
  std::size_t threads = 2;             // as many worker processes
};

/// How far the reading of commits is. Called often, from the thread that called.
using HistoryProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct HistoryUpdate {
  std::uint64_t read = 0;  // commits
  bool finished = true;    // false: stopped before the end; the next update goes on
  std::vector<std::string> notes;
};

/// Damaged files are removed and made again. What keeps a history from being read (no repository,
/// no commit yet, another process that updates it, a repository that is not understood) is a note.
/// @param cancel  ends it after the commits that are under way; what was read stays
/// Errors: NoSpace, Io; Cancelled is `finished` false, not an error.
Result<HistoryUpdate> update_history(const HistoryUpdateInput& input, HistoryFolder& folder,
                                     const HistoryProgress& progress, const CancelToken& cancel);

/// What the repository's own state says of a history: shallow, partial, larger than the limit.
std::vector<std::string> notes_on_history(const HistoryManifest& manifest,
                                          const std::string& source_path);

}  // namespace sonde::library
