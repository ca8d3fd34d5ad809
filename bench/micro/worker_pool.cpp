// What a process of its own costs: per job, against the same handler called here, and per start.
// Needs sonde-worker beside the bench program.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "worker/pool.h"

namespace {

using namespace sonde::worker;

std::unique_ptr<Pool> make_pool(benchmark::State& state, std::size_t jobs_per_process) {
  PoolOptions options;
  options.program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "sonde-worker").string();
  options.workers = 1;
  options.jobs_per_process = jobs_per_process;
  auto pool = Pool::create(options);
  if (!pool.ok()) {
    state.SkipWithError(pool.error().message.c_str());
    return nullptr;
  }
  return std::move(pool).value();
}

std::vector<Job> batch(std::size_t jobs, std::size_t bytes) {
  return std::vector<Job>(jobs, Job{JobKind::Echo, std::string(bytes, 'x')});
}

/// range: jobs in a batch, bytes of a payload. Items are jobs.
void echo_in_a_worker(benchmark::State& state) {
  const auto pool = make_pool(state, std::size_t{1} << 40);
  const auto jobs =
      batch(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    if (!pool) {
      break;
    }
    const auto results = pool->run(jobs, {});
    if (results.back().outcome != Outcome::Done) {
      state.SkipWithError(results.back().reason.c_str());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(echo_in_a_worker)
    ->Args({1, 100})
    ->Args({64, 100})
    ->Args({20'000, 100})
    ->Args({256, 8 << 10})
    ->Args({8, 1 << 20})
    ->UseRealTime();

void echo_here(benchmark::State& state) {
  const Handler handler = [](std::string_view payload) { return std::string(payload); };
  const auto jobs =
      batch(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    for (const Job& job : jobs) {
      auto answer = handler(job.payload);
      benchmark::DoNotOptimize(answer);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(echo_here)->Args({20'000, 100})->Args({256, 8 << 10})->UseRealTime();

/// Start, sandbox, one job, end.
void start_of_a_worker(benchmark::State& state) {
  const auto pool = make_pool(state, 1);
  const auto jobs = batch(1, 100);
  for (auto _ : state) {
    if (!pool) {
      break;
    }
    benchmark::DoNotOptimize(pool->run(jobs, {}));
  }
}
BENCHMARK(start_of_a_worker)->UseRealTime();

}  // namespace
