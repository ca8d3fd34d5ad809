// The nearest by codes against the nearest by products with all.

#include "index/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "index/meaning_scores.h"
#include "index/search_testing.h"
#include "index/vector_partition.h"
#include "index/vectors_testing.h"

namespace sonde::index {
namespace {

using vectors_testing::Clumps;
using vectors_testing::opened;
using vectors_testing::set_of;
using vectors_testing::written;

constexpr std::uint32_t kDimensions = 64;
constexpr std::size_t kMany = kWholeLimit + 2'000;
constexpr std::size_t kQueries = 60;

/// Enough vectors to be divided, made once for all tests.
struct Library {
  std::vector<VectorSet::Row> rows;
  std::string bytes;
  std::shared_ptr<const VectorSet> set;
  std::vector<VectorQuery> queries;
};

const Library& library() {
  static const Library made = [] {
    Library library;
    Clumps clumps(17, 300, kDimensions);
    for (std::size_t i = 0; i < kMany; ++i) {
      library.rows.emplace_back(content_hash("text " + std::to_string(i)),
                                pack_code(encode_vector(clumps.next()).value()));
    }
    library.bytes = written({set_of(library.rows, kDimensions)}, kDimensions);
    library.set = opened(library.bytes, kDimensions).value();
    for (std::size_t i = 0; i < kQueries; ++i) {
      library.queries.push_back(encode_query(clumps.next()).value());
    }
    return library;
  }();
  return made;
}

std::vector<Near> found(const VectorQuery& query, const NearestOptions& options,
                        NearestCost* cost = nullptr) {
  NearestCost own;
  return nearest(*library().set, NearestQuery(query), options, cost == nullptr ? own : *cost, {})
      .value();
}

/// The share of the exact answers that a search by codes finds.
double recall(NearestOptions options) {
  std::size_t hits = 0;
  std::size_t wanted = 0;
  for (const VectorQuery& query : library().queries) {
    const std::vector<Near> near = found(query, options);
    NearestOptions exact = options;
    exact.effort = 0;
    const std::vector<Near> truth = found(query, exact);
    wanted += truth.size();
    for (const Near& one : truth) {
      hits += static_cast<std::size_t>(std::count_if(
          near.begin(), near.end(), [&](const Near& other) { return other.place == one.place; }));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(wanted);
}

PlaceFilter every(std::uint32_t step) {
  PlaceFilter filter(kMany);
  for (std::uint32_t place = 0; place < kMany; place += step) {
    filter.allow(place);
  }
  return filter;
}

TEST(Nearest, exact_answers_are_those_of_comparing_all) {
  const Library& all = library();
  std::map<ContentHash, VectorCode> codes;
  for (const auto& [hash, bytes] : all.rows) {
    codes.emplace(hash, unpack_code(bytes, kDimensions).value());
  }
  NearestOptions options;
  options.effort = 0;
  for (std::size_t q = 0; q < 3; ++q) {
    const NearestQuery query(all.queries[q]);
    std::vector<std::pair<float, ContentHash>> expected;
    for (const auto& [hash, code] : codes) {
      expected.emplace_back(-query.product({code.codes.data(), code.scale}), hash);
    }
    std::sort(expected.begin(), expected.end());
    const std::vector<Near> near = found(all.queries[q], options);
    ASSERT_EQ(near.size(), options.count);
    for (std::size_t i = 0; i < near.size(); ++i) {
      EXPECT_EQ(all.set->hash_at(near[i].place), expected[i].second);
      EXPECT_EQ(near[i].similarity, -expected[i].first);
    }
  }
}

TEST(Nearest, by_codes_is_nearly_what_is_found_by_comparing_all) {
  ASSERT_GT(library().set->lists()->size(), 100U);
  NearestOptions options;
  EXPECT_GE(recall(options), 0.99);
  options.count = 1'000;
  options.effort = 32'768;
  EXPECT_GE(recall(options), 0.995);
}

TEST(Nearest, by_codes_computes_few_products) {
  NearestCost cost;
  for (const VectorQuery& query : library().queries) {
    found(query, {}, &cost);
  }
  EXPECT_LE(cost.codes, kQueries * 5'000);
  EXPECT_LE(cost.products, kQueries * 500);
  EXPECT_GE(cost.products, kQueries * NearestOptions().count);
}

TEST(Nearest, filters_are_applied_before_the_nearest_are_chosen) {
  for (const std::uint32_t step : {2U, 10U, 100U, 20'000U}) {
    const PlaceFilter filter = every(step);
    NearestOptions options;
    options.allowed = &filter;
    options.allowed_count = filter.count(0, kMany);
    EXPECT_EQ(options.allowed_count, (kMany + step - 1) / step);
    EXPECT_GE(recall(options), 0.99) << step;
    for (const Near& near : found(library().queries[0], options)) {
      EXPECT_TRUE(filter.allows(near.place));
    }
    EXPECT_EQ(found(library().queries[0], options).size(),
              std::min(options.count, options.allowed_count));
  }
}

TEST(Nearest, what_a_filter_allows_far_away_is_found) {
  // Only the list that is farthest from the query.
  const VectorSet& set = *library().set;
  const VectorQuery& query = library().queries[1];
  NearestOptions options;
  options.effort = 0;
  options.count = kMany;
  const std::vector<Near> all = found(query, options);
  PlaceFilter filter(kMany);
  std::size_t allowed = 0;
  for (std::size_t list = 0; list < set.lists()->size(); ++list) {
    const std::uint32_t begin = set.lists()->starts[list];
    const std::uint32_t end = set.lists()->starts[list + 1];
    if (begin <= all.back().place && all.back().place < end) {
      for (std::uint32_t place = begin; place < end; ++place, ++allowed) {
        filter.allow(place);
      }
    }
  }
  options = {};
  options.allowed = &filter;
  options.allowed_count = kMany;  // as if it did not know how few they are
  EXPECT_EQ(found(query, options).size(), std::min(options.count, allowed));
}

TEST(Nearest, files_are_the_same_bytes_for_any_threads_and_history) {  // INV-10
  const Library& all = library();
  for (const std::size_t threads : {1U, 2U, 3U}) {
    ThreadPool pool(threads, "test");
    EXPECT_TRUE(written({set_of(all.rows, kDimensions)}, kDimensions, &pool) == all.bytes);
  }
  const auto half = static_cast<std::ptrdiff_t>(kMany / 2);
  std::vector<VectorSet::Row> late(all.rows.begin() + half - 500, all.rows.end());
  std::reverse(late.begin(), late.end());
  const auto early = opened(
      written({set_of({all.rows.begin(), all.rows.begin() + half}, kDimensions)}, kDimensions),
      kDimensions);
  EXPECT_TRUE(written({set_of(late, kDimensions), early.value()}, kDimensions) == all.bytes);
}

TEST(Nearest, files_are_the_same_bytes_whatever_is_held_while_they_are_written) {  // INV-7, INV-10
  const Library& all = library();
  const auto half = static_cast<std::ptrdiff_t>(kMany / 2);
  const std::vector<std::shared_ptr<const VectorSet>> sets = {
      opened(written({set_of({all.rows.begin() + half, all.rows.end()}, kDimensions)}, kDimensions),
             kDimensions)
          .value(),
      set_of({all.rows.begin(), all.rows.begin() + half}, kDimensions)};
  ThreadPool pool(2, "test");
  for (const std::size_t rows_bytes : {std::size_t{500'000}, std::size_t{3'000'000}}) {
    testing::StringSink sink;
    const auto summary =
        write_vectors(sets, vectors_testing::kModel, kDimensions, {}, sink, &pool, rows_bytes);
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->vectors, kMany);
    EXPECT_TRUE(sink.bytes() == all.bytes) << rows_bytes;
  }
}

TEST(Nearest, memory_is_given_back_beyond_the_limit) {
  constexpr std::size_t kLimit = 200'000;
  auto source = io::open_block_bytes(library().bytes, "test.vec").value();
  const auto set = VectorSet::open(source, vectors_testing::kModel, kDimensions, kLimit).value();
  NearestOptions options;
  options.effort = 500;
  for (int round = 0; round < 2; ++round) {
    for (const VectorQuery& query : library().queries) {
      NearestCost cost;
      const auto near = nearest(*set, NearestQuery(query), options, cost, {}).value();
      EXPECT_EQ(near.front().place, found(query, options).front().place);
      // What one search reads may come on top.
      EXPECT_LE(set->bytes_in_memory(), 2 * kLimit + 60 * io::kBlockBytes);
    }
  }
}

TEST(Nearest, a_query_of_another_model_is_refused) {
  NearestCost cost;
  const NearestQuery query(encode_query(std::vector<float>(kDimensions + 1, 1.0F)).value());
  EXPECT_EQ(nearest(*library().set, query, {}, cost, {}).error().code, Code::InvalidArgument);
}

TEST(Nearest, of_nothing_is_nothing) {
  const auto set = opened(written({}, kDimensions), kDimensions).value();
  NearestCost cost;
  EXPECT_TRUE(nearest(*set, NearestQuery(library().queries[0]), {}, cost, {}).value().empty());
}

/// A view of files whose docs have vectors, some of them in a file and some in rows of the truth.
struct Scene {
  IndexView view;
  MeaningInput meaning;
};

Scene scene_of(std::uint32_t seed, std::size_t files) {
  Scene scene;
  scene.view = search_testing::view_of(search_testing::random_files(seed, files));
  Clumps clumps(seed, 40, kDimensions);
  std::vector<VectorSet::Row> rows;
  const auto hashes = scene.view[0].segment->embedded().value();
  for (const ContentHash& hash : *hashes) {
    rows.emplace_back(hash, pack_code(encode_vector(clumps.next()).value()));
  }
  const auto most = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() * 9 / 10);
  scene.meaning.sets = {
      opened(written({set_of({rows.begin(), most}, kDimensions)}, kDimensions), kDimensions)
          .value(),
      set_of({most, rows.end()}, kDimensions)};
  scene.meaning.query = encode_query(clumps.next()).value();
  return scene;
}

TEST(Meaning, by_codes_gives_the_answers_of_comparing_all) {
  const Scene scene = scene_of(23, 1'500);
  const Query query = parse_query("anything fn1").value();
  for (const Mode mode : {Mode::Meaning, Mode::Hybrid}) {
    SearchOptions options;
    options.mode = mode;
    options.meaning = &scene.meaning;
    options.nearness = Nearness::Exact;
    const SearchResult exact = search(scene.view, query, options, {}).value();
    options.nearness = Nearness::Codes;
    EXPECT_EQ(search_testing::dump(search(scene.view, query, options, {}).value()),
              search_testing::dump(exact));
    EXPECT_EQ(exact.files.size(), options.limit);
  }
}

TEST(Meaning, remembered_places_give_the_same_answers) {
  const Scene scene = scene_of(29, 200);
  const Query query = parse_query("anything").value();
  MeaningInput meaning = scene.meaning;
  SearchOptions options;
  options.mode = Mode::Meaning;
  options.meaning = &meaning;
  const std::string expected = search_testing::dump(search(scene.view, query, options, {}).value());
  DocPlaces places;
  meaning.places = &places;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(search_testing::dump(search(scene.view, query, options, {}).value()), expected);
  }
  // Without its file, the same documents are pending, and nothing of it is remembered.
  const std::size_t in_file = meaning.sets[0]->size();
  meaning.sets = {meaning.sets[1]};
  EXPECT_EQ(search(scene.view, query, options, {}).value().pending_docs, in_file);
}

}  // namespace
}  // namespace sonde::index
