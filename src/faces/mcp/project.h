#pragma once
// One root: its library, opened, read in and kept up to date by a thread of its own.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "library/library.h"
#include "library/watch.h"

namespace sonde::faces::mcp {

enum class Level { Debug, Info, Warning, Error };

/// How a library is reached; called from the threads of projects.
struct Door {
  using Opened = Result<std::unique_ptr<library::Library>>;
  /// Errors: NotFound (there is none).
  std::function<Result<library::Location>(const std::string& root)> find;
  std::function<Result<library::Location>(const std::string& root)> place;
  std::function<Result<library::LibraryOptions>(library::Location)> options;
  std::function<Opened(const library::LibraryOptions&)> create;
  std::function<Opened(const library::LibraryOptions&)> open;
};

enum class Start {
  Index,  // make a library where there is none
  Wait,   // only when it is asked for: the folder is too much to be read unasked
};

/// What a project is doing, for people.
struct ProjectState {
  enum class Phase { Opening, Waiting, Indexing, Ready, Failed } phase = Phase::Opening;
  std::string directory;       // of the library; empty before it is open
  std::string library_root;    // the root, or a folder above it
  library::Progress progress;  // while Indexing
  std::string problem;         // Failed: why
};
/// "opening", "not indexed", "indexing", "ready", "failed".
const char* phase_name(ProjectState::Phase phase);

using LogSink = std::function<void(Level, const std::string&)>;

/// Threads: safe.
class Project {
 public:
  /// @param root  absolute, resolved; a folder
  Project(std::string root, Door door, Start start, LogSink log);
  /// Stops what it does; what was committed stays.
  ~Project();
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] ProjectState state();
  /// The library, once it is open. Errors: why it could not be opened, with what to do; Cancelled.
  Result<std::shared_ptr<library::Library>> library(const CancelToken& cancel);
  /// Reads in now. Errors: those of Library::index; Busy (too many wait already).
  Result<library::IndexReport> index(const library::IndexRequest& request,
                                     const library::ProgressSink& progress,
                                     const CancelToken& cancel);
  /// `path` (absolute, resolved, below the root) as the library's sources spell it. Errors:
  /// InvalidArgument (it is in none).
  Result<std::string> as_source_spells(const std::string& path, const CancelToken& cancel);
  /// The part of the library that is this root; empty: all of it.
  Result<std::vector<std::string>> scope(const CancelToken& cancel);

 private:
  struct Job {
    library::IndexRequest request;
    library::ProgressSink progress;
    CancelToken cancel;
    std::optional<Result<library::IndexReport>> report;
  };

  void run();
  Status open(Start start);
  void work(Job& job);
  /// Brings the library up to date and keeps it so, until `stop`.
  Status follow(const CancelToken& stop);
  void hear(const library::WatchReport& report);
  std::shared_ptr<Job> wait_for_job(std::chrono::milliseconds patience);
  void set_phase(ProjectState::Phase phase, const std::string& problem = {});
  library::ProgressSink noting_progress(library::ProgressSink further);

  const std::string root_;
  const Door door_;
  const Start start_;
  const LogSink log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ProjectState state_;
  library::LibraryOptions options_;  // written once, before library_
  std::shared_ptr<library::Library> library_;
  std::vector<std::shared_ptr<Job>> jobs_;
  std::shared_ptr<CancelSource> following_;  // ends follow() when a job comes
  bool stopping_ = false;
  std::thread thread_;
};

/// True when `path` is `folder` or below it.
bool lies_in(const std::string& path, const std::string& folder);

}  // namespace sonde::faces::mcp
