#include "worker/pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <thread>

#include "io/file_system.h"

namespace sonde::worker {
namespace {

using std::chrono::milliseconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string helper() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "worker_test_helper")
      .string();
}

std::unique_ptr<Pool> make_pool(std::size_t workers = 2,
                                milliseconds deadline = milliseconds(60'000),
                                std::size_t jobs_per_process = 20'000) {
  PoolOptions options;
  options.program = helper();
  options.workers = workers;
  options.memory_limit_bytes = 256ULL << 20;
  options.job_deadline = deadline;
  options.jobs_per_process = jobs_per_process;
  auto pool = Pool::create(options);
  EXPECT_TRUE(pool.ok()) << pool.error().message;
  return std::move(pool).value();
}

Job echo(std::string payload) { return {JobKind::Echo, std::move(payload)}; }
Job misbehave(std::string how) { return {JobKind::Misbehave, std::move(how)}; }

JobResult run_one(Pool& pool, Job job) { return pool.run(std::array{std::move(job)}, {}).at(0); }

/// Processes whose parent is `parent` (zombies too), by their ids.
std::vector<int> children_of(int parent) {
  std::vector<int> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const auto stat = io::read_file(io::real_file_system(), "/proc/" + name + "/stat", 4096);
    if (!stat.ok()) {
      continue;
    }
    const std::size_t end = stat->rfind(')');
    if (end != std::string::npos && std::stoi(stat->substr(end + 4)) == parent) {
      children.push_back(std::stoi(name));
    }
  }
  return children;
}

TEST(Pool, a_missing_program_or_senseless_options_are_refused) {
  PoolOptions options;
  options.program = "/no/such/program";
  EXPECT_EQ(Pool::create(options).error().code, Code::NotFound);
  options.program = helper();
  options.workers = 0;
  EXPECT_EQ(Pool::create(options).error().code, Code::InvalidArgument);
  options.workers = 65;
  EXPECT_EQ(Pool::create(options).error().code, Code::InvalidArgument);
}

TEST(Pool, answers_come_in_order_and_the_process_stays_warm) {
  const auto pool = make_pool();
  EXPECT_TRUE(pool->run({}, {}).empty());
  EXPECT_EQ(pool->counters().started, 0U);
  for (int round = 0; round < 3; ++round) {
    std::vector<Job> jobs;
    for (int i = 0; i < 100; ++i) {
      jobs.push_back(echo("job " + std::to_string(i)));
    }
    const auto results = pool->run(jobs, {});
    ASSERT_EQ(results.size(), jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      EXPECT_EQ(results[i].outcome, Outcome::Done);
      EXPECT_EQ(results[i].payload, jobs[i].payload);
    }
  }
  EXPECT_EQ(pool->counters().started, 1U);
  EXPECT_EQ(pool->counters().crashed + pool->counters().killed, 0U);
  EXPECT_EQ(pool->counters().unfiltered, kSanitized ? 1U : 0U);
}

TEST(Pool, twenty_thousand_jobs_are_pipelined) {
  const auto pool = make_pool();
  std::vector<Job> jobs;
  for (int i = 0; i < 20'000; ++i) {
    jobs.push_back(echo(std::to_string(i)));
  }
  const auto results = pool->run(jobs, {});
  ASSERT_EQ(results.size(), jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    ASSERT_EQ(results[i].outcome, Outcome::Done) << results[i].reason;
    ASSERT_EQ(results[i].payload, jobs[i].payload);
  }
  EXPECT_EQ(pool->counters().started, 1U);
}

TEST(Pool, large_payloads_go_both_ways_without_a_deadlock) {
  const auto pool = make_pool();
  std::vector<Job> jobs;
  for (int i = 0; i < 3; ++i) {
    jobs.push_back(echo(std::string(std::size_t{20} << 20, static_cast<char>('a' + i))));
  }
  const auto results = pool->run(jobs, {});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    ASSERT_EQ(results.at(i).outcome, Outcome::Done) << results[i].reason;
    EXPECT_TRUE(results[i].payload == jobs[i].payload);
  }
}

TEST(Pool, a_job_over_the_protocols_limit_fails_alone) {
  const auto pool = make_pool();
  const std::array jobs{echo("a"), echo(std::string((256ULL << 20) + 1, 'x')), echo("b")};
  const auto results = pool->run(jobs, {});
  EXPECT_EQ(results[0].payload, "a");
  EXPECT_EQ(results[1].outcome, Outcome::Failed);
  EXPECT_NE(results[1].reason.find("limit"), std::string::npos);
  EXPECT_EQ(results[2].payload, "b");
}

struct Misdeed {
  const char* how;
  Outcome outcome;
  const char* reason;  // a part of it; empty where sanitizers end the process in their own way
};

class Misbehaviour : public testing::TestWithParam<Misdeed> {};

TEST_P(Misbehaviour, costs_exactly_its_job) {  // [INV-5]
  const Misdeed& misdeed = GetParam();
  // Long enough that no honest answer misses it on a busy machine.
  const bool times_out = misdeed.outcome == Outcome::TimedOut;
  const auto pool = make_pool(1, milliseconds(times_out ? 1'000 : 60'000));
  std::vector<Job> jobs;
  for (int i = 0; i < 9; ++i) {
    jobs.push_back(echo("job " + std::to_string(i)));
  }
  jobs[4] = misbehave(misdeed.how);
  const auto results = pool->run(jobs, {});
  ASSERT_EQ(results.size(), jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i != 4) {
      EXPECT_EQ(results[i].outcome, Outcome::Done) << i << results[i].reason;
      EXPECT_EQ(results[i].payload, jobs[i].payload);
    }
  }
  EXPECT_EQ(outcome_name(results[4].outcome), std::string(outcome_name(misdeed.outcome)));
  EXPECT_NE(results[4].reason.find(misdeed.reason), std::string::npos) << results[4].reason;
  const auto counters = pool->counters();
  if (misdeed.outcome != Outcome::Failed) {
    EXPECT_EQ(counters.started, 3U);  // the first, the one for the second try, the one after
    EXPECT_EQ(counters.crashed + counters.killed, 2U);
  }
}

constexpr const char* in_normal_builds(const char* reason) { return kSanitized ? "" : reason; }

const std::vector<Misdeed> kMisdeeds = {
    {"null", Outcome::Crashed, in_normal_builds("killed by SIGSEGV")},
    {"abort", Outcome::Crashed, in_normal_builds("killed by SIGABRT")},
    {"overflow", Outcome::Crashed, in_normal_builds("killed by SIGSEGV")},
    {"exit", Outcome::Crashed, "ended with exit code 0"},
    {"hang", Outcome::TimedOut, "no answer within 1 s"},
    {"garble", Outcome::Garbled, "checksum"},
    {"noise", Outcome::Garbled, "mark"},
    {"wrong id", Outcome::Garbled, "not asked"},
    {"partial and exit", Outcome::Crashed, "in the middle of an answer"},
    {"partial and hang", Outcome::TimedOut, "no answer within 1 s"},
    {"too long", Outcome::Garbled, "limit"},
    {"trickle", Outcome::TimedOut, "no answer within 1 s"},
    {"fail", Outcome::Failed, "failed as told"},
    {"throw", Outcome::Failed, "thrown as told"},
    {"bad_alloc", Outcome::OutOfMemory, "memory limit"},
};
// Sanitizers' builds run without the memory limit.
const std::vector<Misdeed> kMemoryMisdeeds = {
    {"eat", Outcome::OutOfMemory, "memory limit"},
    {"eat in c and abort", Outcome::OutOfMemory, "memory limit"},
    {"eat in c and write", Outcome::OutOfMemory, "memory limit"},
};

std::string misdeed_name(const testing::TestParamInfo<Misdeed>& info) {
  std::string name = info.param.how;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Pool, Misbehaviour, testing::ValuesIn(kMisdeeds), misdeed_name);
INSTANTIATE_TEST_SUITE_P(Memory, Misbehaviour,
                         testing::ValuesIn(kSanitized ? std::vector<Misdeed>{} : kMemoryMisdeeds),
                         misdeed_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Misbehaviour);

TEST(Pool, a_job_that_only_a_used_process_spoils_succeeds_at_its_second_try) {
  const auto pool = make_pool(1);
  const std::array jobs{echo("a"), misbehave("unless first: abort"), echo("b")};
  const auto results = pool->run(jobs, {});
  EXPECT_EQ(results[0].payload, "a");
  EXPECT_EQ(results[1].outcome, Outcome::Done) << results[1].reason;
  EXPECT_EQ(results[1].payload, "behaved");
  EXPECT_EQ(results[2].payload, "b");
  EXPECT_EQ(pool->counters().started, 2U);
}

TEST(Pool, a_batch_of_nothing_but_poison_ends) {
  const auto pool = make_pool();
  const std::vector<Job> jobs(10, misbehave("exit"));
  for (const JobResult& result : pool->run(jobs, {})) {
    EXPECT_EQ(result.outcome, Outcome::Crashed);
  }
  EXPECT_EQ(run_one(*pool, echo("alive")).payload, "alive");
}

TEST(Pool, the_sandbox_refuses_files_sockets_and_processes) {
  if (kSanitized) {
    EXPECT_EQ(run_one(*make_pool(), misbehave("try open")).payload, "it went through");
    return;
  }
  const auto pool = make_pool();
  for (const char* what : {"try open", "try fork", "try socket", "try exec", "try kill"}) {
    EXPECT_EQ(run_one(*pool, misbehave(what)).payload, "EPERM") << what;
  }
  EXPECT_EQ(pool->counters().started, 1U);
}

TEST(Pool, an_unknown_kind_fails_and_says_so) {
  const auto pool = make_pool();
  const auto result = run_one(*pool, {JobKind::Chunk, "x"});
  EXPECT_EQ(result.outcome, Outcome::Failed);
  EXPECT_NE(result.reason.find("kind 10"), std::string::npos);
}

TEST(Pool, a_process_is_replaced_after_its_number_of_jobs) {
  const auto pool = make_pool(1, milliseconds(60'000), 10);
  std::vector<Job> jobs;
  for (int i = 0; i < 35; ++i) {
    jobs.push_back(echo(std::to_string(i)));
  }
  const auto results = pool->run(jobs, {});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(results[i].payload, jobs[i].payload);
  }
  EXPECT_EQ(pool->counters().started, 4U);
  EXPECT_EQ(pool->counters().crashed + pool->counters().killed, 0U);
}

TEST(Pool, a_program_that_cannot_serve_is_unavailable_and_no_job_is_blamed) {
  PoolOptions options;
  options.program = "/bin/true";
  const auto pool = Pool::create(options).value();
  const auto results = pool->run(std::vector<Job>(1000, echo("x")), {});
  for (const JobResult& result : results) {
    ASSERT_EQ(result.outcome, Outcome::Unavailable);
    ASSERT_NE(result.reason.find("exit code 0"), std::string::npos) << result.reason;
  }
}

TEST(Pool, a_warm_process_that_somebody_killed_costs_no_job) {
  const auto pool = make_pool(1);
  EXPECT_EQ(run_one(*pool, echo("a")).payload, "a");
  for (const int pid : children_of(::getpid())) {
    ::kill(pid, SIGKILL);
  }
  EXPECT_EQ(run_one(*pool, echo("b")).payload, "b");
  EXPECT_EQ(pool->counters().started, 2U);
}

TEST(Pool, eight_threads_share_three_processes) {
  const auto pool = make_pool(3, milliseconds(60'000));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 5; ++round) {
        std::vector<Job> jobs;
        for (int i = 0; i < 50; ++i) {
          jobs.push_back(echo(std::to_string(t * 1000 + i)));
        }
        jobs[static_cast<std::size_t>(t)] = misbehave("exit");
        const auto results = pool->run(jobs, {});
        for (std::size_t i = 0; i < jobs.size(); ++i) {
          const bool right = i == static_cast<std::size_t>(t)
                                 ? results[i].outcome == Outcome::Crashed
                                 : results[i].payload == jobs[i].payload;
          wrong += right ? 0 : 1;
        }
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_LE(children_of(::getpid()).size(), 3U);
}

TEST(Pool, a_process_outlives_the_thread_that_first_used_it) {
  const auto pool = make_pool(1);
  std::thread([&] { EXPECT_EQ(run_one(*pool, echo("a")).payload, "a"); }).join();
  EXPECT_EQ(run_one(*pool, echo("b")).payload, "b");
  EXPECT_EQ(pool->counters().started, 1U);
}

TEST(Pool, cancelling_ends_a_batch_and_the_rest_says_cancelled) {
  const auto pool = make_pool(1);
  CancelSource source;
  std::atomic<bool> running{false};
  std::vector<JobResult> results;
  std::thread caller([&] {
    running = true;
    results = pool->run(std::array{echo("a"), misbehave("hang"), echo("b")}, source.token());
  });
  while (!running || pool->counters().started == 0) {
    std::this_thread::yield();
  }
  source.cancel();
  caller.join();
  EXPECT_EQ(results[1].outcome, Outcome::Cancelled);
  EXPECT_EQ(results[2].outcome, Outcome::Cancelled);
  EXPECT_EQ(run_one(*pool, echo("again")).payload, "again");
}

TEST(Pool, destroyed_with_work_in_flight_leaves_no_process) {
  auto pool = make_pool(2);
  std::vector<std::thread> callers;
  std::atomic<int> cancelled{0};
  for (int t = 0; t < 4; ++t) {  // two run, two wait for a slot
    callers.emplace_back([&, &used = *pool] {
      const auto results = used.run(std::array{misbehave("hang"), echo("x")}, {});
      cancelled += results[1].outcome == Outcome::Cancelled ? 1 : 0;
    });
  }
  while (pool->counters().started < 2) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(milliseconds(50));  // lets the other two arrive
  pool.reset();
  EXPECT_TRUE(children_of(::getpid()).empty());
  for (auto& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(cancelled.load(), 4);
}

/// What the child of the test below does: it tells its workers' ids and then works until killed.
[[noreturn]] void supervise(int out) {
  const auto pool = make_pool(2);
  run_one(*pool, echo("warm"));
  std::thread hanging([&] { run_one(*pool, misbehave("hang")); });
  std::thread second([&] { run_one(*pool, misbehave("hang")); });
  while (pool->counters().started < 2) {
    std::this_thread::yield();
  }
  std::string pids;
  for (const int pid : children_of(::getpid())) {
    pids += std::to_string(pid) + " ";
  }
  pids += "\n";
  static_cast<void>(!::write(out, pids.data(), pids.size()));
  for (;;) {
    ::pause();
  }
}

TEST(Pool, a_supervisor_killed_by_sigkill_leaves_no_worker_behind) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    supervise(ends[1]);
  }
  std::string line;
  for (char c = 0; c != '\n' && ::read(ends[0], &c, 1) == 1;) {
    line += c;
  }
  std::istringstream stream(line);
  const std::vector<int> workers{std::istream_iterator<int>(stream), {}};
  EXPECT_EQ(workers.size(), 2U) << line;
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  ASSERT_EQ(::waitpid(supervisor, nullptr, 0), supervisor);
  const auto gone = [](int pid) {
    // A zombie that its new parent has not reaped yet runs no more.
    const auto stat =
        io::read_file(io::real_file_system(), "/proc/" + std::to_string(pid) + "/stat", 4096);
    return !stat.ok() || stat->find(") Z") != std::string::npos ||
           stat->find(") X") != std::string::npos;
  };
  for (const int pid : workers) {
    for (int i = 0; i < 10'000 && !gone(pid); ++i) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE(gone(pid)) << pid;
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sonde::worker
