#pragma once
// Search by words over a set of segments: BM25, then a ranking by file and chunk.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "index/query.h"
#include "index/segment.h"

namespace sonde::index {

/// A segment as one reader sees it: with the files of it that no longer count.
struct LiveSegment {
  std::shared_ptr<const Segment> segment;
  std::vector<std::uint32_t> dead_files;  // ascending ordinals
};

/// What is searched: segments of one or several libraries. The sum of live docs gives the
/// statistics, so the same content gives the same answers however it is spread [INV-10].
using IndexView = std::vector<LiveSegment>;

struct SearchOptions {
  std::size_t limit = 10;         // files (or chunks, when `by_chunk`)
  std::size_t more_per_file = 3;  // further places of a file
  bool by_chunk = false;          // each place its own result
  bool explain = false;           // fill `boosts`
  double min_score = 0.0;         // 0 to 1
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
  double score = 0;  // 0 to 1
  double words = 0;  // the BM25 part, raw
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

struct SearchResult {
  std::vector<FileHit> files;       // best first; ties by (source, path, byte)
  std::uint64_t matched_docs = 0;   // docs that hold at least one word and pass the filters
  std::uint64_t postings_read = 0;  // so that cost is testable
};

/// Errors: Corruption (names the segment), Io, Cancelled.
/// Threads: safe. Filters are applied before top-k; answers do not depend on how docs are spread
/// over segments, nor on dead files being there.
Result<SearchResult> search(const IndexView& view, const Query& query, const SearchOptions& options,
                            const CancelToken& cancel);

}  // namespace sonde::index
