#pragma once
// Answers about code as a whole, on one snapshot.

#include "library/analysis.h"
#include "library/code_answer.h"
#include "library/code_lookup.h"

namespace sonde::library {

/// Errors: InvalidArgument, Corruption, Io, Cancelled. Threads: each call with its own reader.
/// Cost: every structure is read; answer_unused() also reads every text.
Result<UnusedAnswer> answer_unused(const CodeContext& context, const UnusedRequest& request);
Result<CyclesAnswer> answer_cycles(const CodeContext& context, const CyclesRequest& request);
Result<AnalyzeAnswer> answer_analyze(const CodeContext& context, const AnalyzeRequest& request);

/// Errors: InvalidArgument (a path that is in no source).
Status restrict_to(CodeLookup& lookup, const CodeScope& scope);

/// Where a definition is, without its line's text, and not compared with the disk.
CodePlace place_without_disk(const CodeFile& file, const text::Definition& definition);

}  // namespace sonde::library
