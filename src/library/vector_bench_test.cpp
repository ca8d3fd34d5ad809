#include "library/vector_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>

#include "io/test_folder.h"

namespace sonde::library {
namespace {

constexpr std::uint32_t kDimensions = 24;
constexpr std::size_t kRows = 400;
constexpr std::size_t kQueries = 20;

template <typename T>
void write_values(const std::string& path, const std::vector<T>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}

/// Random vectors with their nearest rows, found with floats.
class BenchFiles {
 public:
  BenchFiles() {
    std::mt19937 random(31);
    std::normal_distribution<float> normal;
    std::vector<float> data(kRows * kDimensions);
    std::vector<float> queries(kQueries * kDimensions);
    std::generate(data.begin(), data.end(), [&] { return normal(random); });
    std::generate(queries.begin(), queries.end(), [&] { return normal(random); });
    std::vector<std::uint8_t> tags(kRows);
    for (std::size_t i = 0; i < kRows; ++i) {
      tags[i] = static_cast<std::uint8_t>(i * 7 % 100);
    }
    bench.directory = folder_.path("library");
    bench.dimensions = kDimensions;
    bench.count = 5;
    write_values(bench.data = folder_.path("base.f32"), data);
    write_values(bench.queries = folder_.path("queries.f32"), queries);
    write_values(bench.tags = folder_.path("tags.u8"), tags);
    const auto nearest = [&](const char* name, const auto& pass) {
      std::vector<std::int32_t> truth;
      for (std::size_t q = 0; q < kQueries; ++q) {
        const auto product = [&](std::int32_t row) {
          return std::inner_product(queries.begin() + static_cast<long>(q * kDimensions),
                                    queries.begin() + static_cast<long>((q + 1) * kDimensions),
                                    data.begin() + row * static_cast<long>(kDimensions), 0.0);
        };
        std::vector<std::int32_t> rows;
        for (std::size_t row = 0; row < kRows; ++row) {
          if (pass(tags[row])) {
            rows.push_back(static_cast<std::int32_t>(row));
          }
        }
        std::sort(rows.begin(), rows.end(),
                  [&](std::int32_t a, std::int32_t b) { return product(a) > product(b); });
        rows.resize(bench.count, -1);
        truth.insert(truth.end(), rows.begin(), rows.end());
      }
      const std::string path = folder_.path(name);
      write_values(path, truth);
      return path;
    };
    bench.truth = nearest("truth", [](int) { return true; });
    bench.truth_f10 = nearest("truth_f10", [](int tag) { return tag < 10; });
    bench.truth_del30 = nearest("truth_del30", [](int tag) { return tag < 40 || tag > 69; });
  }

  VectorBench bench;

 private:
  io::TestFolder folder_;
};

TEST(VectorBench, finds_the_nearest_through_every_phase) {
  const BenchFiles files;
  const BuildFigures built = bench_build(files.bench).value();
  EXPECT_EQ(built.rows, kRows);
  EXPECT_GT(built.disk_bytes, kRows * kDimensions);
  const SweepFigures swept = bench_sweep(files.bench, {0, 1'000}).value();
  ASSERT_EQ(swept.points.size(), 2U);
  for (const SearchPoint& point : swept.points) {
    EXPECT_EQ(point.queries, kQueries);
    EXPECT_GE(point.recall, 0.95);  // int8 against float
  }
  ASSERT_TRUE(swept.filter_f10 && swept.deleted_as_filter && !swept.filter_f01);
  EXPECT_GE(swept.filter_f10->recall, 0.95);
  EXPECT_GE(swept.deleted_as_filter->recall, 0.95);
  EXPECT_GT(bench_open(files.bench).value().ms, 0);
  EXPECT_EQ(bench_insert(files.bench).value().records, kQueries);
  const DeleteFigures deleted = bench_delete(files.bench).value();
  EXPECT_EQ(deleted.rows, kRows * 3 / 10);
  EXPECT_LT(deleted.disk_compacted, deleted.disk_before);
  ASSERT_TRUE(deleted.search);
  EXPECT_GE(deleted.search->recall, 0.95);
}

TEST(VectorBench, files_that_do_not_go_together_are_refused) {
  const BenchFiles files;
  VectorBench wrong = files.bench;
  wrong.dimensions = 7;
  EXPECT_EQ(bench_build(wrong).error().code, Code::InvalidArgument);
  ASSERT_TRUE(bench_build(files.bench).ok());
  wrong = files.bench;
  wrong.count = 6;  // more than the truth tells
  EXPECT_EQ(bench_sweep(wrong, {0}).error().code, Code::InvalidArgument);
  EXPECT_EQ(bench_build(files.bench).error().code, Code::InvalidArgument) << "a library is there";
}

}  // namespace
}  // namespace sonde::library
