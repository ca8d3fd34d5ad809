// What a library lives through: forgetting, death of its writer, full disks, places that cannot be
// written.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "store/sqlite.h"
#include "store/store_test_support.h"

namespace sonde::store {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The names of files below `directory` whose bytes hold `marker`.
std::vector<std::string> files_with(const std::string& directory, const std::string& marker) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && bytes_of(entry.path()).find(marker) != std::string::npos) {
      found.push_back(entry.path());
    }
  }
  return found;
}

constexpr const char* kMarker = "XYZZY-FORGET-ME-0123456789";

// --- forgetting [INV-11] ---

TEST(Forget, purge_takes_the_text_out_of_every_file) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->add_source("folder", "/a")).id;
  std::vector<std::string> secrets;
  for (std::uint32_t i = 0; i < 30; ++i) {  // enough text for a dictionary that holds the marker
    std::vector<std::string> texts;
    for (std::uint32_t j = 0; j < 60; ++j) {
      texts.push_back(code_text(i * 100 + j, 900) + (i % 3 == 0 ? kMarker : ""));
      if (i % 3 == 0) {
        secrets.push_back(texts.back());
      }
    }
    put(*transaction, source, std::string(i % 3 == 0 ? "secret" : "open") + std::to_string(i),
        texts);
  }
  put(*transaction, source, "secret-raw", {kMarker});  // too short to compress: stored as it is
  secrets.emplace_back(kMarker);
  must(transaction->commit());
  std::filesystem::create_directories(folder.path("damaged/20200101T000000Z"));
  std::ofstream(folder.path("damaged/20200101T000000Z/library.db")) << kMarker;
  ASSERT_FALSE(files_with(folder.path(), kMarker).empty());
  const std::string open_text =
      must(must(store->snapshot())
               ->chunk(must(must(store->snapshot())->file(source, "open1"))->id, 3))
          ->text;

  transaction = must(store->begin());
  std::vector<std::int64_t> ids;
  must(transaction->for_each_file(source, [&](const FileState& state) {
    if (state.path.starts_with("secret")) {
      ids.push_back(state.id);
    }
    return Status();
  }));
  for (const std::int64_t id : ids) {
    must(transaction->remove_file(id));
  }
  must(transaction->add_forgotten(source, "secret"));
  must(transaction->commit());
  {
    const auto reader = must(store->snapshot());
    EXPECT_FALSE(must(store->purge(secrets, 30)));  // it would take the reader's state away
  }
  EXPECT_TRUE(must(store->purge(secrets, 1'000)));
  EXPECT_TRUE(files_with(folder.path(), kMarker).empty());
  EXPECT_TRUE(files_with(folder.path(), std::string(kMarker).substr(0, 12)).empty());
  EXPECT_EQ(std::filesystem::file_size(folder.path("library.db-wal")), 0U);
  EXPECT_EQ(must(store->check()).size(), 0U);
  const auto snapshot = must(store->snapshot());
  const auto file = must(snapshot->file(source, "open1"));
  EXPECT_EQ(must(snapshot->chunk(file->id, 3))->text, open_text);
  // Neither the texts nor the dictionary, decompressed, hold it.
  std::size_t texts = 0;
  ids.clear();
  must(snapshot->for_each_file(source, [&](const FileState& state) {
    ids.push_back(state.id);
    return Status();
  }));
  for (const std::int64_t id : ids) {
    for (const ChunkRecord& chunk : must(snapshot->chunks(id))) {
      EXPECT_EQ(chunk.text.find(kMarker), std::string::npos);
      ++texts;
    }
  }
  EXPECT_EQ(texts, 20U * 60U);
}

TEST(Forget, deletes_give_space_back) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 40, 100);
  must(store->checkpoint());
  const auto before = std::filesystem::file_size(folder.path("library.db"));
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  for (int i = 0; i < 36; ++i) {
    must(transaction->remove_file(
        must(transaction->file(source, "file" + std::to_string(i) + ".py"))->id));
  }
  must(transaction->commit());
  must(store->checkpoint());
  EXPECT_LT(std::filesystem::file_size(folder.path("library.db")), before * 6 / 10);
  EXPECT_EQ(must(store->check()).size(), 0U);
}

// --- death of the writer [INV-2] ---

/// Round `round` of the writer's life: some files out, some in, and the round's number told.
void one_round(Store& store, std::uint32_t round) {
  auto transaction = must(store.begin());
  const auto sources = must(transaction->sources());
  const std::int64_t source =
      sources.empty() ? must(transaction->add_source("folder", "/a")).id : sources[0].id;
  std::mt19937 random(round);
  for (int i = 0; i < 5; ++i) {
    const std::string path = "file" + std::to_string(random() % 20);
    const auto file = must(transaction->file(source, path));
    if (file && random() % 3 == 0) {
      must(transaction->remove_file(file->id));
      continue;
    }
    std::vector<std::string> texts;
    for (std::uint32_t j = 0; j < 1 + random() % 12; ++j) {
      const auto seed = static_cast<std::uint32_t>(random() % 1000);
      texts.push_back(code_text(seed, 200 + random() % 3000));
    }
    put(*transaction, source, path, texts);
  }
  must(transaction->set_setting("round", std::to_string(round)));
  must(transaction->commit());
}

StoreOptions small_log(const std::string& directory) {
  StoreOptions options = writing(directory);
  options.wal_limit_bytes = 200 * 1024;  // so that checkpoints happen in the middle of things
  return options;
}

// The child of the next test, which starts it.
TEST(WriterChild, DISABLED_writes_until_it_is_killed) {
  const char* directory = std::getenv("SONDE_STORE_CHILD");
  ASSERT_NE(directory, nullptr);
  const auto store = must(Store::open(small_log(directory)));
  const auto setting = must(must(store->snapshot())->setting("round"));
  for (std::uint32_t round = setting ? 1 + static_cast<std::uint32_t>(std::stoul(*setting)) : 1;
       round < 100'000; ++round) {
    one_round(*store, round);
    const std::string acknowledged = std::to_string(round) + "\n";
    ASSERT_EQ(::write(STDOUT_FILENO, acknowledged.data(), acknowledged.size()),
              static_cast<ssize_t>(acknowledged.size()));
  }
}

/// Runs this program as the writing child. @return its process id; its standard output is `out`.
pid_t start_child(const std::string& directory, int out) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out, STDOUT_FILENO);
    ::setenv("SONDE_STORE_CHILD", directory.c_str(), 1);
    ::execl(program.c_str(), program.c_str(), "--gtest_filter=WriterChild.*", "--gtest_brief=1",
            "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(127);
  }
  return child;
}

/// The last whole line of what was acknowledged that is a number.
std::uint32_t last_number(const std::string& lines) {
  std::uint32_t last = 0;
  std::size_t start = 0;
  for (std::size_t end = lines.find('\n'); end != std::string::npos;
       end = lines.find('\n', start)) {
    const std::string line = lines.substr(start, end - start);
    if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) {
      last = static_cast<std::uint32_t>(std::stoul(line));
    }
    start = end + 1;
  }
  return last;
}

TEST(Life, a_writer_killed_at_any_moment_loses_nothing_it_acknowledged) {
  const io::TestFolder folder;
  must(Store::create(writing(folder.path())));
  const std::string log = folder.path() + ".acknowledged";
  std::mt19937 random(7);
  std::uint32_t expected = 0;
  for (int life = 0; life < 12; ++life) {
    const int out = ::open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const pid_t child = start_child(folder.path(), out);
    ::close(out);
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + random() % 400));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << bytes_of(log);
    expected = std::max(expected, last_number(bytes_of(log)));

    const auto store = must(Store::open(small_log(folder.path())));
    const auto setting = must(must(store->snapshot())->setting("round"));
    const auto round = setting ? static_cast<std::uint32_t>(std::stoul(*setting)) : 0;
    EXPECT_GE(round, expected);      // what was acknowledged is there,
    EXPECT_LE(round, expected + 1);  // and at most the one that was in flight
    EXPECT_EQ(must(store->check()).size(), 0U);
    expected = round;
  }
  EXPECT_GT(expected, 5U);
  // The same rounds without a death give the same library.
  const io::TestFolder fresh;
  const auto other = must(Store::create(writing(fresh.path())));
  for (std::uint32_t round = 1; round <= expected; ++round) {
    one_round(*other, round);
  }
  const auto store = must(Store::open(reading(folder.path())));
  EXPECT_EQ(must(contents(*must(store->snapshot()))), must(contents(*must(other->snapshot()))));
  std::filesystem::remove(log);
}

// --- a full disk ---

/// A file system of its own for a while; not mounted when this process may not.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size)
      : mounted_(::mount("none", folder_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) ==
                 0) {}
  ~SmallDisk() {
    if (mounted_) {
      ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
  [[nodiscard]] bool resize(const std::string& size) const {
    return ::mount("none", folder_.path().c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()) ==
           0;
  }
  [[nodiscard]] bool make_read_only() const {
    return ::mount("none", folder_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  io::TestFolder folder_;
  bool mounted_;
};

TEST(Life, a_full_disk_is_said_and_loses_nothing) {
  const SmallDisk disk("2m");
  if (!disk.mounted()) {
    std::puts("may not mount: the fault VFS covers the rest");
    return;
  }
  std::filesystem::create_directory(disk.path("library"));
  const auto store = must(Store::create(small_log(disk.path("library"))));
  std::uint32_t round = 1;
  Error error{Code::Internal, "the disk never filled"};
  for (; round < 500; ++round) {
    auto transaction = must(store->begin());
    const auto sources = must(transaction->sources());
    const std::int64_t source =
        sources.empty() ? must(transaction->add_source("folder", "/a")).id : sources[0].id;
    std::string noise;
    std::mt19937 random(round);
    while (noise.size() < 40'000) {
      noise += static_cast<char>('!' + random() % 90);
    }
    const Result<PutCounts> counts =
        transaction->put_file(source, file_of(std::to_string(round), {noise}), chunks_of({noise}));
    if (!counts.ok()) {
      error = counts.error();
      EXPECT_FALSE(transaction->commit().ok());
      break;
    }
    const Result<std::uint64_t> committed = transaction->commit();
    if (!committed.ok()) {
      error = committed.error();
      break;
    }
  }
  EXPECT_EQ(error.code, Code::NoSpace) << error.message;
  EXPECT_EQ(must(must(store->snapshot())->counts()).files, round - 1);
  EXPECT_EQ(must(store->check()).size(), 0U);
  ASSERT_TRUE(disk.resize("8m"));
  {
    auto transaction = must(store->begin());
    put(*transaction, must(transaction->sources())[0].id, "after", {code_text(1)});
    must(transaction->commit());
  }
  EXPECT_EQ(must(must(store->snapshot())->counts()).files, round);
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST(Life, a_library_on_a_full_disk_is_not_half_made) {
  const SmallDisk disk("64k");
  if (!disk.mounted()) {
    std::puts("may not mount: the fault VFS covers the rest");
    return;
  }
  std::filesystem::create_directory(disk.path("library"));
  const Error error = Store::create(writing(disk.path("library"))).error();
  EXPECT_EQ(error.code, Code::NoSpace) << error.message;
  ASSERT_TRUE(disk.resize("8m"));
  must(Store::create(writing(disk.path("library"))));
}

// --- places that cannot be written ---

TEST(Life, a_library_in_a_read_only_place_is_read_without_making_files) {
  const SmallDisk disk("16m");
  if (!disk.mounted()) {
    std::puts("may not mount");
    return;
  }
  std::filesystem::create_directory(disk.path("a"));
  small_library(disk.path("a"), 3, 3);
  const std::string right = [&] {
    const auto store = must(Store::open(reading(disk.path("a"))));
    return must(contents(*must(store->snapshot())));
  }();
  // a: with a log and its shared memory file; b: with a log alone; c: with an empty log.
  for (const char* name : {"b", "c"}) {
    std::filesystem::copy(disk.path("a"), disk.path(name),
                          std::filesystem::copy_options::recursive);
  }
  ASSERT_GT(std::filesystem::file_size(disk.path("b/library.db-wal")), 0U);
  std::filesystem::remove(disk.path("b/library.db-shm"));
  must(must(Store::open(writing(disk.path("c"))))->checkpoint());
  std::filesystem::remove(disk.path("c/library.db-shm"));
  ASSERT_TRUE(disk.make_read_only());
  for (const char* name : {"a", "b", "c"}) {
    const auto store = Store::open(reading(disk.path(name)));
    ASSERT_TRUE(store.ok()) << name << ": " << store.error().message;
    EXPECT_EQ(must(contents(*must((*store)->snapshot()))), right) << name;
    EXPECT_EQ(must(contents(*must((*store)->snapshot()))), right) << name;
    EXPECT_EQ(must((*store)->check()).size(), 0U) << name;
  }
  EXPECT_FALSE(Store::open(writing(disk.path("a"))).ok());
}

TEST(Life, an_unreadable_library_is_an_error_of_the_disk) {
  const io::TestFolder folder;
  small_library(folder.path(), 1, 1);
  std::filesystem::permissions(folder.path("library.db"), std::filesystem::perms::none);
  const pid_t child = ::fork();
  if (child == 0) {  // root may read everything, so somebody else tries
    ::chmod(folder.path().c_str(), 0755);
    if (::geteuid() == 0 && ::setuid(65534) != 0) {
      ::_exit(3);
    }
    const auto store = Store::open(reading(folder.path()));
    ::_exit(!store.ok() && store.error().code == Code::Io ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Life, a_newer_version_is_refused_by_name) {
  const io::TestFolder folder;
  small_library(folder.path(), 1, 1);
  {
    const auto vfs = must(ChecksumVfs::create("", ChecksumVfs::Locks::Shared));
    ConnectionOptions how;
    how.path = folder.path("library.db");
    how.mode = ConnectionOptions::Mode::Write;
    const auto connection = must(Connection::open(*vfs, how));
    must(connection->script("PRAGMA user_version=" + std::to_string(kSchemaVersion + 1)));
  }
  const Error error = Store::open(reading(folder.path())).error();
  EXPECT_EQ(error.code, Code::Unsupported);
  EXPECT_NE(error.message.find("newer"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace sonde::store
