#pragma once
// The JSON objects that every face answers with. Fixed: docs/json.md describes each field.
//
// Every string in them is valid UTF-8. A path whose bytes are not has them in `<name>_base64`
// beside its repaired `<name>`.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "embed/model_store.h"
#include "library/library.h"
#include "library/watch.h"
#include "selftest/selftest.h"

namespace sonde::faces::json {

enum class Layout { OneLine, Indented };

/// A JSON value that can be handed on without nlohmann's header, which is slow to compile. Movable.
class Document {
 public:
  explicit Document(nlohmann::ordered_json value);
  Document(Document&& other) noexcept;
  Document& operator=(Document&& other) noexcept;
  ~Document();

  /// For those who include <nlohmann/json.hpp>.
  [[nodiscard]] const nlohmann::ordered_json& value() const { return *value_; }
  /// As text, with a line feed at the end. Never fails: what is not UTF-8 is replaced.
  [[nodiscard]] std::string text(Layout layout) const;

 private:
  std::unique_ptr<nlohmann::ordered_json> value_;
};

enum class Explain { No, Yes };

/// "sonde.search/1". With Explain::Yes results carry `words`, `meaning` and `boosts`.
Document search_object(const library::SearchAnswer& answer, Explain explain);
/// One of its `results`.
Document hit_object(const library::SearchHit& hit, Explain explain,
                    std::string_view mode = "words");
/// The last line of `search --jsonl`: {"index": ...}.
Document last_line_object(const library::Completeness& index);
/// "sonde.files/1": what `search --files` found.
Document files_object(const library::SearchAnswer& answer);

/// "sonde.definition/1" and "sonde.references/1".
/// @param schema  one of these
Document symbol_object(const library::SymbolAnswer& answer, const char* schema);
/// "sonde.callers/1" and "sonde.callees/1".
Document calls_object(const library::CallsAnswer& answer, const char* schema);
/// "sonde.outline/1".
Document outline_object(const library::OutlineAnswer& answer);

/// "sonde.status/1". The lists are there when they were asked for.
Document status_object(const library::StatusReport& report, const library::StatusRequest& request);

/// "sonde.index/1". @param status  with everything left out, for the sums by reason
Document index_object(const library::IndexReport& report, const library::StatusReport& status);
/// "sonde.watch/1": one line of `sonde watch`.
Document watch_object(const library::WatchReport& report);
/// "sonde.sources/1".
Document sources_object(const std::vector<library::SourceInfo>& sources);
/// "sonde.source/1". @param action  "added" or "removed"
Document source_object(const library::SourceInfo& source, std::string_view action);
/// "sonde.forget/1".
Document forget_object(const library::ForgetReport& report);
/// "sonde.retry/1".
Document retry_object(const library::IndexReport& report,
                      const std::vector<library::QuarantineInfo>& left);
/// "sonde.selftest/1".
Document selftest_object(const selftest::SelftestReport& report);
/// "sonde.doctor/1".
Document doctor_object(const library::DoctorReport& report);
/// "sonde.reset/1".
Document reset_object(const std::string& directory, const std::string& backup);
/// "sonde.completion/1".
Document completion_object(const std::string& shell, const std::string& script);
/// "sonde.models/1".
Document models_object(const std::string& folder, const std::vector<embed::ModelInfo>& models);
/// "sonde.model/1". @param action  "added", "pulled", "kept" (it was there), "used" or "removed"
Document model_object(const embed::ModelInfo& model, std::string_view action);
/// What `sonde model test` found.
struct ModelTrial {
  embed::ModelId id;
  bool passed = false;
  std::vector<std::string> failures;
  double related = 0;    // the least cosine of two texts that say the same
  double unrelated = 0;  // the greatest of two that do not
  double open_ms = 0;
  double query_ms = 0;      // the median of one
  double documents_ms = 0;  // all of them together
  std::size_t documents = 0;
};
/// "sonde.model_test/1".
Document model_test_object(const ModelTrial& trial);
/// "sonde.embed/1". @param vectors  [n, model.dimensions], row-major
Document embed_object(const embed::ModelId& model, const std::vector<float>& vectors);
/// What became of one coding agent's settings.
struct ClientReport {
  std::string client;
  std::string title;
  std::string file;    // absolute
  std::string action;  // "added", ..., or "failed"
  std::string copy;    // of the file as it was; empty: none
  std::string change;  // the lines that differ
  std::string problem;
};
enum class DryRun { No, Yes };
/// "sonde.install/1" and "sonde.uninstall/1". @param schema  one of these
Document clients_object(const char* schema, DryRun dry_run,
                        const std::vector<ClientReport>& reports);
/// "sonde.serve/1": what `sonde serve` says when it listens.
Document serve_object(const std::string& url, const std::string& token_file);
/// "sonde.help/1": help and version with --json.
Document text_object(const std::string& text);
/// "sonde.error/1".
Document error_object(const Error& error, int exit_code);
/// The same over HTTP: with `status` instead of the exit code.
Document http_error_object(const Error& error, int status);

/// "2025-01-31T12:00:00.250Z"; empty for 0.
std::string utc_time(std::int64_t milliseconds_since_1970);

}  // namespace sonde::faces::json
