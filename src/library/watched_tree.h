#pragma once
// Looks at the watched folders themselves: are they there, are they the same, does git work in
// them, has anything in them changed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "library/config.h"
#include "library/library.h"
#include "library/watch_rules.h"

namespace sonde::library {

/// Owned by one thread.
class WatchedTree {
 public:
  /// @param parts  absolute; sources that none of them touches are left out; empty: all sources
  WatchedTree(const std::vector<SourceInfo>& sources, const std::vector<std::string>& parts);

  [[nodiscard]] const std::vector<WatchedSource>& sources() const { return sources_; }
  /// What a watcher is given: the sources that are there, and repositories outside of them.
  [[nodiscard]] std::vector<std::string> watch_roots() const;
  /// Some source is on a file system where changes of other machines are not told.
  [[nodiscard]] bool told_in_part() const;

  enum class Roots {
    Same,
    Replaced,  // another folder is at the place of one, or one went or came
    Gone,      // none is there
  };
  /// Compares with the last call, or with the making of this. Cost: one stat a source.
  Roots look_at_roots();

  /// Git is in the middle of something that changes files. A lock that was waited for in vain
  /// (ignore_present_locks) does not count again.
  [[nodiscard]] bool git_is_busy() const;
  void ignore_present_locks();

  /// Walks and compares with the last walk; true when something may have changed.
  /// Errors: Cancelled.
  Result<bool> changed_since_last_walk(const Config& config, const CancelToken& cancel);

 private:
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t mtime_ns = 0;  // of locks alone
    bool operator==(const Identity&) const = default;
  };
  static std::optional<Identity> root_identity(const std::string& path);
  std::optional<Identity> lock_of(const WatchedSource& source) const;

  std::vector<WatchedSource> sources_;
  std::vector<std::optional<Identity>> roots_;
  std::vector<std::optional<Identity>> old_locks_;
  std::optional<std::uint64_t> last_walk_;
  bool last_walk_is_sure_ = false;
};

}  // namespace sonde::library
