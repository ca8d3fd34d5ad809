#include <algorithm>
#include <utility>

#include "library/changes.h"
#include "library/code_answer.h"
#include "library/code_lookup.h"

namespace sonde::library {

namespace {

constexpr std::size_t kOutlineFiles = 200'000;

void append_symbols(const text::Structure& structure, std::uint32_t max_depth,
                    std::vector<OutlineSymbol>& symbols) {
  std::vector<std::uint32_t> depths;
  depths.reserve(structure.definitions.size());
  for (const text::Definition& definition : structure.definitions) {
    const std::uint32_t depth = definition.parent == 0 ? 0 : depths[definition.parent - 1] + 1;
    depths.push_back(depth);
    if (max_depth != 0 && depth >= max_depth) {
      continue;
    }
    OutlineSymbol symbol;
    symbol.name = structure.name_of(definition);
    symbol.scope = structure.scope_of(definition);
    symbol.kind = text::kind_name(definition.kind);
    symbol.line = definition.line;
    symbol.end_line = definition.end_line;
    symbol.depth = depth;
    symbol.declaration = definition.declaration;
    symbol.opens_only = definition.opens_only;
    symbols.push_back(std::move(symbol));
  }
}

}  // namespace

Result<OutlineAnswer> answer_outline(const CodeContext& context, const OutlineRequest& request) {
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  const store::SourceRow* source = lookup.source_of(request.path);
  if (source == nullptr) {
    return Error{
        Code::InvalidArgument,
        request.path + " is in no source of this library (`sonde source list` shows them)"};
  }
  std::string relative;
  if (request.path.size() > source->path.size()) {
    relative = request.path.substr(source->path == "/" ? 1 : source->path.size() + 1);
  }
  std::vector<std::string> paths;
  TRY(context.reader.for_each_file(source->id, [&](const store::FileState& file) -> Status {
    if (under_any(file.path, {relative}) && paths.size() < kOutlineFiles) {
      paths.push_back(file.path);
    }
    return context.cancel.check();
  }));
  if (paths.empty()) {
    return Error{Code::NotFound, request.path +
                                     " is not in the library (`sonde status --skipped` "
                                     "says what was left out, and why)"};
  }
  const bool one_file = paths.size() == 1 && paths.front() == relative;
  OutlineAnswer answer;
  answer.total = paths.size();
  for (const std::string& path : paths) {
    if (answer.files.size() >= request.limit) {
      break;
    }
    TRY_ASSIGN(const CodeFilePtr file, lookup.read(source->uid, path, nullptr));
    TRY_ASSIGN(const std::optional<CodePlace> place, lookup.place(*file, 1, 1));
    if (!place) {
      continue;
    }
    OutlineFile shown;
    shown.source = source->uid;
    shown.source_path = source->path;
    shown.path = path;
    shown.language = file->row.language;
    shown.file_hash = file->row.hash.hex();
    shown.lines = file->row.lines;
    shown.stale = place->stale;
    shown.known = file->known;
    append_symbols(file->structure, request.depth == 0 && !one_file ? 1 : request.depth,
                   shown.symbols);
    answer.files.push_back(std::move(shown));
  }
  TRY(finish_answer(context, lookup, {}, answer));
  return answer;
}

}  // namespace sonde::library
