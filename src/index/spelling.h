#pragma once
// Words of a query that occur nowhere, replaced by names that are spelt almost so.

#include <string>
#include <vector>

#include "index/doc_filter.h"
#include "index/query_plan.h"

namespace sonde::index {

/// How many letters must be put in, left out, changed or swapped with their neighbour to make one
/// word of the other; more than `limit` is limit + 1. Bytes are compared. Cost: a.size() *
/// b.size().
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// Replaces each term of the plan that no segment knows by the nearest name that one defines and
/// that begins with the same letter: one edit away, from 10 letters on two; of equally near ones
/// the one that most live docs define. A term under 5 letters, or one for which nothing is near,
/// stays. Errors: those of the segments. Cost: one look-up a term; for a term to be replaced, the
/// names of its first letter.
Result<std::vector<Correction>> correct_plan(const std::vector<SegmentScan>& scans,
                                             QueryPlan& plan);

}  // namespace sonde::index
