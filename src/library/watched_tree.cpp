#include "library/watched_tree.h"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "io/file_system.h"
#include "library/changes.h"
#include "library/location.h"
#include "tree/git_folders.h"
#include "tree/walk.h"

namespace sonde::library {

namespace {

// A file that was written this shortly before it was looked at may be written again without its
// time telling it.
constexpr std::int64_t kUnsure_ns = 100'000'000;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

WatchedTree::WatchedTree(const std::vector<SourceInfo>& sources,
                         const std::vector<std::string>& parts) {
  for (const SourceInfo& source : sources) {
    const bool wanted =
        parts.empty() || std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
          return under_any(part, {source.path}) || under_any(source.path, {part});
        });
    if (wanted) {
      const std::string root = resolved_path(source.path);
      sources_.push_back({source.path, root, tree::git_folder_of(root)});
      roots_.push_back(root_identity(root));
      old_locks_.emplace_back();
    }
  }
}

std::optional<WatchedTree::Identity> WatchedTree::root_identity(const std::string& path) {
  const auto info = io::real_file_system().info(path);
  return info.ok() && info->type == io::FileType::Directory
             ? std::optional(Identity{info->device, info->inode, 0})
             : std::nullopt;
}

std::vector<std::string> WatchedTree::watch_roots() const {
  std::vector<std::string> roots;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (roots_[i]) {
      roots.push_back(sources_[i].root);
    }
  }
  const std::vector<std::string> trees = roots;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const std::string& git = sources_[i].git;
    if (roots_[i] && !git.empty() && !under_any(git, trees) &&
        std::find(roots.begin(), roots.end(), git) == roots.end()) {
      roots.push_back(git);
    }
  }
  return roots;
}

bool WatchedTree::told_in_part() const {
  return std::any_of(sources_.begin(), sources_.end(), [](const WatchedSource& source) {
    struct statfs info {};
    return ::statfs(source.root.c_str(), &info) == 0 &&
           !file_system_without_wal(static_cast<std::uint32_t>(info.f_type)).empty();
  });
}

WatchedTree::Roots WatchedTree::look_at_roots() {
  Roots result = Roots::Same;
  bool some = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const std::optional<Identity> now = root_identity(sources_[i].root);
    some = some || now;
    if (now != roots_[i]) {
      result = Roots::Replaced;
      roots_[i] = now;
      sources_[i].git = tree::git_folder_of(sources_[i].root);
    }
  }
  return some ? result : Roots::Gone;
}

std::optional<WatchedTree::Identity> WatchedTree::lock_of(const WatchedSource& source) const {
  if (source.git.empty()) {
    return std::nullopt;
  }
  const auto info = io::real_file_system().info(io::join_path(source.git, "index.lock"));
  return info.ok() ? std::optional(Identity{info->device, info->inode, info->mtime_ns})
                   : std::nullopt;
}

bool WatchedTree::git_is_busy() const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const std::optional<Identity> lock = lock_of(sources_[i]);
    if (lock && lock != old_locks_[i]) {
      return true;
    }
  }
  return false;
}

void WatchedTree::ignore_present_locks() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    old_locks_[i] = lock_of(sources_[i]);
  }
}

Result<bool> WatchedTree::changed_since_last_walk(const Config& config, const CancelToken& cancel) {
  Checksum64 seen;
  std::int64_t youngest_ns = 0;
  const std::int64_t begin_ns = now_ns();
  for (const WatchedSource& source : sources_) {
    const auto walked = tree::walk(source.root, walk_options(config), cancel);
    TRY(cancel.check());
    seen.update(source.root + '\0' + (walked.ok() ? "" : walked.error().message) + '\0');
    if (!walked.ok()) {
      continue;
    }
    for (const tree::FileEntry& file : walked->files) {
      seen.update(fmt::format("{}{}{} {} {}{}", file.path, '\0', file.size_bytes, file.mtime_ns,
                              file.inode, '\0'));
      youngest_ns = std::max(youngest_ns, file.mtime_ns);
    }
  }
  const std::uint64_t sum = seen.digest();
  const bool same = last_walk_ == sum && last_walk_is_sure_;
  last_walk_ = sum;
  last_walk_is_sure_ = youngest_ns < begin_ns - kUnsure_ns;
  return !same;
}

}  // namespace sonde::library
