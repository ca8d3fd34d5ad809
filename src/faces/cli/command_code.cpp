// `sonde outline`, `definition`, `references`, `callers` and `callees`.

#include <fmt/format.h>

#include "faces/cli/code_output.h"
#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kLineWidth = 200;  // columns of a line's text at most

/// path:line  kind  name  text
void print_place(const Context& context, const library::CodePlace& place,
                 const std::string& indent) {
  const Painter painter = context.painter_out();
  std::string line = indent + where(context, place, place.line) + "  " +
                     painter.paint(Style::Dim, place.declaration ? "declaration" : place.kind);
  if (!place.symbol.empty()) {
    line += "  " + painter.paint(Style::Symbol, name_of(place));
  }
  if (place.stale) {
    line += "  " + painter.paint(Style::Warning, "changed on the disk since");
  }
  context.streams.out << line << "  " << cut_to_width(safe_line(place.text), kLineWidth) << '\n';
}

Result<library::SymbolRequest> symbol_request(const Context& context) {
  library::SymbolRequest request = context.invocation.code.symbol;
  for (std::string& path : request.within) {
    path = context.absolute(path);
  }
  return request;
}

int finish(const Context& context, bool found) {
  context.streams.out.flush();
  if (!found) {
    context.note("nothing found for " + context.invocation.code.symbol.symbol);
  }
  return found ? kDone : kNothingFound;
}

int print_symbol(const Context& context, const library::SymbolAnswer& answer, const char* schema) {
  if (context.invocation.json()) {
    print_json(context, json::symbol_object(answer, schema));
  } else {
    for (const library::CodePlace& place : answer.places) {
      print_place(context, place, "");
    }
  }
  const int code = finish(context, !answer.places.empty());
  print_notes(context, answer, answer.places.size(), "places");
  return code;
}

std::string lines_of(const std::vector<std::uint32_t>& lines) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kShown; ++i) {
    text += (text.empty() ? "" : ", ") + std::to_string(lines[i]);
  }
  return lines.size() > kShown ? text + ", ..." : text;
}

/// Callers: where the call is, and in what. Callees: what is called, from which lines, and what
/// that may be.
void print_edge(const Context& context, const library::CallEdge& edge, Command command) {
  const Painter painter = context.painter_out();
  const std::string indent(2 * (static_cast<std::size_t>(edge.depth) - 1), ' ');
  std::ostream& out = context.streams.out;
  if (command == Command::Callers) {
    const std::string name =
        edge.caller.symbol.empty() ? "(outside of any definition)" : name_of(edge.caller);
    out << indent << where(context, edge.caller, edge.lines.front()) << "  "
        << painter.paint(Style::Symbol, name) << "  "
        << painter.paint(Style::Dim,
                         "calls " + safe_line(edge.callee) +
                             (edge.lines.size() > 1 ? " on " + lines_of(edge.lines) : ""))
        << '\n';
    return;
  }
  out << indent << where(context, edge.caller, edge.lines.front()) << "  "
      << painter.paint(Style::Symbol, safe_line(edge.callee)) << "  "
      << painter.paint(Style::Dim, "called by " + name_of(edge.caller)) << '\n';
  for (const library::CodePlace& place : edge.definitions) {
    print_place(context, place, indent + "    ");
  }
  if (edge.definitions_total > edge.definitions.size()) {
    out << indent << "    "
        << painter.paint(Style::Dim, fmt::format("and {} more of that name",
                                                 edge.definitions_total - edge.definitions.size()))
        << '\n';
  }
}

int print_calls(const Context& context, const library::CallsAnswer& answer, Command command) {
  if (context.invocation.json()) {
    print_json(context,
               json::calls_object(
                   answer, command == Command::Callers ? "sonde.callers/1" : "sonde.callees/1"));
  } else {
    for (const library::CallEdge& edge : answer.edges) {
      print_edge(context, edge, command);
    }
  }
  const int code = finish(context, !answer.edges.empty());
  print_notes(context, answer, answer.edges.size(), "calls");
  return code;
}

void print_file(const Context& context, const library::OutlineFile& file) {
  const Painter painter = context.painter_out();
  const std::string path = path_of(context, file.source_path, file.path);
  context.streams.out << painter.link(file.source_path + "/" + file.path,
                                      painter.paint(Style::Path, path));
  if (!file.known) {
    context.streams.out << "  " << painter.paint(Style::Warning, "not known yet");
  } else if (file.stale) {
    context.streams.out << "  " << painter.paint(Style::Warning, "changed on the disk since");
  }
  context.streams.out << '\n';
  const std::size_t digits = std::to_string(file.lines).size();
  for (const library::OutlineSymbol& symbol : file.symbols) {
    const std::string indent(2 * (static_cast<std::size_t>(symbol.depth) + 1), ' ');
    context.streams.out << indent
                        << painter.paint(Style::Line, fmt::format("{:>{}}", symbol.line, digits))
                        << "  " << painter.paint(Style::Dim, symbol.kind) << "  "
                        << painter.paint(Style::Symbol, safe_line(symbol.name)) << '\n';
  }
}

Result<int> run_outline(Context& context) {
  library::OutlineRequest request = context.invocation.code.outline;
  TRY_ASSIGN(const library::LibraryOptions options, library_for(context, request.path));
  request.path =
      request.path.empty() ? context.environment.working_directory : context.absolute(request.path);
  TRY_ASSIGN(const auto library, context.door.open(options));
  TRY_ASSIGN(const library::OutlineAnswer answer, library->outline(request, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::outline_object(answer));
  } else {
    for (const library::OutlineFile& file : answer.files) {
      print_file(context, file);
    }
  }
  context.streams.out.flush();
  print_notes(context, answer, answer.files.size(), "files");
  return answer.files.empty() ? kNothingFound : kDone;
}

}  // namespace

Result<int> run_code(Context& context) {
  const Command command = context.invocation.command;
  if (command == Command::Outline) {
    return run_outline(context);
  }
  TRY_ASSIGN(const library::SymbolRequest request, symbol_request(context));
  const std::vector<std::string>& typed = context.invocation.code.symbol.within;
  TRY_ASSIGN(const library::LibraryOptions options,
             library_for(context, typed.empty() ? std::string() : typed.front()));
  TRY_ASSIGN(const auto library, context.door.open(options));
  if (command == Command::Definition || command == Command::References) {
    const bool definition = command == Command::Definition;
    TRY_ASSIGN(const library::SymbolAnswer answer,
               definition ? library->definition(request, context.cancel)
                          : library->references(request, context.cancel));
    return print_symbol(context, answer, definition ? "sonde.definition/1" : "sonde.references/1");
  }
  TRY_ASSIGN(const library::CallsAnswer answer, command == Command::Callers
                                                    ? library->callers(request, context.cancel)
                                                    : library->callees(request, context.cancel));
  return print_calls(context, answer, command);
}

}  // namespace sonde::faces::cli
