#pragma once
// How questions about a repository's commits travel to a worker, and the answers back. The worker
// (sonde-git) reads objects alone: which commit HEAD is, the caller finds out
// (history/repository.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/commit.h"

namespace sonde::history {

inline constexpr std::size_t kCommitsPerJob = 1'000;

/// Which commits can be reached from `head`?
struct WalkJob {
  std::string objects;  // the folder of the repository's objects
  CommitId head;
  std::optional<CommitId> known;  // everything that can be reached from here is known
  std::uint64_t limit = kCommitLimit;
};

struct WalkAnswer {
  bool continues = false;  // `head` comes after `known`: `commits` are those between. Else all are.
  std::vector<CommitId> commits;  // newest first, at most the limit
  bool limited = false;           // there are more
  std::uint64_t missing = 0;      // parents that are not there: the clone is shallow, or damaged
};

struct ReadJob {
  std::string objects;
  std::string prefix;  // only what lies below this folder of the repository; empty: everything
  std::vector<CommitId> commits;
};

std::string encode_walk_job(const WalkJob& job);
Result<WalkJob> decode_walk_job(std::string_view payload);
std::string encode_walk_answer(const WalkAnswer& answer);
/// Errors: Corruption, Limit.
Result<WalkAnswer> decode_walk_answer(std::string_view payload, std::uint64_t limit);

std::string encode_read_job(const ReadJob& job);
Result<ReadJob> decode_read_job(std::string_view payload);
std::string encode_read_answer(const std::vector<Commit>& commits);
/// Checks that it is these commits, in order. Errors: Corruption, Limit.
Result<std::vector<Commit>> decode_read_answer(std::string_view payload,
                                               const std::vector<CommitId>& asked);

/// The handlers that sonde-git registers; they live in sonde_git, which alone links libgit2.
/// Errors: NotFound (no such folder, no such commit), Corruption, those of decoding.
Result<std::string> handle_walk_job(std::string_view payload);
Result<std::string> handle_read_job(std::string_view payload);

}  // namespace sonde::history
