#include "faces/clients/jsonc_edit.h"

#include <algorithm>
#include <utility>

#include "faces/clients/jsonc_scan.h"

namespace sonde::faces::clients {

namespace {

constexpr auto kNone = std::string_view::npos;

/// How a file is written.
struct Style {
  std::string unit = "  ";  // of indentation
  std::string line_end = "\n";
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// White space before the first thing on the line that holds `at`.
std::string_view indentation_at(std::string_view text, std::size_t at) {
  const std::size_t newline = text.rfind('\n', at == 0 ? 0 : at - 1);
  const std::size_t begin = newline == kNone || at == 0 ? 0 : newline + 1;
  std::size_t end = begin;
  while (end < at && is_blank(text[end])) {
    ++end;
  }
  return text.substr(begin, end - begin);
}

bool stands_on_own_line(std::string_view text, std::size_t at) {
  std::size_t i = at;
  while (i > 0 && is_blank(text[i - 1])) {
    --i;
  }
  return i > 0 && text[i - 1] == '\n';
}

Style style_of(std::string_view text, const ObjectSpan& root) {
  Style style;
  if (text.find("\r\n") != kNone) {
    style.line_end = "\r\n";
  }
  if (!root.members.empty() && stands_on_own_line(text, root.members.front().key_begin)) {
    const std::string_view unit = indentation_at(text, root.members.front().key_begin);
    if (!unit.empty()) {
      style.unit = unit;
    }
  }
  return style;
}

/// The value over several lines, all but the first with `indentation` before them.
std::string laid_out(const Entry& value, const Style& style, std::string_view indentation) {
  const bool tabs = style.unit.front() == '\t';
  const std::string flat =
      value.dump(tabs ? 1 : static_cast<int>(style.unit.size()), tabs ? '\t' : ' ');
  std::string text;
  for (const char c : flat) {
    if (c == '\n') {
      text += style.line_end;
      text += indentation;
    } else {
      text += c;
    }
  }
  return text;
}

/// The text with a further member at the end of the object.
std::string with_member(std::string_view text, const ObjectSpan& object, const std::string& key,
                        const Entry& value, const Style& style) {
  const std::string name = Entry(key).dump() + ": ";
  const bool alone = object.members.empty();
  if (!alone && !stands_on_own_line(text, object.members.front().key_begin)) {
    const MemberSpan& last = object.members.back();
    const bool comma = last.comma != kNone;
    const std::size_t at = comma ? last.comma + 1 : last.value_end;
    return std::string(text.substr(0, at)) + (comma ? " " : ", ") + name + value.dump() +
           (comma ? "," : "") + std::string(text.substr(at));
  }
  const std::string indentation(
      alone ? std::string(indentation_at(text, object.open)) + style.unit
            : std::string(indentation_at(text, object.members.front().key_begin)));
  // Behind the last thing that is not white space: a comment there stays where it belongs.
  std::size_t end = object.close;
  while (end > object.open + 1 &&
         (is_blank(text[end - 1]) || text[end - 1] == '\n' || text[end - 1] == '\r')) {
    --end;
  }
  std::string added = style.line_end + indentation + name + laid_out(value, style, indentation);
  std::string before(text.substr(0, end));
  if (!alone) {
    const MemberSpan& last = object.members.back();
    if (last.comma == kNone) {
      before.insert(last.value_end, ",");
    } else {
      added += ',';
    }
  }
  std::string_view after = text.substr(end);
  if (after.find('\n') >= object.close - end) {
    added += style.line_end;
    added += indentation_at(text, object.open);
    after = text.substr(object.close);
  }
  return before + added + std::string(after);
}

const MemberSpan* find_member(const ObjectSpan& object, const std::string& key) {
  const auto found = std::find_if(object.members.rbegin(), object.members.rend(),
                                  [&](const MemberSpan& member) { return member.key == key; });
  return found == object.members.rend() ? nullptr : &*found;
}

std::string without_member(std::string_view text, const ObjectSpan& object,
                           const MemberSpan& member) {
  std::size_t begin = member.key_begin;
  while (begin > object.open + 1 && is_blank(text[begin - 1])) {
    --begin;
  }
  if (begin > object.open + 1 && text[begin - 1] == '\n') {
    begin -= begin > object.open + 2 && text[begin - 2] == '\r' ? 2 : 1;
  }
  const std::size_t end = member.comma == kNone ? member.value_end : member.comma + 1;
  std::string before(text.substr(0, begin));
  const auto index = static_cast<std::size_t>(&member - object.members.data());
  if (member.comma == kNone && index > 0) {
    before.erase(object.members[index - 1].comma, 1);  // the one before is the last now
  }
  return before + std::string(text.substr(end));
}

Result<Entry> read_plain(std::string_view text) {
  Entry value = Entry::parse(plain_json(text), nullptr, false);
  if (value.is_discarded() || !value.is_object()) {
    return Error{Code::InvalidArgument, "it is not a JSON object"};
  }
  return value;
}

/// What was changed must be what was meant, and nothing else.
Result<std::string> checked(std::string text, const Entry& expected) {
  const auto now = read_plain(text);
  if (!now.ok() || nlohmann::json(*now) != nlohmann::json(expected)) {
    return Error{Code::InvalidArgument, "it is written in a way that cannot be changed safely"};
  }
  return text;
}

/// Sets the fields of an entry that is there, each where it stands.
Result<std::string> with_fields(std::string text, std::size_t entry_at, const Entry& entry,
                                const Style& style) {
  for (const auto& [key, value] : entry.items()) {
    TRY_ASSIGN(const ObjectSpan object, scan_object(text, entry_at));
    const MemberSpan* const field = find_member(object, key);
    if (field == nullptr) {
      text = with_member(text, object, key, value, style);
      continue;
    }
    const std::size_t length = field->value_end - field->value_begin;
    const Entry old =
        Entry::parse(plain_json(text.substr(field->value_begin, length)), nullptr, false);
    if (old != value) {
      text.replace(field->value_begin, length, value.dump());
    }
  }
  return text;
}

}  // namespace

Result<std::string> with_json_entry(std::string_view text, const std::string& container,
                                    const std::string& name, const Entry& entry) {
  if (text.find_first_not_of(" \t\r\n") == kNone) {
    Entry file;
    file[container][name] = entry;
    return file.dump(2) + "\n";
  }
  TRY_ASSIGN(Entry expected, read_plain(text));
  TRY_ASSIGN(const ObjectSpan root, scan_object(text, 0));
  const Style style = style_of(text, root);
  const MemberSpan* const holder = find_member(root, container);
  if (holder == nullptr) {
    Entry value;
    value[name] = entry;
    expected[container] = value;
    return checked(with_member(text, root, container, value, style), expected);
  }
  if (!expected[container].is_object()) {
    return Error{Code::InvalidArgument, "\"" + container + "\" is not an object"};
  }
  TRY_ASSIGN(const ObjectSpan entries, scan_object(text, holder->value_begin));
  const MemberSpan* const there = find_member(entries, name);
  if (there == nullptr) {
    expected[container][name] = entry;
    return checked(with_member(text, entries, name, entry, style), expected);
  }
  if (!expected[container][name].is_object()) {
    return Error{Code::InvalidArgument, "\"" + name + "\" in it is not an object"};
  }
  expected[container][name].update(entry);
  TRY_ASSIGN(std::string changed, with_fields(std::string(text), there->value_begin, entry, style));
  return checked(std::move(changed), expected);
}

Result<std::string> without_json_entry(std::string_view text, const std::string& container,
                                       const std::string& name) {
  if (next_token(text, 0) == text.size()) {
    return std::string(text);  // empty, or comments alone
  }
  TRY_ASSIGN(Entry expected, read_plain(text));
  TRY_ASSIGN(const ObjectSpan root, scan_object(text, 0));
  const MemberSpan* const holder = find_member(root, container);
  if (holder == nullptr || !expected[container].is_object() ||
      !expected[container].contains(name)) {
    return std::string(text);
  }
  TRY_ASSIGN(const ObjectSpan entries, scan_object(text, holder->value_begin));
  const MemberSpan* const there = find_member(entries, name);
  if (there == nullptr) {
    return Error{Code::InvalidArgument, "it is written in a way that cannot be changed safely"};
  }
  expected[container].erase(name);
  return checked(without_member(text, entries, *there), expected);
}

}  // namespace sonde::faces::clients
