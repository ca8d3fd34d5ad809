#include "tree/git_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "io/file_system.h"
#include "tree/file_at.h"
#include "tree/folder.h"

namespace sonde::tree {
namespace {

constexpr std::size_t kMaxPointerBytes = 16384;  // ".git", "commondir" and "gitdir" files: one path

std::optional<std::string> read_pointer(int folder, const char* name, std::string_view start) {
  auto text = read_file_at(folder, name, Links::Follow, kMaxPointerBytes);
  if (!text || !text->starts_with(start)) {
    return std::nullopt;
  }
  text->erase(0, start.size());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
    text->pop_back();
  }
  if (text->empty() || text->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return text;
}

bool same_folder(int a, int b) {
  struct stat first {};
  struct stat second {};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/// The open folder, when it is a working tree of the repository `common`.
io::UniqueFd open_worktree(const std::string& top, int common) {
  io::UniqueFd folder = open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
  const io::UniqueFd git = folder.valid() ? open_git_folder(folder.get()) : io::UniqueFd();
  const io::UniqueFd its = git.valid() ? open_common_folder(git.get()) : io::UniqueFd();
  return its.valid() && same_folder(its.get(), common) ? std::move(folder) : io::UniqueFd();
}

/// Of a submodule or a folder with a separate git folder the settings say it; else it is beside.
std::string main_worktree(const io::UniqueFd& common, const GitEnvironment& environment) {
  const std::string folder = path_of(common);
  GitConfig config(environment, folder);
  config.read("/proc/self/fd/" + std::to_string(common.get()) + "/config");
  if (const std::string* named = config.find("core.worktree");
      named != nullptr && !named->empty()) {
    return named->front() == '/' ? *named : io::join_path(folder, *named);
  }
  return io::parent_path(folder);
}

std::vector<std::string> linked_worktrees(int common) {
  std::vector<std::string> tops;
  const io::UniqueFd list = open_folder_at(common, "worktrees", Links::Follow);
  FolderEntries entries;
  if (!list.valid() || read_folder(list.get(), entries) != 0) {
    return tops;
  }
  std::vector<std::string> names;
  for (const RawEntry& entry : entries.entries) {
    names.emplace_back(entries.name(entry));
  }
  std::sort(names.begin(), names.end());
  names.resize(std::min(names.size(), kMaxWorktrees));
  for (const std::string& name : names) {
    const io::UniqueFd folder = open_folder_at(list.get(), name.c_str(), Links::Refuse);
    const auto git_file =
        folder.valid() ? read_pointer(folder.get(), "gitdir", "") : std::optional<std::string>();
    if (!git_file || !git_file->ends_with("/.git")) {
      continue;
    }
    const std::string top =
        git_file->substr(0, git_file->size() - std::string_view("/.git").size());
    // git 2.48 and later may write it relative to the folder that the file is in.
    tops.push_back(top.starts_with('/') ? top : io::join_path(path_of(folder), top));
  }
  return tops;
}

}  // namespace

io::UniqueFd open_git_folder(int top) {
  io::UniqueFd folder = open_folder_at(top, ".git", Links::Follow);
  if (!folder.valid()) {
    if (const auto target = read_pointer(top, ".git", "gitdir: ")) {
      folder = open_folder_at(top, target->c_str(), Links::Follow);
    }
  }
  return folder;
}

io::UniqueFd open_common_folder(int git_folder) {
  const auto target = read_pointer(git_folder, "commondir", "");
  return open_folder_at(git_folder, target ? target->c_str() : ".", Links::Follow);
}

std::string git_folder_of(const std::string& folder) {
  std::string top = folder;
  for (std::size_t i = 0; i < kMaxParents; ++i) {
    const io::UniqueFd open_top = open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
    const io::UniqueFd git = open_top.valid() ? open_git_folder(open_top.get()) : io::UniqueFd();
    if (git.valid() && ::faccessat(git.get(), "HEAD", F_OK, 0) == 0) {
      return path_of(git);
    }
    if (top.size() <= 1) {
      break;
    }
    top = io::parent_path(top);
  }
  return "";
}

std::vector<std::string> sibling_worktrees(const std::string& top,
                                           const GitEnvironment& environment) {
  std::vector<std::string> siblings;
  const io::UniqueFd here = open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
  const io::UniqueFd git = here.valid() ? open_git_folder(here.get()) : io::UniqueFd();
  const io::UniqueFd common = git.valid() ? open_common_folder(git.get()) : io::UniqueFd();
  if (!common.valid()) {
    return siblings;
  }
  std::vector<std::string> tops = linked_worktrees(common.get());
  tops.insert(tops.begin(), main_worktree(common, environment));
  for (const std::string& candidate : tops) {
    const io::UniqueFd folder = open_worktree(candidate, common.get());
    if (folder.valid() && !same_folder(folder.get(), here.get())) {
      siblings.push_back(path_of(folder));
    }
  }
  std::erase(siblings, std::string());
  return siblings;
}

}  // namespace sonde::tree
