#include "io/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "io/test_folder.h"

namespace sonde::io {
namespace {

FileSystem& fs() { return real_file_system(); }

void put(const std::string& path, std::string_view bytes) {
  auto file = fs().create(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_TRUE((*file)->append(bytes).ok());
  ASSERT_TRUE((*file)->close().ok());
}

TEST(RealFileSystem, what_was_written_is_read_back_at_any_offset) {
  const TestFolder folder;
  put(folder.path("a"), "hello world");
  auto file = fs().open_read(folder.path("a"));
  ASSERT_TRUE(file.ok());
  char buffer[16];
  EXPECT_EQ((*file)->read_at(6, buffer, 16).value(), 5U);
  EXPECT_EQ(std::string_view(buffer, 5), "world");
  EXPECT_EQ((*file)->read_at(100, buffer, 16).value(), 0U);
  EXPECT_EQ((*file)->info().value().size_bytes, 11U);
}

TEST(RealFileSystem, errors_name_the_path_and_the_reason) {
  const TestFolder folder;
  const auto missing = fs().open_read(folder.path("nowhere"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::NotFound);
  EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
  EXPECT_EQ(fs().open_read(folder.path()).error().code, Code::InvalidArgument);
  EXPECT_EQ(fs().info(std::string("/tmp\0x", 6)).error().code, Code::InvalidArgument);
  EXPECT_EQ(fs().list("/dev/null/x").error().code, Code::NotFound);
}

TEST(RealFileSystem, create_refuses_what_is_there) {
  const TestFolder folder;
  put(folder.path("a"), "old");
  EXPECT_EQ(fs().create(folder.path("a")).error().code, Code::InvalidArgument);
  EXPECT_EQ(fs().make_directory(folder.path("a")).error().code, Code::InvalidArgument);
  EXPECT_EQ(read_file(fs(), folder.path("a"), 100).value(), "old");
}

TEST(RealFileSystem, a_pipe_is_refused_without_waiting_for_a_writer) {
  const TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(fs().open_read(folder.path("pipe")).error().code, Code::InvalidArgument);
}

TEST(RealFileSystem, list_is_sorted_by_bytes_and_typed) {
  const TestFolder folder;
  put(folder.path("b"), "");
  put(folder.path("B"), "");
  put(folder.path("\xff"), "");
  ASSERT_TRUE(fs().make_directory(folder.path("a")).ok());
  ASSERT_EQ(::symlink("nowhere", folder.path("link").c_str()), 0);
  const auto entries = fs().list(folder.path());
  ASSERT_TRUE(entries.ok());
  std::string names;
  for (const auto& entry : *entries) {
    names += entry.name + ",";
  }
  EXPECT_EQ(names, "B,a,b,link,\xff,");
  EXPECT_EQ((*entries)[1].type, FileType::Directory);
  EXPECT_EQ((*entries)[3].type, FileType::Symlink);
  EXPECT_EQ(fs().info(folder.path("link")).value().type, FileType::Symlink);
}

TEST(RealFileSystem, no_descriptor_survives_an_exec) {
  const TestFolder folder;
  auto written = fs().create(folder.path("a"));
  auto read = fs().open_read(folder.path("a"));
  auto random = fs().open_random(folder.path("r"), OpenMode::CreateIfMissing);
  ASSERT_TRUE(written.ok() && read.ok() && random.ok());
  for (int fd = 3; fd < 64; ++fd) {
    char target[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
    if (length > 0 &&
        std::string_view(target, static_cast<std::size_t>(length)).starts_with(folder.path())) {
      EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << link;
    }
  }
}

TEST(RealFileSystem, a_closed_file_takes_no_more_bytes) {
  const TestFolder folder;
  auto file = fs().create(folder.path("a"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->sync().ok());
  ASSERT_TRUE((*file)->close().ok());
  EXPECT_FALSE((*file)->append("x").ok());
  EXPECT_FALSE((*file)->sync().ok());
}

TEST(RandomFile, writes_anywhere_cuts_and_extends_with_zeroes) {
  const TestFolder folder;
  EXPECT_EQ(fs().open_random(folder.path("r"), OpenMode::Existing).error().code, Code::NotFound);
  auto file = fs().open_random(folder.path("r"), OpenMode::CreateIfMissing);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write_at(4, "abcd").ok());
  ASSERT_TRUE((*file)->write_at(6, "XY").ok());
  ASSERT_TRUE((*file)->truncate(7).ok());
  ASSERT_TRUE((*file)->truncate(9).ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ((*file)->size().value(), 9U);
  EXPECT_EQ(read_file(fs(), folder.path("r"), 100).value(), std::string("\0\0\0\0abX\0\0", 9));
}

TEST(ReadFile, refuses_what_is_over_the_limit_and_reads_what_is_at_it) {
  const TestFolder folder;
  put(folder.path("a"), std::string(5000, 'x'));
  EXPECT_EQ(read_file(fs(), folder.path("a"), 4999).error().code, Code::Limit);
  EXPECT_EQ(read_file(fs(), folder.path("a"), 5000).value().size(), 5000U);
}

TEST(ReadFile, reads_files_that_claim_to_be_empty) {
  EXPECT_FALSE(read_file(fs(), "/proc/self/stat", 1 << 20).value().empty());
}

TEST(ReadFile, keeps_its_limit_while_the_file_grows_and_shrinks) {
  const TestFolder folder;
  auto file = fs().open_random(folder.path("r"), OpenMode::CreateIfMissing);
  ASSERT_TRUE(file.ok());
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    for (int i = 0; !stop.load(); ++i) {
      static_cast<void>((*file)->truncate(i % 2 == 0 ? 200'000 : 10));
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const auto content = read_file(fs(), folder.path("r"), 100'000);
    if (content.ok()) {
      EXPECT_LE(content->size(), 100'000U);
    } else {
      EXPECT_EQ(content.error().code, Code::Limit);
    }
  }
  stop = true;
  changer.join();
}

TEST(ReplaceFile, replaces_and_leaves_nothing_beside_it) {
  const TestFolder folder;
  ASSERT_TRUE(replace_file(fs(), folder.path("a"), "one").ok());
  ASSERT_TRUE(replace_file(fs(), folder.path("a"), "two", 0640).ok());
  EXPECT_EQ(read_file(fs(), folder.path("a"), 100).value(), "two");
  EXPECT_EQ(fs().list(folder.path()).value().size(), 1U);
}

TEST(ReplaceFile, steps_over_what_a_dead_process_left) {
  const TestFolder folder;
  const std::string left = ".a.tmp-" + std::to_string(::getpid()) + "-0";
  put(folder.path(left), "left");
  EXPECT_TRUE(is_temporary_name(left));
  EXPECT_FALSE(is_temporary_name("a.tmp-1-0"));
  EXPECT_FALSE(is_temporary_name(".a.tmp-x"));
  ASSERT_TRUE(replace_file(fs(), folder.path("a"), "new").ok());
  EXPECT_EQ(read_file(fs(), folder.path("a"), 100).value(), "new");
  EXPECT_EQ(read_file(fs(), folder.path(left), 100).value(), "left");
}

TEST(ReplaceFile, a_target_that_cannot_be_replaced_stays_and_nothing_is_left) {
  const TestFolder folder;
  ASSERT_TRUE(fs().make_directory(folder.path("d")).ok());
  EXPECT_FALSE(replace_file(fs(), folder.path("d"), "x").ok());
  EXPECT_EQ(fs().list(folder.path()).value().size(), 1U);
  EXPECT_EQ(replace_file(fs(), folder.path("no/a"), "x").error().code, Code::NotFound);
}

TEST(ReplaceFile, many_threads_leave_one_whole_content) {
  const TestFolder folder;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&, c] {
      for (int i = 0; i < 10; ++i) {
        failed += replace_file(fs(), folder.path("f"), std::string(10'000, c)).ok() ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(failed.load(), 0);
  const std::string content = read_file(fs(), folder.path("f"), 100'000).value();
  EXPECT_EQ(content, std::string(10'000, content.at(0)));
  EXPECT_EQ(fs().list(folder.path()).value().size(), 1U);
}

TEST(Paths, join_parent_and_name) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "/b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(file_name("/a/b"), "b");
  EXPECT_EQ(file_name("b"), "b");
}

}  // namespace
}  // namespace sonde::io
