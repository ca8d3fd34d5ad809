#pragma once
// libgit2 over a folder of objects, and nothing else of a repository: no settings, references,
// attributes or hooks are read. Runs in sonde-git alone: the objects are untrusted.

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/commit.h"

namespace sonde::history::git {

/// Frees a libgit2 object by its function.
template <auto Function>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Odb = std::unique_ptr<git_odb, Freeing<git_odb_free>>;
using OdbObject = std::unique_ptr<git_odb_object, Freeing<git_odb_object_free>>;
using Repository = std::unique_ptr<git_repository, Freeing<git_repository_free>>;
using GitCommit = std::unique_ptr<git_commit, Freeing<git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Freeing<git_tree_free>>;
using Diff = std::unique_ptr<git_diff, Freeing<git_diff_free>>;

/// The library's start and limits, once a process, before its sandbox. Errors: Internal.
Status start_libgit2();

/// An open folder of objects. Threads: owned by one thread.
struct Objects {
  Odb odb;
  Repository repository;  // a frame around them: what libgit2's calls ask for
};
/// Errors: NotFound.
Result<Objects> open_objects(const std::string& folder);

git_oid oid_of(const CommitId& id);
CommitId id_of(const git_oid& oid);

/// "what: libgit2's last message".
Error git_error_of(int code, std::string_view what);

/// Nothing when it is not there. Errors: Corruption (it does not parse).
Result<GitCommit> find_commit(const Objects& objects, const git_oid& oid);

}  // namespace sonde::history::git
