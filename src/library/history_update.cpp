#include "library/history_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/codec.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "history/commit_job.h"
#include "history/repository.h"
#include "index/analyze.h"
#include "io/lease.h"
#include "library/changes.h"
#include "worker/pool.h"

namespace sonde::library {

namespace {

using history::Commit;
using history::CommitId;
using history::RepositoryPlace;

constexpr std::size_t kJobCommits = 32;  // read by one job
constexpr std::size_t kJobsAhead = 4;    // of each worker, between two looks at what there is
constexpr std::uint32_t kBatchCommits = 4'000;  // of a part, unless its words are many
constexpr std::size_t kBatchBytes = std::size_t{64} << 20;
constexpr std::size_t kPartsAtRest = 8;  // more are merged
constexpr std::size_t kSmallPart = 4;    // a part of less than this part of the largest
constexpr std::uint64_t kDeadShare = 4;  // merged when more than this part is dead
constexpr std::chrono::milliseconds kJobDeadline{60'000};
// Address space: a large pack's index is mapped whole beside 512 MiB of windows.
constexpr std::size_t kWorkerBytes = std::size_t{4} << 30;
constexpr std::uint32_t kSettingsVersion = 1;  // of what is read of a commit, and how

/// Names all that decides what is kept of a commit.
std::uint64_t settings_of(const RepositoryPlace& place, const std::vector<std::string>& forgotten) {
  ByteWriter writer;
  writer.u32(kSettingsVersion);
  writer.u32(index::kAnalyzerVersion);
  writer.string(place.prefix);
  writer.u64(place.shallow);
  for (const std::string& path : forgotten) {
    writer.string(path);
  }
  return checksum64(writer.bytes());
}

/// Where each commit that is there is kept.
using Known = std::map<CommitId, std::pair<std::size_t, std::uint32_t>>;

Known known_commits(const std::vector<OpenHistoryPart>& parts) {
  Known known;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const std::vector<history::CommitRow>& rows = parts[part].commits->rows();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      // In two parts, after a run that stopped between two steps: the later one counts.
      known.insert_or_assign(rows[i].id, std::pair{part, i});
    }
  }
  return known;
}

class Update {
 public:
  Update(const HistoryUpdateInput& input, HistoryFolder& folder, const RepositoryPlace& place,
         const HistoryProgress& progress, const CancelToken& cancel)
      : input_(input), folder_(folder), place_(place), progress_(progress), cancel_(cancel) {}

  /// Holds the lease. Errors also: Corruption (of the index), Cancelled.
  Result<HistoryUpdate> run() {
    TRY_ASSIGN(std::optional<HistoryManifest> there, folder_.load());
    const std::uint64_t settings = settings_of(place_, input_.forgotten);
    if (there && there->settings == settings && there->head == place_.head) {
      return update_;
    }
    if (there && there->settings != settings) {
      TRY(folder_.wipe());
      there.reset();
    }
    manifest_ = there.value_or(HistoryManifest{});
    manifest_.settings = settings;
    TRY(folder_.remove_unlisted(manifest_));
    TRY(start_workers());
    TRY_ASSIGN(const std::vector<CommitId> wanted, find_commits());
    TRY(folder_.save(manifest_));
    TRY(read_all(wanted));
    if (update_.finished) {
      TRY(settle());
    }
    return update_;
  }

 private:
  Status start_workers() {
    std::vector<std::string> folders = place_.alternates;
    folders.insert(folders.begin(), place_.objects);
    worker::PoolOptions options;
    options.program = input_.program;
    options.workers = input_.threads;
    options.memory_limit_bytes = kWorkerBytes;
    options.job_deadline = kJobDeadline;
    options.jobs_per_process = 2'000;
    options.read_folders = std::move(folders);
    TRY_ASSIGN(workers_, worker::Pool::create(options));
    pool_ = std::make_unique<ThreadPool>(input_.threads, "sonde-history");
    return {};
  }

  /// One job whose failure is the update's.
  Result<std::string> ask(worker::Job job) {
    const std::vector<worker::Job> jobs = {std::move(job)};
    worker::JobResult result = std::move(workers_->run(jobs, cancel_).front());
    if (result.outcome == worker::Outcome::Cancelled) {
      return Error{Code::Cancelled, result.reason};
    }
    if (result.outcome != worker::Outcome::Done) {
      return Error{Code::Unsupported, "its commits cannot be listed: " + result.reason};
    }
    return std::move(result.payload);
  }

  /// Sets which known commits are dead, and tells those that are to be read, newest first.
  Result<std::vector<CommitId>> find_commits() {
    history::WalkJob walk{place_.objects, *place_.head, manifest_.head, history::kCommitLimit};
    TRY_ASSIGN(const std::string payload,
               ask({worker::JobKind::WalkCommits, history::encode_walk_job(walk)}));
    TRY_ASSIGN(history::WalkAnswer answer,
               history::decode_walk_answer(payload, history::kCommitLimit));
    if (answer.continues &&
        manifest_.live() + answer.commits.size() > history::kCommitLimit + kBatchCommits) {
      walk.known.reset();  // some of the oldest are to go: which, only a whole walk says
      TRY_ASSIGN(const std::string whole,
                 ask({worker::JobKind::WalkCommits, history::encode_walk_job(walk)}));
      TRY_ASSIGN(answer, history::decode_walk_answer(whole, history::kCommitLimit));
    }
    TRY_ASSIGN(const std::vector<OpenHistoryPart> parts, folder_.open_all(manifest_));
    const Known known = known_commits(parts);
    // What a whole walk does not meet is dead.
    std::vector<std::vector<char>> alive = living(parts, answer.continues);
    if (!answer.continues) {
      manifest_.reachable = answer.commits.size();
      manifest_.limited = answer.limited;
      manifest_.missing = answer.missing;
    } else {
      manifest_.reachable += answer.commits.size();
      manifest_.missing += answer.missing;
    }
    std::vector<CommitId> wanted;
    for (const CommitId& id : answer.commits) {
      const auto place = known.find(id);
      if (place == known.end()) {
        wanted.push_back(id);
      } else {
        alive[place->second.first][place->second.second] = 1;
      }
    }
    for (std::size_t part = 0; part < alive.size(); ++part) {
      std::vector<std::uint32_t>& dead = manifest_.parts[part].dead;
      dead.clear();
      for (std::uint32_t i = 0; i < alive[part].size(); ++i) {
        if (alive[part][i] == 0) {
          dead.push_back(i);
        }
      }
    }
    manifest_.head.reset();  // until all are read
    return wanted;
  }

  /// [parts][commits] 1 where a commit lives: as it was, or none.
  static std::vector<std::vector<char>> living(const std::vector<OpenHistoryPart>& parts,
                                               bool as_it_was) {
    std::vector<std::vector<char>> alive;
    for (const OpenHistoryPart& part : parts) {
      alive.emplace_back(part.row.commits, static_cast<char>(as_it_was ? 1 : 0));
      for (const std::uint32_t dead : part.row.dead) {
        alive.back()[dead] = 0;
      }
    }
    return alive;
  }

  Status read_all(const std::vector<CommitId>& wanted) {
    const std::size_t wave = input_.threads * kJobsAhead * kJobCommits;
    tell(0, wanted.size());
    for (std::size_t at = 0; at < wanted.size(); at += wave) {
      const std::size_t count = std::min(wave, wanted.size() - at);
      if (cancel_.cancelled()) {
        update_.finished = false;
        break;
      }
      TRY(read_wave({wanted.begin() + static_cast<std::ptrdiff_t>(at),
                     wanted.begin() + static_cast<std::ptrdiff_t>(at + count)}));
      tell(update_.read, wanted.size());
      if (batch_.words.files() >= kBatchCommits || batch_.words.memory_bytes() >= kBatchBytes) {
        TRY(write_batch());
      }
    }
    return write_batch();
  }

  void tell(std::uint64_t done, std::uint64_t total) const {
    if (progress_) {
      progress_(done, total);
    }
  }

  struct Prepared {
    index::AnalyzedFile words;
    history::CommitInput commit;
  };
  struct Share {
    std::vector<CommitId> ids;
    std::vector<Prepared> prepared;
    Status status;
  };

  /// Workers read, and threads analyze what they answered, a job each.
  Status read_wave(const std::vector<CommitId>& ids) {
    std::vector<Share> shares((ids.size() + kJobCommits - 1) / kJobCommits);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      shares[i / kJobCommits].ids.push_back(ids[i]);
    }
    pool_->for_each(shares.size(), [&](std::size_t i) { read_share(shares[i]); });
    for (Share& share : shares) {
      if (!share.status.ok() && share.status.error().code == Code::Cancelled) {
        update_.finished = false;
        continue;  // its commits are read by the next update
      }
      TRY(std::move(share.status));
      for (Prepared& prepared : share.prepared) {
        TRY(batch_.words.add(prepared.words));
        batch_.commits.push_back(std::move(prepared.commit));
        ++update_.read;
      }
    }
    return {};
  }

  /// When a job fails its commits are asked for one by one: one that cannot be read is kept as
  /// such.
  void read_share(Share& share) {
    auto commits = read_commits(share.ids);
    if (!commits.ok() && commits.error().code == Code::Unsupported) {
      std::vector<Commit> all;
      for (const CommitId& id : share.ids) {
        auto one = read_commits({id});
        if (one.ok()) {
          all.push_back(std::move(one->front()));
        } else if (one.error().code == Code::Unsupported) {
          Commit unreadable;
          unreadable.id = id;
          unreadable.missing = history::kUnreadable;
          all.push_back(std::move(unreadable));
        } else {
          share.status = std::move(one).error();
          return;
        }
      }
      commits = std::move(all);
    }
    if (!commits.ok()) {
      share.status = std::move(commits).error();
      return;
    }
    for (Commit& commit : *commits) {
      drop_forgotten(commit);
      auto packed = history::pack_commit(commit, codec_);
      if (!packed.ok()) {
        share.status = std::move(packed).error();
        return;
      }
      share.prepared.push_back({history::analyze_commit(commit), std::move(packed).value()});
    }
  }

  /// Errors: Cancelled, Io (no worker can be started), Unsupported (they cannot be read).
  Result<std::vector<Commit>> read_commits(const std::vector<CommitId>& ids) {
    const std::vector<worker::Job> jobs = {
        {worker::JobKind::ReadCommits,
         history::encode_read_job({place_.objects, place_.prefix, ids})}};
    const worker::JobResult result = std::move(workers_->run(jobs, cancel_).front());
    switch (result.outcome) {
      case worker::Outcome::Done: {
        auto commits = history::decode_read_answer(result.payload, ids);
        return commits.ok() ? std::move(commits)
                            : Error{Code::Unsupported, commits.error().message};
      }
      case worker::Outcome::Cancelled: return Error{Code::Cancelled, result.reason};
      case worker::Outcome::Unavailable: return Error{Code::Io, result.reason};
      default: return Error{Code::Unsupported, result.reason};
    }
  }

  void drop_forgotten(Commit& commit) const {
    if (!input_.forgotten.empty()) {
      std::erase_if(commit.hunks, [&](const history::Hunk& hunk) {
        return under_any(hunk.path, input_.forgotten) ||
               (!hunk.old_path.empty() && under_any(hunk.old_path, input_.forgotten));
      });
    }
  }

  Status write_batch() {
    if (batch_.commits.empty()) {
      return {};
    }
    TRY_ASSIGN(HistoryPartRow row, folder_.write(manifest_.next_number, batch_));
    ++manifest_.next_number;
    manifest_.parts.push_back(std::move(row));
    return folder_.save(manifest_);
  }

  /// All is read: says so, and merges parts when they are many or hold much that is dead.
  Status settle() {
    manifest_.head = place_.head;
    TRY(folder_.save(manifest_));
    const std::vector<std::size_t> chosen = parts_to_merge();
    if (chosen.empty()) {
      return {};
    }
    std::vector<OpenHistoryPart> inputs;
    std::set<std::uint64_t> numbers;
    for (const std::size_t i : chosen) {
      TRY_ASSIGN(OpenHistoryPart part, folder_.open(manifest_.parts[i]));
      numbers.insert(part.row.number);
      inputs.push_back(std::move(part));
    }
    auto merged = folder_.merge(manifest_.next_number, inputs, cancel_);
    if (!merged.ok()) {
      // It answers as well without; the next update tries again.
      return merged.error().code == Code::Cancelled ? Status{} : Status(merged.error());
    }
    ++manifest_.next_number;
    std::erase_if(manifest_.parts,
                  [&](const HistoryPartRow& part) { return numbers.contains(part.number); });
    manifest_.parts.push_back(std::move(merged).value());
    TRY(folder_.save(manifest_));
    return folder_.remove_unlisted(manifest_);
  }

  [[nodiscard]] std::vector<std::size_t> parts_to_merge() const {
    std::uint64_t commits = 0;
    std::uint32_t largest = 0;
    for (const HistoryPartRow& part : manifest_.parts) {
      commits += part.commits;
      largest = std::max(largest, part.commits);
    }
    const bool many_dead = (commits - manifest_.live()) * kDeadShare > commits;
    std::vector<std::size_t> small;
    for (std::size_t i = 0; i < manifest_.parts.size(); ++i) {
      if (many_dead || std::uint64_t{manifest_.parts[i].commits} * kSmallPart < largest) {
        small.push_back(i);
      }
    }
    if (!many_dead && manifest_.parts.size() <= kPartsAtRest) {
      return {};
    }
    if (many_dead || small.size() > kPartsAtRest / 2) {
      return small;
    }
    std::vector<std::size_t> all(manifest_.parts.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = i;
    }
    return all;
  }

  const HistoryUpdateInput& input_;
  HistoryFolder& folder_;
  const RepositoryPlace& place_;
  const HistoryProgress& progress_;
  const CancelToken& cancel_;
  std::unique_ptr<worker::Pool> workers_;
  std::unique_ptr<ThreadPool> pool_;
  store::TextCodec codec_;
  HistoryManifest manifest_;
  HistoryBatch batch_;
  HistoryUpdate update_;
};

Result<HistoryUpdate> update_locked(const HistoryUpdateInput& input, HistoryFolder& folder,
                                    const RepositoryPlace& place, const HistoryProgress& progress,
                                    const CancelToken& cancel) {
  auto update = Update(input, folder, place, progress, cancel).run();
  if (!update.ok() && update.error().code == Code::Corruption) {
    TRY(folder.wipe());
    update = Update(input, folder, place, progress, cancel).run();
    if (update.ok()) {
      update->notes.emplace_back("the index of the history was damaged and made again");
    }
  }
  if (!update.ok() && update.error().code == Code::Cancelled) {
    HistoryUpdate stopped;
    stopped.finished = false;
    return stopped;
  }
  return update;
}

HistoryUpdate only_note(std::string note) {
  HistoryUpdate update;
  update.notes.push_back(std::move(note));
  return update;
}

}  // namespace

Result<HistoryUpdate> update_history(const HistoryUpdateInput& input, HistoryFolder& folder,
                                     const HistoryProgress& progress, const CancelToken& cancel) {
  const auto place = history::find_repository(input.source_path);
  if (!place.ok()) {
    return only_note(input.source_path + ": " + place.error().message);
  }
  if (!place->head) {
    return only_note(input.source_path + ": its repository has no commit yet");
  }
  const auto lease = io::Lease::acquire(folder.lock_path());
  if (!lease.ok()) {
    if (lease.error().code != Code::Busy) {
      return lease.error();
    }
    auto busy = only_note("another process reads the history of " + input.source_path +
                          " now; what it has read so far is searched");
    busy.finished = false;
    return busy;
  }
  auto update = update_locked(input, folder, *place, progress, cancel);
  if (!update.ok() && update.error().code == Code::Unsupported) {
    auto refused = only_note(input.source_path + ": " + update.error().message);
    refused.finished = false;
    return refused;
  }
  return update;
}

std::vector<std::string> notes_on_history(const HistoryManifest& manifest,
                                          const std::string& source_path) {
  std::vector<std::string> notes;
  const auto place = history::find_repository(source_path);
  if (manifest.limited) {
    notes.push_back(fmt::format("only the newest {} commits are searched", history::kCommitLimit));
  }
  if (manifest.missing > 0 && place.ok() && place->shallow != 0) {
    notes.emplace_back("this is a shallow clone: what came before it is not here");
  } else if (manifest.missing > 0) {
    notes.push_back(fmt::format(
        "{} parents of commits are not in the repository; what came before them is not searched",
        manifest.missing));
  }
  if (place.ok() && place->partial) {
    notes.emplace_back(
        "this is a partial clone: changes whose files are not here are searched by their paths "
        "alone");
  }
  return notes;
}

}  // namespace sonde::library
