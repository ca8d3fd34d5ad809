#pragma once
// Search over the histories of a library's sources: BM25 by words over messages and pieces of
// hunks, added up to an order of commits.

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "library/history.h"
#include "library/history_folder.h"

namespace sonde::library {

/// The history of one source.
struct SourceHistory {
  std::string source;       // uid
  std::string source_path;  // absolute
  std::vector<OpenHistoryPart> parts;
};

struct HistoryMatches {
  std::uint64_t total = 0;  // commits that fit
  std::vector<HistoryHit> hits;
  std::vector<std::string> notes;
};

/// Errors: InvalidArgument (the query, a filter that history does not know, nothing to search for),
/// Corruption, Io, Cancelled.
Result<HistoryMatches> search_history(const std::vector<SourceHistory>& histories,
                                      const HistoryRequest& request, const CancelToken& cancel);

/// "2024-05-01", "2024-05-01 12:30", "2024-05-01T12:30:00Z", "3 days ago", "2w", "yesterday" to
/// seconds since 1970-01-01 UTC; a time without a zone is UTC. @param now_s  what "ago" counts from
/// Errors: InvalidArgument.
Result<std::int64_t> parse_date(const std::string& text, std::int64_t now_s);
/// The same for the end of a range: a day without a time is taken with all its hours.
Result<std::int64_t> parse_end_date(const std::string& text, std::int64_t now_s);

}  // namespace sonde::library
