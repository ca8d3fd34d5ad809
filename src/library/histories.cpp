#include "library/histories.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "io/lease.h"
#include "library/derived_folder.h"

namespace sonde::library {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTries = 3;  // of a search whose parts another process merged in between
constexpr std::chrono::milliseconds kLeaseWait{2'000};
constexpr std::chrono::milliseconds kLeasePoll{20};

}  // namespace

Result<std::vector<HistorySource>> history_sources(store::Reader& reader) {
  std::vector<HistorySource> all;
  TRY_ASSIGN(const std::vector<store::SourceRow> rows, reader.sources());
  for (const store::SourceRow& row : rows) {
    HistorySource source{row, {}};
    TRY_ASSIGN(source.forgotten, reader.forgotten(row.id));
    for (std::string& path : source.forgotten) {
      path.resize(path.size() - (path.ends_with('/') ? 1 : 0));
    }
    std::sort(source.forgotten.begin(), source.forgotten.end());
    all.push_back(std::move(source));
  }
  return all;
}

Histories::Histories(io::FileSystem& fs, const std::string& directory, std::string program,
                     const Limits& limits)
    : fs_(fs),
      directory_(io::join_path(directory, "history")),
      program_(std::move(program)),
      limits_(limits) {}

HistoryFolder& Histories::folder_of(const std::string& source_uid) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<HistoryFolder>& folder = folders_[source_uid];
  if (!folder) {
    folder = std::make_unique<HistoryFolder>(fs_, io::join_path(directory_, source_uid),
                                             limits_.block_cache_bytes);
  }
  return *folder;
}

Result<HistoryAnswer> Histories::answer(const std::vector<HistorySource>& sources,
                                        const HistoryRequest& request,
                                        const HistoryProgress& progress,
                                        const CancelToken& cancel) {
  HistoryState state;
  const auto until = Clock::now() + request.refresh_limit;
  const CancelToken patience =
      request.refresh_limit.count() > 0 ? cancel.with_deadline(until) : cancel;
  for (int attempt = 1;; ++attempt) {
    for (const HistorySource& source : sources) {
      if (request.refresh) {
        TRY_ASSIGN(const HistoryUpdate updated, update(source, progress, patience));
        TRY(cancel.check());
        state.read += updated.read;
        state.complete = state.complete && updated.finished && updated.notes.empty();
        state.notes.insert(state.notes.end(), updated.notes.begin(), updated.notes.end());
      }
    }
    auto answer = search(sources, request, cancel);
    if (answer.ok()) {
      answer->state.read = state.read;
      answer->state.complete = answer->state.complete && state.complete;
      answer->state.notes.insert(answer->state.notes.begin(), state.notes.begin(),
                                 state.notes.end());
      return answer;
    }
    if (answer.error().code != Code::Corruption || attempt == kTries) {
      return answer;
    }
    // Another process may have merged what was being opened; what is damaged is made again.
    if (attempt + 1 == kTries && request.refresh) {
      for (const HistorySource& source : sources) {
        TRY(remove(source.row.uid));
      }
      state = {};
      state.notes.emplace_back("the index of the history was damaged and made again");
    }
  }
}

Result<HistoryUpdate> Histories::update(const HistorySource& source,
                                        const HistoryProgress& progress,
                                        const CancelToken& cancel) {
  HistoryFolder& folder = folder_of(source.row.uid);
  for (const std::string& path : {directory_, folder.directory()}) {
    const Status made = fs_.make_directory(path);
    if (!made.ok() && !fs_.info(path).ok()) {
      return made.error();
    }
  }
  const HistoryUpdateInput input{fs_, source.row.path, source.forgotten, program_, limits_.threads};
  return update_history(input, folder, progress, cancel);
}

Status Histories::add(const HistorySource& source, std::vector<SourceHistory>& histories,
                      HistoryState& state) {
  HistoryFolder& folder = folder_of(source.row.uid);
  TRY_ASSIGN(const std::optional<HistoryManifest> manifest, folder.load());
  if (!manifest) {
    return {};
  }
  SourceHistory history{source.row.uid, source.row.path, {}};
  TRY_ASSIGN(history.parts, folder.open_all(*manifest));
  for (const OpenHistoryPart& part : history.parts) {
    const std::vector<history::CommitRow>& rows = part.commits->rows();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const bool unreadable = (rows[i].missing & history::kUnreadable) != 0;
      state.unreadable +=
          unreadable && !std::binary_search(part.row.dead.begin(), part.row.dead.end(), i);
    }
  }
  state.commits += manifest->live();
  state.reachable += manifest->reachable;
  state.complete = state.complete && manifest->head && !manifest->limited && manifest->missing == 0;
  state.bytes += folder.bytes_on_disk();
  const std::vector<std::string> notes = notes_on_history(*manifest, source.row.path);
  state.notes.insert(state.notes.end(), notes.begin(), notes.end());
  histories.push_back(std::move(history));
  return {};
}

Result<HistoryAnswer> Histories::search(const std::vector<HistorySource>& sources,
                                        const HistoryRequest& request, const CancelToken& cancel) {
  HistoryAnswer answer;
  answer.query = request.query;
  std::vector<SourceHistory> histories;
  for (const HistorySource& source : sources) {
    TRY(add(source, histories, answer.state));
  }
  TRY_ASSIGN(HistoryMatches matches, search_history(histories, request, cancel));
  answer.total = matches.total;
  answer.results = std::move(matches.hits);
  if (answer.state.commits < answer.state.reachable) {
    answer.state.complete = false;
    answer.state.notes.push_back(fmt::format("{} of {} commits are read so far",
                                             answer.state.commits, answer.state.reachable));
  }
  if (answer.state.unreadable > 0) {
    answer.state.complete = false;
    answer.state.notes.push_back(fmt::format("{} commits cannot be read", answer.state.unreadable));
  }
  answer.state.notes.insert(answer.state.notes.end(), matches.notes.begin(), matches.notes.end());
  return answer;
}

Status Histories::remove(const std::string& source_uid) {
  HistoryFolder& folder = folder_of(source_uid);
  if (!fs_.info(folder.directory()).ok()) {
    return {};
  }
  const auto end = Clock::now() + kLeaseWait;
  for (;;) {
    const auto lease = io::Lease::acquire(folder.lock_path());
    if (lease.ok()) {
      return folder.wipe();
    }
    if (lease.error().code != Code::Busy || Clock::now() >= end) {
      return lease.error();
    }
    std::this_thread::sleep_for(kLeasePoll);
  }
}

std::string git_program(const Environment& environment) {
  return io::join_path(io::parent_path(environment.worker_program), "sonde-git");
}

Result<HistoryAnswer> search_histories(const LibraryOptions& options, const HistoryRequest& request,
                                       const HistoryProgress& progress, const CancelToken& cancel) {
  const auto start = Clock::now();
  std::vector<HistorySource> sources;
  {
    store::StoreOptions there;
    there.directory = options.location.directory;
    TRY_ASSIGN(const std::unique_ptr<store::Store> store, store::Store::open(there));
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store->snapshot());
    TRY_ASSIGN(sources, history_sources(*snapshot));
  }
  Histories histories(io::real_file_system(), options.location.directory,
                      git_program(options.environment), limits_for(options.config));
  TRY_ASSIGN(HistoryAnswer answer, histories.answer(sources, request, progress, cancel));
  answer.root = options.location.root;
  answer.took_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  return answer;
}

std::uint64_t Histories::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  const auto folders = derived_files(fs_, directory_);
  for (const std::string& uid : folders.ok() ? *folders : std::vector<std::string>{}) {
    const std::string folder = io::join_path(directory_, uid);
    const auto names = derived_files(fs_, folder);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
      const auto info = fs_.info(io::join_path(folder, name));
      bytes += info.ok() ? info->size_bytes : 0;
    }
  }
  return bytes;
}

}  // namespace sonde::library
