#include "faces/json/values.h"

#include "base/utf8.h"
#include "faces/json/base64.h"
#include "faces/json/objects.h"

namespace sonde::faces::json {

std::string text(std::string_view bytes) { return to_valid_utf8(bytes); }

Object score(double value) {
  return std::isfinite(value) ? Object(std::round(value * 1e6) / 1e6) : Object(nullptr);
}

Object text_or_null(const std::string& value) {
  return value.empty() ? Object(nullptr) : Object(text(value));
}

void put_path(Object& object, const std::string& name, const std::string& path) {
  object[name] = text(path);
  if (!is_valid_utf8(path)) {
    object[name + "_base64"] = base64(path);
  }
}

Object texts(const std::vector<std::string>& values) {
  Object list = Object::array();
  for (const std::string& value : values) {
    list.push_back(text(value));
  }
  return list;
}

Object time_or_null(std::int64_t milliseconds) {
  return milliseconds == 0 ? Object(nullptr) : Object(utc_time(milliseconds));
}

Object with_schema(const char* schema) {
  Object object;
  object["schema"] = schema;
  return object;
}

Object completeness_value(const library::Completeness& index) {
  Object object;
  object["generation"] = index.generation;
  object["checked_at"] = time_or_null(index.checked_at_ms);
  object["files"] = index.files;
  object["chunks"] = index.chunks;
  object["pending_chunks"] = index.pending_chunks;
  object["stale_files"] = index.stale_files;
  object["quarantined"] = index.quarantined;
  object["complete"] = index.complete;
  return object;
}

Object code_place(const library::CodePlace& place) {
  Object object;
  object["source"] = text(place.source);
  put_path(object, "path", place.path);
  object["line"] = place.line;
  object["end_line"] = place.end_line;
  object["language"] = text(place.language);
  object["kind"] = text(place.kind);
  object["symbol"] = text_or_null(place.symbol);
  object["scope"] = text_or_null(place.scope);
  object["declaration"] = place.declaration;
  object["text"] = text(place.text);
  object["file_hash"] = text(place.file_hash);
  object["stale"] = place.stale;
  return object;
}

}  // namespace sonde::faces::json
