#include "faces/mcp/workspace.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace sonde::faces::mcp {

namespace {

constexpr std::chrono::milliseconds kLook{50};

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// Roots without those inside others, each once.
std::vector<std::string> outermost(std::vector<std::string> roots) {
  std::sort(roots.begin(), roots.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  std::vector<std::string> kept;
  for (const std::string& root : roots) {
    if (std::none_of(kept.begin(), kept.end(),
                     [&](const std::string& other) { return lies_in(root, other); })) {
      kept.push_back(root);
    }
  }
  return kept;
}

std::string list_of(const std::vector<std::shared_ptr<Project>>& projects) {
  std::string text;
  for (const auto& project : projects) {
    text += (text.empty() ? "" : ", ") + project->root();
  }
  return text;
}

/// The library's and git's own files are no part of the project.
bool is_private(const std::string& path, const std::string& root) {
  const std::string below = path.substr(std::min(path.size(), root.size())) + "/";
  return below.find("/.sonde/") != std::string::npos || below.find("/.git/") != std::string::npos;
}

}  // namespace

Workspace::Workspace(Door door, std::string home, LogSink log)
    : door_(std::move(door)), home_(library::resolved_path(home)), log_(std::move(log)) {}

bool Workspace::is_too_much(const std::string& root) const {
  return home_.empty() ? root == "/" : lies_in(home_, root);
}

void Workspace::set_roots(const std::vector<std::string>& roots) {
  std::vector<std::string> resolved;
  for (const std::string& root : roots) {
    if (is_folder(root)) {
      resolved.push_back(library::resolved_path(root));
    } else {
      log_(Level::Warning, "the root " + root + " is no folder here and is left out");
    }
  }
  std::vector<std::string> wanted = outermost(std::move(resolved));
  if (wanted.size() > kRootLimit) {
    log_(Level::Warning, "only the first " + std::to_string(kRootLimit) + " roots are used");
    wanted.resize(kRootLimit);
  }
  std::vector<std::shared_ptr<Project>> gone;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Project>> next;
    for (const std::string& root : wanted) {
      const auto there = std::find_if(projects_.begin(), projects_.end(),
                                      [&](const auto& each) { return each->root() == root; });
      next.push_back(there != projects_.end()
                         ? *there
                         : std::make_shared<Project>(
                               root, door_, is_too_much(root) ? Start::Wait : Start::Index, log_));
    }
    gone = std::exchange(projects_, std::move(next));
    roots_known_ = true;
  }
  known_.notify_all();
  // Those that are gone end here, outside of the lock.
}

Result<std::vector<std::shared_ptr<Project>>> Workspace::projects(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  while (!roots_known_) {
    TRY(cancel.check());
    known_.wait_for(lock, kLook);
  }
  if (projects_.empty()) {
    return Error{Code::NotFound,
                 "the client named no folder of this machine as a root; start the server with "
                 "--root FOLDER"};
  }
  return projects_;
}

Result<std::vector<std::shared_ptr<Project>>> Workspace::chosen(const std::string& name,
                                                                const CancelToken& cancel) {
  TRY_ASSIGN(std::vector<std::shared_ptr<Project>> all, projects(cancel));
  if (name.empty()) {
    return all;
  }
  const std::string real = name.front() == '/' ? library::resolved_path(name) : name;
  for (const auto& project : all) {
    if (lies_in(real, project->root()) ||
        std::filesystem::path(project->root()).filename() == real) {
      return std::vector{project};
    }
  }
  return Error{Code::InvalidArgument,
               "there is no root " + name + "; the roots are " + list_of(all)};
}

Result<PathInRoot> Workspace::resolve(const std::string& path, const CancelToken& cancel) {
  TRY_ASSIGN(const std::vector<std::shared_ptr<Project>> all, projects(cancel));
  if (path.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument, "a path holds no zero byte"};
  }
  bool there = false;
  for (const auto& project : all) {
    // Results name paths from the library's root, which may be above this one.
    for (const std::string& base : {project->root(), project->state().library_root}) {
      const std::string full = path.starts_with('/') ? path : base + "/" + path;
      std::error_code error;
      const std::string real = std::filesystem::canonical(full, error).string();
      if (error) {
        continue;
      }
      there = true;
      if (lies_in(real, project->root()) && !is_private(real, project->root())) {
        return PathInRoot{project, real};
      }
    }
  }
  if (there) {
    return Error{Code::InvalidArgument,
                 path + " is outside of the project; what can be read is below " + list_of(all)};
  }
  return Error{Code::NotFound, "there is no file or folder " + path +
                                   "; paths are absolute or "
                                   "begin at a root (" +
                                   list_of(all) + ")"};
}

std::string Workspace::shown(const Project& project, const std::string& absolute) {
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = projects_.size();
  }
  const std::string& root = project.root();
  if (count > 1 || !lies_in(absolute, root) || absolute == root) {
    return absolute;
  }
  return absolute.substr(root == "/" ? 1 : root.size() + 1);
}

void Workspace::clear() {
  std::vector<std::shared_ptr<Project>> gone;
  const std::lock_guard lock(mutex_);
  gone.swap(projects_);
}

}  // namespace sonde::faces::mcp
