#pragma once
// One git repository as the walk sees it: its ignore rules outside the tree and its tracked files.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tree/file_at.h"
#include "tree/git_config.h"
#include "tree/git_index.h"
#include "tree/ignore.h"

namespace sonde::tree {

/// Works on any repository that git itself would, whoever owns it and whatever its format: it only
/// reads rules and names. Threads: owned by one walk.
class GitRepository {
 public:
  /// The repository whose working tree is the open folder `top`: ".git" is a folder, or a file that
  /// names one (worktrees, submodules). Nothing when there is none or it is not one.
  static std::unique_ptr<GitRepository> open(int top, const GitEnvironment& environment);
  /// No repository: only the user's global excludes.
  static std::unique_ptr<GitRepository> none(const GitEnvironment& environment);

  [[nodiscard]] LetterCase letter_case() const { return letter_case_; }
  /// The rules below .gitignore files in rank: .git/info/exclude, then core.excludesFile.
  [[nodiscard]] const RuleList& info_excludes() const { return *info_excludes_; }
  [[nodiscard]] const RuleList& global_excludes() const { return *global_excludes_; }

  /// Read at the first question: most walks never ask. Paths are relative to the working tree.
  bool is_tracked(std::string_view path);
  bool has_tracked_below(std::string_view folder);
  /// Reads the index now and lets go of the repository's folder.
  void load_index();
  /// What could not be read, for people; empty when all is well.
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  GitRepository() = default;
  void read_settings(const GitEnvironment& environment, int top, int common);

  io::UniqueFd folder_;  // $GIT_DIR, until the index is read
  LetterCase letter_case_ = LetterCase::Exact;
  std::size_t hash_size_ = 20;
  std::shared_ptr<const RuleList> info_excludes_;
  std::shared_ptr<const RuleList> global_excludes_;
  std::optional<TrackedFiles> tracked_;
  std::string note_;
};

/// Larger rules files are not read.
inline constexpr std::size_t kMaxRulesFileBytes = std::size_t{16} << 20;

}  // namespace sonde::tree
