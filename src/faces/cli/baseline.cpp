#include "faces/cli/baseline.h"

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/utf8.h"

namespace sonde::faces::cli {

namespace {

using Key = std::tuple<std::string, std::string, std::uint64_t, std::string>;

std::string symbol_of(const library::ComplexityFinding& finding) {
  const library::CodePlace& place = finding.function.place;
  return to_valid_utf8(place.scope.empty() ? place.symbol : place.scope + "." + place.symbol);
}

Key key_of(const library::ComplexityFinding& finding) {
  return {to_valid_utf8(finding.function.place.path), symbol_of(finding), finding.ordinal,
          finding.metric};
}

Result<std::map<Key, std::uint64_t>> read_baseline(std::string_view text, const std::string& name) {
  const Error wrong{Code::InvalidArgument, name + " is no baseline; --write-baseline writes one"};
  const nlohmann::json root = nlohmann::json::parse(text, nullptr, false);
  if (!root.is_object() || root.value("schema", nlohmann::json()) != "sonde.baseline/1" ||
      !root.contains("findings") || !root["findings"].is_array()) {
    return wrong;
  }
  std::map<Key, std::uint64_t> known;
  for (const nlohmann::json& each : root["findings"]) {
    const bool sound = each.is_object() && each.contains("path") && each["path"].is_string() &&
                       each.contains("symbol") && each["symbol"].is_string() &&
                       each.contains("metric") && each["metric"].is_string() &&
                       each.contains("ordinal") && each["ordinal"].is_number_unsigned() &&
                       each.contains("value") && each["value"].is_number_unsigned();
    if (!sound) {
      return wrong;
    }
    known[{each["path"].get<std::string>(), each["symbol"].get<std::string>(),
           each["ordinal"].get<std::uint64_t>(), each["metric"].get<std::string>()}] =
        each["value"].get<std::uint64_t>();
  }
  return known;
}

}  // namespace

std::string baseline_text(const std::vector<library::ComplexityFinding>& findings) {
  nlohmann::ordered_json root;
  root["schema"] = "sonde.baseline/1";
  root["findings"] = nlohmann::ordered_json::array();
  for (const library::ComplexityFinding& finding : findings) {
    const auto [path, symbol, ordinal, metric] = key_of(finding);
    root["findings"].push_back({{"path", path},
                                {"symbol", symbol},
                                {"ordinal", ordinal},
                                {"metric", metric},
                                {"value", finding.value}});
  }
  return root.dump(1) + "\n";
}

Result<std::vector<json::JudgedFinding>> judge_findings(
    const std::vector<library::ComplexityFinding>& findings, std::string_view text,
    const std::string& name) {
  TRY_ASSIGN(const auto known, read_baseline(text, name));
  std::vector<json::JudgedFinding> judged = unjudged(findings);
  for (json::JudgedFinding& each : judged) {
    const auto before = known.find(key_of(*each.finding));
    if (before != known.end()) {
      each.standing =
          each.finding->value > before->second ? json::Standing::Worse : json::Standing::Known;
    }
  }
  return judged;
}

std::vector<json::JudgedFinding> unjudged(const std::vector<library::ComplexityFinding>& findings) {
  std::vector<json::JudgedFinding> judged;
  judged.reserve(findings.size());
  for (const library::ComplexityFinding& finding : findings) {
    judged.push_back({&finding, json::Standing::New});
  }
  return judged;
}

}  // namespace sonde::faces::cli
