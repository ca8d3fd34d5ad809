#include "faces/cli/output.h"

#include <fmt/format.h>

#include <utility>

#include "faces/wording.h"

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

}  // namespace sonde::faces::cli
