#include "index/segment.h"

#include <gtest/gtest.h>

#include <thread>

#include "index/segment_testing.h"

namespace sonde::index {
namespace {

using testing::build;
using testing::open;
using testing::Oracle;
using testing::random_files;
using testing::Shape;
using testing::StringSink;

AnalyzedFile file_with(const std::string& path, std::vector<AnalyzedDoc> docs) {
  AnalyzedFile file;
  file.source = "/s";
  file.path = path;
  file.language = "c";
  file.docs = std::move(docs);
  return file;
}

TermOccurrences body(const std::string& term, std::vector<std::uint32_t> positions) {
  return {Field::Body, term, static_cast<std::uint32_t>(positions.size()), positions};
}

TEST(Segment, answers_as_a_plain_map_does) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto files = random_files(seed, {.files = 1 + seed * 3, .vocabulary = 50 + seed * 40});
    const auto segment = open(build(files));
    ASSERT_TRUE(segment.ok()) << segment.error().message;
    Oracle(files).expect_equal(**segment);
  }
}

TEST(Segment, answers_for_packed_lists_and_long_positions) {
  for (std::uint64_t seed = 100; seed < 104; ++seed) {
    const auto files = random_files(seed, {.files = 150,
                                           .docs_per_file = 8,
                                           .terms_per_doc = 30,
                                           .vocabulary = 40,
                                           .frequency = 300,
                                           .position_gap = 100'000});
    Oracle(files).expect_equal(**open(build(files)));
  }
}

TEST(Segment, without_files_is_whole) {
  const std::string bytes = build({});
  EXPECT_EQ(bytes.size(), io::kBlockBytes);
  Oracle({}).expect_equal(**open(bytes));
}

TEST(Segment, with_files_but_no_docs_is_whole) {
  const std::vector<AnalyzedFile> files = {file_with("a", {}), file_with("b", {})};
  Oracle(files).expect_equal(**open(build(files)));
}

TEST(Segment, of_one_doc_is_whole) {
  AnalyzedDoc doc;
  doc.length = 3;
  doc.symbol = "get";
  doc.scope = "Session";
  doc.terms = {body("get", {0, 2}),
               body("session", {1}),
               {Field::Defines, "get", 1, {}},
               {Field::Symbol, "session.get", 1, {}}};
  const std::vector<AnalyzedFile> files = {file_with("src/a.c", {doc})};
  Oracle(files).expect_equal(**open(build(files)));
}

TEST(Segment, holds_long_and_non_utf8_names) {
  AnalyzedDoc doc;
  doc.symbol = std::string(65'535, 's');
  doc.scope = std::string(65'535, 'o');
  doc.length = UINT32_MAX;
  doc.terms = {body(std::string(255, '\xFE'), {0, UINT32_MAX})};
  std::vector<AnalyzedFile> files;
  for (int i = 0; i < 40; ++i) {
    files.push_back(file_with(std::string(4096, static_cast<char>(0x80 + i)), {doc}));
  }
  Oracle(files).expect_equal(**open(build(files)));
}

TEST(Segment, keeps_an_empty_path_and_one_with_zero_bytes) {
  const std::vector<AnalyzedFile> files = {file_with("", {}),
                                           file_with(std::string("a\0b", 3), {})};
  Oracle(files).expect_equal(**open(build(files)));
}

TEST(Segment, iterates_terms_by_prefix) {
  const auto files = random_files(7, {.files = 40, .vocabulary = 3000});
  const Oracle oracle(files);
  const auto segment = open(build(files)).value();
  for (const std::string prefix : {"", "t", "t1", "t19", "t1984_", "u", "a", "\xFF"}) {
    std::vector<std::string> expected;
    for (const auto& [term, postings] : oracle.terms(Field::Body)) {
      if (term.starts_with(prefix)) {
        expected.push_back(term);
      }
    }
    EXPECT_EQ(segment->terms(Field::Body, prefix, 100'000).value(), expected) << prefix;
    expected.resize(std::min<std::size_t>(expected.size(), 3));
    EXPECT_EQ(segment->terms(Field::Body, prefix, 3).value(), expected) << prefix;
  }
}

TEST(Segment, gives_positions_of_some_docs_without_the_others) {
  const auto files = random_files(8, {.files = 200, .vocabulary = 30, .frequency = 40});
  const Oracle oracle(files);
  const auto segment = open(build(files)).value();
  std::mt19937_64 random(8);
  for (const auto& [term, postings] : oracle.terms(Field::Body)) {
    std::vector<std::uint32_t> docs;
    std::vector<std::vector<std::uint32_t>> expected;
    for (std::uint32_t doc = 0; doc < segment->docs(); ++doc) {
      if (random() % 20 == 0) {
        const auto found = postings.find(doc);
        docs.push_back(doc);
        expected.push_back(found == postings.end() ? std::vector<std::uint32_t>{}
                                                   : found->second.positions);
      }
    }
    EXPECT_EQ(segment->positions_in(term, docs).value(), expected) << term;
  }
}

TEST(Segment, refuses_ids_that_it_does_not_hold) {
  const auto segment = open(build(random_files(9, {.files = 5}))).value();
  EXPECT_EQ(segment->file(segment->files()).error().code, Code::InvalidArgument);
  EXPECT_EQ(segment->doc(segment->docs()).error().code, Code::InvalidArgument);
  EXPECT_EQ(segment->find_file("", "").error().code, Code::NotFound);
  EXPECT_TRUE(segment->postings(Field::Body, "").value().docs.empty());
  EXPECT_TRUE(segment->postings(Field::Body, std::string(1000, 'x')).value().docs.empty());
}

TEST(SegmentBuilder, gives_the_same_bytes_whatever_the_order_of_add) {
  auto files = random_files(10, {.files = 60});
  const std::string bytes = build(files);
  std::mt19937_64 random(10);
  for (int i = 0; i < 10; ++i) {
    std::shuffle(files.begin(), files.end(), random);
    ASSERT_TRUE(build(files) == bytes);
  }
}

TEST(SegmentBuilder, refuses_what_it_cannot_hold_and_stays_as_it_was) {
  SegmentBuilder builder;
  ASSERT_TRUE(builder.add(file_with("a", {})).ok());
  const auto refused = [&](const AnalyzedFile& file) {
    const Status status = builder.add(file);
    return status.ok() ? Code::Internal : status.error().code;
  };
  const auto with_terms = [](std::vector<TermOccurrences> terms) {
    AnalyzedDoc doc;
    doc.terms = std::move(terms);
    return file_with("b", {doc});
  };
  EXPECT_EQ(refused(file_with("a", {})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body("b", {1}), body("a", {1})})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body("a", {1}), body("a", {1})})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body("a", {2, 1})})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body("a", {})})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body("", {1})})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({{Field::Body, "a", 2, {1}}})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({{Field::Path, "a", 1, {}}})), Code::InvalidArgument);
  EXPECT_EQ(refused(with_terms({body(std::string(256, 'x'), {1})})), Code::Limit);
  EXPECT_EQ(refused(with_terms({{Field::Symbol, "a", (1U << 24) + 1, {}}})), Code::Limit);
  EXPECT_EQ(refused(file_with(std::string(65'536, 'p'), {})), Code::Limit);
  StringSink sink;
  ASSERT_TRUE(builder.write(sink).ok());
  EXPECT_TRUE(sink.bytes() == build({file_with("a", {})}));
}

TEST(Segment, is_read_by_several_threads_at_once) {
  const auto files = random_files(11, {.files = 40});
  const auto segment = open(build(files)).value();
  const Oracle oracle(files);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { oracle.expect_equal(*segment); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace sonde::index
