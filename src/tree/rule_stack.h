#pragma once
// All ignore rules that hold at one place of the walk, in their order of rank.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tree/git_repository.h"
#include "tree/ignore.h"

namespace sonde::tree {

/// The rule that decided, for people too. Lives as long as its list is on the stack.
struct Decision {
  Verdict verdict = Verdict::None;
  const RuleList* list = nullptr;
  const IgnoreRule* rule = nullptr;

  /// "src/.gitignore:3: *.o"
  [[nodiscard]] std::string describe() const;
};

/// Paths are relative to the top of the outermost repository; each list knows where its own
/// folder's part ends. Threads: owned by one walk.
class RuleStack {
 public:
  /// A path that is asked about.
  struct Question {
    std::string_view path;
    std::size_t name_begin;
    EntryKind kind;
  };
  struct Mark {
    std::size_t git, sonde, repositories;
  };

  [[nodiscard]] Mark mark() const { return {git_.size(), sonde_.size(), repositories_.size()}; }
  /// Takes away what was pushed after `mark`; gives the notes of repositories that end.
  void restore(const Mark& mark, std::vector<std::string>& notes);

  /// From here down git's rules are those of `repository`; earlier ones do not count.
  /// @param base  length of the path of its top, with the slash behind it
  void push_repository(std::unique_ptr<GitRepository> repository, std::size_t base);
  void push_git(std::shared_ptr<const RuleList> list, std::size_t base);
  /// .sondeignore, or the options' patterns when pushed through set_excludes().
  void push_sonde(std::shared_ptr<const RuleList> list, std::size_t base);
  void set_excludes(std::shared_ptr<const RuleList> list, std::size_t base);

  [[nodiscard]] Decision by_sonde(const Question& question) const;
  [[nodiscard]] Decision by_git(const Question& question) const;
  /// True when a "!" of the Sonde layers names something below the folder.
  [[nodiscard]] bool may_include_below(std::string_view folder) const;

  [[nodiscard]] bool is_tracked(std::string_view path) const;
  [[nodiscard]] bool has_tracked_below(std::string_view folder) const;
  [[nodiscard]] LetterCase letter_case() const;

 private:
  struct Scoped {
    std::shared_ptr<const RuleList> list;
    std::size_t base;
  };
  struct Repository {
    std::unique_ptr<GitRepository> rules;
    std::size_t base;
    std::size_t first_git;  // lists before this one belong to outer repositories
  };
  static Decision ask(const RuleList& list, std::size_t base, const Question& question);

  std::vector<Scoped> git_;
  std::vector<Scoped> sonde_;
  std::vector<Repository> repositories_;
  Scoped excludes_{nullptr, 0};
};

}  // namespace sonde::tree
