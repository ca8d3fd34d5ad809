#include "faces/clients/jsonc_scan.h"

#include <algorithm>

namespace sonde::faces::clients {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Error wrong(std::string_view text, std::size_t at, const char* what) {
  const auto begin = text.begin();
  const auto lines =
      std::count(begin, begin + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n');
  return {Code::InvalidArgument, "line " + std::to_string(lines + 1) + ": " + what};
}

/// Behind the comment that begins at `at`; `at` when none does.
std::size_t behind_comment(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) {
    return std::min(text.find('\n', at), text.size());
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return at;
}

/// Behind the string that begins at `at`; npos when it does not end.
std::size_t behind_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// Behind the value that begins at `at`.
Result<std::size_t> behind_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (std::size_t i = at; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      i = behind_string(text, i);
      if (i == std::string_view::npos) {
        return wrong(text, at, "a string does not end");
      }
    } else if (c == '{' || c == '[') {
      ++i;
      if (++depth > kNestingLimit) {
        return wrong(text, i, "it is nested too deeply");
      }
      continue;
    } else if ((c == '}' || c == ']') && depth > 0) {
      ++i;
      --depth;
    } else if (depth > 0) {
      const std::size_t next = next_token(text, i);
      i = next == i ? i + 1 : next;
      continue;
    } else {
      // A number or a word.
      while (i < text.size() && !is_space(text[i]) &&
             std::string_view(",}]/\"").find(text[i]) == std::string_view::npos) {
        ++i;
      }
      if (i == at) {
        return wrong(text, at, "a value is missing");
      }
      return i;
    }
    if (depth == 0) {
      return i;
    }
  }
  return wrong(text, at, "a value does not end");
}

}  // namespace

std::size_t next_token(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const std::size_t behind = is_space(text[at]) ? at + 1 : behind_comment(text, at);
    if (behind == at) {
      break;
    }
    at = behind;
  }
  return at;
}

Result<ObjectSpan> scan_object(std::string_view text, std::size_t at) {
  ObjectSpan object;
  object.open = next_token(text, at);
  if (object.open >= text.size() || text[object.open] != '{') {
    return wrong(text, object.open, "an object { } should be here");
  }
  std::size_t i = next_token(text, object.open + 1);
  while (i < text.size() && text[i] == '"') {
    if (object.members.size() >= kMemberLimit) {
      return wrong(text, i, "an object has too many members");
    }
    MemberSpan member;
    member.key_begin = i;
    i = behind_string(text, i);
    if (i == std::string_view::npos) {
      return wrong(text, member.key_begin, "a string does not end");
    }
    member.key = text.substr(member.key_begin + 1, i - member.key_begin - 2);
    i = next_token(text, i);
    if (i >= text.size() || text[i] != ':') {
      return wrong(text, i, "a colon is missing");
    }
    member.value_begin = next_token(text, i + 1);
    TRY_ASSIGN(member.value_end, behind_value(text, member.value_begin));
    i = next_token(text, member.value_end);
    const bool goes_on = i < text.size() && text[i] == ',';
    if (goes_on) {
      member.comma = i;
      i = next_token(text, i + 1);
    }
    object.members.push_back(std::move(member));
    if (!goes_on) {
      break;
    }
  }
  if (i >= text.size() || text[i] != '}') {
    return wrong(text, i, "a \"}\" or a comma is missing");
  }
  object.close = i;
  return object;
}

std::string plain_json(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      const std::size_t end = std::min(behind_string(text, i), text.size());
      plain += text.substr(i, end - i);
      i = end;
      continue;
    }
    const std::size_t behind = behind_comment(text, i);
    if (behind > i) {
      plain += ' ';
      i = behind;
      continue;
    }
    if (text[i] == ',') {
      const std::size_t next = next_token(text, i + 1);
      if (next < text.size() && (text[next] == '}' || text[next] == ']')) {
        ++i;
        continue;
      }
    }
    plain += text[i++];
  }
  return plain;
}

}  // namespace sonde::faces::clients
