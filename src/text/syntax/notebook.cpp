#include "text/syntax/notebook.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "text/chunk_plan.h"

namespace sonde::text {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxCells = 20'000;
constexpr std::size_t kTitleBytes = 80;

/// A source is a string or a list of strings.
std::string source_of(const json& cell) {
  for (const char* key : {"source", "input"}) {  // nbformat 3 calls code "input"
    const auto found = cell.find(key);
    if (found == cell.end()) {
      continue;
    }
    if (found->is_string()) {
      return found->get<std::string>();
    }
    std::string joined;
    if (found->is_array()) {
      for (const json& line : *found) {
        joined += line.is_string() ? line.get<std::string>() : std::string();
      }
    }
    return joined;
  }
  return {};
}

/// What a cell is known by: its first heading, or its first function or class.
std::string title_of(std::string_view source, bool markdown) {
  while (!source.empty()) {
    const std::size_t end = std::min(source.find('\n'), source.size());
    std::string_view line = source.substr(0, end);
    source.remove_prefix(std::min(end + 1, source.size()));
    for (const std::string_view start : {"# ", "## ", "### ", "def ", "class ", "async def "}) {
      if (line.starts_with(start) && markdown == (start[0] == '#')) {
        line.remove_prefix(start.size());
        line = markdown ? line : line.substr(0, line.find_first_of("(:"));
        return std::string(line.substr(0, utf8_boundary_before(line, kTitleBytes)));
      }
    }
  }
  return {};
}

const json* cells_of(const json& notebook) {
  const json* holder = &notebook;
  if (const auto sheets = notebook.find("worksheets");
      sheets != notebook.end() && sheets->is_array() && !sheets->empty()) {
    holder = &sheets->front();
  }
  if (!holder->is_object()) {
    return nullptr;
  }
  const auto cells = holder->find("cells");
  return cells != holder->end() && cells->is_array() && cells->size() <= kMaxCells ? &*cells
                                                                                   : nullptr;
}

void add_cell(const json& cell, std::string& text, Plan& plan) {
  const std::string source = source_of(cell);
  if (source.find_first_not_of(" \t\r\n\f\v") == std::string::npos) {
    return;
  }
  const auto type = cell.find("cell_type");
  const bool code = type != cell.end() && type->is_string() && type->get<std::string>() == "code";
  const auto position = static_cast<std::uint32_t>(text.size());
  Owner owner;
  owner.kind = ChunkKind::Cell;
  owner.symbol = title_of(source, !code);
  owner.position = position;
  owner.defines = !owner.symbol.empty();
  plan.owners.push_back(std::move(owner));
  plan.marks.push_back({position, position, static_cast<std::uint32_t>(plan.owners.size() - 1),
                        syntax_rank(0, true, true), true});
  text += code ? "# %%\n" : "# %% [markdown]\n";
  text += source;
  text += source.back() == '\n' ? "\n" : "\n\n";
}

ChunkedText not_a_notebook(std::string_view text) {
  ChunkedText windows = chunk_windows("json", text);
  windows.reason = "not a notebook that can be read";
  return windows;
}

}  // namespace

Result<ChunkedText> chunk_notebook(std::string_view text) {
  const json notebook = json::parse(text, nullptr, false);
  const json* cells = notebook.is_object() ? cells_of(notebook) : nullptr;
  if (cells == nullptr) {
    return not_a_notebook(text);
  }
  ChunkedText chunked;
  Plan plan;
  Owner file;
  file.kind = ChunkKind::Cell;
  plan.owners.push_back(std::move(file));
  for (const json& cell : *cells) {
    if (cell.is_object()) {
      add_cell(cell, chunked.text, plan);
    }
    if (chunked.text.size() > kMaxChunkedBytes) {
      return Error{Code::Limit, "a notebook of more than 64 MiB is not chunked"};
    }
  }
  if (chunked.text.empty()) {
    return not_a_notebook(text);
  }
  const Ruler ruler(chunked.text);
  fill_with_lines(ruler, plan);
  chunked.chunks = make_chunks(ruler, plan);
  return chunked;
}

}  // namespace sonde::text
