#pragma once
// Segments: immutable, checked, derived. One format for files (segments/*.seg) and for the small
// segments that live as rows of the truth. The byte layout is in docs/formats/segment.md.
//
// A segment holds files sorted by (source, path), each with its docs (chunks) in order, so that a
// doc id ascends with (source, path, byte) and a removed file is one contiguous range of docs. The
// same files give the same bytes whatever the order they were added in or the segments they came
// from [INV-10]: no generation, time or row number is in them.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/hash.h"
#include "base/result.h"
#include "io/block_file.h"

namespace sonde::index {

/// Bits of FileInput::traits.
enum FileTrait : std::uint32_t {
  kTest = 1,
  kExample = 2,
  kGenerated = 4,
  kVendored = 8,
  kCompat = 16,
  kStub = 32,
};

/// Where a term stands. Body: the text of a doc, with positions. Defines: the names a doc defines
/// (whole and in parts). Path: the words of the file's path; its postings are files, not docs.
/// Symbol: the names a doc defines, whole and case-folded, for exact look-up ("session.get",
/// "get").
enum class Field : std::uint8_t { Body = 0, Defines = 1, Path = 2, Symbol = 3 };
inline constexpr std::size_t kFieldCount = 4;

/// One occurrence list of a term in a doc (or file, for Field::Path).
struct TermOccurrences {
  Field field = Field::Body;
  std::string term;                      // at most 255 bytes
  std::uint32_t frequency = 0;           // >= 1
  std::vector<std::uint32_t> positions;  // ascending; only for Body; size == frequency there
};

struct AnalyzedDoc {
  std::uint8_t kind = 0;  // text::ChunkKind
  std::string symbol;
  std::string scope;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::uint32_t length = 0;            // body terms counted for BM25
  ContentHash embedded;                // of what a model is fed of it (index/embed_text.h)
  std::vector<TermOccurrences> terms;  // Body, Defines, Symbol; sorted by (field, term), unique
};

/// A file, analyzed: what analyze_file() (index/analyze.h) makes and a builder takes.
struct AnalyzedFile {
  std::string source;  // uid
  std::string path;
  std::string language;
  std::uint32_t traits = 0;
  ContentHash hash;                         // of the file's bytes: which version the docs are of
  std::vector<TermOccurrences> path_terms;  // Path; sorted, unique
  std::vector<AnalyzedDoc> docs;            // ordinal = index
};

struct SegmentSummary {
  std::uint32_t files = 0;
  std::uint32_t docs = 0;
  std::uint64_t body_length = 0;  // sum of doc lengths
  std::uint64_t bytes = 0;        // physical
  std::uint64_t checksum = 0;     // XXH3-64 of the physical bytes
};

/// Collects analyzed files and writes a segment. Owned by one thread. Compact in memory: about the
/// size of the segment plus the distinct terms.
class SegmentBuilder {
 public:
  SegmentBuilder();
  ~SegmentBuilder();
  SegmentBuilder(const SegmentBuilder&) = delete;
  SegmentBuilder& operator=(const SegmentBuilder&) = delete;

  /// Errors: InvalidArgument (file twice, terms unsorted), Limit.
  Status add(const AnalyzedFile& file);
  [[nodiscard]] std::size_t memory_bytes() const;
  [[nodiscard]] std::uint32_t docs() const;
  [[nodiscard]] std::uint32_t files() const;
  /// Writes the segment; the builder is empty afterwards.
  Result<SegmentSummary> write(io::BlockSink& sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct FileMeta {
  std::string source;
  std::string path;
  std::string language;
  std::uint32_t traits = 0;
  ContentHash hash;
  std::uint32_t first_doc = 0;
  std::uint32_t doc_count = 0;
  std::uint64_t body_length = 0;  // sum over its docs
};

struct DocMeta {
  std::uint32_t file = 0;     // ordinal in the segment
  std::uint32_t ordinal = 0;  // of the chunk in its file
  std::uint8_t kind = 0;
  std::uint32_t length = 0;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string symbol;
  std::string scope;
};

/// A decoded posting list: docs ascending (files for Field::Path), with frequencies.
struct Postings {
  std::vector<std::uint32_t> docs;
  std::vector<std::uint32_t> frequencies;
};

/// An open segment. Opening reads the header and the sparse term index alone; everything else is
/// read in checked blocks when it is asked for. Threads: safe. Errors of every call: Corruption
/// (names the segment and the part), Io.
class Segment {
 public:
  static Result<std::shared_ptr<const Segment>> open(std::shared_ptr<io::ByteSource> source);
  virtual ~Segment() = default;

  [[nodiscard]] virtual std::uint32_t files() const = 0;
  [[nodiscard]] virtual std::uint32_t docs() const = 0;
  [[nodiscard]] virtual std::uint64_t body_length() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// The kAnalyzerVersion (index/analyze.h) of the build that made its terms.
  [[nodiscard]] virtual std::uint32_t analyzer_version() const = 0;

  virtual Result<FileMeta> file(std::uint32_t ordinal) const = 0;
  virtual Result<DocMeta> doc(std::uint32_t doc) const = 0;
  /// The file's ordinal. Errors also: NotFound.
  virtual Result<std::uint32_t> find_file(std::string_view source, std::string_view path) const = 0;
  /// [files + 1] first doc of each file; the last element is docs(). Read once and kept.
  virtual Result<std::shared_ptr<const std::vector<std::uint32_t>>> first_docs() const = 0;
  /// [docs] body lengths, for BM25. Read once and kept (2 to 4 bytes a doc).
  virtual Result<std::shared_ptr<const std::vector<std::uint32_t>>> lengths() const = 0;
  /// [docs] kinds, for filters. Read once and kept.
  virtual Result<std::shared_ptr<const std::vector<std::uint8_t>>> kinds() const = 0;
  /// [docs] names of the docs' vectors: hashes of what a model is fed of them. Read once and kept
  /// (16 bytes a doc).
  virtual Result<std::shared_ptr<const std::vector<ContentHash>>> embedded() const = 0;
  /// All file metas in order (for filters by path and language and for path features).
  virtual Status for_each_file(
      const std::function<Status(std::uint32_t ordinal, const FileMeta&)>& visit) const = 0;

  /// Empty lists when the term does not occur.
  virtual Result<Postings> postings(Field field, std::string_view term) const = 0;
  /// Positions of a Body term in each of its docs, in the same order as postings().
  virtual Result<std::vector<std::vector<std::uint32_t>>> positions(
      std::string_view term) const = 0;
  /// Positions of a Body term in some docs only; an empty list where it does not occur. Reads the
  /// positions of at most 128 docs for each. @param docs  ascending
  virtual Result<std::vector<std::vector<std::uint32_t>>> positions_in(
      std::string_view term, const std::vector<std::uint32_t>& docs) const = 0;
  /// Terms of a field that begin with `prefix`, ascending, at most `limit`.
  virtual Result<std::vector<std::string>> terms(Field field, std::string_view prefix,
                                                 std::size_t limit) const = 0;
  /// Reads and checks everything, also what the parts say of each other.
  virtual Status check() const = 0;
};

/// One input of a merge: a segment and the ordinals of its files that no longer count, ascending.
struct MergeInput {
  std::shared_ptr<const Segment> segment;
  std::vector<std::uint32_t> dead_files;
};

/// Writes one segment out of the live files of several, term by term, in memory bounded by the
/// documents' tables (about 24 bytes a doc) and one posting list a segment at a time. The bytes
/// equal those of a builder that was given the same files. Errors: those of the inputs and the
/// sink, InvalidArgument (a file live in two inputs, analyzers of different versions), Cancelled.
Result<SegmentSummary> merge_segments(const std::vector<MergeInput>& inputs, io::BlockSink& sink,
                                      const CancelToken& cancel);

}  // namespace sonde::index
