#pragma once
// For tests: random analyzed files, segments of them in memory, and a plain oracle to hold them to.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "index/segment.h"
#include "io/block_file.h"

namespace sonde::index::testing {

class StringSink final : public io::BlockSink {
 public:
  Status append(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// What random_files() makes.
struct Shape {
  std::size_t files = 20;
  std::size_t docs_per_file = 5;   // at most
  std::size_t terms_per_doc = 40;  // at most
  std::size_t vocabulary = 500;
  std::uint32_t frequency = 12;     // at most
  std::uint32_t position_gap = 50;  // at most
};

inline std::string random_term(std::mt19937_64& random, std::size_t vocabulary) {
  // Squared: a few terms are in nearly every doc, most in one or two.
  const double unit = std::uniform_real_distribution<double>(0, 1)(random);
  const auto number =
      static_cast<std::size_t>(unit * unit * unit * static_cast<double>(vocabulary));
  std::string term = "t" + std::to_string(number * number % 7919) + "_" + std::to_string(number);
  if (number % 97 == 0) {
    term += std::string(number % 200, static_cast<char>(0xC3));
  }
  return term;
}

inline std::vector<TermOccurrences> random_terms(std::mt19937_64& random, const Shape& shape,
                                                 std::vector<Field> fields) {
  std::map<std::pair<Field, std::string>, TermOccurrences> terms;
  const std::size_t count = random() % (shape.terms_per_doc + 1);
  for (std::size_t i = 0; i < count; ++i) {
    TermOccurrences term;
    term.field = fields[random() % fields.size()];
    term.term = random_term(random, shape.vocabulary);
    term.frequency =
        1 + static_cast<std::uint32_t>(random() % 3 == 0 ? random() % shape.frequency : 0);
    std::uint32_t position = 0;
    for (std::uint32_t n = 0; term.field == Field::Body && n < term.frequency; ++n) {
      position += static_cast<std::uint32_t>(random() % shape.position_gap);
      term.positions.push_back(position);
    }
    terms.try_emplace({term.field, term.term}, term);
  }
  std::vector<TermOccurrences> sorted;
  for (auto& [key, term] : terms) {
    sorted.push_back(std::move(term));
  }
  return sorted;
}

inline AnalyzedFile random_file(std::mt19937_64& random, const Shape& shape, std::size_t number) {
  static const std::vector<std::string> kLanguages = {"python", "c", "rust", "markdown"};
  AnalyzedFile file;
  file.source = number % 3 == 0 ? "/home/a" : "/home/b";
  file.path = "src/\xFF\xFE" + std::to_string(number * 7919 % 1009) + "/" + std::to_string(number);
  file.language = kLanguages[random() % kLanguages.size()];
  file.traits = static_cast<std::uint32_t>(random() % 64);
  file.hash = content_hash(file.path + std::to_string(random()));
  file.path_terms = random_terms(random, shape, {Field::Path});
  const std::size_t docs = random() % (shape.docs_per_file + 1);
  for (std::size_t i = 0; i < docs; ++i) {
    AnalyzedDoc doc;
    doc.kind = static_cast<std::uint8_t>(random() % 9);
    doc.symbol = random() % 3 == 0 ? "" : "symbol" + std::to_string(random() % 5);
    doc.scope = random() % 2 == 0 ? "" : "scope" + std::to_string(random() % 3);
    doc.start_byte = static_cast<std::uint32_t>(i * 1000);
    doc.end_byte = doc.start_byte + static_cast<std::uint32_t>(random() % 1000);
    doc.start_line = static_cast<std::uint32_t>(i * 30 + 1);
    doc.end_line = doc.start_line + static_cast<std::uint32_t>(random() % 30);
    doc.length = static_cast<std::uint32_t>(random() % 300);
    doc.terms = random_terms(
        random, shape, {Field::Body, Field::Body, Field::Body, Field::Defines, Field::Symbol});
    file.docs.push_back(std::move(doc));
  }
  return file;
}

inline std::vector<AnalyzedFile> random_files(std::uint64_t seed, const Shape& shape) {
  std::mt19937_64 random(seed);
  std::vector<AnalyzedFile> files;
  for (std::size_t i = 0; i < shape.files; ++i) {
    files.push_back(random_file(random, shape, i));
  }
  return files;
}

inline std::string build(const std::vector<AnalyzedFile>& files) {
  SegmentBuilder builder;
  for (const AnalyzedFile& file : files) {
    const Status added = builder.add(file);
    EXPECT_TRUE(added.ok()) << added.error().message;
  }
  StringSink sink;
  const auto summary = builder.write(sink);
  EXPECT_TRUE(summary.ok());
  EXPECT_EQ(summary->bytes, sink.bytes().size());
  EXPECT_EQ(summary->checksum, checksum64(sink.bytes()));
  EXPECT_EQ(builder.files(), 0U);
  return sink.bytes();
}

inline Result<std::shared_ptr<const Segment>> open(std::string bytes) {
  TRY_ASSIGN(auto source, io::open_block_bytes(std::move(bytes), "test.seg"));
  return Segment::open(std::move(source));
}

/// What a segment of `files` must answer.
class Oracle {
 public:
  struct Posting {
    std::uint32_t frequency = 0;
    std::vector<std::uint32_t> positions;
  };
  using Terms = std::map<std::string, std::map<std::uint32_t, Posting>>;

  explicit Oracle(std::vector<AnalyzedFile> files) : files_(std::move(files)) {
    std::sort(files_.begin(), files_.end(), [](const AnalyzedFile& a, const AnalyzedFile& b) {
      return std::tie(a.source, a.path) < std::tie(b.source, b.path);
    });
    std::uint32_t doc = 0;
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      first_docs_.push_back(doc);
      add(files_[i].path_terms, i);
      for (const AnalyzedDoc& analyzed : files_[i].docs) {
        add(analyzed.terms, doc++);
      }
    }
    first_docs_.push_back(doc);
  }

  void expect_equal(const Segment& segment) const {
    expect_equal_tables(segment);
    for (std::size_t field = 0; field < kFieldCount; ++field) {
      expect_equal_terms(segment, static_cast<Field>(field));
    }
    const Status checked = segment.check();
    EXPECT_TRUE(checked.ok()) << checked.error().message;
  }
  [[nodiscard]] const Terms& terms(Field field) const {
    return terms_[static_cast<std::size_t>(field)];
  }

 private:
  void add(const std::vector<TermOccurrences>& terms, std::uint32_t id) {
    for (const TermOccurrences& term : terms) {
      terms_[static_cast<std::size_t>(term.field)][term.term][id] = {term.frequency,
                                                                     term.positions};
    }
  }

  void expect_equal_tables(const Segment& segment) const {
    ASSERT_EQ(segment.files(), files_.size());
    ASSERT_EQ(segment.docs(), first_docs_.back());
    EXPECT_EQ(*segment.first_docs().value(), first_docs_);
    std::uint64_t total = 0;
    std::uint32_t id = 0;
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      const AnalyzedFile& file = files_[i];
      const FileMeta meta = segment.file(i).value();
      EXPECT_EQ(meta.source, file.source);
      EXPECT_EQ(meta.path, file.path);
      EXPECT_EQ(meta.language, file.language);
      EXPECT_EQ(meta.traits, file.traits);
      EXPECT_EQ(meta.hash, file.hash);
      EXPECT_EQ(meta.first_doc, first_docs_[i]);
      EXPECT_EQ(meta.doc_count, file.docs.size());
      EXPECT_EQ(segment.find_file(file.source, file.path).value(), i);
      EXPECT_EQ(segment.find_file(file.source, file.path + "x").error().code, Code::NotFound);
      std::uint64_t sum = 0;
      for (std::uint32_t ordinal = 0; ordinal < file.docs.size(); ++ordinal, ++id) {
        expect_equal_doc(segment, id, i, ordinal);
        sum += file.docs[ordinal].length;
      }
      EXPECT_EQ(meta.body_length, sum);
      total += sum;
    }
    EXPECT_EQ(segment.body_length(), total);
    std::uint32_t next = 0;
    const auto visit = [&](std::uint32_t ordinal, const FileMeta& meta) -> Status {
      EXPECT_EQ(ordinal, next);
      EXPECT_EQ(meta.path, files_[next++].path);
      return {};
    };
    EXPECT_TRUE(segment.for_each_file(visit).ok());
    EXPECT_EQ(next, files_.size());
  }

  void expect_equal_doc(const Segment& segment, std::uint32_t id, std::uint32_t file,
                        std::uint32_t ordinal) const {
    const AnalyzedDoc& doc = files_[file].docs[ordinal];
    const DocMeta meta = segment.doc(id).value();
    EXPECT_EQ(meta.file, file);
    EXPECT_EQ(meta.ordinal, ordinal);
    EXPECT_EQ(std::tie(meta.kind, meta.length, meta.start_byte, meta.end_byte, meta.start_line,
                       meta.end_line, meta.symbol, meta.scope),
              std::tie(doc.kind, doc.length, doc.start_byte, doc.end_byte, doc.start_line,
                       doc.end_line, doc.symbol, doc.scope));
    EXPECT_EQ((*segment.lengths().value())[id], doc.length);
    EXPECT_EQ((*segment.kinds().value())[id], doc.kind);
  }

  void expect_equal_terms(const Segment& segment, Field field) const {
    std::vector<std::string> names;
    for (const auto& [term, postings] : terms(field)) {
      names.push_back(term);
      expect_equal_postings(segment, field, term, postings);
    }
    EXPECT_EQ(segment.terms(field, "", names.size() + 1).value(), names);
    EXPECT_TRUE(segment.postings(field, "absent").value().docs.empty());
  }

  static void expect_equal_postings(const Segment& segment, Field field, const std::string& term,
                                    const std::map<std::uint32_t, Posting>& postings) {
    std::vector<std::uint32_t> docs;
    std::vector<std::uint32_t> frequencies;
    std::vector<std::vector<std::uint32_t>> positions;
    for (const auto& [id, posting] : postings) {
      docs.push_back(id);
      frequencies.push_back(posting.frequency);
      positions.push_back(posting.positions);
    }
    const Postings found = segment.postings(field, term).value();
    EXPECT_EQ(found.docs, docs) << term;
    EXPECT_EQ(found.frequencies, frequencies) << term;
    if (field == Field::Body) {
      EXPECT_EQ(segment.positions(term).value(), positions) << term;
      EXPECT_EQ(segment.positions_in(term, docs).value(), positions) << term;
    }
  }

  std::vector<AnalyzedFile> files_;
  std::vector<std::uint32_t> first_docs_;
  std::array<Terms, kFieldCount> terms_;
};

}  // namespace sonde::index::testing
