#include "history/git/objects.h"

#include <git2/sys/repository.h>

#include <algorithm>
#include <cstring>

namespace sonde::history::git {

namespace {

// Packs are mapped in windows; libgit2's own limits are made for servers of 64 bits.
constexpr std::size_t kWindowBytes = std::size_t{16} << 20;
constexpr std::size_t kMappedBytes = std::size_t{512} << 20;
constexpr std::size_t kMappedFiles = 64;
constexpr ssize_t kCacheBytes = ssize_t{96} << 20;

using Config = std::unique_ptr<git_config, Freeing<git_config_free>>;

}  // namespace

Error git_error_of(int code, std::string_view what) {
  const git_error* last = git_error_last();
  Error error{code == GIT_ENOTFOUND ? Code::NotFound : Code::Corruption, std::string(what)};
  if (last != nullptr && last->message != nullptr) {
    error.message += std::string(": ") + last->message;
  }
  git_error_clear();
  return error;
}

Status start_libgit2() {
  if (git_libgit2_init() < 1 || git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kWindowBytes) != 0 ||
      git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedBytes) != 0 ||
      git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, kMappedFiles) != 0 ||
      git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kCacheBytes) != 0) {
    return Error{Code::Internal, "libgit2 does not start"};
  }
  return {};
}

Result<Objects> open_objects(const std::string& folder) {
  Objects objects;
  git_odb* odb = nullptr;
  if (const int code = git_odb_open(&odb, folder.c_str()); code != 0) {
    return git_error_of(code, "cannot open the objects of the repository");
  }
  objects.odb.reset(odb);
  git_repository* repository = nullptr;
  if (const int code = git_repository_wrap_odb(&repository, odb); code != 0) {
    return git_error_of(code, "cannot open the objects of the repository");
  }
  objects.repository.reset(repository);
  // Settings of its own that are empty: else libgit2 would look for the user's.
  git_config* config = nullptr;
  if (git_config_new(&config) != 0) {
    return git_error_of(GIT_ERROR, "no memory for settings");
  }
  const Config owned(config);
  if (const int code = git_repository_set_config(repository, config); code != 0) {
    return git_error_of(code, "cannot set the settings of a repository");
  }
  return objects;
}

git_oid oid_of(const CommitId& id) {
  git_oid oid{};
  git_oid_fromraw(&oid, id.bytes.data());
  return oid;
}

CommitId id_of(const git_oid& oid) {
  CommitId id;
  std::memcpy(id.bytes.data(), oid.id, id.bytes.size());
  return id;
}

Result<GitCommit> find_commit(const Objects& objects, const git_oid& oid) {
  git_commit* commit = nullptr;
  const int code = git_commit_lookup(&commit, objects.repository.get(), &oid);
  if (code == GIT_ENOTFOUND) {
    git_error_clear();
    return GitCommit();
  }
  if (code != 0) {
    return git_error_of(code, "commit " + id_of(oid).hex());
  }
  return GitCommit(commit);
}

}  // namespace sonde::history::git
