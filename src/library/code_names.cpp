#include "library/code_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "text/analyzer.h"

namespace sonde::library {

namespace {

constexpr std::size_t kSymbolBytes = 1'000;

bool scope_fits(const std::string& scope, const std::string& asked) {
  return asked.empty() || scope == asked ||
         (scope.size() > asked.size() && scope.ends_with(asked) &&
          scope[scope.size() - asked.size() - 1] == '.');
}

/// Every definition of the name, in all files that have its words.
Result<std::vector<FoundDefinition>> find_definitions(CodeLookup& lookup, const Asked& asked,
                                                      NameMatch::Case how) {
  const NameMatch match(asked.name, how);
  TRY_ASSIGN(const std::vector<NamedFile> files, lookup.files_with(asked.name));
  std::vector<FoundDefinition> found;
  for (const NamedFile& named : files) {
    TRY_ASSIGN(const CodeFilePtr file, lookup.read(named.source, named.path, match.sought()));
    if (file != nullptr) {
      append_definitions(file, match, asked.scope, found);
    }
  }
  put_in_order(found);
  return found;
}

}  // namespace

Result<Asked> parse_symbol(std::string_view symbol) {
  std::string dotted;
  for (std::size_t i = 0; i < symbol.size(); ++i) {
    const std::string_view rest = symbol.substr(i);
    const bool two = rest.starts_with("::") || rest.starts_with("->");
    if (two || rest.starts_with('#') || rest.starts_with('\\') || rest.starts_with('.')) {
      dotted += '.';
      i += two ? 1 : 0;
    } else {
      dotted += symbol[i];
    }
  }
  if (dotted.ends_with("()")) {
    dotted.resize(dotted.size() - 2);
  }
  while (dotted.starts_with('.')) {
    dotted.erase(0, 1);
  }
  const std::size_t dot = dotted.rfind('.');
  Asked asked;
  asked.name = dot == std::string::npos ? dotted : dotted.substr(dot + 1);
  asked.scope = dot == std::string::npos ? "" : dotted.substr(0, dot);
  if (asked.name.empty() || dotted.size() > kSymbolBytes) {
    return Error{Code::InvalidArgument,
                 fmt::format("\"{}\" is no name of a symbol", symbol.substr(0, kSymbolBytes))};
  }
  return asked;
}

NameMatch::NameMatch(std::string name, Case how) : name_(std::move(name)), how_(how) {
  if (how_ == Case::Folded) {
    name_ = text::fold_symbol(name_);
  }
}

bool NameMatch::fits(const std::string& written) const {
  return how_ == Case::Exact ? written == name_ : text::fold_symbol(written) == name_;
}

bool NameMatch::fits(const text::Structure& structure, const text::Reference& ref) const {
  const std::string& written = structure.names[ref.name];
  if (!text::is_import(ref.kind)) {
    return fits(written);
  }
  return how_ == Case::Exact ? text::import_names(written, name_)
                             : text::import_names(text::fold_symbol(written), name_);
}

Result<std::optional<CodePlace>> place_of(CodeLookup& lookup, const FoundDefinition& found) {
  const text::Definition& definition = found.definition();
  TRY_ASSIGN(std::optional<CodePlace> place,
             lookup.place(*found.file, definition.line, definition.end_line));
  if (place) {
    place->kind = text::kind_name(definition.kind);
    place->symbol = found.file->structure.name_of(definition);
    place->scope = found.file->structure.scope_of(definition);
    place->declaration = definition.declaration;
  }
  return place;
}

Result<std::optional<CodePlace>> place_of(CodeLookup& lookup, const FoundPlace& found) {
  TRY_ASSIGN(std::optional<CodePlace> place, lookup.place(*found.file, found.line, found.line));
  if (place) {
    place->kind = found.kind;
    if (found.within != 0) {
      const text::Definition& within = found.file->structure.definitions[found.within - 1];
      place->symbol = found.file->structure.name_of(within);
      place->scope = found.file->structure.scope_of(within);
    }
  }
  return place;
}

void put_in_order(std::vector<FoundDefinition>& found) {
  const auto weight = [](const FoundDefinition& each) {
    const text::ChunkKind kind = each.definition().kind;
    const bool light = kind == text::ChunkKind::Constant || kind == text::ChunkKind::Data ||
                       kind == text::ChunkKind::Doc || kind == text::ChunkKind::Cell;
    return std::pair(light, each.definition().declaration);
  };
  std::stable_sort(
      found.begin(), found.end(),
      [&](const FoundDefinition& a, const FoundDefinition& b) { return weight(a) < weight(b); });
}

void append_definitions(const CodeFilePtr& file, const NameMatch& match, const std::string& scope,
                        std::vector<FoundDefinition>& found) {
  const text::Structure& structure = file->structure;
  for (std::uint32_t i = 0; i < structure.definitions.size(); ++i) {
    const text::Definition& definition = structure.definitions[i];
    if (!definition.opens_only && match.fits(structure.name_of(definition)) &&
        scope_fits(structure.scope_of(definition), scope)) {
      found.push_back({file, i});
    }
  }
}

Result<std::vector<FoundDefinition>> definitions_of(CodeLookup& lookup, Asked& asked,
                                                    Lenience& lenience) {
  TRY_ASSIGN(std::vector<FoundDefinition> found,
             find_definitions(lookup, asked, NameMatch::Case::Exact));
  if (found.empty() && !asked.scope.empty()) {
    const Asked anywhere{asked.name, ""};
    TRY_ASSIGN(found, find_definitions(lookup, anywhere, NameMatch::Case::Exact));
    if (!found.empty()) {
      lenience.notes.push_back(fmt::format("no {} is defined in {}; these are of that name alone",
                                           asked.name, asked.scope));
      asked.scope.clear();
    }
  }
  if (found.empty()) {
    TRY_ASSIGN(found, find_definitions(lookup, asked, NameMatch::Case::Folded));
    if (!found.empty()) {
      lenience.how = NameMatch::Case::Folded;
      lenience.notes.push_back(fmt::format(
          "nothing is called {} exactly; upper and lower case were taken as equal", asked.name));
    }
  }
  return found;
}

bool names_character(char c) {
  return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace sonde::library
