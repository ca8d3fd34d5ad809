#pragma once
// Which docs of a segment may be an answer: alive, within the query's filters, holding its phrases
// and not what it excludes. Applied before anything is ranked.

#include <cstdint>
#include <vector>

#include "index/query.h"
#include "index/query_plan.h"
#include "index/search.h"

namespace sonde::index {

/// What one segment of a view looks like to a query.
struct SegmentScan {
  const LiveSegment* live = nullptr;
  std::shared_ptr<const std::vector<std::uint32_t>> first_docs;
  std::shared_ptr<const std::vector<std::uint32_t>> lengths;
  std::vector<char> allowed;  // [docs]

  [[nodiscard]] const Segment& segment() const { return *live->segment; }
  [[nodiscard]] std::uint32_t first_doc(std::uint32_t file) const { return (*first_docs)[file]; }
};

/// Opens the tables of a segment. Errors: those of the segment; Corruption (tables that disagree).
Result<SegmentScan> scan_segment(const LiveSegment& live);

/// Fills scan.allowed. Errors: those of the segment.
/// @param postings_read  counts up
Status filter_docs(const Query& query, const QueryPlan& plan, SegmentScan& scan,
                   std::uint64_t& postings_read);

}  // namespace sonde::index
