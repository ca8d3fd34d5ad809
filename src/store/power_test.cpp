// Power that goes at any write, and disks that fail [INV-2].

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "io/fault_file_system.h"
#include "io/tape_file_system.h"
#include "store/fault_vfs.h"
#include "store/store_test_support.h"

namespace sonde::store {
namespace {

constexpr const char* kFolder = "/library";

StoreOptions on(io::FileSystem& fs, const FaultVfs& vfs) {
  StoreOptions options = writing(kFolder);
  options.fs = &fs;
  options.vfs = vfs.name();
  options.wal_limit_bytes = 100'000;    // a checkpoint after every few commits
  options.page_cache_bytes = 64 << 10;  // so that a large transaction spills into the log
  return options;
}

void one_commit(Store& store, std::uint32_t round) {
  auto transaction = must(store.begin());
  const auto sources = must(transaction->sources());
  const std::int64_t source =
      sources.empty() ? must(transaction->add_source("folder", "/a")).id : sources[0].id;
  std::mt19937 random(round);
  const std::size_t files = round % 9 == 8 ? 12 : 2;
  for (std::size_t i = 0; i < files; ++i) {
    const std::string path = "file" + std::to_string(random() % 16);
    const auto file = must(transaction->file(source, path));
    if (file && random() % 3 == 0) {
      must(transaction->remove_file(file->id));
      continue;
    }
    std::vector<std::string> texts;
    for (std::uint32_t j = 0; j < 1 + random() % 6; ++j) {
      const auto seed = static_cast<std::uint32_t>(random() % 500);
      texts.push_back(code_text(seed, 300 + random() % 2000));
    }
    put(*transaction, source, path, texts);
  }
  must(transaction->commit());
}

std::string state_of(Store& store) { return must(contents(*must(store.snapshot()))); }

/// A moment at which the power may go.
struct Moment {
  io::DiskModel disk;
  std::size_t acknowledged = 0;  // index of the last acknowledged state
};

struct Recording {
  std::vector<std::string> states;  // after creation, after each commit
  std::vector<Moment> moments;
};

Recording record(std::uint32_t commits) {
  Recording recording;
  io::FaultFileSystem fs;
  bool recorded = false;
  io::TapeFileSystem tape(fs, [&](std::string_view, const std::string&) {
    if (recorded) {
      recording.moments.push_back({fs.disk(), recording.states.size() - 1});
    }
  });
  must(fs.make_directory(kFolder, 0700));
  must(fs.sync_directory("/"));
  const auto vfs = must(FaultVfs::create(tape));
  const auto store = must(Store::create(on(tape, *vfs)));
  recording.states.push_back(state_of(*store));
  recorded = true;
  for (std::uint32_t round = 0; round < commits; ++round) {
    one_commit(*store, round);
    recording.states.push_back(state_of(*store));
  }
  recorded = false;
  return recording;
}

void check_moment(const Recording& recording, const Moment& moment, const io::Survival& survival,
                  std::size_t number) {
  io::FaultFileSystem after(moment.disk.crash(survival));
  const auto vfs = must(FaultVfs::create(after));
  const std::string where =
      "moment " + std::to_string(number) + ", survived: " + survival.describe();
  const auto store = Store::open(on(after, *vfs));
  ASSERT_TRUE(store.ok()) << where << ": " << store.error().message;
  const std::string found = state_of(**store);
  const std::size_t next = std::min(moment.acknowledged + 1, recording.states.size() - 1);
  EXPECT_TRUE(found == recording.states[moment.acknowledged] || found == recording.states[next])
      << where;
  EXPECT_EQ(must((*store)->check()).size(), 0U) << where;
  one_commit(**store, 1000);  // and life goes on
}

TEST(Power, may_go_at_any_write_and_nothing_acknowledged_is_lost) {
  const bool all = std::getenv("SONDE_EXHAUSTIVE") != nullptr;
  const Recording recording = record(30);
  ASSERT_GT(recording.moments.size(), 300U);
  std::size_t tried = 0;
  for (std::size_t i = 0; i < recording.moments.size(); i += all ? 1 : 17) {
    const Moment& moment = recording.moments[i];
    for (const io::Survival& survival : moment.disk.survivals(all ? 12 : 2, all ? 6 : 2, i)) {
      check_moment(recording, moment, survival, i);
      ++tried;
      if (::testing::Test::HasFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(tried, 100U);
}

TEST(Power, may_go_while_a_library_is_made) {
  io::FaultFileSystem fs;
  std::vector<io::DiskModel> moments;
  io::TapeFileSystem tape(
      fs, [&](std::string_view, const std::string&) { moments.push_back(fs.disk()); });
  must(fs.make_directory(kFolder, 0700));
  must(fs.sync_directory("/"));
  {
    const auto vfs = must(FaultVfs::create(tape));
    must(Store::create(on(tape, *vfs)));
  }
  const std::size_t step = std::getenv("SONDE_EXHAUSTIVE") != nullptr ? 1 : 5;
  for (std::size_t i = 0; i < moments.size(); i += step) {
    for (const io::Survival& survival : moments[i].survivals(3, 2, i)) {
      io::FaultFileSystem after(moments[i].crash(survival));
      const auto vfs = must(FaultVfs::create(after));
      auto store = Store::open(on(after, *vfs));
      if (!store.ok()) {  // then it is as if it had not begun
        ASSERT_EQ(store.error().code, Code::NotFound)
            << i << " " << survival.describe() << ": " << store.error().message;
        store = Store::create(on(after, *vfs));
        ASSERT_TRUE(store.ok()) << i << " " << survival.describe() << ": " << store.error().message;
      }
      one_commit(**store, 1);
      ASSERT_EQ(must((*store)->check()).size(), 0U);
    }
  }
}

TEST(Power, a_disk_that_fails_or_fills_at_any_write_loses_nothing) {
  // How many operations a life has.
  std::uint64_t operations = 0;
  {
    io::FaultFileSystem fs;
    must(fs.make_directory(kFolder, 0700));
    const auto vfs = must(FaultVfs::create(fs));
    const auto store = must(Store::create(on(fs, *vfs)));
    fs.set_plan({});
    for (std::uint32_t round = 0; round < 10; ++round) {
      one_commit(*store, round);
    }
    operations = fs.count(io::DiskOperation::Write);
  }
  for (std::uint64_t n = 0; n < operations; n += 1 + n % 13) {
    for (const bool full : {false, true}) {
      io::FaultFileSystem fs;
      must(fs.make_directory(kFolder, 0700));
      const auto vfs = must(FaultVfs::create(fs));
      auto store = must(Store::create(on(fs, *vfs)));
      io::FaultPlan plan;
      if (full) {
        plan.space_bytes = n * 2500;
      } else {
        plan.failures.push_back({io::DiskOperation::Write, n, 1});
      }
      fs.set_plan(plan);
      std::string last = state_of(*store);
      for (std::uint32_t round = 0; round < 10; ++round) {
        const auto transaction = store->begin();
        if (!transaction.ok()) {
          break;
        }
        const auto sources = (*transaction)->sources();
        const auto added = sources.ok() && sources->empty()
                               ? (*transaction)->add_source("folder", "/a")
                               : Result<SourceRow>(SourceRow{1, "", "", ""});
        const std::vector<std::string> texts = {code_text(round, 9000), code_text(round + 50)};
        const std::string path = "file" + std::to_string(round % 4);
        const auto counts = (*transaction)->put_file(1, file_of(path, texts), chunks_of(texts));
        const auto committed = (*transaction)->commit();
        if (!committed.ok()) {
          EXPECT_TRUE(committed.error().code == Code::NoSpace || committed.error().code == Code::Io)
              << committed.error().message;
          break;
        }
        EXPECT_TRUE(added.ok() && counts.ok());
        last = state_of(*store);
      }
      fs.set_plan({});  // the disk is well again
      EXPECT_EQ(state_of(*store), last) << n << full;
      store = must(Store::open(on(fs, *vfs)));
      EXPECT_EQ(state_of(*store), last) << n << full;
      EXPECT_EQ(must(store->check()).size(), 0U) << n << full;
      one_commit(*store, 3);
    }
  }
}

/// What a compaction must not change: all but the generation.
std::string kept_by_compaction(Store& store) {
  const auto snapshot = must(store.snapshot());
  const std::string all = must(contents(*snapshot));
  std::string kept = all.substr(all.find(' '));
  must(snapshot->for_each_vector(1, 0, [&](std::int64_t id, const VectorRow& row) -> Status {
    kept += std::to_string(id) + row.hash.hex() + row.code;
    return {};
  }));
  return kept;
}

TEST(Power, may_go_or_the_disk_fill_at_any_write_of_a_compaction) {
  io::FaultFileSystem fs;
  std::vector<io::DiskModel> moments;
  bool recorded = false;
  io::TapeFileSystem tape(fs, [&](std::string_view, const std::string&) {
    if (recorded) {
      moments.push_back(fs.disk());
    }
  });
  must(fs.make_directory(kFolder, 0700));
  must(fs.sync_directory("/"));
  const auto vfs = must(FaultVfs::create(tape));
  const auto store = must(Store::create(on(tape, *vfs)));
  {
    const auto transaction = must(store->begin());
    const std::int64_t source = must(transaction->add_source("folder", "/a")).id;
    for (std::uint32_t i = 0; i < 30; ++i) {
      put(*transaction, source, "file" + std::to_string(i),
          {code_text(i, 6000), code_text(i + 100, 4000)});
    }
    must(transaction->add_model("m", 8));
    std::vector<VectorRow> vectors;
    for (std::uint32_t i = 0; i < 300; ++i) {
      const ContentHash hash = content_hash(std::to_string(i));
      vectors.push_back({hash, hash.hex().substr(0, 12)});
    }
    must(transaction->add_vectors(1, vectors));
    must(transaction->commit());
  }
  const std::string before = kept_by_compaction(*store);
  const io::DiskModel whole = fs.disk();
  recorded = true;
  must(store->compact({}));
  recorded = false;
  EXPECT_EQ(kept_by_compaction(*store), before);
  ASSERT_GT(moments.size(), 100U);
  const std::size_t step = std::getenv("SONDE_EXHAUSTIVE") != nullptr ? 1 : 23;
  for (std::size_t i = 0; i < moments.size(); i += step) {
    for (const io::Survival& survival : moments[i].survivals(2, 2, i)) {
      io::FaultFileSystem after(moments[i].crash(survival));
      const auto vfs_after = must(FaultVfs::create(after));
      const auto found = must(Store::open(on(after, *vfs_after)));
      ASSERT_EQ(kept_by_compaction(*found), before) << i << " " << survival.describe();
      ASSERT_EQ(must(found->check()).size(), 0U) << i << " " << survival.describe();
    }
    io::FaultFileSystem full(whole.crash(whole.survivals(1, 1, 0).front()));
    const auto vfs_full = must(FaultVfs::create(full));
    const auto found = must(Store::open(on(full, *vfs_full)));
    io::FaultPlan plan;
    plan.space_bytes = i * 3000;
    full.set_plan(plan);
    const Status compacted = found->compact({});
    EXPECT_TRUE(compacted.ok() || compacted.error().code == Code::NoSpace ||
                compacted.error().code == Code::Io)
        << compacted.error().message;
    full.set_plan({});
    ASSERT_EQ(kept_by_compaction(*found), before) << i;
    ASSERT_EQ(must(found->check()).size(), 0U) << i;
    must(found->compact({}));
    ASSERT_EQ(kept_by_compaction(*found), before) << i;
  }
}

}  // namespace
}  // namespace sonde::store
