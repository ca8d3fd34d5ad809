#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "faces/cli/context.h"
#include "faces/cli/encoder_door.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/cli/program_output.h"
#include "io/own_process.h"

namespace sonde::faces::cli {

namespace {

constexpr int kStarts = 3;

double rounded(double value, int digits) {
  const double factor = std::pow(10.0, digits);
  return std::round(value * factor) / factor;
}

/// From the start of a process to its end, which comes right after the first vector; best of three.
Result<double> startup_ms(const Context& context, const std::string& precision) {
  TRY_ASSIGN(const std::string program, io::own_program());
  std::vector<std::string> arguments = {program,   "embed",       "--query",
                                        "--quiet", "--precision", precision};
  if (!context.invocation.bench.model.empty()) {
    arguments.insert(arguments.end(), {"--model", context.invocation.bench.model});
  }
  arguments.emplace_back("where are locks taken");
  std::vector<std::string> environment;
  for (const char* const name : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}) {
    const std::string value = context.environment.variable(name);
    if (!value.empty()) {
      environment.push_back(std::string(name) + "=" + value);
    }
  }
  double best = INFINITY;
  for (int i = 0; i < kStarts; ++i) {
    const auto start = std::chrono::steady_clock::now();
    TRY(program_output(arguments, environment));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

Result<int> run_bench_encoder(Context& context) {
  library::EncoderBench bench = context.invocation.bench.encoder;
  bench.texts = context.absolute(bench.texts);
  if (!bench.vectors.empty()) {
    bench.vectors = context.absolute(bench.vectors);
  }
  const std::size_t threads = context.invocation.common.threads.value_or(
      std::max<std::size_t>(1, std::thread::hardware_concurrency()));
  if (threads == 1) {
    TRY(io::stay_on_one_processor());
  }
  TRY_ASSIGN(const OpenedEncoder opened,
             open_chosen_encoder(context, context.invocation.bench.model));
  TRY_ASSIGN(const library::EncoderFigures figures,
             library::bench_encoder(bench, *opened.encoder, context.cancel));
  TRY_ASSIGN(const double start_ms, startup_ms(context, opened.encoder->id().precision));
  nlohmann::ordered_json object{{"bench", "encoder"},
                                {"format", 1},
                                {"precision", opened.encoder->id().precision},
                                {"threads", threads},
                                {"texts", figures.texts},
                                {"tokens", figures.tokens},
                                {"tokens_per_s", rounded(figures.tokens_per_second, 1)},
                                {"docs_per_s", rounded(figures.texts_per_second, 2)},
                                {"spread", rounded(figures.spread, 3)},
                                {"query_ms_p50", rounded(figures.query_p50_ms, 3)},
                                {"query_ms_p99", rounded(figures.query_p99_ms, 3)},
                                {"startup_ms", rounded(start_ms, 1)},
                                {"rss_mb", rounded(figures.peak_rss_mb, 1)}};
  if (!bench.vectors.empty()) {
    object["vectors"] = bench.vectors;
  }
  print_json(context, json::Document(std::move(object)));
  return kDone;
}

}  // namespace sonde::faces::cli
