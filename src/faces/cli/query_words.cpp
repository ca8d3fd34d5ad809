#include "faces/cli/query_words.h"

#include <algorithm>

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kWordLimit = 64;
constexpr std::size_t kShortestWord = 2;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// A byte of a letter: ASCII ones, and every byte of a longer UTF-8 sequence.
bool is_letter(char c) {
  return is_lower(c) || is_upper(c) || static_cast<unsigned char>(c) >= 0x80;
}
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += lower(c);
  }
  return result;
}

/// The query cut at white space; a quoted part stays whole, its quotes with it.
std::vector<std::string_view> tokens_of(std::string_view query) {
  std::vector<std::string_view> tokens;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= query.size(); ++i) {
    const bool end = i == query.size();
    if (!end && query[i] == '"') {
      quoted = !quoted;
    }
    const bool space =
        end || (!quoted && (query[i] == ' ' || query[i] == '\t' || query[i] == '\n'));
    if (space) {
      if (i > start) {
        tokens.push_back(query.substr(start, i - start));
      }
      start = i + 1;
    }
  }
  return tokens;
}

bool is_filter(std::string_view token) {
  for (const std::string_view key : {"lang:", "path:", "kind:", "symbol:"}) {
    if (token.size() > key.size() && token.substr(0, key.size()) == key) {
      return true;
    }
  }
  return false;
}

/// "retries" and "retry", "limited" and "limit" begin alike.
std::string without_ending(std::string word) {
  for (const std::string_view ending : {"ies", "ing", "ed", "es", "s", "y", "e"}) {
    if (word.size() >= ending.size() + 4 && word.ends_with(ending)) {
      word.resize(word.size() - ending.size());
      return word;
    }
  }
  return word;
}

bool begins_part(std::string_view line, std::size_t at) {
  if (at == 0) {
    return true;
  }
  const char before = line[at - 1];
  const char here = line[at];
  return (!is_letter(before) && !is_digit(before)) || (is_lower(before) && is_upper(here)) ||
         (is_digit(before) != is_digit(here)) ||
         (is_upper(before) && is_upper(here) && at + 1 < line.size() && is_lower(line[at + 1]));
}

bool matches_at(std::string_view line, std::size_t at, const std::string& word) {
  if (line.size() - at < word.size()) {
    return false;
  }
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(line[at + i]) != word[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::string> words_to_highlight(std::string_view query) {
  std::vector<std::string> words;
  for (const std::string_view token : tokens_of(query)) {
    if (token.front() == '-' || is_filter(token)) {
      continue;
    }
    std::string word;
    for (std::size_t i = 0; i <= token.size() && words.size() < kWordLimit; ++i) {
      if (i < token.size() && (is_letter(token[i]) || is_digit(token[i]) || token[i] == '_')) {
        word += token[i];
        continue;
      }
      const std::string shown = without_ending(lower(word));
      word.clear();
      if (shown.size() >= kShortestWord &&
          std::find(words.begin(), words.end(), shown) == words.end()) {
        words.push_back(shown);
      }
    }
  }
  return words;
}

std::vector<std::string> filters_in_query(std::string_view query) {
  std::vector<std::string> filters;
  for (const std::string_view token : tokens_of(query)) {
    if (is_filter(token)) {
      filters.emplace_back(token);
    }
  }
  return filters;
}

std::string without_filters(std::string_view query) {
  std::string rest;
  for (const std::string_view token : tokens_of(query)) {
    if (!is_filter(token)) {
      rest += rest.empty() ? "" : " ";
      rest += token;
    }
  }
  return rest;
}

std::vector<Span> find_words(std::string_view line, const std::vector<std::string>& words) {
  std::vector<Span> spans;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    std::size_t which = 0;
    for (std::size_t word = 0; begins_part(line, at) && word < words.size(); ++word) {
      if (words[word].size() > end - at && matches_at(line, at, words[word])) {
        end = at + words[word].size();
        which = word;
      }
    }
    if (end == at) {
      ++at;
      continue;
    }
    while (end < line.size() && !begins_part(line, end) && is_letter(line[end])) {
      ++end;  // the ending
    }
    spans.push_back({at, end, which});
    at = end;
  }
  return spans;
}

}  // namespace sonde::faces::cli
