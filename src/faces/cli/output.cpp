#include "faces/cli/output.h"

#include <fmt/format.h>

#include <utility>

namespace sonde::faces::cli {

void print_json(const Context& context, const json::Document& object) {
  const bool indented = context.streams.out_terminal.is_terminal;
  context.streams.out << object.text(indented ? json::Layout::Indented : json::Layout::OneLine);
}

std::string changes_of(const library::IndexReport& report, Unchanged unchanged) {
  const std::pair<const char*, std::uint64_t> parts[] = {
      {"new", report.added},
      {"changed", report.changed},
      {"moved", report.moved},
      {"gone", report.removed},
      {"unchanged", unchanged == Unchanged::Show ? report.unchanged : 0}};
  std::string text;
  for (const auto& [name, count] : parts) {
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", with_commas(count), name);
    }
  }
  return text.empty() ? "nothing to do" : text;
}

std::string completeness_note(const library::Completeness& index) {
  std::string note;
  const auto add = [&note](const std::string& part) { note += (note.empty() ? "" : "; ") + part; };
  if (index.stale_files > 0) {
    add(counted(index.stale_files, "file", "files") + (index.stale_files == 1 ? " has" : " have") +
        " changed since the library read them");
  }
  if (!index.scan_finished) {
    add("not every file could be compared with the disk");
  }
  if (index.pending_chunks > 0) {
    add(counted(index.pending_chunks, "place is", "places are") + " not searchable by meaning yet");
  }
  if (!note.empty()) {
    note += "; `sonde index` brings it up to date";
  }
  if (index.quarantined > 0) {
    add(counted(index.quarantined, "file", "files") +
        " could not be read (`sonde status --quarantine`)");
  }
  return note;
}

}  // namespace sonde::faces::cli
