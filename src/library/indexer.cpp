#include "library/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "text/structure.h"

namespace sonde::library {

namespace {

// What one task prepares: enough to keep a worker's pipe full, little enough to bound memory.
constexpr std::size_t kUnitFiles = 32;
constexpr std::uint64_t kUnitBytes = 512 * 1024;

using Unit = std::vector<Candidate>;

std::vector<Unit> cut_into_units(std::vector<Candidate> candidates) {
  std::vector<Unit> units;
  std::uint64_t bytes = 0;
  for (Candidate& candidate : candidates) {
    if (units.empty() || units.back().size() >= kUnitFiles || bytes >= kUnitBytes) {
      units.emplace_back();
      bytes = 0;
    }
    bytes += candidate.entry.size_bytes;
    units.back().push_back(std::move(candidate));
  }
  return units;
}

/// Runs units on the pool, a few ahead, and hands their results out in order.
class OrderedRun {
 public:
  OrderedRun(ThreadPool& pool, const PrepareContext& context, std::vector<Unit> units,
             const CancelToken& cancel)
      : pool_(pool), context_(context), units_(std::move(units)), cancel_(cancel) {}

  ~OrderedRun() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    ready_.wait(lock, [this] { return in_flight_ == 0; });
  }

  [[nodiscard]] bool at_end() const { return taken_ == units_.size(); }

  Result<std::vector<Prepared>> next() {
    while (started_ < units_.size() && started_ - taken_ < pool_.size() + 2) {
      start(started_++);
    }
    std::unique_lock lock(mutex_);
    const std::size_t index = taken_++;
    ready_.wait(lock, [&] { return results_.contains(index); });
    auto node = results_.extract(index);
    return std::move(node.mapped());
  }

 private:
  void start(std::size_t index) {
    {
      const std::lock_guard lock(mutex_);
      ++in_flight_;
    }
    pool_.submit([this, index] {
      bool stopped = false;
      {
        const std::lock_guard lock(mutex_);
        stopped = stopped_;
      }
      Result<std::vector<Prepared>> result =
          stopped ? Result<std::vector<Prepared>>(Error{Code::Cancelled, "stopped"})
                  : prepare_files(context_, std::move(units_[index]), cancel_);
      const std::lock_guard lock(mutex_);
      results_.emplace(index, std::move(result));
      --in_flight_;
      ready_.notify_all();
    });
  }

  ThreadPool& pool_;
  const PrepareContext& context_;
  std::vector<Unit> units_;
  const CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::map<std::size_t, Result<std::vector<Prepared>>> results_;
  std::size_t started_ = 0;
  std::size_t taken_ = 0;
  std::size_t in_flight_ = 0;
  bool stopped_ = false;
};

std::vector<store::SkippedRow> skipped_rows(const store::SourceRow& source,
                                            std::vector<tree::SkippedEntry> entries) {
  std::vector<store::SkippedRow> rows;
  rows.reserve(entries.size());
  for (tree::SkippedEntry& entry : entries) {
    rows.push_back({source.id, std::move(entry.path), std::string(tree::reason_name(entry.reason)),
                    std::move(entry.detail), false, 0, 0});
  }
  return rows;
}

/// Folders that cannot be read are not among them: one that can be again is looked at again.
void take_left_out(const store::SourceRow& source, const std::vector<tree::SkippedEntry>& skipped,
                   IndexReport& report) {
  for (const tree::SkippedEntry& entry : skipped) {
    if (entry.path.ends_with('/') && entry.reason != tree::SkipReason::Unreadable) {
      report.left_out.push_back({source.path, entry.path.substr(0, entry.path.size() - 1)});
    }
  }
}

void take_totals(const WriteTotals& totals, IndexReport& report) {
  report.added = totals.added;
  report.changed = totals.changed;
  report.moved = totals.moved;
  report.removed = totals.removed;
  report.windowed = totals.windowed;
  report.chunks_written = totals.chunks_written;
  report.chunks_kept = totals.chunks_kept;
  report.lines = totals.lines;
  report.bytes = totals.bytes;
}

void note_trouble(const std::vector<Prepared>& prepared, IndexReport& report) {
  constexpr std::size_t kMaxNotes = 20;
  for (const Prepared& file : prepared) {
    if (!file.worker_trouble.empty() && report.notes.size() < kMaxNotes) {
      report.notes.push_back(fmt::format("{} has no syntax tree and was split by lines: {}",
                                         file.candidate.entry.path, file.worker_trouble));
    }
  }
}

/// Relative parts of a source that the request's absolute paths name; nullopt: none of it.
std::optional<std::vector<std::string>> prefixes_in(const store::SourceRow& source,
                                                    const std::vector<std::string>& paths) {
  if (paths.empty()) {
    return std::vector<std::string>{};
  }
  std::vector<std::string> prefixes;
  for (const std::string& path : paths) {
    if (path == source.path || under_any(source.path, {path})) {
      return std::vector<std::string>{};
    }
    if (under_any(path, {source.path})) {
      prefixes.push_back(path.substr(source.path == "/" ? 1 : source.path.size() + 1));
    }
  }
  if (prefixes.empty()) {
    return std::nullopt;
  }
  return prefixes;
}

}  // namespace

Status index_changes(const IndexContext& context, const store::SourceRow& source, ChangeSet changes,
                     bool whole_source, bool everything, IndexReport& report, Progress& state,
                     const ProgressSink& progress, const CancelToken& cancel) {
  Writer& writer = context.writer;
  std::vector<store::QuarantineRow> quarantine;
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, writer.store().snapshot());
    TRY_ASSIGN(quarantine, snapshot->quarantine());
    std::erase_if(quarantine, [&](const auto& row) { return row.source_id != source.id; });
  }
  const std::vector<store::SkippedRow> walk_skipped =
      skipped_rows(source, std::move(changes.skipped));
  writer.expect_gone(source, std::move(changes.gone));
  const PrepareContext prepare{context.fs, context.workers, writer.store(), context.config,
                               source,     quarantine,      everything};
  state.phase = Progress::Phase::Index;
  OrderedRun run(context.pool, prepare, cut_into_units(std::move(changes.candidates)), cancel);
  while (!run.at_end()) {
    auto prepared = run.next();
    if (!prepared.ok()) {
      if (prepared.error().code == Code::Cancelled) {
        TRY(writer.commit());  // what was done stays
      }
      return std::move(prepared).error();
    }
    note_trouble(*prepared, report);
    for (Prepared& file : *prepared) {
      ++state.files_done;
      state.bytes_done += file.candidate.entry.size_bytes;
      state.chunks += file.chunks.size();
      state.lines += file.record.lines;
      TRY(writer.apply(source, std::move(file)));
    }
    if (progress) {
      progress(state);
    }
  }
  TRY(writer.finish_source(source, changes.skips_over, whole_source ? &walk_skipped : nullptr));
  return writer.commit();
}

Status index_sources(const IndexContext& context, const IndexRequest& request, IndexReport& report,
                     const ProgressSink& progress, const CancelToken& cancel) {
  Writer& writer = context.writer;
  struct Work {
    store::SourceRow source;
    ChangeSet changes;
    bool whole = true;
  };
  std::vector<Work> work;
  Progress state;
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, writer.store().snapshot());
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, snapshot->sources());
    TRY_ASSIGN(const std::vector<std::int64_t> lacking,
               snapshot->files_without_structure(text::kStructureVersion));
    for (const store::SourceRow& source : sources) {
      const auto prefixes = prefixes_in(source, request.paths);
      if (!prefixes) {
        continue;
      }
      if (progress) {
        progress(state);
      }
      TRY_ASSIGN(ChangeSet changes, find_changes(*snapshot, source, context.config, *prefixes,
                                                 request.force, lacking, cancel));
      if (!changes.source_present()) {
        report.notes.push_back(
            fmt::format("{}; what the library knows of it is kept", changes.absence));
        continue;
      }
      report.notes.insert(report.notes.end(), changes.notes.begin(), changes.notes.end());
      if (changes.out_of_reach > 0) {
        report.notes.push_back(
            fmt::format("{}: {} files cannot be looked at now and are kept as last seen "
                        "(`sonde status --skipped` says why)",
                        source.path, changes.out_of_reach));
      }
      report.files_seen += changes.files_seen;
      report.unchanged += changes.unchanged;
      report.skipped += changes.skipped.size();
      take_left_out(source, changes.skipped, report);
      state.files_total += changes.candidates.size();
      state.bytes_total += changes.changed_bytes();
      work.push_back({source, std::move(changes), prefixes->empty()});
    }
  }
  for (Work& item : work) {
    const Status done = index_changes(context, item.source, std::move(item.changes), item.whole,
                                      request.force, report, state, progress, cancel);
    take_totals(writer.totals(), report);
    TRY(done);
  }
  report.unchanged += writer.totals().touched;
  state.phase = Progress::Phase::Merge;
  if (progress) {
    progress(state);
  }
  return writer.maintain(request.compact, cancel);
}

}  // namespace sonde::library
