#include "library/change_listener.h"

#include <algorithm>
#include <utility>

namespace sonde::library {

namespace {

// stop() wakes the watcher; this only bounds one sleep.
constexpr std::chrono::milliseconds kLongWait{600'000};
// Named by none of our users: who watches so many folders is polled for the rest.
constexpr std::size_t kMaxFolders = 500'000;

}  // namespace

Result<std::unique_ptr<ChangeListener>> ChangeListener::start(
    const std::vector<std::string>& roots, std::shared_ptr<const WatchRules> rules,
    const MakeWatcher& make) {
  auto shared = std::make_shared<Shared>();
  shared->rules.set(std::move(rules));
  io::WatchOptions options;
  options.max_folders = kMaxFolders;
  options.skip = [shared](const std::string& folder) {
    return !shared->rules.get()->watches(folder);
  };
  std::unique_ptr<ChangeListener> listener(new ChangeListener(shared));
  TRY_ASSIGN(listener->watcher_, make(roots, std::move(options)));
  shared->watcher = listener->watcher_.get();
  listener->thread_ = std::make_unique<ThreadPool>(1, "sonde-watch");
  listener->thread_->submit(
      [shared, watcher = listener->watcher_.get()] { listen(*watcher, *shared); });
  return listener;
}

ChangeListener::~ChangeListener() {
  if (watcher_) {
    watcher_->stop();
    const std::lock_guard lock(shared_->reading);
    shared_->watcher = nullptr;
  }
}

void ChangeListener::note_change(Shared& shared) {
  const auto now = std::chrono::steady_clock::now();
  if (!shared.heard.changed) {
    shared.heard.first = now;
  }
  shared.heard.changed = true;
  shared.heard.last = now;
  shared.news = true;
  if (shared.interrupt) {
    shared.interrupt->cancel();
    shared.interrupt.reset();
  }
}

void ChangeListener::listen(io::Watcher& watcher, Shared& shared) {
  // The first look only asks whether all folders are watched.
  for (std::chrono::milliseconds wait{0};; wait = kLongWait) {
    const Status woken = watcher.wait_for_news(wait);
    const std::lock_guard reading(shared.reading);
    const auto batch = woken.ok() ? watcher.wait(std::chrono::milliseconds{0})
                                  : Result<io::WatchBatch>(woken.error());
    bool matters = false;
    if (batch.ok()) {
      const std::shared_ptr<const WatchRules> rules = shared.rules.get();
      matters = batch->rescan_needed ||
                std::any_of(batch->events.begin(), batch->events.end(),
                            [&](const io::WatchEvent& event) { return rules->matters(event); });
    }
    {
      const std::lock_guard lock(shared.mutex);
      if (!batch.ok()) {
        shared.heard.broken = batch.error();
      } else {
        shared.news = shared.news || batch->incomplete != shared.heard.incomplete;
        shared.heard.incomplete = batch->incomplete;
        shared.heard.rescan = shared.heard.rescan || batch->rescan_needed;
      }
      if (matters || !batch.ok()) {
        note_change(shared);
      }
    }
    shared.came.notify_all();
    if (!batch.ok() || batch->stopped) {
      return;
    }
  }
}

Heard ChangeListener::heard() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->heard;
}

void ChangeListener::take() {
  const std::lock_guard lock(shared_->mutex);
  shared_->heard.changed = false;
  shared_->heard.rescan = false;
}

void ChangeListener::knock() {
  const std::lock_guard lock(shared_->mutex);
  note_change(*shared_);
}

void ChangeListener::wait_until(Heard::Time until) {
  std::unique_lock lock(shared_->mutex);
  shared_->came.wait_until(lock, until, [this] { return shared_->news; });
  shared_->news = false;
}

std::function<bool()> ChangeListener::quiet() const {
  return [shared = shared_] {
    const std::unique_lock reading(shared->reading, std::try_to_lock);
    if (!reading || shared->watcher == nullptr || shared->watcher->has_news()) {
      return false;
    }
    const std::lock_guard lock(shared->mutex);
    const Heard& heard = shared->heard;
    return !heard.changed && !heard.rescan && !heard.incomplete && !heard.broken;
  };
}

CancelToken ChangeListener::until_next_change() {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->interrupt) {
    shared_->interrupt.emplace();
  }
  const CancelToken token = shared_->interrupt->token();
  if (shared_->heard.changed) {
    shared_->interrupt->cancel();
    shared_->interrupt.reset();
  }
  return token;
}

}  // namespace sonde::library
