#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <set>

#include "base/snapshot_cell.h"

namespace sonde {
namespace {

TEST(ThreadPool, runs_every_task_once_before_it_ends) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3, "test", 4);  // more tasks than may wait: submit blocks and goes on
    for (int i = 0; i < 500; ++i) {
      pool.submit([&] { ++ran; });
    }
  }
  EXPECT_EQ(ran.load(), 500);
}

TEST(ThreadPool, wait_idle_returns_when_all_is_done_and_the_pool_goes_on) {
  ThreadPool pool(2, "test");
  std::atomic<int> ran{0};
  pool.wait_idle();
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 10; ++i) {
      pool.submit([&] { ++ran; });
    }
    pool.wait_idle();
    EXPECT_EQ(ran.load(), round * 10);
  }
}

TEST(ThreadPool, for_each_meets_every_index_once) {
  ThreadPool pool(4, "test");
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{999}}) {
    std::vector<std::atomic<int>> met(count);
    pool.for_each(count, [&](std::size_t i) { ++met[i]; });
    for (const auto& times : met) {
      EXPECT_EQ(times.load(), 1);
    }
  }
}

TEST(ThreadPool, for_each_ends_though_every_thread_is_busy_and_the_queue_is_full) {
  ThreadPool pool(2, "test", 1);
  std::mutex gate;
  gate.lock();
  for (int i = 0; i < 3; ++i) {  // two run, one waits
    pool.submit([&] { const std::lock_guard wait(gate); });
  }
  std::atomic<int> met{0};
  pool.for_each(100, [&](std::size_t) { ++met; });  // the calling thread does it all
  EXPECT_EQ(met.load(), 100);
  gate.unlock();
  pool.wait_idle();
}

TEST(ThreadPool, for_each_from_many_threads_under_load) {
  ThreadPool pool(3, "test", 2);
  std::vector<std::thread> callers;
  std::atomic<std::size_t> sum{0};
  std::atomic<int> others{0};
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        pool.submit([&] { ++others; });
        pool.for_each(20, [&](std::size_t i) { sum += i; });
      }
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
  pool.wait_idle();
  EXPECT_EQ(sum.load(), 4U * 50U * 190U);
  EXPECT_EQ(others.load(), 200);
}

TEST(ThreadPool, its_size_is_clamped_and_its_threads_have_names) {
  ThreadPool pool(0, "a-name-that-is-too-long");
  EXPECT_EQ(pool.size(), 1U);
  std::string name(16, '\0');
  pool.submit([&] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  pool.wait_idle();
  EXPECT_EQ(name.substr(0, 15), "a-name-that-is-");
}

TEST(SnapshotCell, readers_see_whole_values_while_a_writer_replaces_them) {
  SnapshotCell<std::vector<int>> cell(std::make_shared<const std::vector<int>>(10, 0));
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto value = cell.get();
        torn += std::set<int>(value->begin(), value->end()).size() == 1 ? 0 : 1;
      }
    });
  }
  for (int i = 1; i <= 2000; ++i) {
    cell.set(std::make_shared<const std::vector<int>>(10, i));
  }
  stop = true;
  for (auto& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(torn.load(), 0);
  EXPECT_EQ(cell.get()->front(), 2000);
}

}  // namespace
}  // namespace sonde
