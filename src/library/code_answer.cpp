#include "library/code_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "library/changes.h"
#include "library/code_lookup.h"
#include "text/analyzer.h"

namespace sonde::library {

namespace {

constexpr std::size_t kMentionChunks = 20'000;  // looked through for a name in the text
constexpr std::size_t kMentions = 20'000;       // of them kept and counted
constexpr std::size_t kExpandedNames = 300;     // of a call tree
constexpr std::size_t kShownDefinitions = 10;   // of what was asked for
constexpr std::size_t kShownMeanings = 3;       // of a called name
constexpr std::size_t kOutlineFiles = 200'000;
constexpr std::size_t kSymbolBytes = 1'000;

/// A symbol as it was asked for.
struct Asked {
  std::string name;   // the last of it
  std::string scope;  // "Session" of "Session.get", dots between; may be empty
};

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

/// How a written name has to look like to be the one asked for.
class NameMatch {
 public:
  enum class Case { Exact, Folded };
  NameMatch(std::string name, Case how) : name_(std::move(name)), how_(how) {
    if (how_ == Case::Folded) {
      name_ = text::fold_symbol(name_);
    }
  }
  [[nodiscard]] bool fits(const std::string& written) const {
    return how_ == Case::Exact ? written == name_ : text::fold_symbol(written) == name_;
  }
  [[nodiscard]] bool fits(const text::Structure& structure, const text::Reference& ref) const {
    const std::string& written = structure.names[ref.name];
    if (ref.kind != text::EdgeKind::Import) {
      return fits(written);
    }
    return how_ == Case::Exact ? text::import_names(written, name_)
                               : text::import_names(text::fold_symbol(written), name_);
  }
  /// Bytes that a structure with the name holds; null when that cannot be said.
  [[nodiscard]] const std::string* sought() const { return how_ == Case::Exact ? &name_ : nullptr; }

 private:
  std::string name_;
  Case how_;
};

bool scope_fits(const std::string& scope, const std::string& asked) {
  return asked.empty() || scope == asked ||
         (scope.size() > asked.size() && scope.ends_with(asked) &&
          scope[scope.size() - asked.size() - 1] == '.');
}

/// A definition in a file that was read.
struct FoundDefinition {
  CodeFilePtr file;
  std::uint32_t index = 0;

  [[nodiscard]] const text::Definition& definition() const {
    return file->structure.definitions[index];
  }
};

/// A place before it is compared with the disk and its line is read.
struct FoundPlace {
  CodeFilePtr file;
  std::uint32_t line = 1;
  std::uint32_t within = 0;  // one more than the index of a definition
  std::string kind;
};

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

/// Definitions before declarations and what has weight before constants; else in the given order,
/// which is that of the files.
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

/// How a symbol was found, when not just as it was asked for.
struct Lenience {
  NameMatch::Case how = NameMatch::Case::Exact;
  std::vector<std::string> notes;
};

/// find_definitions(), and when there is none: in whatever scope, then in whatever case.
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

void note_state(const StructureState& state, Completeness& index) {
  if (state.unknown_files > 0) {
    index.complete = false;
    index.notes.push_back(fmt::format(
        "the structure of {} files is not known yet; `sonde index` reads it", state.unknown_files));
  }
  if (state.windowed > 0) {
    index.notes.push_back(fmt::format(
        "{} files have no syntax tree (`sonde status --quarantine` says why)", state.windowed));
  }
}

/// What all answers end with.
template <typename Answer>
Status finish(const CodeContext& context, CodeLookup& lookup, std::vector<std::string> notes,
              Answer& answer) {
  TRY_ASSIGN(answer.structure, lookup.state());
  TRY_ASSIGN(answer.index, completeness_of(context.reader, context.check, 0));
  std::move(notes.begin(), notes.end(), std::back_inserter(answer.index.notes));
  note_state(answer.structure, answer.index);
  return {};
}

bool names_character(char c) {
  return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Lines of `text` that hold `name` as a whole word. @param line  of its first
std::vector<std::uint32_t> lines_with(std::string_view text, std::string_view name,
                                      std::uint32_t line) {
  std::vector<std::uint32_t> lines;
  std::size_t counted = 0;
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool whole = (at == 0 || !names_character(text[at - 1])) &&
                       (end == text.size() || !names_character(text[end]));
    if (!whole) {
      continue;
    }
    line += static_cast<std::uint32_t>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                   text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    counted = at;
    if (lines.empty() || lines.back() != line) {
      lines.push_back(line);
    }
  }
  return lines;
}

/// The innermost definition around a line, one more than its index.
std::uint32_t definition_at(const text::Structure& structure, std::uint32_t line) {
  std::uint32_t within = 0;
  for (std::uint32_t i = 0; i < structure.definitions.size(); ++i) {
    const text::Definition& each = structure.definitions[i];
    if (each.line <= line && line <= each.end_line) {
      within = i + 1;  // what begins later is further inside
    }
  }
  return within;
}

/// Collects the references to one name.
class References {
 public:
  References(CodeLookup& lookup, NameMatch match) : lookup_(lookup), match_(std::move(match)) {}

  Status collect(const std::string& name, bool mentions) {
    TRY_ASSIGN(const std::vector<NamedFile> files, lookup_.files_with(name));
    for (const NamedFile& named : files) {
      TRY_ASSIGN(const CodeFilePtr file, lookup_.read(named.source, named.path, nullptr));
      std::set<std::uint32_t> taken;
      collect_edges(file, taken);
      // Prose and data mention everything; only code is looked through.
      if (mentions && !file->structure.references.empty()) {
        TRY(collect_mentions(named, file, name, taken));
      }
    }
    return {};
  }

  [[nodiscard]] std::vector<FoundPlace> take() {
    std::move(mentioned_.begin(), mentioned_.end(), std::back_inserter(found_));
    return std::move(found_);
  }
  [[nodiscard]] bool cut() const { return chunks_ >= kMentionChunks; }

 private:
  void collect_edges(const CodeFilePtr& file, std::set<std::uint32_t>& taken) {
    const text::Structure& structure = file->structure;
    for (const text::Definition& definition : structure.definitions) {
      if (match_.fits(structure.name_of(definition))) {
        taken.insert(definition.line);
      }
    }
    for (const text::Reference& ref : structure.references) {
      const bool again = !found_.empty() && found_.back().file == file &&
                         found_.back().line == ref.line &&
                         found_.back().kind == text::edge_name(ref.kind);
      if (!again && match_.fits(structure, ref)) {
        found_.push_back({file, ref.line, ref.within, std::string(text::edge_name(ref.kind))});
        taken.insert(ref.line);
      }
    }
  }

  Status collect_mentions(const NamedFile& named, const CodeFilePtr& file, const std::string& name,
                          const std::set<std::uint32_t>& taken) {
    for (const std::uint32_t ordinal : named.chunks) {
      if (++chunks_ > kMentionChunks || mentioned_.size() >= kMentions) {
        return {};
      }
      TRY_ASSIGN(const std::optional<store::ChunkRecord> chunk, lookup_.chunk(*file, ordinal));
      if (!chunk) {
        return Error{Code::Corruption, "a segment holds a chunk of " + file->row.path +
                                           " that library.db does not have"};
      }
      for (const std::uint32_t line : lines_with(chunk->text, name, chunk->start_line)) {
        if (!taken.contains(line)) {
          mentioned_.push_back({file, line, definition_at(file->structure, line), "mention"});
        }
      }
    }
    return {};
  }

  CodeLookup& lookup_;
  NameMatch match_;
  std::vector<FoundPlace> found_;
  std::vector<FoundPlace> mentioned_;
  std::size_t chunks_ = 0;
};

template <typename Found>
Status show(CodeLookup& lookup, const std::vector<Found>& found, std::size_t limit,
            std::vector<CodePlace>& places) {
  for (const Found& each : found) {
    if (places.size() >= limit) {
      break;
    }
    TRY_ASSIGN(std::optional<CodePlace> place, place_of(lookup, each));
    if (place) {
      places.push_back(std::move(*place));
    }
  }
  return {};
}

/// A call tree, breadth first.
class CallTree {
 public:
  CallTree(CodeLookup& lookup, std::uint32_t depth)
      : lookup_(lookup), depth_(std::clamp(depth, 1U, kMaxCallDepth)) {}

  /// An edge before its places are read.
  struct Edge {
    std::uint32_t depth = 1;
    CodeFilePtr file;
    std::uint32_t caller = 0;  // one more than the index of its definition; 0: outside of any
    std::string callee;
    std::vector<std::uint32_t> lines;
    std::vector<FoundDefinition> meanings;
  };

  Status callers(const std::string& name, NameMatch::Case how) {
    std::vector<std::string> names{name};
    for (std::uint32_t depth = 1; depth <= depth_ && !names.empty(); ++depth) {
      std::vector<std::string> next;
      for (const std::string& each : names) {
        if (!expand(each)) {
          continue;
        }
        TRY(add_callers(each, depth == 1 ? how : NameMatch::Case::Exact, depth, next));
      }
      names = std::move(next);
    }
    return {};
  }

  Status callees(const std::vector<FoundDefinition>& roots) {
    std::vector<FoundDefinition> level = roots;
    for (std::uint32_t depth = 1; depth <= depth_ && !level.empty(); ++depth) {
      std::vector<FoundDefinition> next;
      for (const FoundDefinition& each : level) {
        const auto key = std::pair(each.file->row.id, each.index);
        if (expanded_definitions_.size() >= kExpandedNames) {
          cut_ = true;
        } else if (expanded_definitions_.insert(key).second) {
          TRY(add_callees(each, depth, next));
        }
      }
      level = std::move(next);
    }
    return {};
  }

  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  bool expand(const std::string& name) {
    if (expanded_.size() >= kExpandedNames) {
      cut_ = true;
      return false;
    }
    return expanded_.insert(name).second;
  }

  Status add_callers(const std::string& name, NameMatch::Case how, std::uint32_t depth,
                     std::vector<std::string>& next) {
    const NameMatch match(name, how);
    TRY_ASSIGN(const std::vector<NamedFile> files, lookup_.files_with(name));
    for (const NamedFile& named : files) {
      TRY_ASSIGN(const CodeFilePtr file, lookup_.read(named.source, named.path, match.sought()));
      if (file == nullptr) {
        continue;
      }
      std::map<std::uint32_t, std::vector<std::uint32_t>> lines;  // by caller
      for (const text::Reference& ref : file->structure.references) {
        if (ref.kind == text::EdgeKind::Call && match.fits(file->structure, ref)) {
          lines[ref.within].push_back(ref.line);
        }
      }
      for (auto& [caller, called] : lines) {
        called.erase(std::unique(called.begin(), called.end()), called.end());
        edges_.push_back({depth, file, caller, name, std::move(called), {}});
        if (caller != 0) {
          next.push_back(file->structure.name_of(file->structure.definitions[caller - 1]));
        }
      }
    }
    return {};
  }

  Status add_callees(const FoundDefinition& caller, std::uint32_t depth,
                     std::vector<FoundDefinition>& next) {
    const text::Structure& structure = caller.file->structure;
    std::vector<std::pair<std::uint32_t, std::vector<std::uint32_t>>> called;  // name, lines
    for (const text::Reference& ref : structure.references) {
      if (ref.kind != text::EdgeKind::Call || ref.within == 0 ||
          !structure.stands_in(ref.within - 1, caller.index)) {
        continue;
      }
      const auto same = std::find_if(called.begin(), called.end(),
                                     [&](const auto& each) { return each.first == ref.name; });
      if (same == called.end()) {
        called.push_back({ref.name, {ref.line}});
      } else if (same->second.back() != ref.line) {
        same->second.push_back(ref.line);
      }
    }
    for (auto& [name, lines] : called) {
      Edge edge{depth, caller.file, caller.index + 1, structure.names[name], std::move(lines), {}};
      TRY_ASSIGN(edge.meanings, meanings_of(edge.callee, caller.file));
      if (depth < depth_) {
        next.insert(next.end(), edge.meanings.begin(), edge.meanings.end());
      }
      edges_.push_back(std::move(edge));
    }
    return {};
  }

  /// What a called name may mean: what the index knows as a symbol, and what is defined in the same
  /// file. Those of the same file come first.
  Result<std::vector<FoundDefinition>> meanings_of(const std::string& name,
                                                   const CodeFilePtr& file) {
    const NameMatch match(name, NameMatch::Case::Exact);
    std::vector<FoundDefinition> found;
    append_definitions(file, match, "", found);
    TRY_ASSIGN(const std::vector<NamedFile> files, lookup_.files_defining(name));
    for (const NamedFile& named : files) {
      TRY_ASSIGN(const CodeFilePtr other, lookup_.read(named.source, named.path, match.sought()));
      if (other != nullptr && other->row.id != file->row.id) {
        append_definitions(other, match, "", found);
      }
    }
    std::erase_if(found, [](const FoundDefinition& each) {
      const text::ChunkKind kind = each.definition().kind;
      return kind == text::ChunkKind::Data || kind == text::ChunkKind::Doc;
    });
    put_in_order(found);
    return found;
  }

  CodeLookup& lookup_;
  const std::uint32_t depth_;
  std::set<std::string> expanded_;
  std::set<std::pair<std::int64_t, std::uint32_t>> expanded_definitions_;
  std::vector<Edge> edges_;
  bool cut_ = false;
};

Status show_edges(CodeLookup& lookup, const std::vector<CallTree::Edge>& edges, std::size_t limit,
                  CallsAnswer& answer) {
  answer.total = edges.size();
  for (const CallTree::Edge& edge : edges) {
    if (answer.edges.size() >= limit) {
      break;
    }
    std::optional<CodePlace> caller;
    if (edge.caller != 0) {
      TRY_ASSIGN(caller, place_of(lookup, FoundDefinition{edge.file, edge.caller - 1}));
    } else {
      TRY_ASSIGN(caller, place_of(lookup, FoundPlace{edge.file, edge.lines.front(), 0, "module"}));
    }
    if (!caller) {
      continue;
    }
    CallEdge shown;
    shown.depth = edge.depth;
    shown.caller = std::move(*caller);
    shown.callee = edge.callee;
    shown.lines = edge.lines;
    shown.definitions_total = edge.meanings.size();
    TRY(show(lookup, edge.meanings, kShownMeanings, shown.definitions));
    answer.edges.push_back(std::move(shown));
  }
  return {};
}

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

Result<SymbolAnswer> answer_symbol(const CodeContext& context, const SymbolRequest& request,
                                   SymbolQuestion question) {
  TRY_ASSIGN(Asked asked, parse_symbol(request.symbol));
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(lookup.restrict_to(request.languages, request.within));
  SymbolAnswer answer;
  answer.symbol = request.symbol;
  Lenience lenience;
  if (question == SymbolQuestion::Definition) {
    TRY_ASSIGN(const std::vector<FoundDefinition> found, definitions_of(lookup, asked, lenience));
    answer.total = found.size();
    TRY(show(lookup, found, request.limit, answer.places));
    TRY(finish(context, lookup, std::move(lenience.notes), answer));
    return answer;
  }
  References references(lookup, NameMatch(asked.name, NameMatch::Case::Exact));
  TRY(references.collect(asked.name, request.mentions));
  const std::vector<FoundPlace> found = references.take();
  answer.total = found.size();
  TRY(show(lookup, found, request.limit, answer.places));
  if (!asked.scope.empty()) {
    lenience.notes.push_back(
        fmt::format("references are by name: these are to every {}, not only to that of {}",
                    asked.name, asked.scope));
  }
  if (references.cut()) {
    lenience.notes.push_back("the name stands in more text than was looked through for mentions");
  }
  TRY(finish(context, lookup, std::move(lenience.notes), answer));
  return answer;
}

Result<CallsAnswer> answer_calls(const CodeContext& context, const SymbolRequest& request,
                                 CallQuestion question) {
  TRY_ASSIGN(Asked asked, parse_symbol(request.symbol));
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(lookup.restrict_to(request.languages, request.within));
  CallsAnswer answer;
  answer.symbol = request.symbol;
  Lenience lenience;
  TRY_ASSIGN(const std::vector<FoundDefinition> roots, definitions_of(lookup, asked, lenience));
  TRY(show(lookup, roots, kShownDefinitions, answer.definitions));
  CallTree tree(lookup, request.depth);
  TRY(question == CallQuestion::Callers ? tree.callers(asked.name, lenience.how)
                                        : tree.callees(roots));
  TRY(show_edges(lookup, tree.edges(), request.limit, answer));
  if (roots.size() > 1) {
    lenience.notes.push_back(
        fmt::format("calls are by name, and {} definitions have this one", roots.size()));
  } else if (question == CallQuestion::Callees && roots.empty()) {
    lenience.notes.push_back("nothing of that name is defined in the library");
  }
  if (tree.cut()) {
    lenience.notes.push_back("the tree is larger than what was followed");
  }
  TRY(finish(context, lookup, std::move(lenience.notes), answer));
  return answer;
}

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
  TRY(finish(context, lookup, {}, answer));
  return answer;
}

}  // namespace sonde::library
