// A library that is kept up to date while its files change.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/lease.h"
#include "library/watch.h"
#include "support/corpus.h"
#include "support/fake_encoder.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Kind = library::WatchReport::Kind;
using library::WatchReport;

constexpr std::chrono::seconds kBound{120};  // nothing takes this long unless it is broken

/// An encoder whose work can be held up: it goes on when it is let go, or is cancelled.
class HeldEncoder final : public embed::Encoder {
 public:
  [[nodiscard]] const embed::ModelId& id() const override { return inner_.id(); }
  Result<std::vector<float>> embed_query(std::string_view text,
                                         const CancelToken& cancel) override {
    return inner_.embed_query(text, cancel);
  }
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken& cancel) override {
    ++calls;
    while (held) {
      TRY(cancel.check());
      std::this_thread::sleep_for(milliseconds(2));
    }
    return inner_.embed_documents(texts, out, cancel);
  }
  [[nodiscard]] std::size_t count_tokens(std::string_view) const override { return 0; }
  [[nodiscard]] embed::EncoderCounters counters() const override { return inner_.counters(); }

  std::atomic<bool> held{false};
  std::atomic<int> calls{0};

 private:
  FakeEncoder inner_;
};

/// Hears nothing, but can be told that something was lost.
class DeafWatcher final : public io::Watcher {
 public:
  explicit DeafWatcher(std::shared_ptr<std::atomic<bool>> lost) : lost_(std::move(lost)) {}
  Status wait_for_news(milliseconds) override {
    std::this_thread::sleep_for(milliseconds(2));
    return {};
  }
  [[nodiscard]] bool has_news() const noexcept override { return lost_->load(); }
  Result<io::WatchBatch> wait(milliseconds) override {
    io::WatchBatch batch;
    batch.rescan_needed = lost_->exchange(false);
    batch.stopped = stopped_;
    return batch;
  }
  void stop() noexcept override { stopped_ = true; }
  [[nodiscard]] std::size_t watched_folders() const override { return 1; }

 private:
  std::shared_ptr<std::atomic<bool>> lost_;
  std::atomic<bool> stopped_{false};
};

class Watch : public ::testing::Test {
 protected:
  Watch() {
    fs::create_directories(root_);
    options_.library_folder = setup_.directory;
    options_.quiet = milliseconds(50);
  }
  ~Watch() override { stop(); }

  void start() {
    library_ = open_or_create(setup_);
    watcher_ = std::thread([this] {
      const library::WatchSink sink = [this](const WatchReport& report) {
        const std::lock_guard lock(mutex_);
        reports_.push_back(report);
        came_.notify_all();
      };
      const Status status = library::watch(*library_, options_, sink, {}, cancel_.token());
      const std::lock_guard lock(mutex_);
      ended_ = status.error();
      came_.notify_all();
    });
    wait_for([](const WatchReport& report) { return report.kind == Kind::Ready; });
  }
  Error stop() {
    cancel_.cancel();
    if (watcher_.joinable()) {
      watcher_.join();
    }
    return ended_.value_or(Error{Code::Internal, "it did not end"});
  }

  /// Waits for the next report that fits; those before it are passed over.
  WatchReport wait_for(const std::function<bool(const WatchReport&)>& fits) {
    std::unique_lock lock(mutex_);
    const auto give_up = std::chrono::steady_clock::now() + kBound;
    for (;;) {
      for (; read_ < reports_.size(); ++read_) {
        if (fits(reports_[read_])) {
          return reports_[read_++];
        }
      }
      if (ended_ || came_.wait_until(lock, give_up) == std::cv_status::timeout) {
        ADD_FAILURE() << "it never came" << (ended_ ? ": " + ended_->message : "");
        return {};
      }
    }
  }
  Error wait_for_end() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, kBound, [this] { return ended_.has_value(); });
    return ended_.value_or(Error{Code::Internal, "it did not end"});
  }
  WatchReport wait_for(Kind kind) {
    return wait_for([kind](const WatchReport& report) { return report.kind == kind; });
  }
  /// Waits until exactly `count` files hold the word.
  void wait_until_found(const std::string& word, std::size_t count = 1) {
    const auto give_up = std::chrono::steady_clock::now() + kBound;
    while (found(word) != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << word;
      std::this_thread::sleep_for(milliseconds(10));
    }
  }
  /// How many files hold the word.
  std::size_t found(const std::string& word, bool refresh = false) {
    library::SearchRequest request;
    request.query = '"' + word + '"';
    request.mode = library::SearchMode::Words;
    request.refresh = refresh;
    const auto answer = library_->search(request, {});
    if (!answer.ok()) {
      ADD_FAILURE() << answer.error().message;
      return 0;
    }
    complete_ = answer->index.complete;
    return answer->results.size();
  }
  /// Until what was there at the start is embedded: then it rests.
  void settle() { wait_for(Kind::Embedded); }
  std::size_t changes_so_far() {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(reports_.begin(), reports_.end(),
                      [](const WatchReport& report) { return report.kind == Kind::Changes; }));
  }
  void put(const std::string& path, const std::string& word) const {
    write_file(root_ + "/" + path, "def " + word + "(value):\n    return value\n");
  }
  void stop_and_compare() {
    EXPECT_EQ(stop().code, Code::Cancelled);
    encoder_->held = false;
    library::IndexRequest meaning_alone;  // the words are as they were left
    meaning_alone.words = false;
    index_all(*library_, meaning_alone);
    expect_equal_to_fresh(*library_, setup_, scratch_.path() + "/fresh");
  }

  ScratchFolder scratch_{"watch"};
  std::string root_ = scratch_.path() + "/tree";
  std::shared_ptr<HeldEncoder> encoder_ = std::make_shared<HeldEncoder>();
  LibrarySetup setup_{root_, scratch_.path() + "/library", 2, {}, encoder_};
  library::WatchOptions options_;
  std::unique_ptr<library::Library> library_;
  bool complete_ = false;  // the last answer of found()

 private:
  std::thread watcher_;
  CancelSource cancel_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<WatchReport> reports_;
  std::size_t read_ = 0;
  std::optional<Error> ended_;
};

TEST_F(Watch, reads_in_and_embeds_what_is_written_and_forgets_what_is_removed) {
  put("a/one.py", "first_gribble");
  start();
  settle();
  put("a/two.py", "second_gribble");
  WatchReport report = wait_for(Kind::Changes);
  EXPECT_EQ(report.changes.added, 1U);
  EXPECT_GE(report.changes.embedded, 1U);
  EXPECT_EQ(report.changes.pending_chunks, 0U);
  EXPECT_TRUE(report.listening);
  EXPECT_EQ(found("second_gribble"), 1U);
  put("a/one.py", "third_gribble");
  report = wait_for(Kind::Changes);
  EXPECT_EQ(report.changes.changed, 1U);
  EXPECT_EQ(report.sets, 2U);
  wait_until_found("first_gribble", 0);
  fs::remove(root_ + "/a/two.py");
  EXPECT_EQ(wait_for(Kind::Changes).changes.removed, 1U);
  wait_until_found("second_gribble", 0);
  stop_and_compare();
}

TEST_F(Watch, a_renamed_folder_is_moved_without_embedding_and_is_heard_under_its_new_name) {
  for (int i = 0; i < 20; ++i) {
    put("old/deep/file" + std::to_string(i) + ".py", "gribble" + std::to_string(i));
  }
  start();
  settle();
  fs::rename(root_ + "/old", root_ + "/new");
  const WatchReport report = wait_for(Kind::Changes);
  EXPECT_EQ(report.changes.moved, 20U);
  EXPECT_EQ(report.changes.chunks_written, 0U);
  put("new/deep/file3.py", "renamed_gribble");
  wait_until_found("renamed_gribble");
  stop_and_compare();
}

TEST_F(Watch, a_git_operation_is_one_change_however_long_it_takes) {
  Corpus corpus(root_, 11);
  corpus.add_files(60);
  fs::create_directories(root_ + "/.git/objects");
  fs::create_directories(root_ + "/.git/refs");
  write_file(root_ + "/.git/HEAD", "ref: refs/heads/main\n");
  start();
  settle();
  write_file(root_ + "/.git/index.lock", "");
  corpus.edit_files(20);
  std::this_thread::sleep_for(3 * options_.quiet);  // long enough for a set of its own
  corpus.add_files(15);
  EXPECT_EQ(changes_so_far(), 0U);
  fs::remove(root_ + "/.git/index.lock");
  const WatchReport report = wait_for(Kind::Changes);
  EXPECT_EQ(report.changes.added, 15U);
  EXPECT_GT(report.changes.changed, 0U);
  stop_and_compare();
  EXPECT_EQ(changes_so_far(), 1U);
}

TEST_F(Watch, a_lock_that_git_left_behind_holds_nothing_up_for_ever) {
  put("a.py", "first_gribble");
  write_file(root_ + "/.git/HEAD", "ref: refs/heads/main\n");
  write_file(root_ + "/.git/index.lock", "");
  options_.git_patience = milliseconds(100);
  start();
  put("b.py", "second_gribble");
  wait_until_found("second_gribble");
  EXPECT_NE(wait_for(Kind::Note).message.find("index.lock"), std::string::npos);
  stop_and_compare();
}

TEST_F(Watch, an_edited_gitignore_takes_files_out_and_brings_folders_in_that_are_heard_then) {
  write_file(root_ + "/.gitignore", "out/\n");
  put("out/one.py", "ignored_gribble");
  put("src/two.py", "other_gribble");
  start();
  wait_until_found("other_gribble");
  EXPECT_EQ(found("ignored_gribble"), 0U);
  write_file(root_ + "/.gitignore", "src/\n");
  wait_until_found("ignored_gribble");
  wait_until_found("other_gribble", 0);
  put("out/three.py", "late_gribble");
  wait_until_found("late_gribble");
  stop_and_compare();
}

TEST_F(Watch, a_search_beside_it_has_what_was_written_just_before_or_says_that_it_has_not) {
  put("one.py", "first_gribble");
  start();
  settle();
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i);
    put("file_" + name + ".py", "gribble_" + name);
    // Not there yet: the watcher is writing just now, and says that files have changed.
    EXPECT_TRUE(found("gribble_" + name, true) == 1 || !complete_) << name;
  }
  for (int i = 0; i < 20; i += 2) {
    const std::string name = std::to_string(i);
    fs::remove(root_ + "/file_" + name + ".py");
    EXPECT_EQ(found("gribble_" + name, true), 0U);
  }
  put("last.py", "last_gribble");
  wait_until_found("last_gribble");
  stop_and_compare();
}

TEST_F(Watch, a_search_beside_it_believes_what_is_heard_instead_of_comparing_the_tree) {
  auto lost = std::make_shared<std::atomic<bool>>(false);
  options_.make_watcher = [lost](const std::vector<std::string>&, io::WatchOptions) {
    return Result<std::unique_ptr<io::Watcher>>(std::make_unique<DeafWatcher>(lost));
  };
  put("one.py", "first_gribble");
  start();
  settle();
  put("two.py", "second_gribble");
  EXPECT_EQ(found("second_gribble", true), 0U) << "nobody told of it, so nobody looked";
  *lost = true;
  EXPECT_EQ(found("second_gribble", true), 1U) << "told that something was lost, it looks";
  stop_and_compare();
}

TEST_F(Watch, lost_events_lead_to_a_look_at_everything) {
  const auto lost = std::make_shared<std::atomic<bool>>(false);
  options_.make_watcher = [lost](const std::vector<std::string>&,
                                 const io::WatchOptions&) -> Result<std::unique_ptr<io::Watcher>> {
    return std::unique_ptr<io::Watcher>(std::make_unique<DeafWatcher>(lost));
  };
  put("a.py", "first_gribble");
  start();
  wait_until_found("first_gribble");
  put("b.py", "second_gribble");
  fs::remove(root_ + "/a.py");
  *lost = true;
  wait_until_found("second_gribble");
  wait_until_found("first_gribble", 0);
  stop_and_compare();
}

TEST_F(Watch, where_nothing_can_be_heard_the_tree_is_compared_again_and_again) {
  options_.make_watcher = [](const std::vector<std::string>&,
                             const io::WatchOptions&) -> Result<std::unique_ptr<io::Watcher>> {
    return Error{Code::Limit, "no inotify instance is free"};
  };
  options_.poll_first = milliseconds(20);
  options_.poll_last = milliseconds(100);
  put("a.py", "first_gribble");
  start();
  put("b.py", "second_gribble");
  wait_until_found("second_gribble");
  put("b.py", "another_gribble");
  wait_until_found("another_gribble");
  wait_until_found("second_gribble", 0);
  EXPECT_FALSE(wait_for(Kind::Changes).listening);
  stop_and_compare();
}

TEST_F(Watch, words_come_before_meaning_that_is_being_made) {
  Corpus corpus(root_, 12);
  corpus.add_files(30);
  encoder_->held = true;
  start();
  while (encoder_->calls == 0) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  put("late.py", "late_gribble");
  wait_until_found("late_gribble");  // though nothing was embedded
  EXPECT_EQ(encoder_->counters().texts, 0U);
  encoder_->held = false;
  wait_for([](const WatchReport& report) {
    return report.kind == Kind::Changes && report.changes.pending_chunks == 0;
  });
  stop_and_compare();
}

TEST_F(Watch, steady_changes_do_not_keep_meaning_from_being_made) {
  put("a.py", "first_gribble");
  encoder_->held = true;
  start();
  while (encoder_->calls == 0) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  put("b.py", "second_gribble");  // interrupts the first call
  while (encoder_->calls == 1) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  put("c.py", "third_gribble");  // may not interrupt the second, which is held now
  std::this_thread::sleep_for(3 * options_.quiet);
  EXPECT_EQ(encoder_->calls, 2);
  encoder_->held = false;
  wait_until_found("third_gribble");
  stop_and_compare();
}

TEST_F(Watch, another_writer_is_waited_for_and_named) {
  put("a.py", "first_gribble");
  start();
  settle();
  auto lease = io::Lease::acquire(setup_.directory + "/lock");
  for (int i = 0; i < 1'000 && !lease.ok(); ++i) {  // it may be looking just now
    std::this_thread::sleep_for(milliseconds(10));
    lease = io::Lease::acquire(setup_.directory + "/lock");
  }
  ASSERT_TRUE(lease.ok());
  put("b.py", "second_gribble");
  const std::string message = wait_for(Kind::Waiting).message;
  EXPECT_NE(message.find("process " + std::to_string(::getpid())), std::string::npos) << message;
  wait_until_found("second_gribble", 0);
  lease = Error{Code::Cancelled, "given back"};
  wait_until_found("second_gribble");
  stop_and_compare();
}

TEST_F(Watch, a_root_that_goes_away_is_an_error_that_names_it) {
  put("a.py", "first_gribble");
  options_.root_patience = milliseconds(50);
  start();
  fs::rename(root_, scratch_.path() + "/elsewhere");
  const Error error = wait_for_end();
  EXPECT_EQ(error.code, Code::NotFound);
  EXPECT_NE(error.message.find(root_ + " is not there any more"), std::string::npos)
      << error.message;
  EXPECT_EQ(found("first_gribble"), 1U) << "what is known is kept";
}

TEST_F(Watch, a_root_that_is_replaced_is_heard_again) {
  put("a.py", "first_gribble");
  options_.root_patience = kBound;
  start();
  fs::rename(root_, scratch_.path() + "/elsewhere");
  put("b.py", "second_gribble");
  wait_until_found("second_gribble");
  put("c/d.py", "third_gribble");
  wait_until_found("third_gribble");
  stop_and_compare();
}

}  // namespace
}  // namespace sonde::testing
