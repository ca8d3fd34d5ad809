#include "faces/json/history_object.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "faces/json/base64.h"

namespace sonde::faces::json {

namespace {

using Object = nlohmann::ordered_json;

/// Six decimals, as in other answers.
double score(double value) { return std::round(value * 1e6) / 1e6; }

void put_path(Object& object, const std::string& name, const std::string& path) {
  object[name] = to_valid_utf8(path);
  if (!is_valid_utf8(path)) {
    object[name + "_base64"] = base64(path);
  }
}

Object history_hunk(const library::HistoryHunk& hunk) {
  Object object;
  put_path(object, "path", hunk.path);
  if (hunk.old_path.empty()) {
    object["old_path"] = nullptr;
  } else {
    put_path(object, "old_path", hunk.old_path);
  }
  object["start_line"] = hunk.start_line;
  object["end_line"] = hunk.end_line;
  object["function"] =
      hunk.function.empty() ? Object(nullptr) : Object(to_valid_utf8(hunk.function));
  object["text"] = to_valid_utf8(hunk.text);
  object["score"] = score(hunk.score);
  return object;
}

Object history_hit(const library::HistoryHit& hit) {
  Object object;
  object["commit"] = hit.commit;
  object["source"] = to_valid_utf8(hit.source);
  put_path(object, "source_path", hit.source_path);
  object["date"] = local_time(hit.time_s, hit.offset_min);
  object["author"] = to_valid_utf8(hit.author);
  object["email"] = to_valid_utf8(hit.email);
  object["subject"] = to_valid_utf8(hit.subject);
  object["body"] = to_valid_utf8(hit.body);
  object["parents"] = hit.parents;
  object["files"] = hit.files;
  object["score"] = score(hit.score);
  object["hunks"] = Object::array();
  for (const library::HistoryHunk& hunk : hit.hunks) {
    object["hunks"].push_back(history_hunk(hunk));
  }
  object["more_hunks"] = hit.more_hunks;
  object["left_out"] = hit.left_out;
  return object;
}

Object history_state(const library::HistoryState& state) {
  Object object;
  object["commits"] = state.commits;
  object["reachable"] = state.reachable;
  object["read"] = state.read;
  object["unreadable"] = state.unreadable;
  object["complete"] = state.complete;
  object["bytes"] = state.bytes;
  object["notes"] = Object::array();
  for (const std::string& note : state.notes) {
    object["notes"].push_back(to_valid_utf8(note));
  }
  return object;
}

}  // namespace

Document history_object(const library::HistoryAnswer& answer) {
  Object object;
  object["schema"] = "sonde.history/1";
  object["query"] = to_valid_utf8(answer.query);
  put_path(object, "root", answer.root);
  object["took_ms"] = std::round(answer.took_ms * 1000) / 1000;
  object["total"] = answer.total;
  object["results"] = Object::array();
  for (const library::HistoryHit& hit : answer.results) {
    object["results"].push_back(history_hit(hit));
  }
  object["history"] = history_state(answer.state);
  return Document(std::move(object));
}

std::string local_time(std::int64_t seconds_since_1970, std::int32_t offset_min) {
  const std::time_t time = seconds_since_1970 + std::int64_t{offset_min} * 60;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) {
    return "";
  }
  const std::int32_t off = std::abs(offset_min);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) +
         (offset_min == 0
              ? "Z"
              : fmt::format("{}{:02}:{:02}", offset_min < 0 ? '-' : '+', off / 60, off % 60));
}

}  // namespace sonde::faces::json
