#include "io/watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>

#include "io/file_system.h"
#include "io/os_error.h"
#include "io/unique_fd.h"

namespace sonde::io {

namespace {

constexpr std::uint32_t kMask = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE |
                                IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                                IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;
constexpr std::size_t kBufferBytes = 64 * 1024;  // room for 240 events with the longest names
constexpr int kMaxReadsPerWait = 64;             // a busy tree must not keep wait() for ever

class InotifyWatcher final : public Watcher {
 public:
  InotifyWatcher(std::vector<std::string> roots, WatchOptions options, UniqueFd inotify,
                 UniqueFd wake)
      : roots_(std::move(roots)),
        options_(std::move(options)),
        inotify_(std::move(inotify)),
        wake_(std::move(wake)) {}

  /// Errors: those of watching a root itself.
  Status begin() {
    for (const std::string& root : roots_) {
      TRY(add_folder(root));
    }
    add_below_roots();  // what is there at the beginning is no event
    return {};
  }

  Status wait_for_news(std::chrono::milliseconds timeout) override {
    TRY_ASSIGN(const bool woken, poll_events(timeout));
    static_cast<void>(woken);
    return {};
  }

  bool has_news() const noexcept override {
    pollfd ready = {inotify_.get(), POLLIN, 0};
    return ::poll(&ready, 1, 0) != 0;  // an error counts as news
  }

  Result<WatchBatch> wait(std::chrono::milliseconds timeout) override {
    WatchBatch batch;
    TRY_ASSIGN(const bool woken, poll_events(timeout));
    if (woken) {
      std::uint64_t count = 0;
      static_cast<void>(!::read(wake_.get(), &count, sizeof count));
      batch.stopped = true;
    }
    for (int i = 0; i < kMaxReadsPerWait; ++i) {
      TRY_ASSIGN(const bool more, read_events(batch));
      if (!more) {
        break;
      }
    }
    batch.incomplete = incomplete_;
    return batch;
  }

  void stop() noexcept override {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  }

  std::size_t watched_folders() const override { return path_of_.size(); }

 private:
  /// @return whether stop() was called
  Result<bool> poll_events(std::chrono::milliseconds timeout) const {
    pollfd ready[2] = {{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const auto limit = std::clamp<std::int64_t>(timeout.count(), 0, 1'000'000'000);
    if (::poll(ready, 2, static_cast<int>(limit)) < 0 && errno != EINTR) {
      return os_error(errno, "watch", roots_.front());
    }
    return (ready[1].revents & POLLIN) != 0;
  }

  /// False when there is nothing to read now.
  Result<bool> read_events(WatchBatch& batch) {
    alignas(inotify_event) char buffer[kBufferBytes];
    const ssize_t got =
        retry_interrupted([&] { return ::read(inotify_.get(), buffer, sizeof buffer); });
    if (got < 0) {
      return errno == EAGAIN ? Result<bool>(false)
                             : Result<bool>(os_error(errno, "read events of", roots_.front()));
    }
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      // The name is padded with zero bytes to event.len.
      const char* name = buffer + at + sizeof event;
      handle(event, {name, event.len == 0 ? 0 : ::strnlen(name, event.len)}, batch);
      at += sizeof event + event.len;
    }
    return got > 0;
  }

  void handle(const inotify_event& event, std::string_view name, WatchBatch& batch) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      // Folders may have come and gone unseen; watching them again is part of the rescan.
      batch.rescan_needed = true;
      add_below_roots();
      return;
    }
    const auto watched = path_of_.find(event.wd);
    if (watched == path_of_.end()) {
      return;  // of a folder that we stopped watching: late events
    }
    const std::string folder = watched->second;
    if (name.empty()) {
      handle_folder_itself(event, folder, batch);
      return;
    }
    const std::string path = join_path(folder, name);
    const bool is_folder = (event.mask & IN_ISDIR) != 0;
    if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
      if (is_folder) {
        forget_below(path);
      }
      add(batch, {WatchEvent::Kind::Removed, path, is_folder});
    } else if (is_folder && skipped(path)) {
      return;
    } else {
      add(batch, {WatchEvent::Kind::Changed, path, is_folder});
      if (is_folder && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0 && add_folder(path).ok()) {
        add_below(path, &batch);
      }
    }
  }

  void handle_folder_itself(const inotify_event& event, const std::string& folder,
                            WatchBatch& batch) {
    const bool is_root = std::find(roots_.begin(), roots_.end(), folder) != roots_.end();
    if (is_root && (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
      batch.rescan_needed = true;
    }
    if ((event.mask & IN_IGNORED) != 0) {
      forget(folder);
    }
  }

  static void add(WatchBatch& batch, WatchEvent event) {
    if (!batch.events.empty()) {
      const WatchEvent& last = batch.events.back();
      if (last.kind == event.kind && last.path == event.path && last.folder == event.folder) {
        return;
      }
    }
    batch.events.push_back(std::move(event));
  }

  bool skipped(const std::string& path) const { return options_.skip && options_.skip(path); }

  Status add_folder(const std::string& path) {
    if (path_of_.size() >= options_.max_folders) {
      incomplete_ = true;
      return Error{Code::Limit, "more folders than the limit of " +
                                    std::to_string(options_.max_folders) + " under '" +
                                    roots_.front() + "'"};
    }
    const int id = ::inotify_add_watch(inotify_.get(), path.c_str(), kMask);
    if (id < 0) {
      // ENOSPC is the limit fs.inotify.max_user_watches, not a full disk.
      incomplete_ = incomplete_ || errno == ENOSPC || errno == ENOMEM || errno == EACCES;
      return os_error(errno, "watch the folder", path);
    }
    const auto old = id_of_.find(path);
    if (old != id_of_.end() && old->second != id) {
      path_of_.erase(old->second);
    }
    const auto same = path_of_.find(id);
    if (same != path_of_.end() && same->second != path) {
      id_of_.erase(same->second);  // the same folder under its new name
    }
    path_of_[id] = path;
    id_of_[path] = id;
    return {};
  }

  void add_below_roots() {
    for (const std::string& root : roots_) {
      add_below(root, nullptr);
    }
  }

  /// Watches all folders below `folder`, without recursion; tells what it finds when `batch` is
  /// given. A folder is watched before it is listed, so nothing falls between.
  void add_below(const std::string& folder, WatchBatch* batch) {
    std::vector<std::string> open{folder};
    while (!open.empty()) {
      const std::string path = std::move(open.back());
      open.pop_back();
      const auto entries = real_file_system().list(path);
      if (!entries.ok()) {
        continue;  // gone again, or not readable: add_folder has noted that
      }
      for (const DirectoryEntry& entry : *entries) {
        std::string child = join_path(path, entry.name);
        const bool is_folder = entry.type == FileType::Directory;
        if (is_folder && skipped(child)) {
          continue;
        }
        if (batch != nullptr) {
          add(*batch, {WatchEvent::Kind::Changed, child, is_folder});
        }
        if (is_folder && add_folder(child).ok()) {
          open.push_back(std::move(child));
        }
      }
    }
  }

  void forget(const std::string& path) {
    const auto found = id_of_.find(path);
    if (found != id_of_.end()) {
      path_of_.erase(found->second);
      id_of_.erase(found);
    }
  }

  /// Stops watching a folder that went away, and all below it: their names are no longer true.
  void forget_below(const std::string& path) {
    const std::string below = path + "/";
    std::vector<std::string> gone{path};
    for (auto it = id_of_.lower_bound(below); it != id_of_.end() && it->first.starts_with(below);
         ++it) {
      gone.push_back(it->first);
    }
    for (const std::string& folder : gone) {
      const auto found = id_of_.find(folder);
      if (found != id_of_.end()) {
        ::inotify_rm_watch(inotify_.get(), found->second);
        forget(folder);
      }
    }
  }

  const std::vector<std::string> roots_;
  const WatchOptions options_;
  const UniqueFd inotify_;
  const UniqueFd wake_;
  std::unordered_map<int, std::string> path_of_;
  std::map<std::string, int> id_of_;
  bool incomplete_ = false;
};

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::create(const std::vector<std::string>& roots,
                                                 WatchOptions options) {
  if (roots.empty()) {
    return Error{Code::InvalidArgument, "there is no folder to watch"};
  }
  UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) {
    const int reason = errno;  // EMFILE: fs.inotify.max_user_instances
    const Error error = os_error(reason, "watch", roots.front());
    return Error{reason == EMFILE ? Code::Limit : error.code, error.message};
  }
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) {
    return os_error(errno, "watch", roots.front());
  }
  auto watcher = std::make_unique<InotifyWatcher>(roots, std::move(options), std::move(inotify),
                                                  std::move(wake));
  TRY(watcher->begin());
  return std::unique_ptr<Watcher>(std::move(watcher));
}

}  // namespace sonde::io
