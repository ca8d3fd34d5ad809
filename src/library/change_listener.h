#pragma once
// Hears the changes that matter while its owner does something else, and says when it is time to
// look at them.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/snapshot_cell.h"
#include "base/thread_pool.h"
#include "io/watch.h"
#include "library/watch_rules.h"

namespace sonde::library {

/// What was heard and not taken yet.
struct Heard {
  using Time = std::chrono::steady_clock::time_point;
  bool changed = false;         // something that matters, or `rescan`
  bool rescan = false;          // events were lost
  bool incomplete = false;      // some folders are not watched
  std::optional<Error> broken;  // nothing more is heard
  Time first{};                 // of the changes
  Time last{};
};

/// How a watcher is made; in the program io::Watcher::create.
using MakeWatcher = std::function<Result<std::unique_ptr<io::Watcher>>(
    const std::vector<std::string>& roots, io::WatchOptions options)>;

/// Has one thread of its own, "sonde-watch-0". Its members are called from one thread.
class ChangeListener {
 public:
  /// Errors: those of io::Watcher::create.
  static Result<std::unique_ptr<ChangeListener>> start(const std::vector<std::string>& roots,
                                                       std::shared_ptr<const WatchRules> rules,
                                                       const MakeWatcher& make);
  ~ChangeListener();
  ChangeListener(const ChangeListener&) = delete;
  ChangeListener& operator=(const ChangeListener&) = delete;

  /// For what comes from now on, and for folders that are made from now on.
  void set_rules(std::shared_ptr<const WatchRules> rules) { shared_->rules.set(std::move(rules)); }
  [[nodiscard]] Heard heard() const;
  /// Forgets the changes; what comes later is heard anew.
  void take();
  /// As if something had changed.
  void knock();
  /// Sleeps until something comes, or `until`.
  void wait_until(Heard::Time until);
  /// A question that any thread may ask, also when the listener is gone: true when everything was
  /// told until now, and nothing of it waits to be taken.
  [[nodiscard]] std::function<bool()> quiet() const;
  /// Cancelled by the next change, or at once where one was heard already.
  [[nodiscard]] CancelToken until_next_change();

 private:
  struct Shared {
    // From before events are read until they are noted in `heard`. Locked before `mutex`.
    std::mutex reading;
    io::Watcher* watcher = nullptr;  // null when the listener is gone; guarded by `reading`
    SnapshotCell<WatchRules> rules;
    mutable std::mutex mutex;
    std::condition_variable came;
    Heard heard;
    bool news = false;  // since the last wait
    std::optional<CancelSource> interrupt;
  };

  explicit ChangeListener(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  static void listen(io::Watcher& watcher, Shared& shared);
  static void note_change(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<io::Watcher> watcher_;
  std::unique_ptr<ThreadPool> thread_;  // last: joined first
};

}  // namespace sonde::library
