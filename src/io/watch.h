#pragma once
// Watches trees of folders for changes, by inotify. It tells which names changed, not what to do
// about it: joining events in time, ignore rules beyond `skip`, and polling where watching is not
// possible are the caller's.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::io {

struct WatchEvent {
  enum class Kind {
    Changed,  // made, written, renamed to this, or its permissions changed
    Removed,  // or renamed to something else; of a folder: all that was in it
  };
  Kind kind = Kind::Changed;
  std::string path;  // a root as it was given, and what is below it
  bool folder = false;
};

struct WatchBatch {
  std::vector<WatchEvent> events;  // in the kernel's order, without immediate repetitions
  /// Events were lost (the kernel's queue was full, or a root went away): look at everything.
  bool rescan_needed = false;
  /// Some folders are not watched (too many for the kernel's or our limit): poll as well.
  bool incomplete = false;
  bool stopped = false;
};

struct WatchOptions {
  std::size_t max_folders = 500'000;
  /// Folders (full paths) that are not watched, nor anything below them. Called without a lock.
  std::function<bool(const std::string& path)> skip = {};
};

/// A folder that is made is watched from then on, and what was already put in it is told as
/// Changed. Symbolic links are not followed. Threads: owned by one thread; stop() is safe.
class Watcher {
 public:
  /// @param roots  none inside another; one inotify instance serves all
  /// Cost: one listing of every folder. Errors: InvalidArgument (no roots), NotFound, Io, Limit (no
  /// inotify instance is free).
  static Result<std::unique_ptr<Watcher>> create(const std::vector<std::string>& roots,
                                                 WatchOptions options);
  virtual ~Watcher() = default;

  /// Waits until wait() would return at once, at most `timeout`. Errors: as wait().
  virtual Status wait_for_news(std::chrono::milliseconds timeout) = 0;
  /// Events that wait() has not read yet. What was done before this call is among them.
  /// Threads: safe.
  [[nodiscard]] virtual bool has_news() const noexcept = 0;
  /// Waits for events, at most `timeout`; an empty batch says that none came.
  /// Errors: Io; the watcher is of no further use then.
  virtual Result<WatchBatch> wait(std::chrono::milliseconds timeout) = 0;
  /// Ends the present or the next wait, once. Async-signal-safe.
  virtual void stop() noexcept = 0;
  [[nodiscard]] virtual std::size_t watched_folders() const = 0;
};

}  // namespace sonde::io
