#include "library/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "library/location.h"
#include "library/watched_tree.h"

namespace sonde::library {

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;

constexpr milliseconds kTick{200};  // the longest sleep: nothing wakes us when we are cancelled
constexpr milliseconds kStep{20};   // between looks at something that is over soon
// Between two turns of embedding, for others to take the lease; they ask every 20 ms.
constexpr milliseconds kLeaseGap{60};
constexpr std::size_t kBatchChunks = 32;  // half a second of work on two cores
constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kNotWorthSaying{300};
constexpr milliseconds kLastRetry{2'000};
constexpr milliseconds kBetweenRootLooks{2'000};
constexpr int kPollCostShare = 50;  // polling takes at most a fiftieth of one core

double seconds_between(Time start, Time end) {
  return std::chrono::duration<double>(end - start).count();
}

bool did_something(const IndexReport& report) {
  return report.added + report.changed + report.moved + report.removed > 0;
}

/// One call of watch().
class Watching {
 public:
  Watching(Library& library, const WatchOptions& options, const WatchSink& sink,
           const ProgressSink& progress, const CancelToken& cancel)
      : library_(library), options_(options), sink_(sink), progress_(progress), cancel_(cancel) {}

  Status run() {
    Status status = loop();
    library_.tree_watch().unsettle();
    close_set();
    if (!status.ok() && status.error().code != Code::Cancelled && tree_ &&
        tree_->look_at_roots() == WatchedTree::Roots::Gone) {
      return roots_are_gone();  // whatever failed, this is why
    }
    return status;
  }

 private:
  enum class Work { Changes, Embedding };

  Status loop() {
    TRY(catch_up());
    for (;;) {
      TRY_ASSIGN(const Work work, wait_for_work());
      TRY(work == Work::Changes ? take_changes() : embed_turn());
    }
  }

  Status catch_up() {
    const Time start = Clock::now();
    TRY_ASSIGN(const IndexReport report, index_words());
    TRY_ASSIGN(const std::vector<SourceInfo> sources, library_.sources());
    tree_.emplace(sources, options_.parts);
    if (tree_->look_at_roots() == WatchedTree::Roots::Gone) {
      return roots_are_gone();
    }
    rules_ = rules_after(report);
    listen();
    WatchReport ready{WatchReport::Kind::Ready, report, seconds_between(start, Clock::now())};
    tell(std::move(ready));
    expect_embedding(report);
    look_now_ = true;  // what changed before we listened
    return {};
  }

  // ---- waiting ----

  Result<Work> wait_for_work() {
    for (;;) {
      TRY(cancel_.check());
      const Heard heard = listener_ ? listener_->heard() : Heard{};
      if (heard.incomplete && !polling_) {
        poll_because(
            "some folders cannot be listened to (the limit fs.inotify.max_user_watches, "
            "or no permission)");
      }
      if (heard.rescan) {
        roots_at_ = Clock::now();  // it may be that a root went away
      }
      TRY(look_at_roots());
      TRY_ASSIGN(const bool due, changes_are_due(heard));
      if (due) {
        return Work::Changes;
      }
      const bool may_embed = embed_left_ && !heard.changed;
      if (may_embed && Clock::now() >= embed_at_) {
        return Work::Embedding;
      }
      rest_until(next_time(heard, may_embed));
    }
  }

  Result<bool> changes_are_due(const Heard& heard) {
    const Time now = Clock::now();
    if (look_now_ || now >= look_anyway_at_) {
      due_since_ = now;
      return true;
    }
    if (heard.changed) {
      due_since_ = heard.first;
      return heard.broken || now >= heard.last + options_.quiet ||
             now >= heard.first + options_.patience;
    }
    if (!polling_ || now < poll_at_) {
      return false;
    }
    due_since_ = now;
    TRY_ASSIGN(const bool changed, tree_->changed_since_last_walk(options_.config, cancel_));
    const auto cost = std::chrono::duration_cast<milliseconds>(Clock::now() - now);
    poll_every_ =
        changed ? options_.poll_first : std::min(options_.poll_last, poll_every_ + poll_every_ / 2);
    poll_at_ = Clock::now() + std::max(poll_every_, cost * kPollCostShare);
    return changed;
  }

  [[nodiscard]] Time next_time(const Heard& heard, bool may_embed) const {
    Time next = look_anyway_at_;
    if (heard.changed) {
      next = std::min(heard.last + options_.quiet, heard.first + options_.patience);
    }
    if (polling_) {
      next = std::min(next, poll_at_);
    }
    return may_embed ? std::min(next, embed_at_) : next;
  }

  void rest_until(Time until) {
    until = std::min(until, Clock::now() + kTick);
    if (listener_) {
      listener_->wait_until(until);
    } else {
      std::this_thread::sleep_until(until);
    }
  }

  Status rest(milliseconds duration) const {
    const Time until = Clock::now() + duration;
    for (Time now = Clock::now(); now < until; now = Clock::now()) {
      TRY(cancel_.check());
      std::this_thread::sleep_until(std::min(until, now + kTick));
    }
    return {};
  }

  // ---- the folders ----

  Status look_at_roots() {
    if (Clock::now() < roots_at_) {
      return {};
    }
    roots_at_ = Clock::now() + kBetweenRootLooks;
    const Time give_up = Clock::now() + options_.root_patience;
    for (;;) {
      const WatchedTree::Roots roots = tree_->look_at_roots();
      if (roots == WatchedTree::Roots::Same) {
        return {};
      }
      listen_anew_ = look_now_ = true;
      if (roots == WatchedTree::Roots::Replaced) {
        return {};
      }
      if (Clock::now() >= give_up) {
        return roots_are_gone();
      }
      TRY(rest(kStep));
    }
  }

  [[nodiscard]] Error roots_are_gone() const {
    const std::vector<WatchedSource>& sources = tree_->sources();
    return Error{Code::NotFound,
                 fmt::format("{} is not there any more; what the library knows of it is kept",
                             sources.empty() ? "what is watched" : sources.front().path)};
  }

  void poll_because(const std::string& reason) {
    polling_ = true;
    poll_every_ = options_.poll_first;
    poll_at_ = Clock::now() + poll_every_;
    note(fmt::format("{}; all files are compared every {} to {} s", reason,
                     options_.poll_first.count() / 1000, options_.poll_last.count() / 1000));
  }

  /// Begins to listen, or anew; polls where that cannot be.
  void listen() {
    listener_.reset();
    listen_anew_ = false;
    if (options_.poll) {
      if (!polling_) {
        poll_because("polling, as asked");
      }
      return;
    }
    auto listener = ChangeListener::start(
        tree_->watch_roots(), rules_,
        options_.make_watcher ? options_.make_watcher : MakeWatcher(io::Watcher::create));
    if (listener.ok()) {
      listener_ = std::move(listener).value();
    }
    if (polling_) {
      return;
    }
    if (!listener_) {
      poll_because("changes cannot be listened to: " + listener.error().message);
    } else if (tree_->told_in_part()) {
      poll_because("on this file system changes by other machines are not told");
    }
  }

  [[nodiscard]] std::shared_ptr<const WatchRules> rules_after(const IndexReport& report) const {
    return std::make_shared<const WatchRules>(
        tree_->sources(), resolved_path(options_.library_folder), options_.parts, report.left_out);
  }

  /// Errors: Cancelled. @return whether there was something to wait for
  Result<bool> wait_for_git() {
    const Time give_up = Clock::now() + options_.git_patience;
    bool waited = false;
    for (; tree_->git_is_busy(); waited = true) {
      if (Clock::now() >= give_up) {
        tree_->ignore_present_locks();
        note("git's index.lock is still there; not waiting for it any longer");
        return false;
      }
      TRY(rest(kStep));
    }
    return waited;
  }

  // ---- words ----

  Status take_changes() {
    const Time due_since = due_since_;
    TRY_ASSIGN(const bool waited, wait_for_git());
    if (waited && listener_ && Clock::now() < due_since + options_.git_patience) {
      return {};  // its last files may be told only now
    }
    if (listen_anew_ || (listener_ && listener_->heard().broken)) {
      listen();
    }
    library_.tree_watch().unsettle();
    if (listener_) {
      listener_->take();
    }
    look_now_ = false;
    TRY_ASSIGN(const IndexReport report, index_words());
    const std::shared_ptr<const WatchRules> earlier = std::exchange(rules_, rules_after(report));
    if (listener_) {
      listener_->set_rules(rules_);
      if (rules_->watch_more_than(*earlier)) {
        listen();
        look_now_ = true;
      }
    }
    settle(report);
    if (did_something(report)) {
      close_set();
      set_ = WatchReport{WatchReport::Kind::Changes, report};
      set_due_ = due_since;
    }
    expect_embedding(report);
    if (!embed_left_) {
      close_set();
    }
    return {};
  }

  /// Everything was read in that was there when the changes were taken; what came since is heard.
  void settle(const IndexReport& report) {
    if (!listener_ || polling_ || look_now_ || listen_anew_ || !options_.parts.empty() ||
        !report.notes.empty()) {
      return;  // searches compare the tree themselves
    }
    std::vector<std::string> paths;
    for (const WatchedSource& source : tree_->sources()) {
      paths.push_back(source.path);
    }
    library_.tree_watch().settle(std::move(paths), listener_->quiet());
  }

  Result<IndexReport> index_words() {
    IndexRequest request;
    request.paths = options_.parts;
    request.embed = false;
    auto report = index_patiently(request, progress_, cancel_);
    look_anyway_at_ = Clock::now() + options_.look_anyway;
    if (report.ok()) {
      tell_notes(report->notes);
    }
    return report;
  }

  /// Waits as long as another process writes or there is no space.
  Result<IndexReport> index_patiently(const IndexRequest& request, const ProgressSink& progress,
                                      const CancelToken& cancel) {
    std::string said;
    const Time start = Clock::now();
    for (milliseconds pause = kFirstRetry;; pause = std::min(pause * 3 / 2, kLastRetry)) {
      auto report = library_.index(request, progress, cancel);
      if (report.ok() ||
          (report.error().code != Code::Busy && report.error().code != Code::NoSpace)) {
        return report;
      }
      if (said != report.error().message && Clock::now() >= start + kNotWorthSaying) {
        said = report.error().message;
        tell({WatchReport::Kind::Waiting, {}, 0, 0, false, said});
      }
      TRY(rest(pause));
    }
  }

  // ---- meaning ----

  void expect_embedding(const IndexReport& report) {
    pending_ = report.pending_chunks;
    embed_left_ = options_.embed && pending_ > 0;
    embed_at_ = Clock::now();
  }

  /// One turn of the lease. The next change ends it at once, unless the turn before was ended so
  /// with nothing to show: then its first batch is finished, or steady changes would starve it.
  Status embed_turn() {
    CancelSource turn_over;
    CancelToken token = cancel_.or_when(turn_over.token());
    if (listener_ && !first_batch_owed_) {
      token = token.or_when(listener_->until_next_change());
    }
    const Time start = Clock::now();
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    const auto follow = [&](const Progress& progress) {
      done = progress.embed_done;
      total = progress.embed_total;
      const bool wanted_elsewhere =
          Clock::now() >= start + options_.embed_turn || (listener_ && listener_->heard().changed);
      if (done > 0 && done < total && wanted_elsewhere) {
        turn_over.cancel();
      }
      tell_progress(progress);
    };
    IndexRequest request;
    request.words = false;
    request.embed_batch = kBatchChunks;
    auto report = index_patiently(request, follow, token);
    TRY(cancel_.check());
    if (!report.ok() && report.error().code != Code::Cancelled) {
      return std::move(report).error();
    }
    add_embedded(done, seconds_between(start, Clock::now()));
    first_batch_owed_ = !report.ok() && done == 0;
    pending_ = report.ok() ? report->pending_chunks : total > 0 ? total - done : pending_;
    embed_at_ = Clock::now() + kLeaseGap;
    if (report.ok()) {
      tell_notes(report->notes);
      embed_left_ = pending_ > 0;
      embed_at_ = Clock::now() + options_.embed_again;
      close_set();
      close_backlog();
    }
    return {};
  }

  void add_embedded(std::uint64_t vectors, double seconds) {
    WatchReport& report = set_ ? *set_ : backlog_;
    report.changes.embedded += vectors;
    report.changes.embed_seconds += seconds;
    embedded_in_a_row_ += vectors;
  }

  /// Turns are one piece of work to who watches it.
  void tell_progress(Progress progress) const {
    if (progress_) {
      progress.embed_done += embedded_in_a_row_;
      progress.embed_total += embedded_in_a_row_;
      progress_(progress);
    }
  }

  // ---- telling ----

  void tell(WatchReport report) {
    report.sets = sets_;
    report.listening = listener_ != nullptr;
    if (sink_) {
      sink_(report);
    }
  }

  void note(const std::string& text) { tell({WatchReport::Kind::Note, {}, 0, 0, false, text}); }

  /// Each once, until a run does not have it.
  void tell_notes(const std::vector<std::string>& notes) {
    for (const std::string& text : notes) {
      if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) {
        note(text);
      }
    }
    notes_ = notes;
  }

  void close_set() {
    if (set_) {
      ++sets_;
      set_->changes.pending_chunks = pending_;
      set_->seconds = seconds_between(set_due_, Clock::now());
      tell(*std::exchange(set_, std::nullopt));
    }
  }

  void close_backlog() {
    if (backlog_.changes.embedded > 0) {
      backlog_.kind = WatchReport::Kind::Embedded;
      backlog_.changes.pending_chunks = pending_;
      backlog_.seconds = backlog_.changes.embed_seconds;
      tell(std::exchange(backlog_, WatchReport{}));
    }
    embedded_in_a_row_ = 0;
  }

  Library& library_;
  const WatchOptions& options_;
  const WatchSink& sink_;
  const ProgressSink& progress_;
  const CancelToken cancel_;

  std::optional<WatchedTree> tree_;
  std::shared_ptr<const WatchRules> rules_;
  std::unique_ptr<ChangeListener> listener_;
  bool listen_anew_ = false;
  bool look_now_ = false;
  Time roots_at_{};
  Time look_anyway_at_{};
  Time due_since_{};

  bool polling_ = false;
  milliseconds poll_every_{0};
  Time poll_at_{};

  bool embed_left_ = false;
  bool first_batch_owed_ = false;
  Time embed_at_{};
  std::uint64_t pending_ = 0;
  std::uint64_t embedded_in_a_row_ = 0;

  std::optional<WatchReport> set_;  // whose meaning is being made
  Time set_due_{};
  WatchReport backlog_;
  std::uint64_t sets_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace

Status watch(Library& library, const WatchOptions& options, const WatchSink& sink,
             const ProgressSink& progress, const CancelToken& cancel) {
  return Watching(library, options, sink, progress, cancel).run();
}

}  // namespace sonde::library
