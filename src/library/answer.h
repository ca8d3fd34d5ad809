#pragma once
// From a request to an answer on one snapshot: candidates by the index, texts from the truth, every
// named file compared with the disk.

#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "io/file_system.h"
#include "library/library.h"
#include "library/segments.h"
#include "store/store.h"

namespace sonde::library {

/// What the check of the whole tree before a search found.
struct TreeCheck {
  std::int64_t checked_at_ms = 0;
  std::uint64_t stale_files = 0;
  bool finished = true;
  std::vector<std::string> notes;
};

/// Answers on the reader's state. Errors: InvalidArgument (the query), Corruption (names the
/// derived file or the truth), Io, Cancelled. Threads: each call with its own reader.
Result<SearchAnswer> answer_search(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                   const SearchRequest& request, const TreeCheck& check,
                                   const CancelToken& cancel);

/// Counts and completeness of the reader's state.
Result<Completeness> completeness_of(store::Reader& reader, const TreeCheck& check);

}  // namespace sonde::library
