#pragma once
// What `sonde bench vectors` measures: vectors taken as they are given, kept as Sonde keeps vectors
// always (rows of the truth, committed and synced, and a derived file), and searched one query at a
// time. Each function is a phase that runs in a process of its own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::library {

/// Files of row-major values without a head; empty: not given.
struct VectorBench {
  std::string directory;    // of the library that is made
  std::string data;         // f32 [rows, dimensions]
  std::string queries;      // f32 [queries, dimensions]
  std::string truth;        // i32 [queries, n], n >= count: the nearest rows, best first
  std::string tags;         // u8 [rows]
  std::string truth_f10;    // as truth, among rows with tag < 10
  std::string truth_f01;    // with tag 7
  std::string truth_del30;  // with a tag outside 40..69
  std::uint32_t dimensions = 384;
  std::size_t count = 10;  // nearest that are asked for
  std::size_t threads = 2;
  std::size_t effort = 0;  // of the phases that do not try several; 0: exact
};

struct SearchPoint {
  std::size_t effort = 0;
  std::size_t queries = 0;
  double recall = 0;
  double queries_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

struct BuildFigures {
  double seconds = 0;  // vectors in memory until everything is on the disk and closed
  double peak_rss_mb = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t rows = 0;
};
/// Makes the library. Errors: those of the files and the store, InvalidArgument (sizes, a folder
/// that is not empty).
Result<BuildFigures> bench_build(const VectorBench& bench);

struct OpenFigures {
  double ms = 0;  // until the first answer
  double rss_mb = 0;
  double rss_over_start_mb = 0;  // after a second of searching
};
Result<OpenFigures> bench_open(const VectorBench& bench);

struct SweepFigures {
  std::vector<SearchPoint> points;
  std::optional<SearchPoint> filter_f10;
  std::optional<SearchPoint> filter_f01;
  std::optional<SearchPoint> deleted_as_filter;  // what is deleted left out by a filter
};
/// @param efforts  tried one after the other; filters run at the first that has a recall of 0.99
Result<SweepFigures> bench_sweep(const VectorBench& bench, const std::vector<std::size_t>& efforts);

struct InsertFigures {
  std::size_t records = 0;
  double p50_ms = 0;
  double max_ms = 0;
};
/// Adds rows after the last, one a commit.
Result<InsertFigures> bench_insert(const VectorBench& bench);

struct DeleteFigures {
  double seconds = 0;
  std::uint64_t rows = 0;
  std::uint64_t disk_before = 0;
  std::uint64_t disk_after = 0;
  double compact_seconds = 0;
  std::uint64_t disk_compacted = 0;
  std::optional<SearchPoint> search;
};
/// Removes the rows with a tag of 40..69 as the library removes vectors: rows and derived file in
/// one commit.
Result<DeleteFigures> bench_delete(const VectorBench& bench);

/// Drops the library's files, and only them, from the page cache.
Status drop_from_page_cache(const VectorBench& bench);

}  // namespace sonde::library
