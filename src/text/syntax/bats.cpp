#include "text/syntax/bats.h"

#include <algorithm>
#include <cctype>

namespace sonde::text {

namespace {

constexpr std::string_view kTest = "@test ";

/// Rewrites the test that stands at the start of the line [begin, end), if it has the usual form.
void rewrite(std::string& script, std::size_t begin, std::size_t end) {
  const std::size_t open = begin + kTest.size();
  if (open >= end || (script[open] != '"' && script[open] != '\'')) {
    return;
  }
  const std::size_t close = script.find(script[open], open + 1);
  if (close >= end || close + 2 >= end || script[close + 1] != ' ' ||
      script.find_first_not_of(' ', close + 1) == std::string::npos ||
      script[script.find_first_not_of(' ', close + 1)] != '{') {
    return;
  }
  for (std::size_t i = begin; i < close; ++i) {
    script[i] = std::isalnum(static_cast<unsigned char>(script[i])) != 0 ? script[i] : '_';
  }
  script[close] = '(';
  script[close + 1] = ')';
}

}  // namespace

std::string bats_tests_as_functions(std::string_view script) {
  std::string rewritten;
  for (std::size_t at = script.find(kTest); at != std::string_view::npos;
       at = script.find(kTest, at + 1)) {
    if (at != 0 && script[at - 1] != '\n') {
      continue;
    }
    if (rewritten.empty()) {
      rewritten = script;
    }
    rewrite(rewritten, at, std::min(script.find('\n', at), script.size()));
  }
  return rewritten;
}

}  // namespace sonde::text
