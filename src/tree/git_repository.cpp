#include "tree/git_repository.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tree/git_folders.h"

namespace sonde::tree {
namespace {

bool exists_at(int folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

std::unique_ptr<GitRepository> GitRepository::open(int top, const GitEnvironment& environment) {
  io::UniqueFd folder = open_git_folder(top);
  if (!folder.valid() || !exists_at(folder.get(), "HEAD")) {
    return nullptr;
  }
  const io::UniqueFd common = open_common_folder(folder.get());
  if (!common.valid() || !exists_at(common.get(), "objects") || !exists_at(common.get(), "refs")) {
    return nullptr;
  }
  std::unique_ptr<GitRepository> result(new GitRepository);
  result->folder_ = std::move(folder);
  result->read_settings(environment, top, common.get());
  return result;
}

std::unique_ptr<GitRepository> GitRepository::none(const GitEnvironment& environment) {
  std::unique_ptr<GitRepository> result(new GitRepository);
  result->tracked_.emplace();
  result->read_settings(environment, AT_FDCWD, -1);
  return result;
}

void GitRepository::read_settings(const GitEnvironment& environment, int top, int common) {
  const std::string git_folder = folder_.valid() ? path_of(folder_) : std::string();
  GitConfig config(environment, git_folder);
  config.read_defaults();
  if (folder_.valid()) {
    config.read("/proc/self/fd/" + std::to_string(common) + "/config");
    if (config.is_true("extensions.worktreeconfig")) {
      config.read("/proc/self/fd/" + std::to_string(folder_.get()) + "/config.worktree");
    }
  }
  letter_case_ = config.is_true("core.ignorecase") ? LetterCase::Ignored : LetterCase::Exact;
  const std::string* format = config.find("extensions.objectformat");
  hash_size_ = format != nullptr && *format == "sha256" ? 32 : 20;

  const std::string* chosen = config.find("core.excludesfile");
  std::string global =
      environment.config_home.empty() ? "" : environment.config_home + "/git/ignore";
  if (chosen != nullptr) {
    global = config.expand(*chosen);
  }
  const auto global_text =
      global.empty() ? std::nullopt
                     : read_file_at(top, global.c_str(), Links::Follow, kMaxRulesFileBytes);
  global_excludes_ = RuleList::parse(global_text.value_or(""), global, letter_case_);
  const auto info = common < 0
                        ? std::nullopt
                        : read_file_at(common, "info/exclude", Links::Follow, kMaxRulesFileBytes);
  info_excludes_ = RuleList::parse(info.value_or(""), ".git/info/exclude", letter_case_);
}

void GitRepository::load_index() {
  if (tracked_) {
    return;
  }
  tracked_.emplace();
  const auto bytes = read_file_at(folder_.get(), "index", Links::Follow, TrackedFiles::kMaxBytes);
  if (bytes) {
    auto parsed = TrackedFiles::parse(*bytes, hash_size_, [this](const std::string& hex) {
      return read_file_at(folder_.get(), ("sharedindex." + hex).c_str(), Links::Follow,
                          TrackedFiles::kMaxBytes);
    });
    if (parsed.ok()) {
      tracked_ = std::move(parsed).value();
      note_ = tracked_->has_sparse_folders()
                  ? "the git index is sparse: ignored files below its folders count as untracked"
                  : "";
    } else {
      note_ = parsed.error().message + "; ignored files count as untracked";
    }
  } else if (exists_at(folder_.get(), "index")) {
    note_ = "the git index cannot be read; ignored files count as untracked";
  }
  folder_.reset();
}

bool GitRepository::is_tracked(std::string_view path) {
  load_index();
  return tracked_->contains(path);
}

bool GitRepository::has_tracked_below(std::string_view folder) {
  load_index();
  return tracked_->contains_below(folder);
}

}  // namespace sonde::tree
