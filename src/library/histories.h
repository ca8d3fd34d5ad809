#pragma once
// The histories of a library's sources: read when somebody asks, kept open between two questions.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "io/file_system.h"
#include "library/history.h"
#include "library/history_folder.h"
#include "library/history_search.h"
#include "library/history_update.h"
#include "library/library.h"
#include "library/machine.h"
#include "store/store.h"

namespace sonde::library {

/// A source, and what of it was forgotten.
struct HistorySource {
  store::SourceRow row;
  std::vector<std::string> forgotten;  // without slashes at their ends
};
Result<std::vector<HistorySource>> history_sources(store::Reader& reader);

/// Threads: safe.
class Histories {
 public:
  /// @param directory  the library folder; history/ is made in it when it is needed
  /// @param program    absolute path of sonde-git
  Histories(io::FileSystem& fs, const std::string& directory, std::string program,
            const Limits& limits);

  /// `root` and `took_ms` are the caller's.
  Result<HistoryAnswer> answer(const std::vector<HistorySource>& sources,
                               const HistoryRequest& request, const HistoryProgress& progress,
                               const CancelToken& cancel);

  /// Removes what is kept of a source; the next question reads all of it again. Waits a moment for
  /// a process that reads it. Errors: Busy (it goes on), Io.
  Status remove(const std::string& source_uid);
  [[nodiscard]] std::uint64_t bytes_on_disk() const;

 private:
  HistoryFolder& folder_of(const std::string& source_uid);
  Result<HistoryUpdate> update(const HistorySource& source, const HistoryProgress& progress,
                               const CancelToken& cancel);
  Status add(const HistorySource& source, std::vector<SourceHistory>& histories,
             HistoryState& state);
  Result<HistoryAnswer> search(const std::vector<HistorySource>& sources,
                               const HistoryRequest& request, const CancelToken& cancel);

  io::FileSystem& fs_;
  const std::string directory_;
  const std::string program_;
  const Limits limits_;
  std::mutex mutex_;  // guards folders_
  std::map<std::string, std::unique_ptr<HistoryFolder>> folders_;
};

/// Commits of the git repositories of a library's sources whose message or changed lines fit. New
/// commits are read first. What keeps a history from being searched is a note of the answer.
/// Errors: those of store::Store::open; InvalidArgument (the query), Corruption, Io, Cancelled
/// (what was read is kept).
Result<HistoryAnswer> search_histories(const LibraryOptions& options, const HistoryRequest& request,
                                       const HistoryProgress& progress, const CancelToken& cancel);

/// Absolute path of sonde-git, which lies beside sonde-worker.
std::string git_program(const Environment& environment);

}  // namespace sonde::library
