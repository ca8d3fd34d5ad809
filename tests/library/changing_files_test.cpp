// Files that grow, shrink, vanish or turn while they are read: the run goes on, and when the disk
// is quiet the library is that of a fresh one.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

/// Rewrites, cuts, lengthens, removes and replaces some files until it is told to stop.
void keep_changing(const std::string& root, const std::atomic<bool>& stop) {
  std::mt19937 random(31);
  std::error_code ignored;
  for (int i = 0; !stop; ++i) {
    const std::string path = root + "/busy/file" + std::to_string(random() % 40) + ".py";
    const std::string body =
        "def busy" + std::to_string(i) + "(value):\n    return 'retry request'\n\n\n";
    switch (random() % 6) {
      case 0: std::ofstream(path, std::ios::trunc) << body; break;
      case 1: std::ofstream(path, std::ios::app) << body; break;
      case 2: fs::resize_file(path, random() % 200, ignored); break;
      case 3: fs::remove_all(path, ignored); break;
      case 4:
        fs::remove_all(path, ignored);
        fs::create_directory(path, ignored);
        std::ofstream(path + "/inner.py") << body;
        break;
      case 5: {
        fs::remove_all(path, ignored);
        std::string large;
        while (large.size() < 50'000) {
          large += body;
        }
        std::ofstream(path) << large;
        break;
      }
      default: break;
    }
  }
}

TEST(ChangingFiles, cost_nothing_and_when_they_are_quiet_the_library_is_right) {
  const ScratchFolder scratch("changing");
  Corpus corpus(scratch.path() + "/tree", 13);
  corpus.add_files(story_size(200));
  fs::create_directories(corpus.root() + "/busy");
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}};
  const auto library = open_or_create(setup);
  std::atomic<bool> stop{false};
  std::thread changer(keep_changing, corpus.root(), std::cref(stop));
  for (int run = 0; run < 25; ++run) {
    const auto report = library->index({}, {}, {});
    EXPECT_TRUE(report.ok()) << report.error().message;
    library::SearchRequest request;
    request.query = "retry request";
    request.refresh = run % 2 == 0;
    const auto answer = library->search(request, {});
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(files_with(*library, corpus.living_marker()), 1U);
  }
  stop = true;
  changer.join();
  index_all(*library);
  expect_equal_to_fresh(*library, setup, scratch.path() + "/fresh");
}

}  // namespace
}  // namespace sonde::testing
