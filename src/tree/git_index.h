#pragma once
// The names in a git index: which files are tracked.
//
// Our own reader, not libgit2's: that one refuses sha256 repositories, split indexes and foreign
// owners, verifies a SHA-1 over the whole file and makes an object an entry. We need names only.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::tree {

/// A sorted set of tracked paths. Threads: safe once made. Memory: the names and 4 bytes each.
class TrackedFiles {
 public:
  TrackedFiles() = default;

  /// @param bytes      the content of an index file, version 2, 3 or 4
  /// @param hash_size  20, or 32 where extensions.objectFormat is sha256
  /// @param shared     gives the content of "sharedindex.<hex>" for a split index, by its hex name
  /// Errors: Corruption (cut or malformed), Unsupported (version), Limit (kMaxEntries, kMaxBytes).
  using SharedIndex = std::function<std::optional<std::string>(const std::string& hex)>;
  static Result<TrackedFiles> parse(std::string_view bytes, std::size_t hash_size,
                                    const SharedIndex& shared);

  /// True for a tracked file, link or submodule.
  [[nodiscard]] bool contains(std::string_view path) const;
  /// True when something below `folder` is tracked.
  [[nodiscard]] bool contains_below(std::string_view folder) const;
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// All names, sorted; valid as long as this is.
  [[nodiscard]] std::vector<std::string_view> names() const;
  /// True when whole folders are entries (a sparse index): what is below them is not known.
  [[nodiscard]] bool has_sparse_folders() const { return sparse_; }

  static constexpr std::size_t kMaxEntries = 20'000'000;
  static constexpr std::size_t kMaxBytes = std::size_t{512} << 20;

 private:
  class Reader;
  [[nodiscard]] std::string_view name(std::size_t index) const;
  Status add(std::string_view name);
  void sort_if_needed();

  std::string names_;                // one after the other
  std::vector<std::uint32_t> ends_;  // where each ends in names_
  bool sparse_ = false;
};

}  // namespace sonde::tree
