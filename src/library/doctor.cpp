// Checking, mending and starting again.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <utility>

#include "base/thread_pool.h"
#include "io/lease.h"
#include "library/changes.h"
#include "library/disk.h"
#include "library/library.h"
#include "library/machine.h"
#include "library/meaning.h"
#include "library/segments.h"
#include "library/writer.h"
#include "store/store.h"

namespace sonde::library {

namespace {

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

/// One visit of the doctor.
class Visit {
 public:
  Visit(const LibraryOptions& options, bool repair, const ProgressSink& progress,
        const CancelToken& cancel)
      : options_(options),
        repair_(repair),
        progress_(progress),
        cancel_(cancel),
        limits_(limits_for(options.config)),
        segments_(file_system(options), options.location.directory, limits_) {}

  Result<DoctorReport> run() {
    TRY(check_truth());
    if (truth_opens_) {
      TRY(check_derived());
    }
    if (repair_ && !report_.healthy) {
      TRY(mend());
      TRY(look_again());
    }
    return std::move(report_);
  }

 private:
  void damage(std::string what, std::string remedy) {
    report_.findings.push_back({true, std::move(what), std::move(remedy)});
    report_.healthy = false;
  }
  void note(std::string what, std::string remedy) {
    report_.findings.push_back({false, std::move(what), std::move(remedy)});
  }

  Status check_truth() {
    auto store = store::Store::open(store_options(options_, store::Access::Read));
    if (!store.ok()) {
      if (store.error().code != Code::Corruption) {
        return std::move(store).error();
      }
      truth_damaged_ = true;
      damage(store.error().message,
             "library.db is backed up, every row that checks is kept, the rest is read again from "
             "the sources");
      return {};
    }
    truth_opens_ = true;
    TRY_ASSIGN(const std::vector<store::Finding> findings, (*store)->check());
    for (const store::Finding& finding : findings) {
      if (finding.level == store::Finding::Level::Damage) {
        // Trouble with a listed segment is mended by a rebuild of the derived files alone.
        const bool segments = finding.what.find("segments/") != std::string::npos;
        const bool vectors = finding.what.find("vectors/") != std::string::npos;
        derived_damaged_ = derived_damaged_ || segments;
        vectors_damaged_ = vectors_damaged_ || vectors;
        truth_damaged_ = truth_damaged_ || !(segments || vectors);
        damage(finding.what, finding.remedy);
      } else {
        note(finding.what, finding.remedy);
      }
    }
    return {};
  }

  Status check_derived() {
    TRY_ASSIGN(const std::unique_ptr<store::Store> store,
               store::Store::open(store_options(options_, store::Access::Read)));
    auto snapshot = store->snapshot();
    if (!snapshot.ok()) {
      return {};  // check_truth() has said why
    }
    auto holders = segments_.load(**snapshot);
    if (!holders.ok()) {
      derived_damaged_ = true;
      damage(holders.error().message, "segments are rebuilt from library.db; no source is read");
    } else {
      Progress state;
      state.phase = Progress::Phase::Check;
      state.files_total = holders->size();
      for (const Holder& holder : *holders) {
        TRY(cancel_.check());
        if (const Status checked = holder.live.segment->check(); !checked.ok()) {
          derived_damaged_ = true;
          damage(checked.error().message,
                 "segments are rebuilt from library.db; no source is read");
        }
        ++state.files_done;
        if (progress_) {
          progress_(state);
        }
      }
    }
    auto sources = (*snapshot)->sources();
    if (sources.ok()) {
      for (const store::SourceRow& source : *sources) {
        if (!file_system(options_).info(source.path).ok()) {
          note(fmt::format("the source {} is not there now", source.path),
               "nothing: its files are kept as last seen; `sonde source remove` removes them");
        }
      }
    }
    return {};
  }

  Status mend() {
    ThreadPool pool(limits_.threads, "sonde");
    if (truth_damaged_) {
      {
        TRY_ASSIGN(const io::Lease lease,
                   io::Lease::acquire(io::join_path(options_.location.directory, "lock")));
        TRY_ASSIGN(const store::SalvageReport salvaged,
                   store::Store::salvage(store_options(options_, store::Access::Write)));
        describe(salvaged);
      }
      TRY(add_root());
      TRY(rebuild(pool));
      TRY(read_sources_again());
    } else if (derived_damaged_) {
      TRY(rebuild(pool));
    }
    if (truth_damaged_ || vectors_damaged_) {
      TRY(write_vectors_again(pool));
    }
    return {};
  }

  /// What was mended is checked as if by another visit; only that says that it is healthy.
  Status look_again() {
    TRY_ASSIGN(const DoctorReport after, Library::doctor(options_, false, progress_, cancel_));
    report_.healthy = after.healthy;
    for (const DoctorFinding& finding : after.findings) {
      if (finding.damage) {
        report_.findings.push_back(finding);
      }
    }
    return {};
  }

  /// A library that lost the source at its root, with its rows or by being another's, reads it
  /// again.
  Status add_root() {
    TRY_ASSIGN(const std::unique_ptr<Library> library, Library::open(options_));
    TRY_ASSIGN(const std::vector<SourceInfo> sources, library->sources());
    const std::string& root = options_.location.root;
    const bool covered = std::any_of(sources.begin(), sources.end(), [&](const SourceInfo& source) {
      return under_any(root, {source.path}) || under_any(source.path, {root});
    });
    if (covered || !file_system(options_).info(root).ok()) {
      return {};
    }
    TRY_ASSIGN(const SourceInfo source, library->add_source(root));
    report_.repaired.push_back("the source " + source.path +
                               " was lost and is read again (`sonde source add` for any other)");
    return {};
  }

  Status rebuild(ThreadPool& pool) {
    TRY_ASSIGN(const std::unique_ptr<Writer> writer,
               Writer::open(store_options(options_, store::Access::Write), file_system(options_),
                            segments_, pool));
    TRY(writer->rebuild(progress_, cancel_));
    report_.repaired.push_back("segments were rebuilt from library.db");
    return {};
  }

  Status write_vectors_again(ThreadPool& pool) {
    TRY_ASSIGN(const std::unique_ptr<Writer> writer,
               Writer::open(store_options(options_, store::Access::Write), file_system(options_),
                            segments_, pool));
    TRY(rebuild_vectors(writer->store(), segments_, pool));
    report_.repaired.push_back("files of vectors were written again from library.db");
    return {};
  }

  Status read_sources_again() {
    TRY_ASSIGN(const std::unique_ptr<Library> library, Library::open(options_));
    TRY_ASSIGN(const IndexReport report, library->index({}, progress_, cancel_));
    report_.repaired.push_back(fmt::format("{} files were read again from the sources, {} stood",
                                           report.added + report.changed, report.unchanged));
    return {};
  }

  void describe(const store::SalvageReport& salvaged) {
    report_.repaired.push_back("the damaged files were moved to " + salvaged.backup);
    for (const auto& [table, rows] : salvaged.kept) {
      report_.repaired.push_back(fmt::format("{}: {} rows kept", table, rows));
    }
    for (const auto& [table, rows] : salvaged.lost) {
      report_.repaired.push_back(fmt::format("{}: {} rows lost", table, rows));
    }
    for (const std::string& name : salvaged.lost_without_source) {
      report_.repaired.push_back("lost, and nothing can bring it back: " + name);
    }
  }

  const LibraryOptions& options_;
  const bool repair_;
  const ProgressSink& progress_;
  const CancelToken& cancel_;
  const Limits limits_;
  Segments segments_;
  DoctorReport report_;
  bool truth_opens_ = false;
  bool truth_damaged_ = false;
  bool derived_damaged_ = false;
  bool vectors_damaged_ = false;
};

/// What a new library takes over from one that is set aside: its sources, and what was forgotten in
/// them [INV-11]. Empty when that cannot be read any more.
struct Heritage {
  store::SourceRow source;
  std::vector<std::string> forgotten;
};

std::vector<Heritage> read_heritage(const LibraryOptions& options) {
  std::vector<Heritage> all;
  auto store = store::Store::open(store_options(options, store::Access::Read));
  if (!store.ok()) {
    return all;
  }
  auto snapshot = (*store)->snapshot();
  if (!snapshot.ok()) {
    return all;
  }
  auto sources = (*snapshot)->sources();
  if (!sources.ok()) {
    return all;
  }
  for (store::SourceRow& source : *sources) {
    auto forgotten = (*snapshot)->forgotten(source.id);
    all.push_back(
        {std::move(source), forgotten.ok() ? std::move(*forgotten) : std::vector<std::string>{}});
  }
  return all;
}

/// Adds the sources that a new library does not have yet, and excludes what was forgotten.
Status hand_down(const LibraryOptions& options, const std::vector<Heritage>& heritage) {
  const std::string lock = io::join_path(options.location.directory, "lock");
  TRY_ASSIGN(const io::Lease lease, io::Lease::acquire(lock));
  TRY_ASSIGN(const std::unique_ptr<store::Store> store,
             store::Store::open(store_options(options, store::Access::Write)));
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store->begin());
  TRY_ASSIGN(const std::vector<store::SourceRow> present, transaction->sources());
  for (const Heritage& item : heritage) {
    const auto found = std::find_if(present.begin(), present.end(),
                                    [&](const auto& row) { return row.path == item.source.path; });
    store::SourceRow row;
    if (found != present.end()) {
      row = *found;
    } else {
      TRY_ASSIGN(row, transaction->add_source(item.source.kind, item.source.path));
    }
    for (const std::string& path : item.forgotten) {
      TRY(transaction->add_forgotten(row.id, path));
    }
  }
  TRY(transaction->commit());
  return {};
}

}  // namespace

Result<DoctorReport> Library::doctor(const LibraryOptions& options, bool repair,
                                     const ProgressSink& progress, const CancelToken& cancel) {
  return Visit(options, repair, progress, cancel).run();
}

Result<std::string> Library::reset(const LibraryOptions& options) {
  io::FileSystem& fs = file_system(options);
  const std::string& directory = options.location.directory;
  if (!fs.info(directory).ok()) {
    return Error{Code::NotFound, "no library at " + directory};
  }
  const std::vector<Heritage> heritage = read_heritage(options);
  std::string backup = fmt::format("{}-backup-{}", directory, time_stamp());
  {
    TRY_ASSIGN(const io::Lease lease, io::Lease::acquire(io::join_path(directory, "lock")));
    for (int i = 2; fs.info(backup).ok(); ++i) {
      backup = fmt::format("{}-backup-{}-{}", directory, time_stamp(), i);
    }
    TRY(fs.rename(directory, backup));
    TRY(fs.sync_directory(io::parent_path(directory)));
  }
  TRY(create(options));
  TRY(hand_down(options, heritage));
  return backup;
}

}  // namespace sonde::library
