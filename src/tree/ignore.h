#pragma once
// Ignore rules with gitignore's exact meaning, compiled for many questions.
//
//   auto rules = RuleList::parse("*.o\n!keep.o\n/build/\n", ".gitignore", LetterCase::Exact);
//   rules->match("src/a.o", 4, EntryKind::File).verdict == Verdict::Ignore
//
// Why not libgit2's: it differs from git (character classes, trailing spaces, nested negations),
// costs several microseconds a path and brings 22 libraries that take 10 ms to load; a search walks
// the tree each time and has 50 ms for it. The tests compare with `git check-ignore` itself.

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tree/wildmatch.h"

namespace sonde::tree {

enum class EntryKind : std::uint8_t { File, Folder };
enum class Verdict : std::uint8_t { None, Ignore, Include };

/// One line of a rules file.
struct IgnoreRule {
  std::string text;  // as written
  std::uint32_t line = 0;
  bool negated = false;
  bool folders_only = false;
};

/// What one list says about a path. `rule` belongs to the list.
struct RuleMatch {
  Verdict verdict = Verdict::None;
  const IgnoreRule* rule = nullptr;
};

/// The rules of one file. Threads: safe (immutable).
class RuleList {
 public:
  /// Parses the content of a rules file; never fails. Rules after the first kMaxRules and longer
  /// than kMaxRuleBytes are left out.
  /// @param origin  where the rules stand, for people: "src/.gitignore"
  static std::shared_ptr<const RuleList> parse(std::string_view content, std::string origin,
                                               LetterCase letter_case);

  /// The last rule that matches decides.
  /// @param path        relative to the folder that the rules are for, no slash at either end
  /// @param name_begin  where the last component begins in `path`
  [[nodiscard]] RuleMatch match(std::string_view path, std::size_t name_begin,
                                EntryKind kind) const;

  /// True when an un-ignoring rule with a slash can match below `folder` although nothing above it
  /// did: "!a/b/*.c" makes this true for "a" and "a/b".
  [[nodiscard]] bool may_include_below(std::string_view folder) const;

  /// True when a rule is just "*": a folder that ignores itself, as tools' caches do.
  [[nodiscard]] bool ignores_everything() const { return ignores_everything_; }
  [[nodiscard]] bool empty() const { return rules_.empty(); }
  [[nodiscard]] const std::string& origin() const { return origin_; }

  static constexpr std::size_t kMaxRules = 100'000;
  static constexpr std::size_t kMaxRuleBytes = 8192;

 private:
  // How a rule that is not found by name or extension is matched.
  struct Matcher {
    std::uint32_t rule = 0;
    bool name_only = false;  // no slash: against the last component, at any depth
    std::string prefix;      // literal beginning; of the path, or the whole suffix for `suffix`
    bool suffix = false;     // "*literal"
    std::unique_ptr<const WildPattern> tail;  // what follows the prefix; absent: the prefix is all
  };
  // Rule indices by key, ascending. A key has seldom more than one.
  using Table = std::unordered_map<std::string, std::vector<std::uint32_t>>;

  RuleList(std::string origin, LetterCase letter_case)
      : origin_(std::move(origin)), letter_case_(letter_case) {}
  void add(std::string_view line, std::uint32_t number);
  void compile(std::string_view pattern, std::uint32_t index);
  void note_include(std::string_view pattern);
  void search(const Table& table, std::string_view key, EntryKind kind, std::int64_t& best) const;
  [[nodiscard]] bool applies(std::uint32_t rule, EntryKind kind) const;
  [[nodiscard]] bool matches(const Matcher& matcher, std::string_view path,
                             std::string_view name) const;
  [[nodiscard]] bool equal(std::string_view a, std::string_view b) const;

  std::string origin_;
  LetterCase letter_case_;
  std::vector<IgnoreRule> rules_;
  Table names_;                    // "literal"
  Table extensions_;               // "*.ext", key without the dot
  std::vector<Matcher> matchers_;  // all others, ascending
  // First bytes of names_ and last bytes of extensions_: most names are refused by these.
  std::bitset<256> first_bytes_, last_bytes_;
  std::vector<std::string> include_prefixes_;  // literal folders of "!a/b/..." rules
  bool ignores_everything_ = false;
};

}  // namespace sonde::tree
