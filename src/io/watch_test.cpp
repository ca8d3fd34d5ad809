#include "io/watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/test_folder.h"

namespace sonde::io {
namespace {

using std::chrono::milliseconds;
using Kind = WatchEvent::Kind;

void put(const std::string& path, const char* text = "x") { std::ofstream(path) << text; }

/// Waits until an event of this kind and path came, and collects all until then.
class Collector {
 public:
  explicit Collector(Watcher& watcher) : watcher_(watcher) {}

  bool sees(Kind kind, const std::string& path) {
    for (int i = 0; i < 200; ++i) {  // 20 s at most; events are there at once
      const bool seen = std::any_of(events.begin(), events.end(), [&](const WatchEvent& event) {
        return event.kind == kind && event.path == path;
      });
      if (seen) {
        return true;
      }
      auto batch = watcher_.wait(milliseconds(100));
      if (!batch.ok()) {
        return false;
      }
      rescan = rescan || batch->rescan_needed;
      incomplete = incomplete || batch->incomplete;
      events.insert(events.end(), batch->events.begin(), batch->events.end());
    }
    return false;
  }

  std::vector<WatchEvent> events;
  bool rescan = false;
  bool incomplete = false;

 private:
  Watcher& watcher_;
};

std::unique_ptr<Watcher> watch(const TestFolder& folder, WatchOptions options = {}) {
  auto watcher = Watcher::create({folder.path()}, std::move(options));
  EXPECT_TRUE(watcher.ok());
  return std::move(watcher).value();
}

TEST(Watcher, tells_files_that_are_made_written_renamed_and_removed) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path("a/b"));
  const auto watcher = watch(folder);
  EXPECT_EQ(watcher->watched_folders(), 3U);
  EXPECT_TRUE(watcher->wait(milliseconds(0))->events.empty());
  Collector collector(*watcher);
  put(folder.path("a/b/f"));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("a/b/f")));
  std::filesystem::rename(folder.path("a/b/f"), folder.path("a/g"));
  EXPECT_TRUE(collector.sees(Kind::Removed, folder.path("a/b/f")));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("a/g")));
  std::filesystem::remove(folder.path("a/g"));
  EXPECT_TRUE(collector.sees(Kind::Removed, folder.path("a/g")));
}

TEST(Watcher, new_folders_are_watched_and_what_was_put_in_them_is_told) {
  const TestFolder folder;
  const auto watcher = watch(folder);
  Collector collector(*watcher);
  std::filesystem::create_directories(folder.path("a/b/c"));
  put(folder.path("a/b/c/early"));  // before its folder can be watched
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("a/b/c/early")));
  put(folder.path("a/b/c/late"));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("a/b/c/late")));
  EXPECT_EQ(watcher->watched_folders(), 4U);
}

TEST(Watcher, a_folder_that_moves_is_known_by_its_new_name_alone) {
  const TestFolder folder;
  const TestFolder outside;
  std::filesystem::create_directories(folder.path("a/b"));
  const auto watcher = watch(folder);
  Collector collector(*watcher);
  std::filesystem::rename(folder.path("a"), folder.path("z"));
  EXPECT_TRUE(collector.sees(Kind::Removed, folder.path("a")));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("z/b")));
  collector.events.clear();
  put(folder.path("z/b/f"));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("z/b/f")));
  for (const WatchEvent& event : collector.events) {
    EXPECT_FALSE(event.path.starts_with(folder.path("a"))) << event.path;
  }
  std::filesystem::rename(folder.path("z"), outside.path("z"));
  EXPECT_TRUE(collector.sees(Kind::Removed, folder.path("z")));
  EXPECT_EQ(watcher->watched_folders(), 1U);
}

TEST(Watcher, removed_folders_are_forgotten) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path("a/b/c"));
  const auto watcher = watch(folder);
  Collector collector(*watcher);
  std::filesystem::remove_all(folder.path("a"));
  EXPECT_TRUE(collector.sees(Kind::Removed, folder.path("a")));
  EXPECT_EQ(watcher->watched_folders(), 1U);
  EXPECT_FALSE(collector.rescan);
}

TEST(Watcher, skipped_folders_are_silent) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path("node_modules/x"));
  const auto watcher = watch(
      folder, {.skip = [](const std::string& path) { return path.ends_with("/node_modules"); }});
  EXPECT_EQ(watcher->watched_folders(), 1U);
  Collector collector(*watcher);
  put(folder.path("node_modules/x/f"));
  put(folder.path("end"));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("end")));
  for (const WatchEvent& event : collector.events) {
    EXPECT_EQ(event.path.find("node_modules"), std::string::npos) << event.path;
  }
}

TEST(Watcher, over_its_limit_it_says_that_it_is_incomplete) {
  const TestFolder folder;
  for (int i = 0; i < 5; ++i) {
    std::filesystem::create_directory(folder.path(std::to_string(i)));
  }
  const auto watcher = watch(folder, {.max_folders = 3});
  EXPECT_EQ(watcher->watched_folders(), 3U);
  EXPECT_TRUE(watcher->wait(milliseconds(0))->incomplete);
}

TEST(Watcher, lost_events_ask_for_a_rescan_and_it_goes_on) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.path("d"));
  const auto watcher = watch(folder);
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int queue = 0;
  ASSERT_TRUE(limit >> queue);
  put(folder.path("a"));
  put(folder.path("b"));
  for (int i = 0; i < queue + 100; ++i) {  // two names in turn, so that the kernel joins nothing
    ASSERT_EQ(::truncate(folder.path(i % 2 == 0 ? "a" : "b").c_str(), i % 7), 0);
  }
  Collector collector(*watcher);
  put(folder.path("d/after"));
  for (int i = 0; i < 200 && !collector.rescan; ++i) {
    collector.sees(Kind::Changed, folder.path("a"));
    collector.events.clear();
  }
  EXPECT_TRUE(collector.rescan);
  put(folder.path("d/later"));
  EXPECT_TRUE(collector.sees(Kind::Changed, folder.path("d/later")));
}

TEST(Watcher, a_root_that_goes_away_asks_for_a_rescan) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.path("root"));
  auto watcher = Watcher::create({folder.path("root")}, {});
  ASSERT_TRUE(watcher.ok());
  std::filesystem::rename(folder.path("root"), folder.path("elsewhere"));
  bool rescan = false;
  for (int i = 0; i < 200 && !rescan; ++i) {
    rescan = (*watcher)->wait(milliseconds(100))->rescan_needed;
  }
  EXPECT_TRUE(rescan);
  EXPECT_EQ(Watcher::create({folder.path("root")}, {}).error().code, Code::NotFound);
}

TEST(Watcher, several_roots_are_watched_by_one) {
  const TestFolder first;
  const TestFolder second;
  std::filesystem::create_directory(second.path("d"));
  auto watcher = Watcher::create({first.path(), second.path()}, {});
  ASSERT_TRUE(watcher.ok());
  EXPECT_EQ((*watcher)->watched_folders(), 3U);
  Collector collector(**watcher);
  put(second.path("d/f"));
  EXPECT_TRUE(collector.sees(Kind::Changed, second.path("d/f")));
  put(first.path("g"));
  EXPECT_TRUE(collector.sees(Kind::Changed, first.path("g")));
  EXPECT_EQ(Watcher::create({}, {}).error().code, Code::InvalidArgument);
}

TEST(Watcher, stop_ends_a_wait_from_another_thread) {
  const TestFolder folder;
  const auto watcher = watch(folder);
  std::thread stopper([&] { watcher->stop(); });
  EXPECT_TRUE(watcher->wait(milliseconds(60'000))->stopped);
  stopper.join();
  EXPECT_FALSE(watcher->wait(milliseconds(0))->stopped);
}

}  // namespace
}  // namespace sonde::io
