#pragma once
// What `sonde analyze` found before, so that only what is new or worse fails.

#include <string>
#include <vector>

#include "base/result.h"
#include "faces/json/analysis_objects.h"
#include "library/analysis.h"

namespace sonde::faces::cli {

/// "sonde.baseline/1" (docs/json.md): findings by path, symbol and metric, without lines, so that a
/// function may move within its file.
std::string baseline_text(const std::vector<library::ComplexityFinding>& findings);

/// How findings stand to a baseline. Errors: InvalidArgument (`text` is none).
/// @param name  of the file, for messages
Result<std::vector<json::JudgedFinding>> judge_findings(
    const std::vector<library::ComplexityFinding>& findings, std::string_view text,
    const std::string& name);

/// All of them new: there is no baseline.
std::vector<json::JudgedFinding> unjudged(const std::vector<library::ComplexityFinding>& findings);

}  // namespace sonde::faces::cli
