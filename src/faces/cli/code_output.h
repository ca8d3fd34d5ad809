#pragma once
// How places in code are printed for people.

#include <fmt/format.h>

#include <string>

#include "faces/cli/context.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

/// The library of the working folder; where there is none, that of the path named.
Result<library::LibraryOptions> library_for(Context& context, const std::string& path);

/// As a person in the working folder would write it.
std::string path_of(const Context& context, const std::string& source_path,
                    const std::string& path);
/// Scope and name.
std::string name_of(const library::CodePlace& place);
/// "path:line", as a link.
std::string where(const Context& context, const library::CodePlace& place, std::uint32_t line);

/// How many of all are shown, how complete the answer is, and its notes.
template <typename Answer>
void print_notes(const Context& context, const Answer& answer, std::uint64_t shown,
                 const char* what) {
  if (answer.total > shown) {
    context.note(fmt::format("{} of {} {}; -n shows more", with_commas(shown),
                             with_commas(answer.total), what));
  }
  const std::string note = completeness_note(answer.index);
  if (!note.empty()) {
    context.note(note);
  }
  for (const std::string& further : answer.index.notes) {
    context.note(further);
  }
}

}  // namespace sonde::faces::cli
