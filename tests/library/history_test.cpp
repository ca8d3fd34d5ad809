// The history of a repository: found by message, lines, path, author and date; read once; following
// what git does to it; made again when it is damaged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "library/histories.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A repository, made by git with no settings of the machine's. Commits are a day apart.
class Repository {
 public:
  explicit Repository(const std::string& name) : scratch_(name) {
    fs::create_directories(root());
    git("init -q -b main .");
    git("config user.name 'Ada Lovelace'");
    git("config user.email ada@example.org");
  }

  [[nodiscard]] std::string root() const { return scratch_.path() + "/tree"; }
  [[nodiscard]] const std::string& scratch() const { return scratch_.path(); }

  void git(const std::string& words, const std::string& folder = {}) const {
    const std::string command =
        "cd '" + (folder.empty() ? root() : folder) + "' && env HOME='" + scratch() +
        "' GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='" + date() + "' GIT_COMMITTER_DATE='" + date() +
        "' git -c protocol.file.allow=always -c advice.detachedHead=false " + words +
        " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void write(const std::string& path, const std::string& content) const {
    write_file(root() + "/" + path, content);
  }
  /// Commits everything. @param message  without single quotes
  void commit(const std::string& message, const std::string& further = {}) {
    ++day_;
    git("add -A");
    git("commit -q --allow-empty --allow-empty-message -m '" + message + "' " + further);
  }
  void next_day() { ++day_; }

 private:
  [[nodiscard]] std::string date() const {
    const std::string day = std::to_string(10 + day_ % 18);
    return "2024-" + std::string(day_ < 18 ? "01" : "02") + "-" + day + "T12:00:00+0100";
  }

  ScratchFolder scratch_;
  int day_ = 0;
};

class History : public ::testing::Test {
 protected:
  library::HistoryAnswer find(const std::string& query, library::HistoryRequest request = {}) {
    open_or_create(setup_);
    request.query = query;
    auto answer = library::search_histories(options_of(setup_), request, {}, {});
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    return answer.ok() ? std::move(answer).value() : library::HistoryAnswer{};
  }
  static std::vector<std::string> subjects(const library::HistoryAnswer& answer) {
    std::vector<std::string> all;
    for (const library::HistoryHit& hit : answer.results) {
      all.push_back(hit.subject);
    }
    return all;
  }
  std::vector<std::string> found(const std::string& query, library::HistoryRequest request = {}) {
    return subjects(find(query, std::move(request)));
  }
  /// Where the parts of the index lie.
  [[nodiscard]] std::vector<fs::path> parts(const std::string& ending) const {
    std::vector<fs::path> all;
    for (const auto& entry :
         fs::recursive_directory_iterator(repository_.scratch() + "/library/history")) {
      if (entry.path().extension() == ending) {
        all.push_back(entry.path());
      }
    }
    return all;
  }

  Repository repository_{"history"};
  LibrarySetup setup_{repository_.root(), repository_.scratch() + "/library", 2, {}};
};

TEST_F(History, finds_commits_by_message_by_lines_and_by_the_enclosing_function) {
  repository_.write("src/cache.c",
                    "int evict_oldest(void) {\n  int x = 0;\n  x++;\n  x--;\n  return x;\n}\n");
  repository_.commit("Add a cache");
  repository_.write(
      "src/cache.c",
      "int evict_oldest(void) {\n  int x = 0;\n  x++;\n  x -= stampede;\n  return x;\n}\n");
  repository_.commit("Keep waiting readers away\n\nThe thundering herd is no more.");
  repository_.write("README", "nothing\n");
  repository_.commit("Write a readme");

  const auto herd = find("thundering herd");
  ASSERT_EQ(subjects(herd), std::vector<std::string>{"Keep waiting readers away"});
  const library::HistoryHit& hit = herd.results.front();
  EXPECT_EQ(hit.body, "The thundering herd is no more.");
  EXPECT_EQ(hit.author, "Ada Lovelace");
  EXPECT_EQ(hit.email, "ada@example.org");
  EXPECT_EQ(hit.offset_min, 60);
  EXPECT_EQ(hit.commit.size(), 40U);
  EXPECT_THAT(hit.hunks, IsEmpty()) << "the message alone fits";

  const auto stampede = find("stampede");
  ASSERT_EQ(stampede.results.size(), 1U);
  ASSERT_EQ(stampede.results[0].hunks.size(), 1U);
  const library::HistoryHunk& hunk = stampede.results[0].hunks[0];
  EXPECT_EQ(hunk.path, "src/cache.c");
  EXPECT_EQ(hunk.start_line, 4U);
  EXPECT_EQ(hunk.end_line, 4U);
  EXPECT_EQ(hunk.text, "-  x--;\n+  x -= stampede;\n");
  EXPECT_THAT(hunk.function, HasSubstr("evict_oldest"));
  EXPECT_GT(hunk.score, 0);
  EXPECT_TRUE(stampede.state.complete);
  EXPECT_EQ(stampede.state.commits, 3U);
  EXPECT_EQ(stampede.state.reachable, 3U);

  EXPECT_THAT(found("evict oldest"),
              ::testing::UnorderedElementsAre("Add a cache", "Keep waiting readers away"));
  EXPECT_THAT(found("zebra"), IsEmpty());
}

TEST_F(History, narrows_by_path_author_and_date) {
  repository_.write("a/one.txt", "needle\n");
  repository_.commit("first");  // 11 January
  repository_.write("b/two.txt", "needle\n");
  repository_.commit("second", "--author 'Béla Bartók <bela@example.org>'");  // the 12th
  repository_.write("a/three.txt", "needle\n");
  repository_.commit("third");  // the 13th

  library::HistoryRequest in_a;
  in_a.path_globs = {"a/**"};
  EXPECT_THAT(found("needle", in_a), ::testing::UnorderedElementsAre("first", "third"));
  EXPECT_THAT(found("needle path:b"), ElementsAre("second"));
  library::HistoryRequest by_bela;
  by_bela.author = "BARTOK";
  EXPECT_THAT(found("needle", by_bela), ElementsAre("second"));
  library::HistoryRequest dated;
  dated.since_s = library::parse_date("2024-01-12", 0).value();
  EXPECT_THAT(found("", dated), ElementsAre("third", "second")) << "without words the newest first";
  dated.until_s = library::parse_end_date("2024-01-12", 0).value();
  EXPECT_THAT(found("", dated), ElementsAre("second"));
  EXPECT_FALSE(library::search_histories(options_of(setup_), {}, {}, {}).ok())
      << "nothing to search for";
  EXPECT_THAT(found("\"needle\" -first"), ::testing::SizeIs(3)) << "a message is its own place";
}

TEST_F(History, tells_renames_and_what_was_taken_out) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "line number " + std::to_string(i) + "\n";
  }
  repository_.write("old_name.txt", text);
  repository_.commit("begin");
  fs::rename(repository_.root() + "/old_name.txt", repository_.root() + "/fresh.txt");
  repository_.commit("move it");
  fs::remove(repository_.root() + "/fresh.txt");
  repository_.commit("drop it");

  library::HistoryRequest fresh;
  fresh.path_globs = {"fresh.txt"};
  const auto answer = find("", fresh);
  ASSERT_THAT(subjects(answer), ElementsAre("drop it", "move it"));
  ASSERT_EQ(answer.results[1].hunks.size(), 1U);
  EXPECT_EQ(answer.results[1].hunks[0].old_path, "old_name.txt");
  EXPECT_EQ(answer.results[1].hunks[0].start_line, 0U) << "no line of it changed";
  EXPECT_THAT(answer.results[0].hunks.at(0).text, StartsWith("-line number 0\n"));
}

TEST_F(History, compares_a_merge_with_its_first_parent) {
  repository_.write("base.txt", "base\n");
  repository_.commit("base");
  repository_.git("checkout -q -b side");
  repository_.write("side.txt", "sidewinder\n");
  repository_.commit("side work");
  repository_.git("checkout -q main");
  repository_.write("main.txt", "mainline\n");
  repository_.commit("main work");
  repository_.next_day();
  repository_.git("merge -q --no-ff -m 'Merge side' side");

  const auto answer = find("sidewinder");
  EXPECT_THAT(subjects(answer), ElementsAre("side work", "Merge side"));
  EXPECT_EQ(answer.results[1].parents, 2U);
  EXPECT_EQ(answer.results[1].files, 1U);
  EXPECT_THAT(found("mainline"), ElementsAre("main work")) << "the first parent has that already";
}

TEST_F(History, reads_messages_of_other_encodings_and_empty_ones) {
  repository_.write("a.txt", "alpha\n");
  repository_.commit("");
  write_file(repository_.scratch() + "/message", "Gr\xFC\xDF Gott, caf\xE9\n");
  repository_.git("-c i18n.commitEncoding=latin1 commit -q --allow-empty -F " +
                  repository_.scratch() + "/message");

  EXPECT_THAT(found("grüß"), ElementsAre("Grüß Gott, café"));
  EXPECT_THAT(found("alpha"), ElementsAre("")) << "a commit without a word of its own";
}

TEST_F(History, skips_binary_and_huge_files_and_says_so) {
  repository_.write("binary.bin", std::string("\0\1\2needle", 9));
  repository_.write("huge.txt", std::string(2 << 20, 'x') + " needle\n");
  repository_.write("fine.txt", "needle\n");
  repository_.commit("add them");

  const auto answer = find("needle");
  ASSERT_EQ(answer.results.size(), 1U);
  ASSERT_EQ(answer.results[0].hunks.size(), 1U);
  EXPECT_EQ(answer.results[0].hunks[0].path, "fine.txt");
  EXPECT_THAT(answer.results[0].left_out, Contains("binary files"));
  EXPECT_THAT(answer.results[0].left_out, Contains(HasSubstr("1 MiB")));
}

TEST_F(History, reads_only_what_is_new) {
  for (int i = 0; i < 5; ++i) {
    repository_.write("f.txt", "version " + std::to_string(i) + "\n");
    repository_.commit("commit " + std::to_string(i));
  }
  EXPECT_EQ(find("version").state.read, 5U);
  EXPECT_EQ(find("version").state.read, 0U);
  for (int i = 5; i < 17; ++i) {
    repository_.write("f.txt", "version " + std::to_string(i) + "\n");
    repository_.commit("commit " + std::to_string(i));
    const auto answer = find("version");
    EXPECT_EQ(answer.state.read, 1U);
    EXPECT_EQ(answer.state.commits, static_cast<std::uint64_t>(i + 1));
    EXPECT_EQ(answer.total, static_cast<std::uint64_t>(i + 1));
  }
  EXPECT_LE(parts(".seg").size(), 9U) << "small parts are merged";
  library::HistoryRequest stale;
  stale.refresh = false;
  repository_.commit("unseen pelican");
  EXPECT_THAT(found("pelican", stale), IsEmpty());
  EXPECT_THAT(found("pelican"), ElementsAre("unseen pelican"));
}

TEST_F(History, leaves_out_what_was_amended_or_rebased_away) {
  repository_.write("f.txt", "one\n");
  repository_.commit("keeper");
  repository_.write("f.txt", "two secretword\n");
  repository_.commit("mistake");
  EXPECT_THAT(found("secretword"), ElementsAre("mistake"));
  repository_.write("f.txt", "two\n");
  repository_.git("add -A");
  repository_.next_day();
  repository_.git("commit -q --amend -m corrected");

  const auto answer = find("two");
  EXPECT_THAT(subjects(answer), ElementsAre("corrected"));
  EXPECT_EQ(answer.state.read, 1U);
  EXPECT_EQ(answer.state.commits, 2U);
  EXPECT_THAT(found("secretword"), IsEmpty());
  EXPECT_THAT(found("keeper"), ElementsAre("keeper"));
  // And what comes back is there again, without being read.
  repository_.git("reset -q --hard HEAD@{1}");
  const auto back = find("secretword");
  EXPECT_THAT(subjects(back), ElementsAre("mistake"));
  EXPECT_EQ(back.state.commits, 2U);
}

TEST_F(History, makes_a_damaged_index_again) {
  repository_.write("f.txt", "walrus\n");
  repository_.commit("an animal");
  EXPECT_THAT(found("walrus"), ElementsAre("an animal"));
  for (const char* ending : {".seg", ".commits", "manifest"}) {
    for (const fs::path& path : ending[0] == '.' ? parts(ending) : std::vector<fs::path>{}) {
      fs::resize_file(path, fs::file_size(path) / 2);
    }
    if (ending[0] == 'm') {
      for (const fs::path& path : parts(".seg")) {
        std::ofstream(path.parent_path() / "manifest") << "nonsense";
      }
    }
    const auto answer = find("walrus");
    EXPECT_THAT(subjects(answer), ElementsAre("an animal")) << ending;
    EXPECT_THAT(answer.state.notes, Contains(HasSubstr("damaged"))) << ending;
    EXPECT_EQ(answer.state.read, 1U) << ending;
  }
  // One changed byte within what is read by an answer.
  for (const fs::path& path : parts(".commits")) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(120);
    file.put('\x7f');
  }
  EXPECT_THAT(found("walrus"), ElementsAre("an animal"));
}

TEST_F(History, of_an_empty_repository_or_none_is_a_note) {
  const auto empty = find("anything");
  EXPECT_THAT(empty.results, IsEmpty());
  EXPECT_THAT(empty.state.notes, Contains(HasSubstr("no commit yet")));
  EXPECT_FALSE(empty.state.complete);

  const ScratchFolder plain("no-repository");
  const LibrarySetup setup{plain.path(), repository_.scratch() + "/plain-library", 2, {}};
  open_or_create(setup);
  library::HistoryRequest request;
  request.query = "anything";
  const auto none = library::search_histories(options_of(setup), request, {}, {});
  ASSERT_TRUE(none.ok());
  EXPECT_THAT(none->state.notes, Contains(HasSubstr("no git repository")));
}

TEST_F(History, of_a_shallow_clone_ends_where_the_clone_does) {
  for (int i = 0; i < 4; ++i) {
    repository_.write("f.txt", "version " + std::to_string(i) + "\n");
    repository_.commit("commit " + std::to_string(i));
  }
  const std::string clone = repository_.scratch() + "/shallow";
  repository_.git("clone -q --depth 2 'file://" + repository_.root() + "' " + clone);
  setup_.root = clone;
  const auto answer = find("commit");
  EXPECT_THAT(subjects(answer), ::testing::UnorderedElementsAre("commit 3", "commit 2"));
  EXPECT_FALSE(answer.state.complete);
  EXPECT_THAT(answer.state.notes, Contains(HasSubstr("shallow")));
  repository_.git("fetch -q --unshallow", clone);
  const auto whole = find("commit");
  EXPECT_EQ(whole.total, 4U);
  EXPECT_TRUE(whole.state.complete);
}

TEST_F(History, of_a_partial_clone_has_what_is_there) {
  repository_.git("config uploadpack.allowFilter true");
  repository_.write("f.txt", "version one\n");
  repository_.commit("first commit");
  repository_.write("f.txt", "version two\n");
  repository_.commit("second commit");
  const std::string clone = repository_.scratch() + "/partial";
  repository_.git("clone -q --no-checkout --filter=blob:none 'file://" + repository_.root() + "' " +
                  clone);
  setup_.root = clone;
  const auto answer = find("commit");
  ASSERT_EQ(answer.results.size(), 2U);
  EXPECT_THAT(answer.state.notes, Contains(HasSubstr("partial clone")));
  EXPECT_THAT(answer.results[0].left_out, Contains(HasSubstr("not in the repository")));
  library::HistoryRequest in_f;
  in_f.path_globs = {"f.txt"};
  EXPECT_THAT(found("", in_f), ::testing::SizeIs(2)) << "paths are in the trees";
}

TEST_F(History, is_found_from_linked_worktrees_borrowed_objects_and_folders_below) {
  repository_.write("lib/f.txt", "otter\n");
  repository_.commit("river animal");
  repository_.write("g.txt", "badger\n");
  repository_.commit("forest animal");
  const std::string linked = repository_.scratch() + "/linked";
  repository_.git("worktree add -q -b two " + linked);
  const std::string borrowed = repository_.scratch() + "/borrowed";
  repository_.git("clone -q -s " + repository_.root() + " " + borrowed);
  repository_.git("pack-refs --all", borrowed);
  for (const std::string& root : {linked, borrowed, repository_.root() + "/lib"}) {
    const LibrarySetup setup{
        root, repository_.scratch() + "/of-" + fs::path(root).filename().string(), 2, {}};
    open_or_create(setup);
    library::HistoryRequest request;
    request.query = "otter badger";
    const auto answer = library::search_histories(options_of(setup), request, {}, {});
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    const bool below = root.ends_with("/lib");
    EXPECT_EQ(answer->total, below ? 1U : 2U) << root << " is itself alone";
    if (below) {
      ASSERT_EQ(answer->results.at(0).hunks.size(), 1U);
      EXPECT_EQ(answer->results[0].hunks[0].path, "f.txt");
    }
  }
}

TEST_F(History, with_a_submodule_knows_that_it_moved) {
  Repository inner("inner");
  inner.write("x.txt", "x\n");
  inner.commit("inside");
  repository_.write("f.txt", "f\n");
  repository_.commit("begin");
  repository_.git("submodule add -q '" + inner.root() + "' vendor/inner");
  repository_.commit("take the module");
  library::HistoryRequest module;
  module.path_globs = {"vendor/inner"};
  EXPECT_THAT(found("", module), ElementsAre("take the module"));
}

TEST_F(History, forgets_the_lines_of_forgotten_files) {
  repository_.write("secret.txt", "correcthorse\n");
  repository_.write("plain.txt", "batterystaple\n");
  repository_.commit("add both");
  const auto library = open_or_create(setup_);
  index_all(*library);
  EXPECT_THAT(found("correcthorse"), ElementsAre("add both"));
  ASSERT_TRUE(library->forget({repository_.root() + "/secret.txt"}, {}).ok());
  EXPECT_THAT(parts(".seg"), IsEmpty());
  EXPECT_THAT(found("correcthorse"), IsEmpty());
  EXPECT_THAT(found("plain"), ElementsAre("add both"));
}

TEST_F(History, a_commit_that_cannot_be_read_costs_itself_alone) {
  repository_.write("f.txt", "one\n");
  repository_.commit("first");
  repository_.write("f.txt", "two\n");
  repository_.commit("second");
  // Damage the newest version's tree: everything else stays as it is.
  repository_.git("rev-parse HEAD^{tree} | tee " + repository_.scratch() + "/tree-id");
  std::string id;
  std::ifstream(repository_.scratch() + "/tree-id") >> id;
  ASSERT_EQ(id.size(), 40U);
  const fs::path object =
      repository_.root() + "/.git/objects/" + id.substr(0, 2) + "/" + id.substr(2);
  fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(object, std::ios::binary) << "this is no object";
  const auto answer = find("first second");
  EXPECT_THAT(subjects(answer), ::testing::UnorderedElementsAre("first", "second"));
}

TEST_F(History, killed_in_the_middle_goes_on_and_ends_equal_to_one_go) {
  // A stream for git's fast importer: thousands of commits in a second.
  const int commits = static_cast<int>(story_size(9'000));
  {
    std::ofstream stream(repository_.scratch() + "/stream");
    for (int i = 0; i < commits; ++i) {
      const std::string message =
          "change " + std::to_string(i) + " of topic" + std::to_string(i % 97) + "\n";
      const std::string content = "value " + std::to_string(i) + "\n";
      stream << "commit refs/heads/main\ncommitter Ada <ada@example.org> " << 1'700'000'000 + i
             << " +0000\ndata " << message.size() << "\n"
             << message << "M 100644 inline f" << i % 50 << ".txt\ndata " << content.size() << "\n"
             << content << "\n";
    }
  }
  repository_.git("fast-import --quiet < " + repository_.scratch() + "/stream");
  const std::string directory = repository_.scratch() + "/library";
  open_or_create(setup_);
  int killed = 0;
  std::uint64_t before = 0;
  for (int run = 0; run < 4; ++run) {
    Running running(repository_.scratch(),
                    {"history", "topic5", "--quiet", "--library", directory, "--json"});
    // Until it has written a part more than there was, or has ended.
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!running.ended() && std::chrono::steady_clock::now() < limit &&
           (!fs::exists(directory + "/history") || parts(".seg").size() <= before)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    running.send(SIGKILL);
    killed += running.wait().signal == SIGKILL ? 1 : 0;
    before = parts(".seg").size();
    library::HistoryRequest as_it_is;
    as_it_is.refresh = false;
    const auto now = find("topic5", as_it_is);
    EXPECT_EQ(now.state.complete, now.state.commits == static_cast<std::uint64_t>(commits));
  }
  EXPECT_GT(killed, 0);
  library::HistoryRequest all;
  all.limit = 1'000;
  const auto resumed = find("topic5 change", all);
  EXPECT_EQ(resumed.state.commits, static_cast<std::uint64_t>(commits));
  EXPECT_LT(resumed.state.read, static_cast<std::uint64_t>(commits)) << "what was written stays";
  const LibrarySetup one_go{repository_.root(), repository_.scratch() + "/fresh", 2, {}};
  open_or_create(one_go);
  all.query = "topic5 change";
  const auto fresh = library::search_histories(options_of(one_go), all, {}, {});
  ASSERT_TRUE(fresh.ok());
  ASSERT_EQ(fresh->results.size(), resumed.results.size());
  for (std::size_t i = 0; i < fresh->results.size(); ++i) {
    EXPECT_EQ(fresh->results[i].commit, resumed.results[i].commit) << i;
    EXPECT_EQ(fresh->results[i].score, resumed.results[i].score) << i;
  }
}

TEST(HistoryDates, reads_what_people_write) {
  const std::int64_t now = 1'700'000'000;  // 2023-11-14 22:13:20 UTC
  EXPECT_EQ(library::parse_date("2024-05-31", now).value(), 1'717'113'600);
  EXPECT_EQ(library::parse_end_date("2024-05-31", now).value(), 1'717'200'000);
  EXPECT_EQ(library::parse_date("2024-05-31T12:00:00+02:00", now).value(), 1'717'149'600);
  EXPECT_EQ(library::parse_date("2024-05-31 10:00", now).value(), 1'717'149'600);
  EXPECT_EQ(library::parse_date("3 days ago", now).value(), now - 3 * 86'400);
  EXPECT_EQ(library::parse_date("2w", now).value(), now - 14 * 86'400);
  EXPECT_EQ(library::parse_date("yesterday", now).value(), 1'699'833'600);
  for (const char* wrong : {"", "soon", "2024-13-01", "2024-02-30", "31.05.2024",
                            "99999999999 days", "2024-05-31x", "2024-05-31 25:00", "-3 days"}) {
    EXPECT_FALSE(library::parse_date(wrong, now).ok()) << wrong;
  }
}

}  // namespace
}  // namespace sonde::testing
