// Dates as people write them.

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>

#include "library/history_search.h"

namespace sonde::library {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kAmountLimit = 1'000'000;

struct Date {
  std::int64_t time_s = 0;
  bool whole_day = false;
};

/// Reads a number of `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text.front() == '-') {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// "+02:00", "-0530", "Z" or nothing, to seconds.
std::optional<std::int64_t> zone_of(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") {
    return 0;
  }
  const bool west = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) {
    return std::nullopt;
  }
  const auto hours = take_number(text, 2);
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || !text.empty() || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return (west ? -1 : 1) * (*hours * 3'600 + *minutes * 60);
}

/// "2024-05-01[ T]12:30[:00][zone]".
std::optional<Date> calendar_date(std::string_view text) {
  const auto year = take_number(text, 4);
  const bool first = year && take(text, '-');
  const auto month = first ? take_number(text, 2) : std::nullopt;
  const bool second = month && take(text, '-');
  const auto day = second ? take_number(text, 2) : std::nullopt;
  if (!day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  const std::int64_t midnight =
      std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * kDay;
  if (text.empty()) {
    return Date{midnight, true};
  }
  if (!take(text, 'T') && !take(text, ' ')) {
    return std::nullopt;
  }
  const auto hour = take_number(text, 2);
  const auto minute = hour && take(text, ':') ? take_number(text, 2) : std::nullopt;
  const auto seconds = minute && take(text, ':') ? take_number(text, 2) : std::optional<int>(0);
  if (!minute || !seconds || *hour > 23 || *minute > 59 || *seconds > 60) {
    return std::nullopt;
  }
  take(text, ' ');
  const auto zone = zone_of(text);
  if (!zone) {
    return std::nullopt;
  }
  return Date{midnight + *hour * 3'600 + *minute * 60 + *seconds - *zone, false};
}

std::optional<std::int64_t> unit_seconds(std::string_view unit) {
  static const std::map<std::string_view, std::int64_t> kUnits = {{"s", 1},
                                                                  {"second", 1},
                                                                  {"min", 60},
                                                                  {"minute", 60},
                                                                  {"h", 3'600},
                                                                  {"hour", 3'600},
                                                                  {"d", kDay},
                                                                  {"day", kDay},
                                                                  {"w", 7 * kDay},
                                                                  {"week", 7 * kDay},
                                                                  {"month", 30 * kDay},
                                                                  {"y", 365 * kDay},
                                                                  {"year", 365 * kDay}};
  auto found = kUnits.find(unit);
  if (found == kUnits.end() && unit.ends_with('s')) {
    found = kUnits.find(unit.substr(0, unit.size() - 1));
  }
  return found == kUnits.end() ? std::nullopt : std::optional(found->second);
}

/// "3 days ago", "3.days.ago", "2w".
std::optional<Date> relative_date(std::string_view text, std::int64_t now_s) {
  std::int64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc() || amount < 0 || amount > kAmountLimit) {
    return std::nullopt;
  }
  std::string unit;
  for (const char c : text.substr(static_cast<std::size_t>(end - text.data()))) {
    if (c != ' ' && c != '.') {
      unit += c;
    }
  }
  if (unit.size() > 3 && unit.ends_with("ago")) {
    unit.resize(unit.size() - 3);
  }
  const auto seconds = unit_seconds(unit);
  return seconds ? std::optional(Date{now_s - amount * *seconds, false}) : std::nullopt;
}

Result<Date> any_date(const std::string& text, std::int64_t now_s) {
  const std::int64_t today = now_s - (now_s % kDay + kDay) % kDay;
  if (text == "now") {
    return Date{now_s, false};
  }
  if (text == "today") {
    return Date{today, true};
  }
  if (text == "yesterday") {
    return Date{today - kDay, true};
  }
  auto date = calendar_date(text);
  if (!date) {
    date = relative_date(text, now_s);
  }
  if (!date) {
    return Error{Code::InvalidArgument,
                 fmt::format("\"{}\" is no date; write 2024-05-31, \"2024-05-31 18:00\", "
                             "\"3 weeks ago\" or yesterday",
                             text)};
  }
  return *date;
}

}  // namespace

Result<std::int64_t> parse_date(const std::string& text, std::int64_t now_s) {
  TRY_ASSIGN(const Date date, any_date(text, now_s));
  return date.time_s;
}

Result<std::int64_t> parse_end_date(const std::string& text, std::int64_t now_s) {
  TRY_ASSIGN(const Date date, any_date(text, now_s));
  return date.time_s + (date.whole_day ? kDay : 0);
}

}  // namespace sonde::library
