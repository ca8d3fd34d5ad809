#include "io/fault_file_system.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sonde::io {
namespace {

std::string content(FileSystem& fs, const std::string& path) {
  auto bytes = read_file(fs, path, 1 << 20);
  return bytes.ok() ? std::move(bytes).value()
                    : "<" + std::string(code_name(bytes.error().code)) + ">";
}

std::string after(const FaultFileSystem& fs, const Survival& survival, const std::string& path) {
  FaultFileSystem found(fs.disk().crash(survival));
  return content(found, path);
}

constexpr Survival kNothing{Survival::Kind::Nothing, 0};
constexpr Survival kAll{Survival::Kind::All, 0};

TEST(PagedBytes, copies_are_independent_and_random_writes_read_back) {
  std::mt19937 random(1);
  PagedBytes bytes;
  std::string model;
  for (int i = 0; i < 500; ++i) {
    const PagedBytes copy = bytes;
    const std::string before = model;
    const std::size_t offset = random() % 20'000;
    if (random() % 4 == 0) {
      bytes.resize(offset);
      model.resize(offset, '\0');
    } else {
      const std::string text(random() % 9000, static_cast<char>('a' + random() % 26));
      bytes.write(offset, text);
      if (!text.empty()) {
        model.resize(std::max(model.size(), offset + text.size()), '\0');
        model.replace(offset, text.size(), text);
      } else {
        model.resize(std::max(model.size(), offset), '\0');
      }
    }
    std::string read(30'000, '?');
    read.resize(bytes.read(0, read.data(), read.size()));
    ASSERT_EQ(read, model) << i;
    read.resize(30'000);
    read.resize(copy.read(0, read.data(), read.size()));
    ASSERT_EQ(read, before) << i;
  }
}

TEST(FaultFileSystem, behaves_as_the_real_one_while_nothing_fails) {
  FaultFileSystem fs;
  ASSERT_TRUE(fs.make_directory("/d", 0700).ok());
  EXPECT_EQ(fs.make_directory("/d", 0700).error().code, Code::InvalidArgument);
  ASSERT_TRUE(replace_file(fs, "/d/a", "one").ok());
  ASSERT_TRUE(replace_file(fs, "/d/a", "two").ok());
  EXPECT_EQ(content(fs, "/d/a"), "two");
  EXPECT_EQ(content(fs, "d//./a"), "two");
  EXPECT_EQ(fs.list("/d").value().size(), 1U);
  EXPECT_EQ(fs.open_read("/d").error().code, Code::InvalidArgument);
  EXPECT_EQ(fs.open_read("/d/b").error().code, Code::NotFound);
  EXPECT_EQ(fs.open_read("/d/a/b").error().code, Code::NotFound);
  EXPECT_EQ(fs.remove_directory("/d").error().code, Code::InvalidArgument);
  EXPECT_EQ(fs.remove_file("/d").error().code, Code::InvalidArgument);
  ASSERT_TRUE(fs.rename("/d/a", "/b").ok());
  ASSERT_TRUE(fs.remove_directory("/d").ok());
  EXPECT_EQ(fs.list("/").value().size(), 1U);
  EXPECT_EQ(content(fs, "/b"), "two");
}

TEST(FaultFileSystem, an_open_file_outlives_its_name_and_its_file_system) {
  std::unique_ptr<ReadableFile> file;
  {
    FaultFileSystem fs;
    ASSERT_TRUE(replace_file(fs, "/a", "abc").ok());
    file = fs.open_read("/a").value();
    ASSERT_TRUE(fs.remove_file("/a").ok());
  }
  char buffer[3];
  EXPECT_EQ(file->read_at(0, buffer, 3).value(), 3U);
}

TEST(FaultFileSystem, only_synced_data_under_a_synced_name_surely_survives) {
  FaultFileSystem fs;
  auto file = fs.create("/a", 0600).value();
  ASSERT_TRUE(file->append("abc").ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(after(fs, kNothing, "/a"), "<not found>");
  EXPECT_EQ(after(fs, kAll, "/a"), "abc");
  ASSERT_TRUE(fs.sync_directory("/").ok());
  EXPECT_EQ(after(fs, kNothing, "/a"), "abc");
  ASSERT_TRUE(file->append("def").ok());
  EXPECT_EQ(after(fs, kNothing, "/a"), "abc");
  EXPECT_EQ(after(fs, kAll, "/a"), "abcdef");
  ASSERT_TRUE(fs.remove_file("/a").ok());
  EXPECT_EQ(after(fs, kNothing, "/a"), "abc");
  EXPECT_EQ(after(fs, kAll, "/a"), "<not found>");
}

TEST(FaultFileSystem, each_survival_gives_the_disk_that_it_names) {
  FaultFileSystem fs;
  auto file = fs.open_random("/a", OpenMode::CreateIfMissing, 0600).value();
  ASSERT_TRUE(fs.sync_directory("/").ok());
  ASSERT_TRUE(file->write_at(0, std::string(1024, 'a')).ok());
  ASSERT_TRUE(file->write_at(512, std::string(512, 'b')).ok());
  ASSERT_TRUE(file->truncate(1000).ok());
  ASSERT_TRUE(file->write_at(500, std::string(500, 'c')).ok());
  EXPECT_EQ(fs.disk().pending(), 4U);
  using Kind = Survival::Kind;
  EXPECT_EQ(after(fs, {Kind::Prefix, 1}, "/a"), std::string(1024, 'a'));
  EXPECT_EQ(after(fs, {Kind::Prefix, 2}, "/a"), std::string(512, 'a') + std::string(512, 'b'));
  EXPECT_EQ(after(fs, {Kind::AllButOne, 3}, "/a"), std::string(512, 'a') + std::string(488, 'b'));
  EXPECT_EQ(after(fs, {Kind::AllButOne, 0}, "/a"), std::string(500, '\0') + std::string(500, 'c'));
  EXPECT_EQ(after(fs, {Kind::TornLast, 1}, "/a"),
            std::string(500, 'a') + std::string(12, 'c') + std::string(488, 'b'));
  EXPECT_EQ(after(fs, {Kind::TornLast, 0}, "/a"), after(fs, {Kind::AllButOne, 3}, "/a"));
  std::set<std::string> random;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    random.insert(after(fs, {Kind::Random, seed}, "/a"));
    EXPECT_EQ(after(fs, {Kind::Random, seed}, "/a"), after(fs, {Kind::Random, seed}, "/a"));
  }
  EXPECT_GT(random.size(), 20U);
  // 2 + 4 single losses + 3 proper prefixes + 2 tears + 5
  EXPECT_EQ(fs.disk().survivals(100, 5, 0).size(), 16U);
  EXPECT_EQ(fs.disk().survivals(2, 0, 0).size(), 8U);
}

TEST(FaultFileSystem, after_the_power_went_every_call_fails) {
  FaultFileSystem fs;
  ASSERT_TRUE(replace_file(fs, "/a", "abc").ok());
  const std::uint64_t points = fs.operations();
  EXPECT_EQ(points, 5U);  // create, append, sync, rename, sync of the folder
  fs.set_plan({.power_lost_at = 1});
  EXPECT_EQ(replace_file(fs, "/a", "def").error().code, Code::Io);
  EXPECT_TRUE(fs.power_lost());
  EXPECT_EQ(fs.info("/a").error().code, Code::Io);
  EXPECT_EQ(fs.open_read("/a").error().code, Code::Io);
}

TEST(FaultFileSystem, a_planned_failure_hits_the_nth_of_its_kind_alone) {
  FaultFileSystem fs;
  fs.set_plan({.failures = {{DiskOperation::Write, 1, 2}}});
  auto file = fs.open_random("/a", OpenMode::CreateIfMissing, 0600).value();
  EXPECT_TRUE(file->write_at(0, "a").ok());
  EXPECT_EQ(file->write_at(0, "b").error().code, Code::Io);
  EXPECT_EQ(file->write_at(0, "c").error().code, Code::Io);
  EXPECT_TRUE(file->write_at(1, "d").ok());
  EXPECT_EQ(content(fs, "/a"), "ad");
}

TEST(FaultFileSystem, a_failed_sync_loses_its_data_and_a_second_one_does_not_bring_it_back) {
  FaultFileSystem fs;
  fs.set_plan({.failures = {{DiskOperation::Sync, 0, 1}}});
  auto file = fs.open_random("/a", OpenMode::CreateIfMissing, 0600).value();
  ASSERT_TRUE(fs.sync_directory("/").ok());
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  EXPECT_EQ(file->sync().error().code, Code::Io);
  EXPECT_EQ(file->sync().error().code, Code::Io);  // this handle knows
  auto other = fs.open_random("/a", OpenMode::Existing, 0600).value();
  EXPECT_TRUE(other->sync().ok());  // another one is told that all is well, as by Linux
  EXPECT_EQ(content(fs, "/a"), "abc");
  EXPECT_EQ(after(fs, kAll, "/a"), "");
}

TEST(FaultFileSystem, a_full_disk_takes_part_of_a_write_and_says_no_space) {
  FaultFileSystem fs;
  fs.set_plan({.space_bytes = 4});
  auto file = fs.open_random("/a", OpenMode::CreateIfMissing, 0600).value();
  EXPECT_EQ(file->write_at(0, "abcdef").error().code, Code::NoSpace);
  EXPECT_EQ(content(fs, "/a"), "abcd");
  EXPECT_TRUE(file->write_at(0, "xy").ok());  // does not grow
  EXPECT_EQ(file->write_at(100, "z").error().code, Code::NoSpace);
  EXPECT_EQ(content(fs, "/a"), "xycd");
}

TEST(ReplaceFile, loses_neither_old_nor_new_wherever_the_power_goes) {  // [INV-2]
  FaultFileSystem base;
  ASSERT_TRUE(base.make_directory("/d", 0700).ok());
  ASSERT_TRUE(base.sync_directory("/").ok());
  const std::string old_bytes(2000, 'o');
  const std::string new_bytes(3000, 'n');
  ASSERT_TRUE(replace_file(base, "/d/a", old_bytes).ok());
  const DiskModel start = base.disk();
  base.set_plan({});
  ASSERT_TRUE(replace_file(base, "/d/a", new_bytes).ok());
  int states = 0;
  for (std::uint64_t point = 0; point <= base.operations(); ++point) {
    FaultFileSystem fs(start);
    fs.set_plan({.power_lost_at = point});
    const bool acknowledged = replace_file(fs, "/d/a", new_bytes).ok();
    const DiskModel disk = fs.disk();
    for (const Survival& survival : disk.survivals(100, 40, point)) {
      FaultFileSystem found(disk.crash(survival));
      const std::string bytes = content(found, "/d/a");
      EXPECT_TRUE(bytes == new_bytes || (!acknowledged && bytes == old_bytes))
          << "power lost at " << point << ", kept " << survival.describe();
      ++states;
    }
  }
  EXPECT_GT(states, 150);
}

TEST(ReplaceFile, any_single_failure_leaves_the_old_content_and_no_litter) {
  for (const auto operation :
       {DiskOperation::Create, DiskOperation::Write, DiskOperation::Sync, DiskOperation::Rename}) {
    FaultFileSystem fs;
    ASSERT_TRUE(replace_file(fs, "/a", "old").ok());
    fs.set_plan({.failures = {{operation, 0, 1}}});
    EXPECT_EQ(replace_file(fs, "/a", "new").error().code, Code::Io);
    EXPECT_EQ(content(fs, "/a"), "old");
    EXPECT_EQ(fs.list("/").value().size(), 1U);
  }
  FaultFileSystem fs;
  ASSERT_TRUE(replace_file(fs, "/a", "old").ok());
  fs.set_plan({.space_bytes = 2});
  EXPECT_EQ(replace_file(fs, "/a", "new").error().code, Code::NoSpace);
  EXPECT_EQ(content(fs, "/a"), "old");
  EXPECT_EQ(fs.list("/").value().size(), 1U);
}

}  // namespace
}  // namespace sonde::io
