#pragma once
// What differs between a source on disk and the truth.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "library/config.h"
#include "store/store.h"
#include "tree/walk.h"

namespace sonde::library {

/// A file to read: new, or with another size, time or inode than the truth knows.
struct Candidate {
  tree::FileEntry entry;
  std::optional<store::FileState> known;
};

struct ChangeSet {
  bool source_present = true;  // false: the source's folder is not there; nothing is gone then
  std::vector<Candidate> candidates;        // by path
  std::vector<store::FileState> gone;       // in the truth, not on disk; by path
  std::vector<tree::SkippedEntry> skipped;  // by the walk; by path
  std::vector<std::string> notes;           // of the walk, for people
  std::uint64_t files_seen = 0;
  std::uint64_t unchanged = 0;

  [[nodiscard]] std::uint64_t changed_bytes() const;
  [[nodiscard]] std::uint64_t size() const { return candidates.size() + gone.size(); }
};

/// Options of the walk as the configuration has them.
tree::WalkOptions walk_options(const Config& config);

/// True when relative `path` is one of `prefixes` or lies below one ("" is everything).
bool under_any(std::string_view path, const std::vector<std::string>& prefixes);

/// Walks the source and compares. Files that were left out for their content stay left out, unread,
/// while size and time stay.
/// @param prefixes  relative paths to look at; empty: the whole source
/// @param everything  true: every file is a candidate (--force)
/// Errors: Cancelled, Io, and those of the reader.
Result<ChangeSet> find_changes(store::Reader& reader, const store::SourceRow& source,
                               const Config& config, const std::vector<std::string>& prefixes,
                               bool everything, const CancelToken& cancel);

}  // namespace sonde::library
