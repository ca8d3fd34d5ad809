#include "faces/json/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "faces/json/base64.h"
#include "faces/json/values.h"

namespace sonde::faces::json {

namespace {

Object place_object(const library::Place& place) {
  Object object;
  object["start_line"] = place.start_line;
  object["end_line"] = place.end_line;
  object["symbol"] = text_or_null(place.symbol);
  object["score"] = score(place.score);
  return object;
}

Object hit_value(const library::SearchHit& hit, Explain explain, std::string_view mode) {
  Object object;
  object["id"] = text(hit.id);
  object["source"] = text(hit.source);
  put_path(object, "path", hit.path);
  object["start_line"] = hit.start_line;
  object["end_line"] = hit.end_line;
  object["language"] = text(hit.language);
  object["kind"] = text(hit.kind);
  object["symbol"] = text_or_null(hit.symbol);
  object["score"] = score(hit.score);
  object["text"] = text(hit.text);
  if (hit.context_start_line > 0) {
    object["context_start_line"] = hit.context_start_line;
    object["context"] = text(hit.context);
  }
  object["file_hash"] = text(hit.file_hash);
  object["stale"] = hit.stale;
  object["more"] = Object::array();
  for (const library::Place& place : hit.more) {
    object["more"].push_back(place_object(place));
  }
  if (explain == Explain::Yes) {
    object["words"] = score(hit.words);
    object["meaning"] = mode == "words" ? Object(nullptr) : score(hit.meaning);
    object["boosts"] = Object::object();
    for (const auto& [name, value] : hit.boosts) {
      object["boosts"][text(name)] = score(value);
    }
  }
  return object;
}

Object bare_source_object(const library::SourceInfo& source) {
  Object object;
  object["id"] = text(source.uid);
  object["kind"] = text(source.kind);
  put_path(object, "path", source.path);
  object["files"] = source.files;
  object["present"] = source.present;
  return object;
}

Object skipped_list(const std::vector<library::SkippedInfo>& entries) {
  Object list = Object::array();
  for (const library::SkippedInfo& entry : entries) {
    Object object;
    put_path(object, "source_path", entry.source_path);
    put_path(object, "path", entry.path);
    object["reason"] = text(entry.reason);
    object["detail"] = text_or_null(entry.detail);
    list.push_back(std::move(object));
  }
  return list;
}

Object quarantine_list(const std::vector<library::QuarantineInfo>& entries) {
  Object list = Object::array();
  for (const library::QuarantineInfo& entry : entries) {
    Object object;
    put_path(object, "source_path", entry.source_path);
    put_path(object, "path", entry.path);
    object["reason"] = text(entry.reason);
    object["at"] = time_or_null(entry.at_ms);
    list.push_back(std::move(object));
  }
  return list;
}

Object error_fields(const Error& error) {
  Object object = with_schema("sonde.error/1");
  object["error"]["code"] = code_name(error.code);
  object["error"]["message"] = text(error.message);
  return object;
}

}  // namespace

std::string utc_time(std::int64_t milliseconds_since_1970) {
  if (milliseconds_since_1970 == 0) {
    return "";
  }
  std::int64_t seconds = milliseconds_since_1970 / 1000;
  std::int64_t milliseconds = milliseconds_since_1970 % 1000;
  if (milliseconds < 0) {
    milliseconds += 1000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) {
    return "";
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     milliseconds);
}

Document::Document(Object value) : value_(std::make_unique<Object>(std::move(value))) {}
Document::Document(Document&& other) noexcept = default;
Document& Document::operator=(Document&& other) noexcept = default;
Document::~Document() = default;

std::string Document::text(Layout layout) const {
  return value_->dump(layout == Layout::Indented ? 2 : -1, ' ', false,
                      Object::error_handler_t::replace) +
         "\n";
}

Document hit_object(const library::SearchHit& hit, Explain explain, std::string_view mode) {
  return Document(hit_value(hit, explain, mode));
}

Document last_line_object(const library::Completeness& index) {
  Object object;
  object["index"] = completeness_value(index);
  return Document(std::move(object));
}

Document search_object(const library::SearchAnswer& answer, Explain explain) {
  Object object = with_schema("sonde.search/1");
  object["query"] = text(answer.query);
  object["mode"] = text(answer.mode);
  put_path(object, "root", answer.root);
  object["took_ms"] = std::round(answer.took_ms * 1000) / 1000;
  object["results"] = Object::array();
  for (const library::SearchHit& hit : answer.results) {
    object["results"].push_back(hit_value(hit, explain, answer.mode));
  }
  object["model"] = text_or_null(answer.model);
  object["tokens"] = answer.tokens_by.empty() ? Object(nullptr) : Object(answer.tokens);
  object["tokens_by"] = text_or_null(answer.tokens_by);
  object["left_out_by_budget"] = answer.left_out_by_budget;
  object["index"] = completeness_value(answer.index);
  return Document(std::move(object));
}

Document files_object(const library::SearchAnswer& answer) {
  Object object = with_schema("sonde.files/1");
  object["query"] = text(answer.query);
  object["mode"] = text(answer.mode);
  put_path(object, "root", answer.root);
  object["took_ms"] = std::round(answer.took_ms * 1000) / 1000;
  object["files"] = Object::array();
  for (const library::SearchHit& hit : answer.results) {
    Object file;
    file["source"] = text(hit.source);
    put_path(file, "path", hit.path);
    file["score"] = score(hit.score);
    file["stale"] = hit.stale;
    object["files"].push_back(std::move(file));
  }
  object["index"] = completeness_value(answer.index);
  return Document(std::move(object));
}

Document status_object(const library::StatusReport& report, const library::StatusRequest& request) {
  Object object = with_schema("sonde.status/1");
  put_path(object, "directory", report.directory);
  put_path(object, "root", report.root);
  object["note"] = text_or_null(report.note);
  object["id"] = text(report.uid);
  object.update(completeness_value(report.index));
  object["skipped"] = report.skipped;
  object["windowed"] = report.windowed;
  object["lines"] = report.lines;
  object["chunks_written_total"] = report.chunks_written_total;
  object["vectors"] = report.vectors;
  object["embedded_total"] = report.embedded_total;
  object["model"] = text_or_null(report.model);
  object["bytes"]["truth"] = report.bytes_truth;
  object["bytes"]["derived"] = report.bytes_derived;
  object["bytes"]["source"] = report.bytes_source;
  object["segments"] = report.segments;
  object["deltas"] = report.deltas;
  object["writer_pid"] = report.writer_pid == 0 ? Object(nullptr) : Object(report.writer_pid);
  object["sources"] = Object::array();
  for (const library::SourceInfo& source : report.sources) {
    object["sources"].push_back(bare_source_object(source));
  }
  object["notes"] = texts(report.index.notes);
  if (request.list_skipped) {
    object["skipped_list"] = skipped_list(report.skipped_list);
  }
  if (request.list_quarantine) {
    object["quarantine_list"] = quarantine_list(report.quarantine_list);
  }
  return Document(std::move(object));
}

Document index_object(const library::IndexReport& report, const library::StatusReport& status) {
  std::map<std::string, std::uint64_t> by_reason;
  for (const library::SkippedInfo& entry : status.skipped_list) {
    ++by_reason[text(entry.reason)];
  }
  Object object = with_schema("sonde.index/1");
  put_path(object, "directory", status.directory);
  put_path(object, "root", status.root);
  object["files_seen"] = report.files_seen;
  object["added"] = report.added;
  object["changed"] = report.changed;
  object["moved"] = report.moved;
  object["removed"] = report.removed;
  object["unchanged"] = report.unchanged;
  object["skipped"] = report.skipped;
  object["skipped_by_reason"] = Object(by_reason);
  object["quarantined"] = report.quarantined;
  object["windowed"] = report.windowed;
  object["chunks_written"] = report.chunks_written;
  object["chunks_kept"] = report.chunks_kept;
  object["lines"] = report.lines;
  object["bytes"] = report.bytes;
  object["embedded"] = report.embedded;
  object["vectors_taken"] = report.vectors_taken;
  object["seconds"] = score(report.seconds);
  object["embed_seconds"] = score(report.embed_seconds);
  object["embed_trouble"] = text_or_null(report.embed_trouble);
  object["notes"] = texts(report.notes);
  object["index"] = completeness_value(status.index);
  return Document(std::move(object));
}

Document watch_object(const library::WatchReport& report) {
  using Kind = library::WatchReport::Kind;
  const std::map<Kind, const char*> events = {{Kind::Ready, "ready"},
                                              {Kind::Changes, "changes"},
                                              {Kind::Embedded, "embedded"},
                                              {Kind::Waiting, "waiting"},
                                              {Kind::Note, "note"}};
  Object object = with_schema("sonde.watch/1");
  object["event"] = events.at(report.kind);
  if (report.kind == Kind::Waiting || report.kind == Kind::Note) {
    object["message"] = text(report.message);
    return Document(std::move(object));
  }
  const library::IndexReport& changes = report.changes;
  object["set"] = report.sets;
  object["added"] = changes.added;
  object["changed"] = changes.changed;
  object["moved"] = changes.moved;
  object["removed"] = changes.removed;
  object["chunks_written"] = changes.chunks_written;
  object["embedded"] = changes.embedded;
  object["pending_chunks"] = changes.pending_chunks;
  object["seconds"] = score(report.seconds);
  object["words_seconds"] = score(changes.seconds);
  object["embed_seconds"] = score(changes.embed_seconds);
  object["listening"] = report.listening;
  return Document(std::move(object));
}

Document sources_object(const std::vector<library::SourceInfo>& sources) {
  Object object = with_schema("sonde.sources/1");
  object["sources"] = Object::array();
  for (const library::SourceInfo& source : sources) {
    object["sources"].push_back(bare_source_object(source));
  }
  return Document(std::move(object));
}

Document source_object(const library::SourceInfo& source, std::string_view action) {
  Object object = with_schema("sonde.source/1");
  object["action"] = std::string(action);
  object["source"] = bare_source_object(source);
  return Document(std::move(object));
}

Document forget_object(const library::ForgetReport& report) {
  Object object = with_schema("sonde.forget/1");
  object["files"] = report.files;
  object["chunks"] = report.chunks;
  object["paths"] = Object::array();
  for (const std::string& path : report.paths) {
    Object entry;
    put_path(entry, "path", path);
    object["paths"].push_back(std::move(entry));
  }
  object["retained"] = texts(report.retained);
  object["pending"] = report.pending;
  return Document(std::move(object));
}

Document doctor_object(const library::DoctorReport& report) {
  Object object = with_schema("sonde.doctor/1");
  object["healthy"] = report.healthy;
  object["findings"] = Object::array();
  for (const library::DoctorFinding& finding : report.findings) {
    Object entry;
    entry["damage"] = finding.damage;
    entry["what"] = text(finding.what);
    entry["remedy"] = text_or_null(finding.remedy);
    object["findings"].push_back(std::move(entry));
  }
  object["repaired"] = texts(report.repaired);
  return Document(std::move(object));
}

Document retry_object(const library::IndexReport& report,
                      const std::vector<library::QuarantineInfo>& left) {
  Object object = with_schema("sonde.retry/1");
  object["tried"] = report.files_seen;
  object["quarantine_list"] = quarantine_list(left);
  return Document(std::move(object));
}

Document selftest_object(const selftest::SelftestReport& report) {
  Object object = with_schema("sonde.selftest/1");
  object["seed"] = report.seed;
  object["promises_broken"] = report.broken();
  object["trials"] = Object::array();
  for (const selftest::TrialResult& trial : report.trials) {
    Object entry;
    entry["name"] = trial.name;
    entry["unit"] = trial.unit;
    entry["tried"] = trial.tried;
    entry["seconds"] = trial.seconds;
    entry["promises_broken"] = trial.tally.count("promises broken");
    entry["broken"] = texts(trial.tally.broken);
    entry["counts"] = Object::object();
    for (const auto& [name, count] : trial.tally.counts) {
      entry["counts"][name] = count;
    }
    object["trials"].push_back(std::move(entry));
  }
  return Document(std::move(object));
}

Document reset_object(const std::string& directory, const std::string& backup) {
  Object object = with_schema("sonde.reset/1");
  put_path(object, "directory", directory);
  put_path(object, "backup", backup);
  return Document(std::move(object));
}

Document completion_object(const std::string& shell, const std::string& script) {
  Object object = with_schema("sonde.completion/1");
  object["shell"] = shell;
  object["script"] = script;
  return Document(std::move(object));
}

namespace {

/// The double that prints as short as the float does: 0.1, not 0.10000000149011612.
double shortest(float value) {
  char digits[32] = {};
  const auto written = std::to_chars(std::begin(digits), std::end(digits), value);
  double result = 0;
  std::from_chars(std::begin(digits), written.ptr, result);
  return result;
}

Object model_value(const embed::ModelInfo& model) {
  Object object;
  object["name"] = text(model.id.name);
  put_path(object, "folder", model.folder);
  object["hash"] = text_or_null(model.id.weights);
  object["precision"] = text_or_null(model.id.precision);
  object["pooling"] = text_or_null(model.id.pooling);
  object["dimensions"] = model.id.dimensions;
  object["max_tokens"] = model.id.max_tokens;
  object["size_bytes"] = model.size_bytes;
  object["source"] = text_or_null(model.source);
  object["added_at"] = text_or_null(model.added_at);
  object["in_use"] = model.in_use;
  object["problem"] = text_or_null(model.problem);
  return object;
}

}  // namespace

Document models_object(const std::string& folder, const std::vector<embed::ModelInfo>& models) {
  Object object = with_schema("sonde.models/1");
  put_path(object, "folder", folder);
  object["models"] = Object::array();
  for (const embed::ModelInfo& model : models) {
    object["models"].push_back(model_value(model));
  }
  return Document(std::move(object));
}

Document model_object(const embed::ModelInfo& model, std::string_view action) {
  Object object = with_schema("sonde.model/1");
  object["action"] = std::string(action);
  object["model"] = model_value(model);
  return Document(std::move(object));
}

Document model_test_object(const ModelTrial& trial) {
  Object object = with_schema("sonde.model_test/1");
  object["model"] = text(trial.id.name);
  object["dimensions"] = trial.id.dimensions;
  object["passed"] = trial.passed;
  object["failures"] = texts(trial.failures);
  object["related"] = score(trial.related);
  object["unrelated"] = score(trial.unrelated);
  object["open_ms"] = score(trial.open_ms);
  object["query_ms"] = score(trial.query_ms);
  object["documents"] = trial.documents;
  object["documents_ms"] = score(trial.documents_ms);
  return Document(std::move(object));
}

Document embed_object(const embed::ModelId& model, const std::vector<float>& vectors) {
  Object object = with_schema("sonde.embed/1");
  object["model"] = text(model.name);
  object["model_key"] = text(model.key());
  object["dimensions"] = model.dimensions;
  object["vectors"] = Object::array();
  for (std::size_t at = 0; model.dimensions > 0 && at + model.dimensions <= vectors.size();
       at += model.dimensions) {
    const auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(at);
    Object vector = Object::array();
    std::for_each(begin, begin + model.dimensions,
                  [&vector](float value) { vector.push_back(shortest(value)); });
    object["vectors"].push_back(std::move(vector));
  }
  return Document(std::move(object));
}

Document clients_object(const char* schema, DryRun dry_run,
                        const std::vector<ClientReport>& reports) {
  Object object = with_schema(schema);
  object["dry_run"] = dry_run == DryRun::Yes;
  object["clients"] = Object::array();
  for (const ClientReport& report : reports) {
    Object one;
    one["client"] = text(report.client);
    one["title"] = text(report.title);
    put_path(one, "file", report.file);
    one["action"] = text(report.action);
    one["copy"] = text_or_null(report.copy);
    one["change"] = text_or_null(report.change);
    one["problem"] = text_or_null(report.problem);
    object["clients"].push_back(std::move(one));
  }
  return Document(std::move(object));
}

Document text_object(const std::string& value) {
  Object object = with_schema("sonde.help/1");
  object["text"] = text(value);
  return Document(std::move(object));
}

Document serve_object(const std::string& url, const std::string& token_file) {
  Object object = with_schema("sonde.serve/1");
  object["url"] = url;
  object["token_file"] = text(token_file);
  return Document(std::move(object));
}

Document error_object(const Error& error, int exit_code) {
  Object object = error_fields(error);
  object["error"]["exit_code"] = exit_code;
  return Document(std::move(object));
}

Document http_error_object(const Error& error, int status) {
  Object object = error_fields(error);
  object["error"]["status"] = status;
  return Document(std::move(object));
}

}  // namespace sonde::faces::json
