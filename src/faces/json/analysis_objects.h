#pragma once
// The objects of `sonde unused`, `cycles` and `analyze`, and SARIF.

#include <string>
#include <vector>

#include "faces/json/objects.h"
#include "library/analysis.h"

namespace sonde::faces::json {

/// "sonde.unused/1".
Document unused_object(const library::UnusedAnswer& answer);
/// "sonde.cycles/1".
Document cycles_object(const library::CyclesAnswer& answer);

/// How a finding stands to a baseline.
enum class Standing { New, Worse, Known };

/// A finding, and how it stands; New where there is no baseline.
struct JudgedFinding {
  const library::ComplexityFinding* finding = nullptr;  // of the answer
  Standing standing = Standing::New;
};

/// "sonde.analyze/1". @param failed  a threshold is exceeded beyond the baseline
Document analyze_object(const library::AnalyzeAnswer& answer, const library::Thresholds& thresholds,
                        const std::vector<JudgedFinding>& findings, bool failed);

/// SARIF 2.1.0 (OASIS, 27 March 2020): one run, a rule for each metric, a result for each finding.
/// @param with_baseline  results say how they stand to it
Document sarif_object(const library::AnalyzeAnswer& answer,
                      const std::vector<JudgedFinding>& findings, bool with_baseline);

/// "cognitive complexity of f is 20, 15 at most".
std::string finding_text(const library::ComplexityFinding& finding);

}  // namespace sonde::faces::json
