#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/cli/program_output.h"
#include "io/own_process.h"
#include "library/vector_bench.h"

namespace sonde::faces::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::size_t, 17> kEfforts = {500,    750,    1'000,  1'250, 1'500, 1'750,
                                                  2'000,  2'500,  3'000,  4'000, 6'000, 8'000,
                                                  10'000, 12'000, 20'000, 40'000};
constexpr double kGoodRecall = 0.99;
constexpr double kFairRecall = 0.95;

double rounded(double value, int digits) {
  const double factor = std::pow(10.0, digits);
  return std::round(value * factor) / factor;
}

Json point_object(const library::SearchPoint& point) {
  return Json{{"effort", point.effort},
              {"queries", point.queries},
              {"recall", rounded(point.recall, 4)},
              {"qps", rounded(point.queries_per_second, 1)},
              {"p50_us", rounded(point.p50_us, 1)},
              {"p99_us", rounded(point.p99_us, 1)}};
}

Json optional_point(const std::optional<library::SearchPoint>& point) {
  return point ? point_object(*point) : Json();
}

Result<Json> sweep(const library::VectorBench& bench, const std::vector<std::size_t>& efforts) {
  TRY_ASSIGN(const library::SweepFigures figures, library::bench_sweep(bench, efforts));
  Json object;
  object["sweep"] = Json::array();
  object["at95"] = object["at99"] = Json();
  for (const library::SearchPoint& point : figures.points) {
    object["sweep"].push_back(point_object(point));
    for (const auto& [name, least] : {std::pair("at95", kFairRecall), {"at99", kGoodRecall}}) {
      if (object[name].is_null() && point.recall >= least) {
        object[name] = point_object(point);
      }
    }
  }
  object["chosen_effort"] =
      object["at99"].is_null() ? efforts.back() : object["at99"]["effort"].get<std::size_t>();
  object["filter_f10"] = optional_point(figures.filter_f10);
  object["filter_f01"] = optional_point(figures.filter_f01);
  object["deleted_as_filter"] = optional_point(figures.deleted_as_filter);
  return object;
}

Result<Json> run_phase(const std::string& phase, const library::VectorBench& bench) {
  if (phase == "build") {
    TRY_ASSIGN(const library::BuildFigures figures, library::bench_build(bench));
    return Json{{"build_s", rounded(figures.seconds, 3)},
                {"build_threads", bench.threads},
                {"build_peak_rss_mb", rounded(figures.peak_rss_mb, 1)},
                {"disk_bytes", figures.disk_bytes},
                {"rows", figures.rows}};
  }
  if (phase == "open") {
    TRY_ASSIGN(const library::OpenFigures figures, library::bench_open(bench));
    return Json{{"ms", rounded(figures.ms, 2)},
                {"rss_mb", rounded(figures.rss_mb, 1)},
                {"rss_over_start_mb", rounded(figures.rss_over_start_mb, 1)}};
  }
  if (phase == "sweep") {
    return sweep(bench, {kEfforts.begin(), kEfforts.end()});
  }
  if (phase == "flat") {
    return sweep(bench, {0});
  }
  if (phase == "insert") {
    TRY_ASSIGN(const library::InsertFigures figures, library::bench_insert(bench));
    return Json{{"records", figures.records},
                {"p50_ms", rounded(figures.p50_ms, 3)},
                {"max_ms", rounded(figures.max_ms, 3)}};
  }
  if (phase == "delete") {
    TRY_ASSIGN(const library::DeleteFigures figures, library::bench_delete(bench));
    Json object{{"delete_s", rounded(figures.seconds, 3)}, {"rows", figures.rows}};
    object.update(optional_point(figures.search).is_null() ? Json::object()
                                                           : point_object(*figures.search));
    object["disk_before"] = figures.disk_before;
    object["disk_after"] = figures.disk_after;
    object["compact_s"] = rounded(figures.compact_seconds, 3);
    object["disk_compacted"] = figures.disk_compacted;
    return object;
  }
  return Error{Code::InvalidArgument, "there is no phase " + phase};
}

std::vector<std::string> phase_arguments(const library::VectorBench& bench,
                                         const std::string& phase, std::size_t effort) {
  std::vector<std::string> arguments = {"bench",
                                        "vectors",
                                        "--json",
                                        "--phase",
                                        phase,
                                        "--library",
                                        bench.directory,
                                        "--dim",
                                        fmt::to_string(bench.dimensions),
                                        "--k",
                                        fmt::to_string(bench.count),
                                        "--threads",
                                        fmt::to_string(bench.threads),
                                        "--effort",
                                        fmt::to_string(effort)};
  for (const auto& [name, path] : {std::pair("--data", bench.data),
                                   {"--queries", bench.queries},
                                   {"--truth", bench.truth},
                                   {"--tags", bench.tags},
                                   {"--truth-f10", bench.truth_f10},
                                   {"--truth-f01", bench.truth_f01},
                                   {"--truth-del30", bench.truth_del30}}) {
    if (!path.empty()) {
      arguments.insert(arguments.end(), {name, path});
    }
  }
  return arguments;
}

/// Runs a phase in a process of its own, under `wrapper` when there is one.
Result<Json> phase_in_process(const library::VectorBench& bench, const std::string& phase,
                              std::size_t effort, std::vector<std::string> wrapper = {}) {
  TRY_ASSIGN(const std::string program, io::own_program());
  std::vector<std::string> arguments = std::move(wrapper);
  arguments.push_back(program);
  const std::vector<std::string> more = phase_arguments(bench, phase, effort);
  arguments.insert(arguments.end(), more.begin(), more.end());
  TRY_ASSIGN(const std::string text, program_output(std::move(arguments), {"HOME=/nonexistent"}));
  Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) {
    return Error{Code::Internal, "the phase " + phase + " of the benchmark said nothing"};
  }
  return object;
}

/// How often the disk is asked to keep what was written during a phase; null without strace.
Result<Json> syncs_during(const library::VectorBench& bench, const std::string& phase,
                          double divisor) {
  const std::string strace = "/usr/bin/strace";
  if (::access(strace.c_str(), X_OK) != 0) {
    return Json();
  }
  const std::string log = bench.directory + ".syncs";
  TRY_ASSIGN(const Json ran,
             phase_in_process(bench, phase, bench.effort,
                              {strace, "-f", "-e", "trace=fsync,fdatasync,msync", "-o", log}));
  std::ifstream lines(log);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    count += line.find('(') != std::string::npos && line.find("resumed") == std::string::npos;
  }
  ::unlink(log.c_str());
  return Json(rounded(static_cast<double>(count) / divisor, 2));
}

Json machine_object() {
  std::string cpu = "unknown";
  double memory_gb = 0;
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.rfind("model name", 0) == 0) {
      cpu = line.substr(line.find(':') + 2);
    }
  }
  std::ifstream memory("/proc/meminfo");
  std::string word;
  if (double kib = 0; memory >> word >> kib) {
    constexpr double kKiBPerGB = 1e9 / 1'024;
    memory_gb = rounded(kib / kKiBPerGB, 1);
  }
  return Json{{"cpu", cpu},
              {"cores", std::thread::hardware_concurrency()},
              {"memory_gb", memory_gb},
              {"system", "Linux"}};
}

/// Every phase, one process after the other.
Result<Json> run_all(const library::VectorBench& bench) {
  Json codes{
      {"system", "sonde"},
      {"version", SONDE_VERSION},
      {"params", {{"codes", "1 bit a dimension"}, {"rows", "int8"}, {"lists", "3.2 sqrt(n)"}}},
      {"note", "codes of the nearest lists, then int8 products; disk_bytes with the truth"}};
  TRY_ASSIGN(const Json built, phase_in_process(bench, "build", 0));
  codes.update(built);
  TRY_ASSIGN(const Json swept, phase_in_process(bench, "sweep", 0));
  const auto effort = swept["chosen_effort"].get<std::size_t>();
  TRY_ASSIGN(const Json warm, phase_in_process(bench, "open", effort));
  codes["open_warm"] = {{"ms", warm["ms"]}};
  TRY(library::drop_from_page_cache(bench));
  TRY_ASSIGN(const Json cold, phase_in_process(bench, "open", effort));
  codes["open_cold"] = {{"ms", cold["ms"]}};
  codes["rss_mb"] = warm["rss_mb"];
  codes["rss_over_start_mb"] = warm["rss_over_start_mb"];
  codes.update(swept);
  TRY_ASSIGN(const Json flat_swept, phase_in_process(bench, "flat", 0));
  Json flat = codes;
  flat["system"] = "sonde-exact";
  flat["note"] = "int8 products with every vector";
  flat.update(flat_swept);
  TRY_ASSIGN(const Json inserted, phase_in_process(bench, "insert", effort));
  codes["insert_one"] = inserted;
  const auto records = std::max<std::size_t>(1, inserted["records"].get<std::size_t>());
  TRY_ASSIGN(const Json syncs, syncs_during(bench, "insert", static_cast<double>(records)));
  codes["durable"] = {{"syncs_per_insert", syncs}};
  if (!bench.tags.empty()) {
    TRY_ASSIGN(codes["delete30"], phase_in_process(bench, "delete", effort));
  }
  const auto rows = built["rows"];
  return Json{{"bench", "vectors"},
              {"format", 1},
              {"machine", machine_object()},
              {"k", bench.count},
              {"dim", bench.dimensions},
              {"date", fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)))},
              {"data", {{"n", rows}, {"queries", codes["sweep"][0]["queries"]}}},
              {"systems", {codes, flat}}};
}

}  // namespace

Result<int> run_bench_vectors(Context& context) {
  library::VectorBench bench = context.invocation.bench.vectors;
  for (std::string* path : {&bench.data, &bench.queries, &bench.truth, &bench.tags,
                            &bench.truth_f10, &bench.truth_f01, &bench.truth_del30}) {
    if (!path->empty()) {
      *path = context.absolute(*path);
    }
  }
  const std::string& library = context.invocation.common.library;
  bench.directory = context.absolute(library.empty() ? "sonde-bench-vectors" : library);
  bench.threads = context.invocation.common.threads.value_or(
      std::max<std::size_t>(1, std::thread::hardware_concurrency()));
  const std::string& phase = context.invocation.bench.phase;
  TRY_ASSIGN(Json object, phase.empty() ? run_all(bench) : run_phase(phase, bench));
  print_json(context, json::Document(std::move(object)));
  return kDone;
}

}  // namespace sonde::faces::cli
