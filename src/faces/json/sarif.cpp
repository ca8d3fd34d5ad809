// What `sonde analyze` finds, as SARIF 2.1.0.

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "faces/json/analysis_objects.h"
#include "faces/json/values.h"

namespace sonde::faces::json {

namespace {

struct Rule {
  const char* id;
  const char* name;
  const char* text;
};

constexpr std::array<Rule, 5> kRules = {{
    {"cyclomatic", "CyclomaticComplexity", "The function has too many paths through it."},
    {"cognitive", "CognitiveComplexity", "The function is hard to understand."},
    {"nesting", "DeepNesting", "The function nests its flow of control too deeply."},
    {"lines", "LongFunction", "The function has too many lines."},
    {"parameters", "ManyParameters", "The function takes too many parameters."},
}};

std::size_t rule_index(const std::string& metric) {
  const auto* const rule = std::find_if(kRules.begin(), kRules.end(),
                                        [&](const Rule& each) { return metric == each.id; });
  return static_cast<std::size_t>(rule - kRules.begin());
}

/// A path as part of a URI (RFC 3986): all but unreserved characters and '/' in per cent.
std::string uri_of(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kHex[byte >> 4U];
      uri += kHex[byte & 15U];
    }
  }
  return uri;
}

Object driver_value() {
  Object driver;
  driver["name"] = "sonde";
  driver["version"] = SONDE_VERSION;
  driver["rules"] = Object::array();
  for (const Rule& rule : kRules) {
    driver["rules"].push_back({{"id", rule.id},
                               {"name", rule.name},
                               {"shortDescription", {{"text", rule.text}}},
                               {"defaultConfiguration", {{"level", "warning"}}}});
  }
  return driver;
}

Object location_value(const library::CodePlace& place) {
  Object location;
  location["physicalLocation"]["artifactLocation"] = {{"uri", uri_of(place.path)},
                                                      {"uriBaseId", text(place.source)}};
  location["physicalLocation"]["region"] = {{"startLine", place.line}, {"endLine", place.end_line}};
  Object logical;
  logical["name"] = text(place.symbol);
  logical["fullyQualifiedName"] =
      text(place.scope.empty() ? place.symbol : place.scope + "." + place.symbol);
  logical["kind"] = "function";
  location["logicalLocations"] = Object::array({std::move(logical)});
  return location;
}

Object result_value(const JudgedFinding& judged, bool with_baseline) {
  const library::ComplexityFinding& finding = *judged.finding;
  const library::CodePlace& place = finding.function.place;
  Object result;
  result["ruleId"] = finding.metric;
  result["ruleIndex"] = rule_index(finding.metric);
  result["level"] = "warning";
  result["message"]["text"] = finding_text(finding);
  result["locations"] = Object::array({location_value(place)});
  // The same while the function keeps its file and name, wherever it moves in there.
  const std::string identity = place.path + '\n' + place.scope + '\n' + place.symbol + '\n' +
                               std::to_string(finding.ordinal) + '\n' + finding.metric;
  result["partialFingerprints"]["function/v1"] = content_hash(identity).hex();
  if (with_baseline) {
    result["baselineState"] = judged.standing == Standing::New     ? "new"
                              : judged.standing == Standing::Worse ? "updated"
                                                                   : "unchanged";
  }
  result["properties"] = {{"value", finding.value}, {"limit", finding.limit}};
  return result;
}

}  // namespace

Document sarif_object(const library::AnalyzeAnswer& answer,
                      const std::vector<JudgedFinding>& findings, bool with_baseline) {
  Object run;
  run["tool"]["driver"] = driver_value();
  run["originalUriBaseIds"] = Object::object();
  run["results"] = Object::array();
  for (const JudgedFinding& judged : findings) {
    const library::CodePlace& place = judged.finding->function.place;
    run["originalUriBaseIds"][text(place.source)] = {
        {"uri", "file://" + uri_of(place.source_path) + "/"}};
    run["results"].push_back(result_value(judged, with_baseline));
  }
  Object invocation;
  invocation["executionSuccessful"] = true;
  if (!answer.index.complete) {
    invocation["toolExecutionNotifications"] = Object::array();
    for (const std::string& note : answer.index.notes) {
      invocation["toolExecutionNotifications"].push_back(
          {{"level", "warning"}, {"message", {{"text", text(note)}}}});
    }
  }
  run["invocations"] = Object::array({std::move(invocation)});
  Object object;
  object["$schema"] =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
      "sarif-schema-2.1.0.json";
  object["version"] = "2.1.0";
  object["runs"] = Object::array({std::move(run)});
  return Document(std::move(object));
}

}  // namespace sonde::faces::json
