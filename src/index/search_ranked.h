#pragma once
// search() with another ranking than the one we ship: for measurements.

#include "index/ranking.h"
#include "index/search.h"

namespace sonde::index {

/// As search(). Errors and threads too.
Result<SearchResult> search_ranked(const IndexView& view, const Query& query,
                                   const SearchOptions& options, const Ranking& ranking,
                                   const CancelToken& cancel);

}  // namespace sonde::index
