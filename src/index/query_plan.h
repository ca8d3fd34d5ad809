#pragma once
// What a query asks of the index: terms with weights, sequences of terms, names.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/query.h"
#include "index/ranking.h"

namespace sonde::index {

inline constexpr std::size_t kQueryTermLimit = 64;        // that score: the rarest of them
inline constexpr std::size_t kQueryCandidateLimit = 512;  // that are looked up
inline constexpr std::size_t kPhraseWordLimit = 256;

struct PlanTerm {
  std::string term;
  double weight = 1;    // 0: a stop word beside others, not looked up
  bool joined = false;  // made of parts or neighbours: does not count as a word of the query
  bool whole = false;   // joined, of the parts of one identifier as it was typed
};

/// Terms at fixed distances: a phrase, or a single word.
struct PlanSequence {
  std::vector<std::string> terms;
  std::vector<std::uint32_t> offsets;  // ascending from 0
};

/// A name that the query may mean.
struct PlanName {
  std::string form;                  // as Field::Symbol has it
  std::string written;               // as it was typed, to prefer the exact case
  std::vector<std::uint32_t> words;  // indexes of the terms that it takes up
  bool explicit_name = false;        // written as code: "getUser", "res.send", "HTTP_GET"
};

struct QueryPlan {
  std::vector<PlanTerm> terms;
  std::vector<PlanName> names;
  std::vector<PlanSequence> phrases;
  std::vector<PlanSequence> excluded;
  std::vector<std::vector<std::string>> symbols;  // each filter: forms, one of which must be there
};

/// Errors: Limit (a phrase of more than kPhraseWordLimit words). Threads: safe.
Result<QueryPlan> plan_query(const Query& query, const Ranking& ranking);

}  // namespace sonde::index
