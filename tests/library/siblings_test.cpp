// A new working tree of a repository takes the vectors that the libraries of the others hold.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "index/vectors.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "support/corpus.h"
#include "support/fake_encoder.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

/// A repository with a main and a linked working tree, as `git worktree add` leaves them.
class Repository {
 public:
  explicit Repository(const std::string& name) : scratch_(name) {
    const std::string git = main() + "/.git";
    for (const char* folder : {"/objects", "/refs"}) {
      fs::create_directories(git + folder);
    }
    write_file(git + "/HEAD", "ref: refs/heads/main\n");
    const std::string of_linked = git + "/worktrees/two";
    write_file(of_linked + "/HEAD", "ref: refs/heads/two\n");
    write_file(of_linked + "/commondir", "../..\n");
    write_file(of_linked + "/gitdir", linked() + "/.git\n");
    write_file(linked() + "/.git", "gitdir: " + of_linked + "\n");
  }

  [[nodiscard]] std::string main() const { return scratch_.path() + "/main"; }
  [[nodiscard]] std::string linked() const { return scratch_.path() + "/linked"; }
  [[nodiscard]] std::string scratch() const { return scratch_.path(); }
  /// Checks out in the linked tree what the main one has.
  void check_out() const {
    for (const auto& entry : fs::directory_iterator(main())) {
      const std::string name = entry.path().filename();
      if (name != ".git" && name != ".sonde") {
        fs::copy(entry.path(), linked() + "/" + name, fs::copy_options::recursive);
      }
    }
  }

 private:
  ScratchFolder scratch_;
};

LibrarySetup setup_of(const std::string& root, std::shared_ptr<embed::Encoder> encoder) {
  return {root, root + "/.sonde", 2, {}, std::move(encoder)};
}

std::uint64_t embedded_total(library::Library& library) {
  const auto status = library.status({}, {});
  EXPECT_TRUE(status.ok());
  return status.ok() ? status->embedded_total : 0;
}

/// A main tree of 50 files with its library, and the same files in the linked one.
struct Pair {
  explicit Pair(const std::string& name) : repository(name), corpus(repository.main(), 31) {
    corpus.add_files(story_size(50));
    repository.check_out();
    const auto library = open_or_create(setup_of(repository.main(), encoder));
    vectors = index_all(*library).embedded;
    EXPECT_GT(vectors, 0U);
  }

  library::IndexReport index_linked(std::shared_ptr<FakeEncoder> with) {
    linked = open_or_create(setup_of(repository.linked(), std::move(with)));
    return index_all(*linked);
  }

  Repository repository;
  Corpus corpus;
  std::shared_ptr<FakeEncoder> encoder = std::make_shared<FakeEncoder>();
  std::uint64_t vectors = 0;
  std::unique_ptr<library::Library> linked;
};

TEST(Siblings, give_a_new_worktree_all_its_vectors) {
  Pair pair("siblings");
  const auto encoder = std::make_shared<FakeEncoder>();
  const library::IndexReport report = pair.index_linked(encoder);
  EXPECT_EQ(report.vectors_taken, pair.vectors);
  EXPECT_EQ(report.embedded, 0U);
  EXPECT_EQ(report.pending_chunks, 0U);
  EXPECT_EQ(encoder->counters().texts, 0U);
  EXPECT_EQ(embedded_total(*pair.linked), 0U) << "what was taken was not embedded here";
  const auto main = open_or_create(setup_of(pair.repository.main(), pair.encoder));
  const std::vector<std::string> queries = {"retry request", "session token", "parse header"};
  EXPECT_EQ(dump_answers(*pair.linked, queries, 200), dump_answers(*main, queries, 200));
  EXPECT_EQ(ask(*pair.linked, queries[0]).mode, "hybrid");
  EXPECT_EQ(index_all(*pair.linked).vectors_taken, 0U) << "nothing is pending any more";
}

TEST(Siblings, leave_only_what_is_new_to_be_embedded_and_give_both_ways) {
  Pair pair("siblings-new");
  pair.index_linked(std::make_shared<FakeEncoder>());
  write_file(pair.repository.linked() + "/new.py", "def boil(kettle):\n    return kettle + 1\n");
  library::IndexReport report = index_all(*pair.linked);
  EXPECT_EQ(report.embedded, 1U);
  EXPECT_EQ(embedded_total(*pair.linked), 1U);
  // The main tree gets the file, in another folder, and takes its vector.
  write_file(pair.repository.main() + "/deep/new.py", "def boil(kettle):\n    return kettle + 1\n");
  const auto main = open_or_create(setup_of(pair.repository.main(), pair.encoder));
  report = index_all(*main);
  EXPECT_EQ(report.vectors_taken, 1U);
  EXPECT_EQ(embedded_total(*main), pair.vectors);
  // A branch switched and back.
  fs::rename(pair.repository.linked() + "/new.py", pair.repository.scratch() + "/new.py");
  index_all(*pair.linked);
  fs::rename(pair.repository.scratch() + "/new.py", pair.repository.linked() + "/new.py");
  index_all(*pair.linked);
  EXPECT_EQ(embedded_total(*pair.linked), 1U);
}

TEST(Siblings, of_another_model_give_nothing) {
  Pair pair("siblings-model");
  const auto other = std::make_shared<FakeEncoder>("other");
  const library::IndexReport report = pair.index_linked(other);
  EXPECT_EQ(report.vectors_taken, 0U);
  EXPECT_EQ(report.embedded, pair.vectors);
  EXPECT_TRUE(report.notes.empty());
}

TEST(Siblings, are_not_asked_where_git_does_not_name_them) {
  Pair pair("siblings-unnamed");
  // Its own repository now; the worktree list of the first still names it.
  fs::remove(pair.repository.linked() + "/.git");
  fs::create_directories(pair.repository.linked() + "/.git/objects");
  const library::IndexReport report = pair.index_linked(std::make_shared<FakeEncoder>());
  EXPECT_EQ(report.vectors_taken, 0U);
  EXPECT_EQ(report.embedded, pair.vectors);
}

/// Every damage costs vectors at most; those that are there in the end are the right ones.
TEST(Siblings, that_are_damaged_newer_or_gone_are_no_error) {
  const Pair pair("siblings-damage");
  const std::string database = pair.repository.main() + "/.sonde/library.db";
  const std::string backup = pair.repository.scratch() + "/library.db";
  fs::copy_file(database, backup);
  const auto size = static_cast<std::streamoff>(fs::file_size(database));
  std::mt19937_64 random(5);
  const auto flip = [&](std::streamoff at) {
    std::fstream file(database, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x10));
  };
  struct Damage {
    std::string name;
    std::function<void()> make;
  };
  std::vector<Damage> damages = {
      {"gone", [&] { fs::remove(database); }},
      {"empty", [&] { fs::resize_file(database, 0); }},
      {"cut", [&] { fs::resize_file(database, fs::file_size(database) / 2); }},
      {"no database", [&] { write_file(database, std::string(20'000, 'x')); }},
      {"a folder", [&] { fs::remove(database), fs::create_directory(database); }},
      {"many bytes flipped",
       [&] {
         for (std::streamoff at = 5'000; at < size; at += 3'001) {
           flip(at);
         }
       }},
      {"newer", [&] {
         const auto vfs = store::ChecksumVfs::create("", store::ChecksumVfs::Locks::Shared);
         store::ConnectionOptions how;
         how.path = database;
         how.mode = store::ConnectionOptions::Mode::Write;
         ASSERT_TRUE(
             store::Connection::open(**vfs, how).value()->script("PRAGMA user_version=99").ok());
       }}};
  for (int i = 0; i < 6; ++i) {
    damages.push_back(
        {"a byte flipped",
         [&] { flip(static_cast<std::streamoff>(random() % static_cast<std::uint64_t>(size))); }});
  }
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.name);
    fs::remove_all(database);
    fs::remove(database + "-wal");
    fs::remove(database + "-shm");
    fs::copy_file(backup, database);
    damage.make();
    fs::remove_all(pair.repository.linked() + "/.sonde");
    const auto encoder = std::make_shared<FakeEncoder>();
    const auto library = open_or_create(setup_of(pair.repository.linked(), encoder));
    const auto report = library->index({}, {}, {});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->pending_chunks, 0U);
    EXPECT_EQ(report->vectors_taken + report->embedded, pair.vectors);
    if (damage.name != "a byte flipped") {
      EXPECT_GT(report->embedded, 0U);
    }
    if (damage.name == "newer") {
      ASSERT_EQ(report->notes.size(), 1U);
      EXPECT_NE(report->notes[0].find("no vectors were taken"), std::string::npos);
    }
  }
}

TEST(Siblings, rows_that_are_no_unit_vectors_are_not_taken) {
  Pair pair("siblings-rows");
  const std::vector<std::string> texts = pair.encoder->fed();
  store::StoreOptions options;
  options.directory = pair.repository.main() + "/.sonde";
  options.access = store::Access::Write;
  {
    const auto store = store::Store::open(options);
    ASSERT_TRUE(store.ok());
    const auto transaction = std::move((*store)->begin()).value();
    const store::ModelRow model = transaction->models().value().at(0);
    std::vector<ContentHash> hashes;
    std::vector<store::VectorRow> rows;
    const float scales[] = {0.0F, 1.0F, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()};
    const std::vector<std::int8_t> codes(FakeEncoder::kDimensions, 64);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      hashes.push_back(content_hash(texts[i]));
      rows.push_back({hashes.back(), index::pack_code({scales[i % 4], codes})});
    }
    ASSERT_EQ(transaction->remove_vectors(model.id, hashes).value(), pair.vectors);
    ASSERT_EQ(transaction->add_vectors(model.id, rows).value(), pair.vectors);
    ASSERT_TRUE(transaction->commit().ok());
  }
  const library::IndexReport report = pair.index_linked(std::make_shared<FakeEncoder>());
  EXPECT_EQ(report.vectors_taken, 0U);
  EXPECT_EQ(report.embedded, pair.vectors);
}

TEST(Siblings, give_while_they_are_written) {
  Pair pair("siblings-written");
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  std::thread writer([&] {
    const auto main = open_or_create(setup_of(pair.repository.main(), pair.encoder));
    while (!stop) {
      pair.corpus.edit_files(8);
      index_all(*main);
      ++rounds;
    }
  });
  for (int i = 0; i < 4; ++i) {
    const int before = rounds;
    fs::remove_all(pair.repository.linked() + "/.sonde");
    const library::IndexReport report = pair.index_linked(std::make_shared<FakeEncoder>());
    EXPECT_GT(report.vectors_taken, 0U);
    EXPECT_EQ(report.vectors_taken + report.embedded, pair.vectors);
    EXPECT_EQ(report.pending_chunks, 0U);
    while (rounds == before) {
      std::this_thread::yield();
    }
  }
  stop = true;
  writer.join();
}

TEST(Siblings, taken_are_kept_when_the_run_is_interrupted) {
  Pair pair("siblings-stop");
  const std::string text = "def boil(kettle):\n    return kettle + 1\n";
  write_file(pair.repository.linked() + "/new.py", text);
  const auto encoder = std::make_shared<FakeEncoder>();
  encoder->before_batch = []() -> Status { return Error{Code::Cancelled, "stopped"}; };
  {
    const auto library = open_or_create(setup_of(pair.repository.linked(), encoder));
    ASSERT_FALSE(library->index({}, {}, {}).ok());
  }
  encoder->before_batch = nullptr;
  const library::IndexReport report = pair.index_linked(encoder);
  EXPECT_EQ(report.vectors_taken, 0U);
  EXPECT_EQ(report.embedded, 1U);
  EXPECT_EQ(report.pending_chunks, 0U);
}

}  // namespace
}  // namespace sonde::testing
