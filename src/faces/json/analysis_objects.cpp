#include "faces/json/analysis_objects.h"

#include <fmt/format.h>

#include "faces/json/values.h"

namespace sonde::faces::json {

namespace {

std::string qualified(const library::CodePlace& place) {
  return place.scope.empty() ? place.symbol : place.scope + "." + place.symbol;
}

Object function_value(const library::MeasuredFunction& function) {
  Object object;
  object["source"] = text(function.place.source);
  put_path(object, "path", function.place.path);
  object["line"] = function.place.line;
  object["end_line"] = function.place.end_line;
  object["language"] = text(function.place.language);
  object["symbol"] = text(function.place.symbol);
  object["scope"] = text_or_null(function.place.scope);
  object["cyclomatic"] = function.measures.cyclomatic;
  object["cognitive"] = function.measures.cognitive;
  object["nesting"] = function.measures.nesting;
  object["lines"] = function.lines;
  object["parameters"] = function.measures.parameters;
  object["file_hash"] = text(function.place.file_hash);
  object["stale"] = function.place.stale;
  return object;
}

const char* standing_name(Standing standing) {
  switch (standing) {
    case Standing::New: return "new";
    case Standing::Worse: return "worse";
    case Standing::Known: return "known";
  }
  return "new";
}

}  // namespace

Document unused_object(const library::UnusedAnswer& answer) {
  Object object = code_head("sonde.unused/1", answer);
  object["definitions"] = answer.definitions;
  object["less_sure"] = answer.less_sure;
  object["symbols"] = Object::array();
  for (const library::UnusedSymbol& symbol : answer.symbols) {
    Object one = code_place(symbol.place);
    one["confidence"] = score(symbol.confidence);
    one["reason"] = text(symbol.reason);
    object["symbols"].push_back(std::move(one));
  }
  put_code_state(object, answer);
  return Document(std::move(object));
}

Document cycles_object(const library::CyclesAnswer& answer) {
  Object object = code_head("sonde.cycles/1", answer);
  object["files"] = answer.files;
  object["imports"] = answer.imports;
  object["resolved"] = answer.resolved;
  object["deferred"] = answer.deferred;
  object["cycles"] = Object::array();
  for (const library::ImportCycle& cycle : answer.cycles) {
    Object one;
    one["members"] = cycle.members;
    one["steps"] = Object::array();
    for (const library::CycleStep& step : cycle.steps) {
      Object each;
      each["source"] = text(step.source);
      put_path(each, "path", step.path);
      each["line"] = step.line;
      each["imported"] = text(step.imported);
      each["stale"] = step.stale;
      one["steps"].push_back(std::move(each));
    }
    one["paths"] = texts(cycle.paths);
    object["cycles"].push_back(std::move(one));
  }
  object["unresolved"] = Object::array();
  for (const auto& [name, count] : answer.unresolved) {
    object["unresolved"].push_back({{"imported", text(name)}, {"count", count}});
  }
  put_code_state(object, answer);
  return Document(std::move(object));
}

Document analyze_object(const library::AnalyzeAnswer& answer, const library::Thresholds& thresholds,
                        const std::vector<JudgedFinding>& findings, bool failed) {
  Object object = code_head("sonde.analyze/1", answer);
  object["files"] = answer.files;
  object["mean_cyclomatic"] = score(answer.mean_cyclomatic);
  object["mean_cognitive"] = score(answer.mean_cognitive);
  object["functions"] = Object::array();
  for (const library::MeasuredFunction& function : answer.functions) {
    object["functions"].push_back(function_value(function));
  }
  object["thresholds"] = {{"cyclomatic", thresholds.cyclomatic},
                          {"cognitive", thresholds.cognitive},
                          {"nesting", thresholds.nesting},
                          {"lines", thresholds.lines},
                          {"parameters", thresholds.parameters}};
  object["failed"] = failed;
  object["findings"] = Object::array();
  for (const JudgedFinding& judged : findings) {
    Object one = function_value(judged.finding->function);
    one["metric"] = judged.finding->metric;
    one["value"] = judged.finding->value;
    one["limit"] = judged.finding->limit;
    one["standing"] = standing_name(judged.standing);
    object["findings"].push_back(std::move(one));
  }
  put_code_state(object, answer);
  return Document(std::move(object));
}

std::string finding_text(const library::ComplexityFinding& finding) {
  const std::string name = text(qualified(finding.function.place));
  if (finding.metric == "cyclomatic" || finding.metric == "cognitive") {
    return fmt::format("{} complexity of {} is {}, {} at most", finding.metric, name, finding.value,
                       finding.limit);
  }
  if (finding.metric == "nesting") {
    return fmt::format("{} is nested {} deep, {} at most", name, finding.value, finding.limit);
  }
  return fmt::format("{} has {} {}, {} at most", name, finding.value, finding.metric,
                     finding.limit);
}

}  // namespace sonde::faces::json
