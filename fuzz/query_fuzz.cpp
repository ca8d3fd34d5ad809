// Any bytes parse as a query or are refused with a reason; any pattern is matched against any path;
// any text has words.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "index/query.h"
#include "text/analyzer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = sonde::index::parse_query(text);
  if (!query.ok() && query.error().message.empty()) {
    std::abort();
  }
  constexpr std::size_t kPatternLimit = 1'000;
  const std::string_view pattern = text.substr(0, kPatternLimit);
  (void)sonde::index::path_matches(pattern, "src/some/folder/file.cpp");
  (void)sonde::index::path_matches("src/**/[a-c]*?.cpp", pattern);
  sonde::text::Analyzer analyzer;
  for (const sonde::text::Word& word : analyzer.analyze(text)) {
    if (word.size == 0 || word.size > sonde::text::kTermLimitBytes ||
        word.position >= analyzer.length()) {
      std::abort();
    }
  }
  return 0;
}
