#pragma once
// The one writer of a library: holds the lease, applies prepared files in transactions, keeps the
// derived segments in step.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "io/lease.h"
#include "library/library.h"
#include "library/prepare.h"
#include "library/segments.h"
#include "store/store.h"

namespace sonde::library {

/// Counts of what a writer did, for reports.
struct WriteTotals {
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t moved = 0;
  std::uint64_t removed = 0;
  std::uint64_t touched = 0;
  std::uint64_t skipped = 0;
  std::uint64_t windowed = 0;
  std::uint64_t chunks_written = 0;
  std::uint64_t chunks_kept = 0;
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
};

/// Owned by one thread.
class Writer {
 public:
  /// Takes the lease (Busy when another process holds it), opens the truth for writing and removes
  /// leftovers of an interrupted run. Damaged or outdated derived files are rebuilt.
  /// @param segments  outlives the writer
  static Result<std::unique_ptr<Writer>> open(const store::StoreOptions& store_options,
                                              io::FileSystem& fs, Segments& segments,
                                              ThreadPool& pool);

  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const WriteTotals& totals() const { return totals_; }
  /// What was set aside and rebuilt while opening, for people.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// Files that are gone from disk. They are removed at the end (finish_source), unless one of the
  /// files applied until then has their content: then it is a move.
  void expect_gone(const store::SourceRow& source, std::vector<store::FileState> gone);
  /// Adds a prepared file to the batch; commits when the batch is full.
  Status apply(const store::SourceRow& source, Prepared prepared);
  /// Removes what expect_gone() named and was not moved; records the walk's skipped entries.
  /// @param skips_over    paths that are no longer left out for their content
  /// @param walk_skipped  null: only a part of the source was looked at
  Status finish_source(const store::SourceRow& source, const std::vector<std::string>& skips_over,
                       const std::vector<store::SkippedRow>* walk_skipped);
  /// Commits what is in the batch; nothing when it is empty.
  Status commit();

  /// Keeps segments and deltas bounded; with `compact` merges everything into one segment.
  Status maintain(bool compact, const CancelToken& cancel);
  /// Builds every segment anew from the truth.
  Status rebuild(const ProgressSink& progress, const CancelToken& cancel);
  /// Removes every file under the given relative paths of a source and leaves no trace of them in
  /// the segments. @return their texts
  Result<std::vector<std::string>> forget(const store::SourceRow& source,
                                          const std::vector<std::string>& prefixes,
                                          ForgetReport& report, const CancelToken& cancel);
  /// Removes a source with its files.
  Status remove_source(const store::SourceRow& source, const CancelToken& cancel);

 private:
  struct Place {
    bool is_delta = false;
    std::int64_t holder_id = 0;
    std::uint32_t ordinal = 0;
  };

  Writer(io::Lease lease, std::unique_ptr<store::Store> store, Segments& segments,
         ThreadPool& pool);
  Status load_or_rebuild();
  Status load_or_rebuild_vectors();
  Status reload();
  Status begin_if_needed();
  Status bury(const store::SourceRow& source, const std::string& path);
  Status index_file(const store::SourceRow& source, Prepared& prepared);
  Result<bool> apply_move(const store::SourceRow& source, Prepared& prepared);
  Status list_built(index::SegmentBuilder& builder, store::Transaction& transaction);
  Status merge(const std::vector<std::size_t>& which, const CancelToken& cancel);
  Status replace_all(const std::vector<store::SegmentRow>& rows);
  void abandon();

  io::Lease lease_;
  std::unique_ptr<store::Store> store_;
  Segments& segments_;
  ThreadPool& pool_;
  HolderList holders_;
  std::uint64_t generation_ = 0;

  std::unique_ptr<store::Transaction> transaction_;
  std::optional<index::SegmentBuilder> builder_;
  std::uint64_t batch_bytes_ = 0;
  std::uint64_t batch_files_ = 0;
  std::map<std::int64_t, std::multimap<ContentHash, store::FileState>> gone_;  // by source
  WriteTotals totals_;
  std::vector<std::string> notes_;
};

}  // namespace sonde::library
