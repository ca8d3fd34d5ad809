// Any byte of any derived file may be flipped, cut or removed at any time: answers stay right, or
// an error names the file [INV-3].

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "io/lease.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kQueries = {"retry request", "session token", "ledger lang:python",
                                           "\"order packet\"", "path:cache stream"};

class DamagedSegments : public ::testing::Test {
 protected:
  DamagedSegments() {
    corpus_.add_files(1'800);
    index_all(*open_or_create(setup_));
    corpus_.edit_files(100);
    corpus_.add_files(480);  // a second segment
    corpus_.delete_files(20);
    index_all(*open_or_create(setup_));
    EXPECT_GE(segments().size(), 2U);
    expected_ = dump_answers(*open_or_create(setup_), kQueries, 300);
    EXPECT_FALSE(expected_.empty());
  }

  [[nodiscard]] std::vector<fs::path> segments() const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(setup_.directory + "/segments")) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  void flip(const fs::path& path, std::mt19937& random) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    const auto at = static_cast<std::streamoff>(random() % fs::file_size(path));
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ (1 << (random() % 8))));
  }

  /// A process that opens the library now answers as before the damage.
  void expect_right_answers(const std::string& what) {
    const auto library = open_or_create(setup_);
    EXPECT_TRUE(dump_answers(*library, kQueries, 300) == expected_) << what;
    const auto doctor = library::Library::doctor(options_of(setup_), false, {}, {});
    ASSERT_TRUE(doctor.ok()) << what;
  }
  void expect_doctor_mends(const std::string& what) {
    const auto before = library::Library::doctor(options_of(setup_), false, {}, {});
    ASSERT_TRUE(before.ok()) << what << before.error().message;
    EXPECT_FALSE(before->healthy) << what;
    ASSERT_FALSE(before->findings.empty()) << what;
    EXPECT_NE(before->findings[0].what.find("segments/"), std::string::npos)
        << what << before->findings[0].what;
    const auto repair = library::Library::doctor(options_of(setup_), true, {}, {});
    ASSERT_TRUE(repair.ok()) << what << repair.error().message;
    EXPECT_TRUE(repair->healthy) << what;
    const auto after = library::Library::doctor(options_of(setup_), false, {}, {});
    ASSERT_TRUE(after.ok());
    EXPECT_TRUE(after->findings.empty()) << what;
  }

  ScratchFolder scratch_{"segments"};
  Corpus corpus_{scratch_.path() + "/tree", 23};
  LibrarySetup setup_{corpus_.root(), scratch_.path() + "/library", 2, {}};
  std::vector<std::string> expected_;
};

TEST_F(DamagedSegments, removed_cut_flipped_emptied_swapped_or_all_gone_answers_stay_right) {
  std::mt19937 random(29);
  const std::vector<std::pair<std::string, std::function<void()>>> damages = {
      {"removed", [&] { fs::remove(segments()[0]); }},
      {"cut", [&] { fs::resize_file(segments()[0], 16 * 1024); }},
      {"cut oddly", [&] { fs::resize_file(segments()[0], fs::file_size(segments()[0]) - 77); }},
      {"emptied", [&] { fs::resize_file(segments()[0], 0); }},
      {"lengthened", [&] { fs::resize_file(segments()[0], fs::file_size(segments()[0]) + 16384); }},
      {"flipped", [&] { flip(segments()[0], random); }},
      {"all flipped",
       [&] {
         for (const fs::path& path : segments()) {
           for (int i = 0; i < 50; ++i) {
             flip(path, random);
           }
         }
       }},
      {"a folder instead",
       [&] {
         const fs::path path = segments()[0];
         fs::remove(path);
         fs::create_directory(path);
       }},
      {"replaced by zeroes",
       [&] {
         const auto size = fs::file_size(segments()[0]);
         fs::resize_file(segments()[0], 0);
         fs::resize_file(segments()[0], size);
       }},
      {"the folder gone", [&] { fs::remove_all(setup_.directory + "/segments"); }},
  };
  for (const auto& [what, damage] : damages) {
    damage();
    expect_right_answers(what);
    // And once more, for the doctor to find.
    index_all(*open_or_create(setup_));
    if (fs::exists(setup_.directory + "/segments") && !segments().empty()) {
      damage();
      expect_doctor_mends(what);
      expect_right_answers(what);
    }
  }
}

TEST_F(DamagedSegments, two_that_changed_places_are_noticed) {
  const auto paths = segments();
  fs::rename(paths[0], setup_.directory + "/aside");
  fs::rename(paths[1], paths[0]);
  fs::rename(setup_.directory + "/aside", paths[1]);
  expect_right_answers("swapped");
}

TEST_F(DamagedSegments, flipped_bytes_anywhere_give_the_right_answer_or_name_the_file) {
  std::mt19937 random(37);
  for (int round = 0; round < 25; ++round) {
    const auto paths = segments();
    flip(paths[random() % paths.size()], random);
    const auto library = open_or_create(setup_);
    ASSERT_TRUE(dump_answers(*library, kQueries, 300) == expected_) << "round " << round;
  }
}

TEST_F(DamagedSegments, damage_while_it_is_searched_never_ends_the_search) {
  std::mt19937 random(41);
  const auto library = open_or_create(setup_);
  std::atomic<bool> stop{false};
  std::thread damager([&] {
    std::error_code ignored;
    while (!stop) {
      std::vector<fs::path> paths;
      for (const auto& entry : fs::directory_iterator(setup_.directory + "/segments", ignored)) {
        paths.push_back(entry.path());
      }
      if (!paths.empty()) {
        const fs::path& path = paths[random() % paths.size()];
        const auto size = fs::file_size(path, ignored);
        if (random() % 2 == 0) {
          fs::remove(path, ignored);
        } else if (!ignored && size > 0) {
          fs::resize_file(path, random() % size, ignored);
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 600));
    }
  });
  int right = 0;
  for (int i = 0; i < 40; ++i) {
    const auto opened = i % 2 == 0 ? nullptr : open_or_create(setup_);
    library::SearchRequest request;
    request.query = kQueries[0];
    request.limit = 1'000;
    const auto answer = (opened ? *opened : *library).search(request, {});
    if (answer.ok()) {
      ++right;
      EXPECT_FALSE(answer->results.empty()) << "a silent empty list";
    } else {
      EXPECT_NE(answer.error().message.find("segments/"), std::string::npos)
          << answer.error().message;
    }
  }
  stop = true;
  damager.join();
  EXPECT_GT(right, 0);
  expect_right_answers("at the end");
}

TEST_F(DamagedSegments, where_nothing_can_be_written_the_error_names_the_file) {
  const fs::path path = segments()[0];
  fs::resize_file(path, 16 * 1024);
  const io::Lease held =
      std::move(io::Lease::acquire(setup_.directory + "/lock")).value();  // somebody writes
  const Ran ran =
      run_sonde(scratch_.path(), {"search", "retry request", "--library", setup_.directory});
  EXPECT_EQ(ran.exit_code, 3) << ran.all();
  EXPECT_NE(ran.err.find(path.filename().string()), std::string::npos) << ran.all();
}

}  // namespace
}  // namespace sonde::testing
