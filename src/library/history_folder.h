#pragma once
// The folder of derived files that makes one repository's history searchable:
// history/UID/{manifest, NUMBER.seg, NUMBER.commits} (docs/formats/history.md). Git is the truth.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "history/part.h"
#include "index/segment.h"
#include "io/file_system.h"

namespace sonde::library {

/// Two files of one name, as the manifest lists them.
struct HistoryPartRow {
  std::uint64_t number = 0;
  std::uint32_t commits = 0;
  std::uint32_t docs = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t commit_bytes = 0;
  std::uint64_t tables = 0;         // checksum of the tables of the commits' file
  std::vector<std::uint32_t> dead;  // ordinals of commits that HEAD does not reach, ascending
};

struct HistoryManifest {
  std::uint64_t settings = 0;  // of what all was read with; with others it is read again
  /// All that this commit reaches is in the parts; nothing while some is still to be read.
  std::optional<history::CommitId> head;
  std::uint64_t reachable = 0;  // commits, at most the limit
  bool limited = false;         // there are more than the limit
  std::uint64_t missing = 0;    // parents that are not there
  std::uint64_t next_number = 1;
  std::vector<HistoryPartRow> parts;

  [[nodiscard]] std::uint64_t live() const;
};

struct OpenHistoryPart {
  HistoryPartRow row;
  std::shared_ptr<const index::Segment> segment;
  std::shared_ptr<const history::CommitFile> commits;
};

/// Commits on their way into a part.
struct HistoryBatch {
  index::SegmentBuilder words;
  std::vector<history::CommitInput> commits;
};

/// Threads: open() and load() are safe; what writes belongs to the holder of the folder's lease.
class HistoryFolder {
 public:
  HistoryFolder(io::FileSystem& fs, std::string directory, std::size_t cache_bytes);

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string lock_path() const;
  /// Nothing when there is none. Errors: Corruption, Unsupported, Io.
  Result<std::optional<HistoryManifest>> load() const;
  Status save(const HistoryManifest& manifest) const;
  /// Errors: Corruption (missing, damaged, another than is listed), Io.
  Result<OpenHistoryPart> open(const HistoryPartRow& row);
  Result<std::vector<OpenHistoryPart>> open_all(const HistoryManifest& manifest);

  /// Writes what the batch holds; it is empty afterwards.
  Result<HistoryPartRow> write(std::uint64_t number, HistoryBatch& batch) const;
  /// One part of the live commits of several. Errors also: Cancelled.
  Result<HistoryPartRow> merge(std::uint64_t number, const std::vector<OpenHistoryPart>& parts,
                               const CancelToken& cancel) const;
  /// Removes files that the manifest does not list.
  Status remove_unlisted(const HistoryManifest& manifest) const;
  /// Removes everything but the lock.
  Status wipe();
  [[nodiscard]] std::uint64_t bytes_on_disk() const;

 private:
  Status write_commits(HistoryPartRow& row, std::vector<history::CommitInput> commits) const;

  io::FileSystem& fs_;
  const std::string directory_;
  io::BlockCache cache_;
  std::mutex mutex_;  // guards open_; never held during I/O
  std::map<std::uint64_t, OpenHistoryPart> open_;
};

}  // namespace sonde::library
