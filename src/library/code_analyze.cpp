// How complex the functions of a library are.

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "library/code_analysis.h"

namespace sonde::library {

namespace {

constexpr std::size_t kMaxFindings = 200'000;

MeasuredFunction measured(const CodeFile& file, const text::Definition& definition) {
  MeasuredFunction function;
  function.place = place_without_disk(file, definition);
  function.measures = definition.measures;
  function.lines = definition.end_line - definition.line + 1;
  return function;
}

/// Keeps what is beyond a threshold, and the most complex functions.
class ComplexityReport {
 public:
  explicit ComplexityReport(const AnalyzeRequest& request) : request_(request) {}

  void add(const CodeFile& file) {
    std::map<std::string, std::uint32_t> seen;  // functions of one name
    bool any = false;
    for (const text::Definition& definition : file.structure.definitions) {
      if (!definition.measured()) {
        continue;
      }
      any = true;
      MeasuredFunction function = measured(file, definition);
      ++functions_;
      cyclomatic_ += function.measures.cyclomatic;
      cognitive_ += function.measures.cognitive;
      const std::string name = function.place.scope + "." + function.place.symbol;
      add_findings(function, seen[name]++);
      keep(std::move(function));
    }
    files_ += any ? 1 : 0;
  }

  void fill(AnalyzeAnswer& answer) {
    std::sort(most_.begin(), most_.end(), before);
    most_.resize(std::min(most_.size(), request_.limit));
    answer.functions = std::move(most_);
    answer.findings = std::move(findings_);
    answer.total = functions_;
    answer.files = files_;
    if (functions_ > 0) {
      answer.mean_cyclomatic = static_cast<double>(cyclomatic_) / static_cast<double>(functions_);
      answer.mean_cognitive = static_cast<double>(cognitive_) / static_cast<double>(functions_);
    }
  }
  [[nodiscard]] bool cut() const { return findings_.size() >= kMaxFindings; }

 private:
  static bool before(const MeasuredFunction& a, const MeasuredFunction& b) {
    return std::tie(b.measures.cognitive, b.measures.cyclomatic, a.place.source, a.place.path,
                    a.place.line) < std::tie(a.measures.cognitive, a.measures.cyclomatic,
                                             b.place.source, b.place.path, b.place.line);
  }

  void keep(MeasuredFunction function) {
    most_.push_back(std::move(function));
    if (most_.size() >= 2 * request_.limit + 1'000) {
      std::nth_element(most_.begin(), most_.begin() + static_cast<std::ptrdiff_t>(request_.limit),
                       most_.end(), before);
      most_.resize(request_.limit);
    }
  }

  void add_findings(const MeasuredFunction& function, std::uint32_t ordinal) {
    const Thresholds& limits = request_.thresholds;
    const std::array<std::tuple<const char*, std::uint32_t, std::uint32_t>, 5> metrics = {{
        {"cyclomatic", function.measures.cyclomatic, limits.cyclomatic},
        {"cognitive", function.measures.cognitive, limits.cognitive},
        {"nesting", function.measures.nesting, limits.nesting},
        {"lines", function.lines, limits.lines},
        {"parameters", function.measures.parameters, limits.parameters},
    }};
    for (const auto& [metric, value, limit] : metrics) {
      if (limit != 0 && value > limit && findings_.size() < kMaxFindings) {
        findings_.push_back({function, metric, value, limit, ordinal});
      }
    }
  }

  const AnalyzeRequest& request_;
  std::vector<MeasuredFunction> most_;
  std::vector<ComplexityFinding> findings_;
  std::uint64_t functions_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t cyclomatic_ = 0;
  std::uint64_t cognitive_ = 0;
};

}  // namespace

Result<AnalyzeAnswer> answer_analyze(const CodeContext& context, const AnalyzeRequest& request) {
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(restrict_to(lookup, request.scope));
  ComplexityReport report(request);
  TRY(lookup.for_each_file(CodeLookup::Which::InScope, [&](const CodeFile& file) -> Status {
    report.add(file);
    return {};
  }));
  AnalyzeAnswer answer;
  report.fill(answer);
  std::vector<std::string> notes;
  if (report.cut()) {
    notes.push_back("more functions are beyond a threshold than are counted");
  }
  for (MeasuredFunction& function : answer.functions) {
    TRY(lookup.look_at_disk(function.place));
  }
  TRY(finish_answer(context, lookup, std::move(notes), answer));
  return answer;
}

}  // namespace sonde::library
