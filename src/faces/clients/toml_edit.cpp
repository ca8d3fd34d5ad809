#include "faces/clients/toml_edit.h"

#include <algorithm>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace sonde::faces::clients {

namespace {

Error unsafe() {
  return {Code::InvalidArgument, "it is written in a way that cannot be changed safely"};
}

Result<toml::table> read_toml(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{Code::InvalidArgument, "line " + std::to_string(error.source().begin.line) + ": " +
                                            std::string(error.description())};
  }
  return std::move(parsed).table();
}

/// A string as TOML writes it in one line.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr const char* kHex = "0123456789ABCDEF";
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string quoted(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    out += (out.size() > 1 ? ", " : "") + quoted(text);
  }
  return out + "]";
}

toml::array array_of(const std::vector<std::string>& texts) {
  toml::array array;
  for (const std::string& text : texts) {
    array.push_back(text);
  }
  return array;
}

/// Byte offset of a line (from 1); the size of the text when there are fewer.
std::size_t begin_of_line(std::string_view text, std::size_t line) {
  std::size_t at = 0;
  for (std::size_t i = 1; i < line; ++i) {
    const std::size_t newline = text.find('\n', at);
    if (newline == std::string_view::npos) {
      return text.size();
    }
    at = newline + 1;
  }
  return at;
}

std::string_view line_at(std::string_view text, std::size_t begin) {
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  return text.substr(begin, end - begin);
}

/// Bytes of a value. Only where the line before it is ASCII: columns count characters.
Result<std::pair<std::size_t, std::size_t>> span_of(std::string_view text, const toml::node& node) {
  const toml::source_region& region = node.source();
  const std::size_t begin = begin_of_line(text, region.begin.line) + region.begin.column - 1;
  const std::size_t end = begin_of_line(text, region.end.line) + region.end.column - 1;
  if (begin >= end || end > text.size()) {
    return unsafe();
  }
  return std::pair(begin, end);
}

/// Lines of "[header]" of all tables below `node`.
void collect_headers(std::string_view text, const toml::node& node,
                     std::vector<std::size_t>& lines) {
  if (const toml::table* const table = node.as_table()) {
    const std::size_t line = table->source().begin.line;
    const std::string_view content = line_at(text, begin_of_line(text, line));
    const std::size_t first = content.find_first_not_of(" \t");
    if (!table->is_inline() && line > 0 && first != std::string_view::npos &&
        content[first] == '[') {
      lines.push_back(line);
    }
    for (const auto& [key, value] : *table) {
      collect_headers(text, value, lines);
    }
  } else if (const toml::array* const array = node.as_array()) {
    for (const toml::node& item : *array) {
      if (item.is_table()) {
        collect_headers(text, item, lines);
      }
    }
  }
}

const toml::table* entry_in(const toml::table& file, const std::string& container,
                            const std::string& name) {
  const toml::table* const tables = file[container].as_table();
  return tables == nullptr ? nullptr : (*tables)[name].as_table();
}

Result<std::string> checked(std::string text, const toml::table& expected) {
  const auto now = read_toml(text);
  if (!now.ok() || *now != expected) {
    return unsafe();
  }
  return text;
}

/// Sets `key` where it stands in the table, or behind the table's header.
Result<std::string> with_value(const std::string& text, const std::string& container,
                               const std::string& name, const std::string& key,
                               const std::string& value, const toml::node& wanted) {
  TRY_ASSIGN(const toml::table file, read_toml(text));
  const toml::table* const entry = entry_in(file, container, name);
  if (entry == nullptr || entry->is_inline()) {
    return unsafe();
  }
  const toml::node* const there = entry->get(key);
  if (there == nullptr) {
    const std::size_t at = begin_of_line(text, entry->source().begin.line + 1);
    const std::string line = key + " = " + value + "\n";
    return text.substr(0, at) + (at > 0 && text[at - 1] != '\n' ? "\n" : "") + line +
           text.substr(at);
  }
  const bool same = there->is_array()
                        ? wanted.is_array() && *there->as_array() == *wanted.as_array()
                        : there->value<std::string>() == wanted.value<std::string>();
  if (same) {
    return text;
  }
  TRY_ASSIGN(const auto span, span_of(text, *there));
  return text.substr(0, span.first) + value + text.substr(span.second);
}

std::string bare_or_quoted(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return bare ? key : quoted(key);
}

/// The first line behind the table that begins in `line`; white space and comments before a table
/// that follows are that one's.
std::size_t end_of_table(std::string_view text, std::size_t line,
                         const std::vector<std::size_t>& headers) {
  const auto next = std::upper_bound(headers.begin(), headers.end(), line);
  if (next == headers.end()) {
    return text.size();
  }
  std::size_t last = *next;
  while (last - 1 > line) {
    const std::string_view content = line_at(text, begin_of_line(text, last - 1));
    const std::size_t first = content.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && content[first] != '#') {
      break;
    }
    --last;
  }
  return begin_of_line(text, last);
}

}  // namespace

Result<std::string> with_toml_entry(std::string_view text, const std::string& container,
                                    const std::string& name, const ServerCommand& server) {
  TRY_ASSIGN(toml::table expected, read_toml(text));
  const toml::array arguments = array_of(server.arguments);
  if (entry_in(expected, container, name) == nullptr) {
    if (expected.contains(container) && !expected[container].is_table()) {
      return Error{Code::InvalidArgument, container + " is not a table"};
    }
    if (!expected.contains(container)) {
      expected.insert(container, toml::table{});
    }
    expected[container].as_table()->insert(
        name, toml::table{{"command", server.program}, {"args", arguments}});
    std::string added = "[" + bare_or_quoted(container) + "." + bare_or_quoted(name) +
                        "]\ncommand = " + quoted(server.program) +
                        "\nargs = " + quoted(server.arguments) + "\n";
    const bool first = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
    const char* const before = first || text.empty() ? "" : text.ends_with('\n') ? "\n" : "\n\n";
    return checked(std::string(text) + before + added, expected);
  }
  toml::table& entry = *expected[container][name].as_table();
  entry.insert_or_assign("command", server.program);
  entry.insert_or_assign("args", arguments);
  TRY_ASSIGN(std::string changed, with_value(std::string(text), container, name, "args",
                                             quoted(server.arguments), arguments));
  TRY_ASSIGN(changed, with_value(changed, container, name, "command", quoted(server.program),
                                 toml::value<std::string>(server.program)));
  return checked(std::move(changed), expected);
}

Result<std::string> without_toml_entry(std::string_view text, const std::string& container,
                                       const std::string& name) {
  TRY_ASSIGN(const toml::table file, read_toml(text));
  const toml::table* const entry = entry_in(file, container, name);
  if (entry == nullptr) {
    return std::string(text);
  }
  toml::table expected = file;
  toml::table& tables = *expected[container].as_table();
  tables.erase(name);
  std::vector<std::size_t> headers;
  collect_headers(text, file, headers);
  std::sort(headers.begin(), headers.end());
  std::vector<std::size_t> own;
  collect_headers(text, *entry, own);
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  if (own.empty()) {
    return unsafe();
  }
  std::string changed(text);
  for (auto line = own.rbegin(); line != own.rend(); ++line) {
    std::size_t begin = begin_of_line(text, *line);
    const std::size_t end = end_of_table(text, *line, headers);
    if (end == text.size() && begin > 1 && text[begin - 1] == '\n' && text[begin - 2] == '\n') {
      --begin;  // the empty line before the last table
    }
    changed.erase(begin, end - begin);
  }
  // A table that nothing stands in any more is not there at all.
  const auto now = read_toml(changed);
  if (tables.empty() && now.ok() && !now->contains(container)) {
    expected.erase(container);
  }
  return checked(std::move(changed), expected);
}

}  // namespace sonde::faces::clients
