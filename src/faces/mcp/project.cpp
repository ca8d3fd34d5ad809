#include "faces/mcp/project.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace sonde::faces::mcp {

namespace {

using Phase = ProjectState::Phase;
using std::chrono::milliseconds;

constexpr milliseconds kLook{50};          // between two looks at a token while waiting
constexpr milliseconds kTryAgain{60'000};  // after following failed
constexpr std::size_t kJobLimit = 4;       // that wait or run

}  // namespace

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::Opening: return "opening";
    case Phase::Waiting: return "not indexed";
    case Phase::Indexing: return "indexing";
    case Phase::Ready: return "ready";
    case Phase::Failed: break;
  }
  return "failed";
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

Project::Project(std::string root, Door door, Start start, LogSink log)
    : root_(std::move(root)),
      door_(std::move(door)),
      start_(start),
      log_(std::move(log)),
      thread_([this] { run(); }) {}

Project::~Project() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (following_) {
      following_->cancel();
    }
  }
  changed_.notify_all();
  thread_.join();
}

ProjectState Project::state() {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Project::set_phase(Phase phase, const std::string& problem) {
  {
    const std::lock_guard lock(mutex_);
    state_.phase = phase;
    state_.problem = problem;
    state_.progress = {};
  }
  changed_.notify_all();
}

Result<std::shared_ptr<library::Library>> Project::library(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (library_) {
      return library_;
    }
    if (state_.phase == Phase::Failed) {
      return Error{Code::Io, root_ + " cannot be searched: " + state_.problem};
    }
    if (state_.phase == Phase::Waiting) {
      return Error{Code::NotFound,
                   root_ +
                       " is not indexed, and too large a place to index unasked; start the server "
                       "with --root PROJECT, or call `index` to read it in all the same"};
    }
    TRY(cancel.check());
    changed_.wait_for(lock, kLook);
  }
}

Result<library::IndexReport> Project::index(const library::IndexRequest& request,
                                            const library::ProgressSink& progress,
                                            const CancelToken& cancel) {
  const auto job = std::make_shared<Job>(Job{request, progress, cancel, {}});
  std::unique_lock lock(mutex_);
  if (jobs_.size() >= kJobLimit) {
    return Error{Code::Busy,
                 "indexing was asked for several times already and is under way; "
                 "`status` says how far it is"};
  }
  jobs_.push_back(job);
  if (following_) {
    following_->cancel();
  }
  changed_.notify_all();
  while (!job->report) {
    changed_.wait_for(lock, kLook);
  }
  return std::move(*job->report);
}

Result<std::string> Project::as_source_spells(const std::string& path, const CancelToken& cancel) {
  TRY_ASSIGN(const auto library, this->library(cancel));
  TRY_ASSIGN(const std::vector<library::SourceInfo> sources, library->sources());
  for (const library::SourceInfo& source : sources) {
    const std::string real = library::resolved_path(source.path);
    if (lies_in(path, real)) {
      const std::string below = path.substr(real == "/" ? 0 : real.size());
      return source.path == "/" ? path : source.path + below;
    }
  }
  return Error{Code::InvalidArgument, path + " is in no source of the library of " + root_};
}

Result<std::vector<std::string>> Project::scope(const CancelToken& cancel) {
  std::vector<std::string> parts;
  TRY_ASSIGN(const auto library, this->library(cancel));
  if (library::resolved_path(state().library_root) != root_) {
    TRY_ASSIGN(std::string part, as_source_spells(root_, cancel));
    parts.push_back(std::move(part));
  }
  return parts;
}

Status Project::open(Start start) {
  auto location = door_.find(root_);
  const bool there = location.ok();
  if (!there) {
    if (location.error().code != Code::NotFound) {
      return std::move(location).error();
    }
    if (start == Start::Wait) {
      return std::move(location).error();
    }
    location = door_.place(root_);
  }
  TRY_ASSIGN(library::Location placed, std::move(location));
  TRY_ASSIGN(library::LibraryOptions options, door_.options(std::move(placed)));
  TRY_ASSIGN(std::unique_ptr<library::Library> library,
             there ? door_.open(options) : door_.create(options));
  log_(Level::Info,
       (there ? "opened the library " : "made a library in ") + options.location.directory);
  {
    const std::lock_guard lock(mutex_);
    state_.directory = options.location.directory;
    state_.library_root = options.location.root;
    options_ = std::move(options);
    library_ = std::move(library);
  }
  changed_.notify_all();
  return {};
}

library::ProgressSink Project::noting_progress(library::ProgressSink further) {
  return [this, further = std::move(further)](const library::Progress& progress) {
    {
      const std::lock_guard lock(mutex_);
      state_.progress = progress;
    }
    if (further) {
      further(progress);
    }
  };
}

void Project::work(Job& job) {
  Status opened;
  if (!library_) {
    opened = open(Start::Index);
  }
  Result<library::IndexReport> report = Error{Code::Internal, "not run"};
  if (opened.ok()) {
    set_phase(Phase::Indexing);
    report = library_->index(job.request, noting_progress(job.progress), job.cancel);
    set_phase(Phase::Ready);
  } else {
    report = opened.error();
    set_phase(Phase::Failed, opened.error().message);
  }
  const std::lock_guard lock(mutex_);
  job.report = std::move(report);
}

Status Project::follow(const CancelToken& stop) {
  set_phase(Phase::Indexing);
  library::WatchOptions options;
  options.library_folder = options_.location.directory;
  options.config = options_.config;
  options.embed = options_.encoder != nullptr;
  TRY_ASSIGN(options.parts, scope(stop));
  const auto sink = [this](const library::WatchReport& report) { hear(report); };
  return library::watch(*library_, options, sink, noting_progress({}), stop);
}

void Project::hear(const library::WatchReport& report) {
  using Kind = library::WatchReport::Kind;
  switch (report.kind) {
    case Kind::Ready:
      set_phase(Phase::Ready);
      for (const std::string& note : report.changes.notes) {
        log_(Level::Warning, root_ + ": " + note);
      }
      log_(Level::Info,
           fmt::format("{}: {} files are read in; changes are {}", root_, report.changes.files_seen,
                       report.listening ? "followed" : "looked for again and again"));
      return;
    case Kind::Changes:
    case Kind::Embedded:
      log_(Level::Debug, fmt::format("{}: {} places written, {} embedded", root_,
                                     report.changes.chunks_written, report.changes.embedded));
      return;
    case Kind::Waiting:
    case Kind::Note: log_(Level::Info, root_ + ": " + report.message);
  }
}

std::shared_ptr<Project::Job> Project::wait_for_job(milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return stopping_ || !jobs_.empty(); });
  return jobs_.empty() ? nullptr : jobs_.front();
}

void Project::run() {
  pthread_setname_np(pthread_self(), "sonde-project");
  const Status opened = open(start_);
  if (!opened.ok()) {
    const bool waits = start_ == Start::Wait && opened.error().code == Code::NotFound;
    set_phase(waits ? Phase::Waiting : Phase::Failed, opened.error().message);
    log_(waits ? Level::Info : Level::Error, root_ + ": " + opened.error().message);
  }
  milliseconds patience{0};
  for (;;) {
    if (const auto job = wait_for_job(patience)) {
      work(*job);
      {
        const std::lock_guard lock(mutex_);
        jobs_.erase(jobs_.begin());
      }
      changed_.notify_all();
      patience = milliseconds{0};
      continue;
    }
    const auto following = std::make_shared<CancelSource>();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        return;
      }
      following_ = following;
      if (!jobs_.empty()) {
        continue;
      }
    }
    if (!library_) {
      patience = kTryAgain;  // a job opens it
      continue;
    }
    const Status followed = follow(following->token());
    patience = kTryAgain;
    if (!followed.ok() && followed.error().code != Code::Cancelled) {
      // What is in the library can be searched all the same.
      log_(Level::Error, root_ + ": " + followed.error().message);
      set_phase(Phase::Failed, followed.error().message);
    }
  }
}

}  // namespace sonde::faces::mcp
