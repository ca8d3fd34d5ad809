#include <gtest/gtest.h>

#include <numeric>

#include "index/segment.h"
#include "index/segment_testing.h"

namespace sonde::index {
namespace {

using testing::build;
using testing::open;
using testing::Oracle;
using testing::random_files;
using testing::StringSink;

bool before(const AnalyzedFile& a, const AnalyzedFile& b) {
  return std::tie(a.source, a.path) < std::tie(b.source, b.path);
}

std::string merge(const std::vector<MergeInput>& inputs) {
  StringSink sink;
  const auto summary = merge_segments(inputs, sink, CancelToken());
  EXPECT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->checksum, checksum64(sink.bytes()));
  return sink.bytes();
}

/// Spreads files over parts at random, each with dead files (older versions of files of other parts
/// and others that are gone).
struct Spread {
  std::vector<MergeInput> inputs;
  std::vector<AnalyzedFile> live;
};

Spread spread(std::uint64_t seed, std::size_t files, std::size_t parts) {
  std::mt19937_64 random(seed);
  Spread result;
  std::vector<std::vector<std::pair<AnalyzedFile, bool>>> parted(parts);
  const testing::Shape shape{.files = files, .vocabulary = 20 + random() % 600};
  const auto old = random_files(seed + 1'000'000, shape);  // the same names, other content
  for (const AnalyzedFile& file : random_files(seed, shape)) {
    const std::size_t part = random() % parts;
    const bool live = random() % 4 != 0;
    parted[part].emplace_back(file, live);
    if (live) {
      result.live.push_back(file);
    }
    const std::size_t other = random() % parts;
    if (other != part) {
      parted[other].emplace_back(old[random() % old.size()], false);
      parted[other].back().first.path = file.path;
      parted[other].back().first.source = file.source;
    }
  }
  for (auto& part : parted) {
    std::sort(part.begin(), part.end(),
              [](const auto& a, const auto& b) { return before(a.first, b.first); });
    std::vector<AnalyzedFile> content;
    MergeInput input;
    for (std::uint32_t i = 0; i < part.size(); ++i) {
      content.push_back(part[i].first);
      if (!part[i].second) {
        input.dead_files.push_back(i);
      }
    }
    std::shuffle(content.begin(), content.end(), random);
    input.segment = open(build(content)).value();
    result.inputs.push_back(std::move(input));
  }
  return result;
}

TEST(Merge, gives_the_bytes_of_a_builder_of_the_live_files) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spread given = spread(seed, seed * 2, 1 + seed % 7);
    const std::string merged = merge(given.inputs);
    ASSERT_TRUE(merged == build(given.live)) << "seed " << seed;
  }
}

TEST(Merge, gives_the_same_bytes_in_steps_as_at_once) {
  for (std::uint64_t seed = 200; seed < 215; ++seed) {
    const Spread given = spread(seed, 60, 5);
    const std::string at_once = merge(given.inputs);
    std::vector<MergeInput> rest = given.inputs;
    std::mt19937_64 random(seed);
    while (rest.size() > 1) {
      std::shuffle(rest.begin(), rest.end(), random);
      const std::string pair = merge({rest[0], rest[1]});
      rest.erase(rest.begin(), rest.begin() + 2);
      rest.push_back({open(pair).value(), {}});
    }
    ASSERT_TRUE(merge(rest) == at_once) << "seed " << seed;
  }
}

TEST(Merge, of_nothing_or_of_the_dead_is_the_empty_segment) {
  EXPECT_TRUE(merge({}) == build({}));
  const auto segment = open(build(random_files(1, {.files = 9}))).value();
  std::vector<std::uint32_t> all(segment->files());
  std::iota(all.begin(), all.end(), 0U);
  EXPECT_TRUE(merge({{segment, all}}) == build({}));
}

TEST(Merge, refuses_a_file_live_twice_and_a_file_that_is_not_there) {
  const auto segment = open(build(random_files(2, {.files = 9}))).value();
  StringSink sink;
  EXPECT_EQ(merge_segments({{segment, {}}, {segment, {}}}, sink, CancelToken()).error().code,
            Code::InvalidArgument);
  EXPECT_EQ(merge_segments({{segment, {9}}}, sink, CancelToken()).error().code,
            Code::InvalidArgument);
}

TEST(Merge, stops_when_cancelled) {
  const auto segment = open(build(random_files(3, {.files = 9}))).value();
  CancelSource cancel;
  cancel.cancel();
  StringSink sink;
  EXPECT_EQ(merge_segments({{segment, {}}}, sink, cancel.token()).error().code, Code::Cancelled);
}

TEST(Merge, passes_on_what_its_sink_says) {
  class FullSink final : public io::BlockSink {
   public:
    Status append(std::string_view) override { return Error{Code::NoSpace, "full"}; }
  };
  const auto segment = open(build(random_files(4, {.files = 9}))).value();
  FullSink sink;
  EXPECT_EQ(merge_segments({{segment, {}}}, sink, CancelToken()).error().code, Code::NoSpace);
}

}  // namespace
}  // namespace sonde::index
