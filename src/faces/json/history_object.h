#pragma once
// The JSON object of `sonde history`.

#include <cstdint>
#include <string>

#include "faces/json/objects.h"
#include "library/history.h"

namespace sonde::faces::json {

/// "sonde.history/1".
Document history_object(const library::HistoryAnswer& answer);

/// "2025-01-31T12:00:00+02:00": by a clock `offset_min` minutes before UTC; "Z" for none.
std::string local_time(std::int64_t seconds_since_1970, std::int32_t offset_min);

}  // namespace sonde::faces::json
