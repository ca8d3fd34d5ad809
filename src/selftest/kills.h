#pragma once
// kill -9 of a process that indexes, again and again, while the tree changes.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "selftest/life.h"
#include "selftest/tally.h"

namespace sonde::selftest {

/// What a started process shall do.
struct Errand {
  std::string root;
  std::string directory;
  bool compact = false;
  /// Dies at its call of the disk with this number, from 0, among those called `die_name` (all when
  /// that is empty), and writes into `note` before what call it was, or, when it ends without,
  /// "name\tcount\n" of each. Nothing: it is killed from outside.
  std::optional<std::uint64_t> die_at = std::nullopt;
  std::string die_name = {};
  std::string note = {};
};

struct KillOptions {
  std::string scratch;         // an existing folder; what is written there is left there
  std::string worker_program;  // sonde-worker
  std::uint64_t seed = 1;
  std::uint64_t kills = 2'000;  // in all
  std::size_t files = 12;       // of the tree
  /// Starts a process that indexes and embeds, as leader of a group of its own. Null: a fork of
  /// this one.
  std::function<Result<pid_t>(const Errand&)> start = nullptr;
  bool dies_by_itself = false;  // `start` knows die_at
  /// Opens the library as that process does. Null: options_for(ground, 1).
  std::function<library::LibraryOptions(const Ground&)> options = nullptr;
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
};

/// After each kill: the lease is free at once, what was acknowledged is found, nothing twice, no
/// old text, the folder no larger than three times what it ever was when at rest. Counts: "kills",
/// "kills at a call of the disk", "at NAME", "runs to the end", "most ms to open and answer".
/// Errors: Io, NoSpace; those of the library when nothing was killed yet.
Result<Tally> try_kills(const KillOptions& options);

}  // namespace sonde::selftest
