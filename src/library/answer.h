#pragma once
// From a request to an answer on one snapshot: candidates by the index, texts from the truth, every
// named file compared with the disk.

#include <memory>
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

/// What a request asks by meaning.
struct AskedMeaning {
  index::Mode mode = index::Mode::Words;
  std::string model_key;  // whose vector `query` is
  index::VectorQuery query;
  std::shared_ptr<embed::Encoder> encoder;  // that made `query`
  bool encoder_configured = false;          // without a model in the truth all chunks are pending
  std::vector<std::string> notes;
};

/// Answers on the reader's state. By words when the state's model is not the asked one. Errors:
/// InvalidArgument (the query), Corruption (names the derived file or the truth), Io, Cancelled.
/// Threads: each call with its own reader.
Result<SearchAnswer> answer_search(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                   const SearchRequest& request, const AskedMeaning& meaning,
                                   const TreeCheck& check, const CancelToken& cancel);
Result<SearchAnswer> answer_similar(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                    const SimilarRequest& request, const TreeCheck& check,
                                    const CancelToken& cancel);

/// What of a query is fed to the model: its words and phrases, without filters and exclusions;
/// empty when there is none. Errors: InvalidArgument (the query).
Result<std::string> text_to_embed(const std::string& query);

/// Adds what a check found to the completeness of an answer that was made with an empty one.
void add_check(const TreeCheck& check, Completeness& index);

/// Counts and completeness of the reader's state.
/// @param pending  live chunks without a vector
Result<Completeness> completeness_of(store::Reader& reader, const TreeCheck& check,
                                     std::uint64_t pending);

}  // namespace sonde::library
