#include "faces/mcp/arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace sonde::faces::mcp {

namespace {

constexpr std::size_t kListLimit = 64;
constexpr std::size_t kTextLimitBytes = 64 * 1024;

Error wrong(const std::string& name, const std::string& what) {
  return {Code::InvalidArgument, "the argument `" + name + "` " + what};
}

std::optional<std::uint64_t> number_in(const Json& value) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>();
  }
  if (value.is_number_float()) {
    const double real = value.get<double>();
    constexpr double kExact = 9007199254740992.0;
    const bool whole =
        real >= 0 && real < kExact && static_cast<double>(static_cast<std::uint64_t>(real)) == real;
    return whole ? std::optional(static_cast<std::uint64_t>(real)) : std::nullopt;
  }
  if (!value.is_string()) {
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(number)
                                                                   : std::nullopt;
}

}  // namespace

const Json* Arguments::find(const std::string& name) {
  asked_.insert(name);
  const auto found = json_.find(name);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

bool Arguments::has(const std::string& name) const {
  const auto found = json_.find(name);
  return found != json_.end() && !found->is_null();
}

Result<std::string> Arguments::text(const std::string& name, const std::string& fallback) {
  const Json* const value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_string()) {
    return wrong(name, "must be a string");
  }
  auto text = value->get<std::string>();
  if (text.size() > kTextLimitBytes) {
    return wrong(name, fmt::format("is longer than {} bytes", kTextLimitBytes));
  }
  return text;
}

Result<std::string> Arguments::needed_text(const std::string& name) {
  TRY_ASSIGN(std::string value, text(name));
  if (value.empty()) {
    return wrong(name, "is needed and may not be empty");
  }
  return value;
}

Result<std::uint64_t> Arguments::number(const std::string& name, std::uint64_t fallback,
                                        std::uint64_t least, std::uint64_t most) {
  const Json* const value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  const std::optional<std::uint64_t> number = number_in(*value);
  if (!number || *number < least || *number > most) {
    return wrong(name, fmt::format("must be a whole number from {} to {}", least, most));
  }
  return *number;
}

Result<std::vector<std::string>> Arguments::list(const std::string& name) {
  const Json* const value = find(name);
  std::vector<std::string> list;
  if (value == nullptr) {
    return list;
  }
  if (value->is_string()) {
    list.push_back(value->get<std::string>());
    return list;
  }
  if (!value->is_array() || value->size() > kListLimit) {
    return wrong(name, fmt::format("must be a list of at most {} strings", kListLimit));
  }
  for (const Json& item : *value) {
    if (!item.is_string()) {
      return wrong(name, "must be a list of strings");
    }
    list.push_back(item.get<std::string>());
  }
  return list;
}

Result<bool> Arguments::flag(const std::string& name, bool fallback) {
  const Json* const value = find(name);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    return wrong(name, "must be true or false");
  }
  return value->get<bool>();
}

Status Arguments::finish() const {
  for (const auto& [name, value] : json_.items()) {
    if (asked_.count(name) == 0) {
      std::string known;
      for (const std::string& each : asked_) {
        known += (known.empty() ? "" : ", ") + each;
      }
      return wrong(name, "is not known; the arguments are " + known);
    }
  }
  return {};
}

}  // namespace sonde::faces::mcp
