#pragma once
// What of a query is to be shown in the text: a light look at it, for people's eyes only. What is
// searched is decided by index/query.h.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::faces::cli {

/// The words of a query to highlight: without filters, exclusions and quotes, in lower case,
/// without common English endings, none twice, at most 64.
std::vector<std::string> words_to_highlight(std::string_view query);

/// The filters written in a query ("lang:go"), in order.
std::vector<std::string> filters_in_query(std::string_view query);
/// The query without them.
std::string without_filters(std::string_view query);

struct Span {
  std::size_t start = 0;
  std::size_t end = 0;
  std::size_t word = 0;  // which of the words
};
/// Where the words stand in a line, ascending, not overlapping: at the beginning of a word or of a
/// part of an identifier, up to the end of that part.
std::vector<Span> find_words(std::string_view line, const std::vector<std::string>& words);

}  // namespace sonde::faces::cli
