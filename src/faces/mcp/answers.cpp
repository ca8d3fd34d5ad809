#include "faces/mcp/answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "faces/wording.h"

namespace sonde::faces::mcp {

namespace {

constexpr std::size_t kMoreShown = 3;  // further places of a file, in text

/// "path:10-20  function Session.retry  score 0.81"
std::string heading(const std::string& path, const library::SearchHit& hit) {
  std::string text = fmt::format("{}:{}-{}", to_valid_utf8(path), hit.start_line, hit.end_line);
  if (!hit.symbol.empty()) {
    text +=
        fmt::format("  {} {}{}", hit.kind, hit.scope.empty() ? "" : hit.scope + ".", hit.symbol);
  }
  if (hit.score > 0) {
    text += fmt::format("  score {:.2f}", hit.score);
  }
  return text + (hit.stale ? "  (changed on disk since it was read in)" : "") + "\nid " + hit.id +
         "\n";
}

std::string text_of(const std::string& path, const library::SearchHit& hit) {
  std::string text = heading(path, hit) + fenced(hit.context.empty() ? hit.text : hit.context);
  if (!hit.more.empty()) {
    text += "also in this file:";
    for (std::size_t i = 0; i < std::min(hit.more.size(), kMoreShown); ++i) {
      const library::Place& place = hit.more[i];
      text += fmt::format(" {}-{}{}", place.start_line, place.end_line,
                          place.symbol.empty() ? "" : " " + place.symbol);
    }
    text += '\n';
  }
  return text;
}

struct Found {
  const RootAnswer* from;
  const library::SearchHit* hit;
};

/// The best of all roots; those of one root stay in its order.
std::vector<Found> best_of(const std::vector<RootAnswer>& answers, std::size_t limit) {
  std::vector<Found> found;
  for (const RootAnswer& each : answers) {
    for (const library::SearchHit& hit : each.answer.results) {
      found.push_back({&each, &hit});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.hit->score > b.hit->score; });
  found.resize(std::min(found.size(), limit));
  return found;
}

/// What the answers say of their libraries, added up.
library::SearchAnswer summed(const std::vector<RootAnswer>& answers) {
  library::SearchAnswer sum = answers.front().answer;
  sum.results.clear();
  for (std::size_t i = 1; i < answers.size(); ++i) {
    const library::SearchAnswer& each = answers[i].answer;
    sum.took_ms += each.took_ms;
    sum.tokens += each.tokens;
    sum.left_out_by_budget += each.left_out_by_budget;
    add_up(sum.index, each.index);
  }
  return sum;
}

Object integer_schema() { return Object{{"type", "integer"}}; }
Object string_schema() { return Object{{"type", "string"}}; }
Object nullable(const char* type) { return Object{{"type", {type, "null"}}}; }

Object object_schema(Object properties, std::vector<std::string> required) {
  Object schema;
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["required"] = std::move(required);
  return schema;
}

Object list_schema(Object items) {
  Object schema;
  schema["type"] = "array";
  schema["items"] = std::move(items);
  return schema;
}

Object hit_schema() {
  Object place;
  place["start_line"] = integer_schema();
  place["end_line"] = integer_schema();
  place["symbol"] = nullable("string");
  place["score"] = nullable("number");
  Object hit;
  hit["id"] = string_schema();
  hit["id"]["description"] = "for `read`, while the file is the same version";
  hit["root"] = string_schema();
  hit["path"] = string_schema();
  hit["path"]["description"] = "below the root";
  hit["start_line"] = integer_schema();
  hit["end_line"] = integer_schema();
  hit["language"] = string_schema();
  hit["kind"] = string_schema();
  hit["symbol"] = nullable("string");
  hit["score"] = nullable("number");
  hit["text"] = string_schema();
  hit["context_start_line"] = integer_schema();
  hit["context"] = string_schema();
  hit["file_hash"] = string_schema();
  hit["stale"] = Object{{"type", "boolean"}};
  hit["more"] = list_schema(object_schema(std::move(place), {"start_line", "end_line"}));
  return object_schema(std::move(hit), {"id", "path", "start_line", "end_line", "text", "stale"});
}

}  // namespace

std::string fenced(const std::string& text) {
  const std::string valid = to_valid_utf8(text);
  std::string fence = "```";
  while (valid.find(fence) != std::string::npos) {
    fence += '`';
  }
  return fence + "\n" + valid + (valid.ends_with('\n') ? "" : "\n") + fence + "\n";
}

void add_up(library::Completeness& sum, const library::Completeness& further) {
  sum.files += further.files;
  sum.chunks += further.chunks;
  sum.pending_chunks += further.pending_chunks;
  sum.stale_files += further.stale_files;
  sum.quarantined += further.quarantined;
  sum.complete = sum.complete && further.complete;
  sum.checked_at_ms = std::min(sum.checked_at_ms, further.checked_at_ms);
}

void put_notes(ToolAnswer& answer, const std::vector<std::string>& notes) {
  answer.structured["notes"] = Object::array();
  for (const std::string& note : notes) {
    answer.text += "note: " + to_valid_utf8(note) + "\n";
    answer.structured["notes"].push_back(to_valid_utf8(note));
  }
}

std::vector<std::string> notes_on(Project& project, const library::Completeness& index) {
  std::vector<std::string> notes;
  const ProjectState state = project.state();
  // A library that was complete when it was left stays so while the watcher has its first look.
  if (state.phase == ProjectState::Phase::Indexing && !index.complete) {
    const library::Progress& progress = state.progress;
    notes.push_back(
        progress.phase == library::Progress::Phase::Embed
            ? fmt::format("words are indexed; {} of {} places have their meaning by now, so what "
                          "is found by meaning alone may be missing",
                          progress.embed_done, progress.embed_total)
            : fmt::format("the index is being built ({} of {} files by now), so this is not all "
                          "there is; `status` says when it is ready",
                          progress.files_done, progress.files_total));
  }
  const std::string note = completeness_note(index);
  if (!note.empty() && notes.empty()) {
    notes.push_back(note);
  }
  for (const std::string& further : index.notes) {
    notes.push_back(further);
  }
  return notes;
}

ToolAnswer answer_with(const ToolCall& call, std::vector<RootAnswer> answers, std::size_t limit,
                       const std::string& nothing, json::Explain explain) {
  const std::vector<Found> found = best_of(answers, limit);
  const library::SearchAnswer sum = summed(answers);
  const bool several = answers.size() > 1;
  ToolAnswer answer;
  answer.structured = json::search_object(sum, explain).value();
  Object& results = answer.structured["results"];
  for (const auto& [from, hit] : found) {
    Object object = json::hit_object(*hit, explain, from->answer.mode).value();
    if (several) {
      object["root"] = to_valid_utf8(from->project->root());
    }
    results.push_back(std::move(object));
    answer.text +=
        text_of(call.workspace.shown(*from->project, hit->source_path + "/" + hit->path), *hit) +
        "\n";
  }
  std::vector<std::string> notes = notes_on_all(answers);
  if (sum.left_out_by_budget > 0) {
    notes.push_back(fmt::format("{} more did not fit into budget_tokens", sum.left_out_by_budget));
  }
  if (found.empty()) {
    answer.text = "Nothing was found. " + nothing + "\n";
  }
  put_notes(answer, notes);
  return answer;
}

Object input_schema_of(const std::string& properties, const char* required) {
  return Object::parse("{\"type\": \"object\", \"properties\": {" + properties +
                       "}, \"required\": [\"" + required + "\"], \"additionalProperties\": false}");
}

Object completeness_schema() {
  Object index;
  for (const char* name :
       {"generation", "files", "chunks", "pending_chunks", "stale_files", "quarantined"}) {
    index[name] = integer_schema();
  }
  index["checked_at"] = nullable("string");
  index["complete"] = Object{{"type", "boolean"}};
  index["complete"]["description"] = "false: not everything is indexed, see notes";
  return object_schema(std::move(index), {"complete"});
}

Object search_schema() {
  Object answer;
  answer["schema"] = string_schema();
  answer["query"] = string_schema();
  answer["mode"] = string_schema();
  answer["root"] = string_schema();
  answer["took_ms"] = Object{{"type", "number"}};
  answer["results"] = list_schema(hit_schema());
  answer["model"] = nullable("string");
  answer["tokens"] = nullable("integer");
  answer["left_out_by_budget"] = integer_schema();
  answer["index"] = completeness_schema();
  answer["notes"] = list_schema(string_schema());
  answer["resource"] = string_schema();
  return object_schema(std::move(answer), {"results", "index", "notes"});
}

}  // namespace sonde::faces::mcp
