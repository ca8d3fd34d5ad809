#pragma once
// The values that objects are made of. Includes nlohmann's header, which is slow to compile: for
// the files that make objects alone.

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "library/library.h"

namespace sonde::faces::json {

using Object = nlohmann::ordered_json;

/// As valid UTF-8.
std::string text(std::string_view bytes);
/// Six decimals: enough to order by, and the same on every machine.
Object score(double value);
Object text_or_null(const std::string& value);
/// `name`, and `name`_base64 when the path is no UTF-8.
void put_path(Object& object, const std::string& name, const std::string& path);
Object texts(const std::vector<std::string>& values);
Object time_or_null(std::int64_t milliseconds);
Object with_schema(const char* schema);
Object completeness_value(const library::Completeness& index);

/// What every answer about code begins with.
template <typename Answer>
Object code_head(const char* schema, const Answer& answer) {
  Object object = with_schema(schema);
  put_path(object, "root", answer.root);
  object["took_ms"] = std::round(answer.took_ms * 1000) / 1000;
  object["by_name"] = true;
  object["total"] = answer.total;
  return object;
}

/// And ends with.
template <typename Answer>
void put_code_state(Object& object, const Answer& answer) {
  object["unknown_files"] = answer.structure.unknown_files;
  object["windowed"] = answer.structure.windowed;
  object["notes"] = texts(answer.index.notes);
  object["index"] = completeness_value(answer.index);
}

Object code_place(const library::CodePlace& place);

}  // namespace sonde::faces::json
