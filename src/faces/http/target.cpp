#include "faces/http/target.h"

#include <algorithm>

#include "base/utf8.h"

namespace sonde::faces::http {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Result<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Error{Code::InvalidArgument,
                   "a % in a query stands before two hexadecimal digits; write % itself as %25"};
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (result.find('\0') != std::string::npos || !is_valid_utf8(result)) {
    return Error{Code::InvalidArgument, "a query holds UTF-8 without zero bytes, written with %XX"};
  }
  return result;
}

}  // namespace

Result<Parameters> query_parameters(std::string_view target) {
  Parameters parameters;
  if (target.size() > kTargetLimitBytes) {
    return Error{Code::Limit, "a target may be 8192 bytes long; POST takes longer queries"};
  }
  const std::size_t begin = target.find('?');
  std::string_view rest = begin == std::string_view::npos ? "" : target.substr(begin + 1);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty()) {
      continue;
    }
    if (parameters.size() == kParameterLimit) {
      return Error{Code::Limit, "a query may have 100 parameters"};
    }
    const std::size_t equals = std::min(part.find('='), part.size());
    TRY_ASSIGN(std::string name, decoded(part.substr(0, equals)));
    TRY_ASSIGN(std::string value, decoded(part.substr(std::min(equals + 1, part.size()))));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

}  // namespace sonde::faces::http
