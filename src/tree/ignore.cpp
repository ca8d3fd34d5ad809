#include "tree/ignore.h"

#include <algorithm>

namespace sonde::tree {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kWildBytes = "*?[\\";

// Trailing spaces do not count unless a backslash stands before them; tabs do count.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      if (++i == line.size()) {
        return line;
      }
      end = i + 1;
    } else if (line[i] != ' ') {
      end = i + 1;
    }
  }
  return line.substr(0, end);
}

std::string folded(std::string_view text, LetterCase letter_case) {
  std::string result(text);
  if (letter_case == LetterCase::Ignored) {
    for (char& c : result) {
      c = static_cast<char>(ascii_lower(static_cast<std::uint8_t>(c)));
    }
  }
  return result;
}

std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

}  // namespace

std::shared_ptr<const RuleList> RuleList::parse(std::string_view content, std::string origin,
                                                LetterCase letter_case) {
  std::shared_ptr<RuleList> list(new RuleList(std::move(origin), letter_case));
  if (content.starts_with(kUtf8Mark)) {
    content.remove_prefix(kUtf8Mark.size());
  }
  std::uint32_t number = 0;
  while (!content.empty() && list->rules_.size() < kMaxRules) {
    const std::size_t newline = content.find('\n');
    std::string_view line = content.substr(0, newline);
    content.remove_prefix(newline == std::string_view::npos ? content.size() : newline + 1);
    ++number;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    list->add(line.substr(0, line.find('\0')), number);
  }
  return list;
}

void RuleList::add(std::string_view line, std::uint32_t number) {
  if (line.starts_with('#') || line.size() > kMaxRuleBytes) {
    return;
  }
  std::string_view pattern = without_trailing_spaces(line);
  IgnoreRule rule{std::string(pattern), number};
  if (pattern.starts_with('!')) {
    rule.negated = true;
    pattern.remove_prefix(1);
  }
  if (pattern.ends_with('/')) {
    rule.folders_only = true;
    pattern.remove_suffix(1);
  }
  if (pattern.empty()) {
    return;  // matches no name
  }
  ignores_everything_ = ignores_everything_ || (pattern == "*" && !rule.negated);
  if (rule.negated) {
    note_include(pattern);
  }
  rules_.push_back(std::move(rule));
  compile(pattern, static_cast<std::uint32_t>(rules_.size() - 1));
}

void RuleList::compile(std::string_view pattern, std::uint32_t index) {
  const std::size_t wild = std::min(pattern.find_first_of(kWildBytes), pattern.size());
  if (pattern.find('/') != std::string_view::npos) {
    Matcher matcher;
    matcher.rule = index;
    const std::size_t skip = pattern.front() == '/' ? 1 : 0;
    matcher.prefix = folded(pattern.substr(skip, wild - skip), letter_case_);
    if (wild < pattern.size()) {
      matcher.tail =
          std::make_unique<WildPattern>(pattern.substr(wild), WildMode::Path, letter_case_);
    }
    matchers_.push_back(std::move(matcher));
    return;
  }
  if (wild == pattern.size()) {
    first_bytes_.set(byte_of(folded(pattern, letter_case_).front()));
    names_[folded(pattern, letter_case_)].push_back(index);
    return;
  }
  const std::string_view literal = pattern.substr(1);
  if (pattern.front() != '*' || literal.find_first_of(kWildBytes) != std::string_view::npos) {
    Matcher matcher;
    matcher.rule = index;
    matcher.name_only = true;
    matcher.tail = std::make_unique<WildPattern>(pattern, WildMode::Name, letter_case_);
    matchers_.push_back(std::move(matcher));
  } else if (literal.size() > 1 && literal.rfind('.') == 0) {
    const std::string extension = folded(literal.substr(1), letter_case_);
    last_bytes_.set(byte_of(extension.back()));
    extensions_[extension].push_back(index);
  } else {
    matchers_.push_back({index, true, folded(literal, letter_case_), true, nullptr});
  }
}

void RuleList::note_include(std::string_view pattern) {
  if (pattern.find('/') == std::string_view::npos) {
    return;
  }
  const std::size_t skip = pattern.front() == '/' ? 1 : 0;
  const std::size_t wild = std::min(pattern.find_first_of(kWildBytes), pattern.size());
  const std::size_t slash = pattern.substr(0, wild).rfind('/');
  if (slash != std::string_view::npos && slash > skip) {
    include_prefixes_.push_back(folded(pattern.substr(skip, slash - skip), letter_case_));
  }
}

bool RuleList::may_include_below(std::string_view folder) const {
  return std::any_of(
      include_prefixes_.begin(), include_prefixes_.end(), [&](const std::string& prefix) {
        return prefix.size() >= folder.size() && equal(prefix.substr(0, folder.size()), folder) &&
               (prefix.size() == folder.size() || prefix[folder.size()] == '/');
      });
}

bool RuleList::equal(std::string_view pattern, std::string_view text) const {
  if (letter_case_ == LetterCase::Exact) {
    return pattern == text;
  }
  return std::equal(pattern.begin(), pattern.end(), text.begin(), text.end(),
                    [](char a, char b) { return byte_of(a) == ascii_lower(byte_of(b)); });
}

bool RuleList::applies(std::uint32_t rule, EntryKind kind) const {
  return kind == EntryKind::Folder || !rules_[rule].folders_only;
}

void RuleList::search(const Table& table, std::string_view key, EntryKind kind,
                      std::int64_t& best) const {
  // std::unordered_map finds by string only; most names fit its small buffer.
  const auto found = table.find(folded(key, letter_case_));
  if (found == table.end()) {
    return;
  }
  const auto& indices = found->second;
  const auto last = std::find_if(indices.rbegin(), indices.rend(),
                                 [&](std::uint32_t index) { return applies(index, kind); });
  if (last != indices.rend()) {
    best = std::max(best, static_cast<std::int64_t>(*last));
  }
}

bool RuleList::matches(const Matcher& matcher, std::string_view path, std::string_view name) const {
  if (matcher.suffix) {
    return name.size() >= matcher.prefix.size() &&
           equal(matcher.prefix, name.substr(name.size() - matcher.prefix.size()));
  }
  std::string_view text = matcher.name_only ? name : path;
  if (text.size() < matcher.prefix.size() ||
      !equal(matcher.prefix, text.substr(0, matcher.prefix.size()))) {
    return false;
  }
  text.remove_prefix(matcher.prefix.size());
  return matcher.tail ? matcher.tail->matches(text) : text.empty();
}

RuleMatch RuleList::match(std::string_view path, std::size_t name_begin, EntryKind kind) const {
  const std::string_view name = path.substr(name_begin);
  if (rules_.empty() || name.empty()) {
    return {};
  }
  const bool fold = letter_case_ == LetterCase::Ignored;
  const auto lowered = [fold](char c) { return fold ? ascii_lower(byte_of(c)) : byte_of(c); };
  std::int64_t best = -1;
  if (first_bytes_.test(lowered(name.front()))) {
    search(names_, name, kind, best);
  }
  if (last_bytes_.test(lowered(name.back()))) {
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) {
      search(extensions_, name.substr(dot + 1), kind, best);
    }
  }
  for (auto it = matchers_.rbegin(); it != matchers_.rend() && it->rule > best; ++it) {
    if (applies(it->rule, kind) && matches(*it, path, name)) {
      best = it->rule;
    }
  }
  if (best < 0) {
    return {};
  }
  const IgnoreRule& rule = rules_[static_cast<std::size_t>(best)];
  return {rule.negated ? Verdict::Include : Verdict::Ignore, &rule};
}

}  // namespace sonde::tree
