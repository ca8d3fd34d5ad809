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
  bool skipped_before = false;   // the truth lists it as left out for its content
  bool lacks_structure = false;  // the truth does not know its structure
};

struct ChangeSet {
  // Why the source's folder cannot be looked at (unplugged, no permission); nothing is gone then.
  std::string absence;
  std::vector<Candidate> candidates;        // by path
  std::vector<store::FileState> gone;       // in the truth, not on disk; by path
  std::vector<tree::SkippedEntry> skipped;  // by the walk; by path
  std::vector<std::string> notes;           // of the walk, for people
  std::vector<std::string> skips_over;      // left out for their content once, not any more
  std::uint64_t out_of_reach = 0;  // files below what cannot be read now; kept as last seen
  std::uint64_t files_seen = 0;
  std::uint64_t unchanged = 0;

  [[nodiscard]] bool source_present() const { return absence.empty(); }
  [[nodiscard]] std::uint64_t changed_bytes() const;
  [[nodiscard]] std::uint64_t size() const { return candidates.size() + gone.size(); }
};

/// Options of the walk as the configuration has them.
tree::WalkOptions walk_options(const Config& config);

/// True when relative `path` is one of `prefixes` or lies below one ("" is everything).
bool under_any(std::string_view path, const std::vector<std::string>& prefixes);

/// Walks the source and compares. Files that were left out for their content stay left out, unread,
/// while size and time stay. What cannot be read now (no permission, a failing disk) is not gone.
/// @param prefixes  relative paths to look at; empty: the whole source
/// @param everything  true: every file is a candidate (--force)
/// @param lacking     ids of files that are candidates also when they are unchanged: their
/// structure
///                    is not known; ascending
/// Errors: Cancelled, and those of the reader.
Result<ChangeSet> find_changes(store::Reader& reader, const store::SourceRow& source,
                               const Config& config, const std::vector<std::string>& prefixes,
                               bool everything, const std::vector<std::int64_t>& lacking,
                               const CancelToken& cancel);

}  // namespace sonde::library
