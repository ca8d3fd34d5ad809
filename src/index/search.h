#pragma once
// Search over a set of segments, by words (BM25), by meaning (the cosine of vectors), or both; then
// a ranking by file and chunk.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "index/query.h"
#include "index/segment.h"
#include "index/vectors.h"

namespace sonde::index {

/// A segment as one reader sees it: with the files of it that no longer count.
struct LiveSegment {
  std::shared_ptr<const Segment> segment;
  std::vector<std::uint32_t> dead_files;  // ascending ordinals
};

/// What is searched: segments of one or several libraries. The sum of live docs gives the
/// statistics, so the same content gives the same answers however it is spread [INV-10].
using IndexView = std::vector<LiveSegment>;

enum class Mode : std::uint8_t { Words, Meaning, Hybrid };
/// "words", "meaning", "hybrid".
std::string_view mode_name(Mode mode);

class DocPlaces;  // index/meaning_scores.h

/// How the nearest vectors are found.
enum class Nearness : std::uint8_t {
  Auto,   // up to 50,000 vectors as Exact, beyond as Codes
  Exact,  // by the product with every vector
  Codes,  // by codes of one bit a dimension, and the product with those that may be the nearest
};

/// What the search by meaning needs.
struct MeaningInput {
  std::vector<std::shared_ptr<const VectorSet>> sets;  // of one model
  VectorQuery query;                                   // not used by Mode::Words
  /// Not owned. Null: nothing is remembered from one search to the next.
  DocPlaces* places = nullptr;
};

struct SearchOptions {
  Mode mode = Mode::Words;
  /// Not owned. Null: by words alone, and no chunk is pending. There with Mode::Words: what is
  /// pending is counted.
  const MeaningInput* meaning = nullptr;
  std::size_t limit = 10;         // files (or chunks, when `by_chunk`)
  std::size_t more_per_file = 3;  // further places of a file
  bool by_chunk = false;          // each place its own result
  bool explain = false;           // fill `boosts`
  Nearness nearness = Nearness::Auto;
  double min_score = 0.0;  // 0 to 1
};

/// One named part of a score, for --explain.
struct ScorePart {
  std::string name;
  double value = 0;
};

struct ChunkHit {
  std::uint32_t ordinal = 0;  // in its file
  std::uint8_t kind = 0;
  std::string symbol;
  std::string scope;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  double score = 0;    // 0 to 1
  double words = 0;    // the BM25 part, raw
  double meaning = 0;  // the cosine; 0 where the chunk has no vector
};

struct FileHit {
  std::string source;  // uid
  std::string path;
  std::string language;
  std::uint32_t traits = 0;
  ContentHash hash;              // the version of the file that the index holds
  double score = 0;              // 0 to 1, comparable within one answer
  std::vector<ChunkHit> chunks;  // best first; the first is the result, the rest are `more`
  std::vector<ScorePart> parts;  // with `explain`
};

/// A word of the query that occurs nowhere, and the name that was searched for in its place.
struct Correction {
  std::string written;
  std::string used;
};

struct SearchResult {
  std::vector<FileHit> files;       // best first; ties by (source, path, byte)
  std::uint64_t matched_docs = 0;   // docs that hold at least one word and pass the filters
  std::uint64_t postings_read = 0;  // so that cost is testable
  std::uint64_t vectors_scanned = 0;
  std::vector<Correction> corrections;  // words that occur nowhere and what was taken for them
  std::uint64_t pending_docs = 0;       // live docs without a vector, with `meaning`
};

/// Errors: Corruption (names the segment), Io, Cancelled, InvalidArgument (a mode that needs
/// `meaning` without it, a query's vector of another model).
/// Threads: safe. Filters are applied before top-k; answers do not depend on how docs are spread
/// over segments, nor on dead files being there.
Result<SearchResult> search(const IndexView& view, const Query& query, const SearchOptions& options,
                            const CancelToken& cancel);

}  // namespace sonde::index
