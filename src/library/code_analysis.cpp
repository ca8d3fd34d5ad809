#include "library/code_analysis.h"

namespace sonde::library {

Status restrict_to(CodeLookup& lookup, const CodeScope& scope) {
  TRY(lookup.restrict_to(scope.languages, scope.within));
  lookup.restrict_to_paths(scope.path_globs);
  return {};
}

CodePlace place_without_disk(const CodeFile& file, const text::Definition& definition) {
  CodePlace place;
  place.source = file.source->uid;
  place.source_path = file.source->path;
  place.path = file.row.path;
  place.language = file.row.language;
  place.line = definition.line;
  place.end_line = definition.end_line;
  place.kind = text::kind_name(definition.kind);
  place.symbol = file.structure.name_of(definition);
  place.scope = file.structure.scope_of(definition);
  place.declaration = definition.declaration;
  place.file_hash = file.row.hash.hex();
  return place;
}

}  // namespace sonde::library
