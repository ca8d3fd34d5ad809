#include "tree/rule_stack.h"

#include <algorithm>

namespace sonde::tree {

std::string Decision::describe() const {
  return list == nullptr ? std::string()
                         : list->origin() + ":" + std::to_string(rule->line) + ": " + rule->text;
}

void RuleStack::restore(const Mark& mark, std::vector<std::string>& notes) {
  git_.resize(mark.git);
  sonde_.resize(mark.sonde);
  for (; repositories_.size() > mark.repositories; repositories_.pop_back()) {
    if (!repositories_.back().rules->note().empty()) {
      notes.push_back(repositories_.back().rules->note());
    }
  }
}

void RuleStack::push_repository(std::unique_ptr<GitRepository> repository, std::size_t base) {
  // Each repository holds a folder open until its index is read: not for thousands in a chain.
  constexpr std::size_t kMaxOpen = 16;
  if (repositories_.size() >= kMaxOpen) {
    repository->load_index();
  }
  repositories_.push_back({std::move(repository), base, git_.size()});
}

void RuleStack::push_git(std::shared_ptr<const RuleList> list, std::size_t base) {
  git_.push_back({std::move(list), base});
}

void RuleStack::push_sonde(std::shared_ptr<const RuleList> list, std::size_t base) {
  sonde_.push_back({std::move(list), base});
}

void RuleStack::set_excludes(std::shared_ptr<const RuleList> list, std::size_t base) {
  excludes_ = {std::move(list), base};
}

Decision RuleStack::ask(const RuleList& list, std::size_t base, const Question& question) {
  const RuleMatch match =
      list.match(question.path.substr(base), question.name_begin - base, question.kind);
  return {match.verdict, match.rule == nullptr ? nullptr : &list, match.rule};
}

Decision RuleStack::by_sonde(const Question& question) const {
  Decision decision;
  if (excludes_.list) {
    decision = ask(*excludes_.list, excludes_.base, question);
  }
  for (auto it = sonde_.rbegin(); it != sonde_.rend() && decision.verdict == Verdict::None; ++it) {
    decision = ask(*it->list, it->base, question);
  }
  return decision;
}

Decision RuleStack::by_git(const Question& question) const {
  const Repository& repository = repositories_.back();
  Decision decision;
  for (std::size_t i = git_.size(); i > repository.first_git && decision.verdict == Verdict::None;
       --i) {
    decision = ask(*git_[i - 1].list, git_[i - 1].base, question);
  }
  if (decision.verdict == Verdict::None) {
    decision = ask(repository.rules->info_excludes(), repository.base, question);
  }
  if (decision.verdict == Verdict::None) {
    decision = ask(repository.rules->global_excludes(), repository.base, question);
  }
  return decision;
}

bool RuleStack::may_include_below(std::string_view folder) const {
  if (excludes_.list && excludes_.list->may_include_below(folder.substr(excludes_.base))) {
    return true;
  }
  return std::any_of(sonde_.begin(), sonde_.end(), [folder](const Scoped& scoped) {
    return scoped.list->may_include_below(folder.substr(scoped.base));
  });
}

bool RuleStack::is_tracked(std::string_view path) const {
  const Repository& repository = repositories_.back();
  return repository.rules->is_tracked(path.substr(repository.base));
}

bool RuleStack::has_tracked_below(std::string_view folder) const {
  const Repository& repository = repositories_.back();
  return repository.rules->has_tracked_below(folder.substr(repository.base));
}

LetterCase RuleStack::letter_case() const { return repositories_.back().rules->letter_case(); }

}  // namespace sonde::tree
