#include "faces/cli/output.h"

namespace sonde::faces::cli {

void print_json(const Context& context, const json::Document& object) {
  const bool indented = context.streams.out_terminal.is_terminal;
  context.streams.out << object.text(indented ? json::Layout::Indented : json::Layout::OneLine);
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
