// The oracle is git itself: many small trees of rules and paths, and every verdict and deciding
// line must be git's.
#include "tree/ignore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tree/testing.h"

namespace sonde::tree {
namespace {

using testing::Scratch;

struct Case {
  std::map<std::string, std::string> rules;  // folder ("" or "a/b/") -> content of its .gitignore
  std::vector<std::pair<std::string, EntryKind>> paths;
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Case next() {
    Case result;
    const unsigned count = 24;
    for (unsigned i = 0; i < count; ++i) {
      result.paths.emplace_back(path(), EntryKind::File);
    }
    std::set<std::string> folders{""};
    for (const auto& [file, kind] : result.paths) {
      for (auto slash = file.find('/'); slash != std::string::npos;
           slash = file.find('/', slash + 1)) {
        folders.insert(file.substr(0, slash + 1));
      }
    }
    // A name cannot be a file and a folder.
    std::erase_if(result.paths, [&](const auto& p) { return folders.contains(p.first + "/"); });
    for (const auto& folder : folders) {
      if (!folder.empty()) {
        result.paths.emplace_back(folder.substr(0, folder.size() - 1), EntryKind::Folder);
      }
      if (folder.empty() || below(3) == 0) {
        result.rules[folder] = rules();
      }
    }
    return result;
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  template <std::size_t N>
  std::string pick(const char* const (&items)[N]) {
    return items[below(N)];
  }
  std::string path() {
    static constexpr const char* kNames[] = {
        "a",  "b",  "ab", "foo", "bar", "a.o", "foo.c", "b.o",  "A",  "Foo", "a b",   "a ",
        "#x", "!x", "x]", "a-b", "a\\", "*",   "[a]",   ".foo", "b^", "1",   "a.b.o", "\xc3\xa9"};
    std::string result = pick(kNames);
    for (unsigned depth = below(4); depth > 0; --depth) {
      result += "/" + pick(kNames);
    }
    return result;
  }
  std::string rules() {
    std::string result = below(12) == 0 ? "\xEF\xBB\xBF" : "";
    for (unsigned lines = 1 + below(6); lines > 0; --lines) {
      result += line() + (below(15) == 0 ? "\r\n" : "\n");
    }
    if (below(4) == 0) {
      result.pop_back();
    }
    return result;
  }
  std::string line() {
    static constexpr const char* kPieces[] = {
        "a",           "b",     "foo",       "bar",     "ab",   "o",     "*",     "*",
        "**",          "?",     "/",         "/",       "/",    "**/",   "/**",   "/**/",
        "*.o",         "*.",    ".",         "[ab]",    "[!a]", "[^b]",  "[a-f]", "[[:alpha:]]",
        "[[:upper:]]", "[",     "]",         "[]a]",    "[a",   "\\a",   "\\*",   "\\",
        "\\[",         "[\\]]", " ",         "\\ ",     "#",    "!",     "A",     "[A-Z]",
        "[--0]",       "[a-]",  "[[:bad:]]", "[a\\-z]", "-",    "[[:a]", "**\\/", "\xc3\xa9",
        "\t",          "[^/]",  "***",       "x",       "\\!x", "[!/]"};
    std::string result = below(4) == 0 ? "!" : "";
    if (below(5) == 0) {
      result += "/";
    }
    for (unsigned pieces = 1 + below(4); pieces > 0; --pieces) {
      result += pick(kPieces);
    }
    if (below(5) == 0) {
      result += "/";
    }
    return below(30) == 0 ? result + "  " : result;
  }

  std::mt19937 random_;
};

// What git's walk does for one path: from the top, the first ignored folder decides for all below.
std::string decide(const Case& tree, const std::string& path, EntryKind kind, LetterCase letters) {
  std::map<std::string, std::shared_ptr<const RuleList>> lists;
  for (const auto& [folder, content] : tree.rules) {
    lists[folder] = RuleList::parse(content, folder + ".gitignore", letters);
  }
  std::size_t end = 0;
  while (true) {
    end = path.find('/', end);
    const std::string part = path.substr(0, end);
    const EntryKind part_kind = end == std::string::npos ? kind : EntryKind::Folder;
    RuleMatch match;
    std::string origin;
    for (std::string folder = part; match.verdict == Verdict::None && !folder.empty();) {
      const auto slash = folder.find_last_of('/', folder.size() - 2);
      folder = folder.size() < 2 || slash == std::string::npos ? "" : folder.substr(0, slash + 1);
      if (lists.contains(folder)) {
        const std::string below = part.substr(folder.size());
        const auto name = below.rfind('/');
        match = lists[folder]->match(below, name == std::string::npos ? 0 : name + 1, part_kind);
        origin = lists[folder]->origin();
      }
    }
    if (match.verdict == Verdict::Ignore || end == std::string::npos) {
      return match.verdict == Verdict::None
                 ? std::string("::")
                 : origin + ":" + std::to_string(match.rule->line) + ":" + match.rule->text;
    }
    ++end;
  }
}

// Each tree in a folder of its own, so that one repository and one run of git serve for all.
Case under(const std::string& top, const Case& tree) {
  Case moved;
  for (const auto& [folder, content] : tree.rules) {
    moved.rules[top + folder] = content;
  }
  for (const auto& [path, kind] : tree.paths) {
    moved.paths.emplace_back(top + path, kind);
  }
  return moved;
}

void write(const Case& tree, const Scratch& scratch) {
  for (const auto& [path, kind] : tree.paths) {
    if (kind == EntryKind::Folder) {
      scratch.make_folder(path);
    }
  }
  for (const auto& [folder, content] : tree.rules) {
    scratch.write(folder + ".gitignore", content);
  }
}

void compare_with_git(unsigned seed, unsigned trees, LetterCase letters) {
  Generator generator(seed);
  const Scratch scratch;
  scratch.git("init -q .");
  scratch.git(letters == LetterCase::Ignored ? "config core.ignorecase true"
                                             : "config core.ignorecase false");
  std::vector<Case> cases;
  std::string input;
  for (unsigned i = 0; i < trees; ++i) {
    cases.push_back(under("t" + std::to_string(i) + "/", generator.next()));
    write(cases.back(), scratch);
    for (const auto& [path, kind] : cases.back().paths) {
      input += path + '\0';
    }
  }
  const auto answer = testing::split_nul(
      scratch.git("check-ignore --stdin -z -v --non-matching --no-index", input));
  std::size_t at = 0;
  std::size_t matched = 0;
  for (const Case& tree : cases) {
    for (const auto& [path, kind] : tree.paths) {
      ASSERT_LE(at + 4, answer.size());
      const std::string expected = answer[at] + ":" + answer[at + 1] + ":" + answer[at + 2];
      ASSERT_EQ(answer[at + 3], path);
      EXPECT_EQ(decide(tree, path, kind, letters), expected) << path;
      matched += expected != "::" ? 1 : 0;
      at += 4;
    }
  }
  EXPECT_EQ(at, answer.size());
  EXPECT_GT(at / 4, trees * 20);
  EXPECT_GT(matched, at / 4 / 10);  // otherwise the trees ask nothing
}

TEST(Ignore, decides_as_git_does_on_random_trees) {
  compare_with_git(20260101, 150, LetterCase::Exact);
}

TEST(Ignore, decides_as_git_does_when_git_ignores_case) {
  compare_with_git(1234, 80, LetterCase::Ignored);
}

}  // namespace
}  // namespace sonde::tree
