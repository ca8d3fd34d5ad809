// Which imports go in a circle.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "library/code_analysis.h"
#include "library/graph_cycles.h"
#include "library/import_resolver.h"

namespace sonde::library {

namespace {

constexpr std::size_t kShownMembers = 100;
constexpr std::size_t kShownUnresolved = 20;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

/// An import as a file writes it, before it is resolved.
struct FoundImport {
  std::uint32_t file = 0;
  std::uint32_t line = 1;
  WrittenImport written;
};

/// What is around a reference.
struct Around {
  bool function = false;
  std::uint32_t modules = 0;
};

Around around(const text::Structure& structure, std::uint32_t within) {
  Around found;
  while (within != 0) {
    const text::Definition& definition = structure.definitions[within - 1];
    found.function = found.function || definition.kind == text::ChunkKind::Function;
    found.modules += definition.kind == text::ChunkKind::Module ? 1 : 0;
    within = definition.parent;
  }
  return found;
}

/// "example.com/m" of a go.mod.
std::optional<std::string> go_module_of(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.starts_with("module ")) {
      line.remove_prefix(7);
      line = line.substr(0, line.find_first_of(" \t\r/\n") == 0 ? 0 : line.find_first_of(" \t\r"));
      if (line.size() > 1 && line.front() == '"') {
        line = line.substr(1, line.size() - 2);
      }
      return std::string(line);
    }
    at = end + 1;
  }
  return std::nullopt;
}

class CycleSearch {
 public:
  CycleSearch(const CodeContext& context, CodeLookup& lookup)
      : context_(context), lookup_(lookup) {}

  Status run(const CyclesRequest& request, CyclesAnswer& answer) {
    TRY(lookup_.for_each_file(CodeLookup::Which::All,
                              [&](const CodeFile& file) { return collect(file); }));
    make_nodes();
    resolve_all(answer);
    const auto components = strong_components(graph_);
    answer.total = components.size();
    for (const std::vector<std::uint32_t>& component : components) {
      if (answer.cycles.size() >= request.limit) {
        break;
      }
      TRY(add_cycle(component, answer));
    }
    return {};
  }

 private:
  struct Edge {
    std::uint32_t file = 0;
    std::uint32_t line = 1;
    std::string written;
  };

  Status collect(const CodeFile& file) {
    const std::uint32_t source = source_number(file);
    if (file.row.path == "go.mod" || file.row.path.ends_with("/go.mod")) {
      TRY_ASSIGN(const std::vector<store::ChunkRecord> chunks, context_.reader.chunks(file.row.id));
      for (const store::ChunkRecord& chunk : chunks) {
        if (auto name = go_module_of(chunk.text)) {
          resolver_.add_go_module(source, folder_of(file.row.path), std::move(*name));
          break;
        }
      }
    }
    if (!lookup_.in_scope(file)) {
      return {};
    }
    const auto number = static_cast<std::uint32_t>(resolver_.files().size());
    resolver_.add({source, file.row.path, file.row.language});
    collect_symbols(file, source, number);
    collect_imports(file, number);
    return {};
  }

  std::uint32_t source_number(const CodeFile& file) {
    if (sources_.empty() || sources_.back().uid != file.source->uid) {
      sources_.push_back(*file.source);
    }
    return static_cast<std::uint32_t>(sources_.size() - 1);
  }

  void collect_symbols(const CodeFile& file, std::uint32_t source, std::uint32_t number) {
    if (file.row.language != "php" && file.row.language != "elixir") {
      return;
    }
    for (const text::Definition& definition : file.structure.definitions) {
      if (definition.kind == text::ChunkKind::Class && !definition.opens_only) {
        std::string name = file.structure.qualified(definition);
        std::replace(name.begin(), name.end(), '\\', '.');
        resolver_.add_symbol(source, name, number);
      }
    }
  }

  void collect_imports(const CodeFile& file, std::uint32_t number) {
    const text::Structure& structure = file.structure;
    const bool names = file.row.language == "python" || file.row.language == "rust" ||
                       file.row.language == "scala";
    const bool tests = file.row.language == "go" && file.row.path.ends_with("_test.go");
    bool open = false;  // names belong to the import before them
    for (const text::Reference& reference : structure.references) {
      const std::string& written = structure.names[reference.name];
      if (reference.kind == text::EdgeKind::ImportedName) {
        open =
            open && names && !(file.row.language == "python" && written.find('.') != written.npos);
        if (open) {
          imports_.back().written.names.push_back(written);
        }
        continue;
      }
      if (reference.kind != text::EdgeKind::Import || tests) {
        continue;
      }
      const Around where = around(structure, reference.within);
      open = !where.function;
      if (where.function) {
        ++deferred_;
        continue;
      }
      imports_.push_back({number, reference.line, {written, {}, where.modules}});
    }
  }

  /// A file is a node; of Go a package is, for that is what is imported.
  void make_nodes() {
    std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> packages;
    for (const ImportFile& file : resolver_.files()) {
      auto node = static_cast<std::uint32_t>(names_.size());
      if (file.language == "go") {
        const auto [known, added] =
            packages.emplace(std::pair(file.source, folder_of(file.path)), node);
        node = known->second;
        if (added) {
          const std::string folder = folder_of(file.path);
          names_.push_back(folder.empty() ? "." : folder);
        }
      } else {
        names_.push_back(file.path);
      }
      nodes_.push_back(node);
    }
    graph_.resize(names_.size());
  }

  void resolve_all(CyclesAnswer& answer) {
    std::map<std::string, std::uint64_t> unresolved;
    for (const FoundImport& import : imports_) {
      const std::vector<std::uint32_t> files = resolver_.resolve(import.file, import.written);
      ++(files.empty() ? unresolved[import.written.path] : answer.resolved);
      const std::uint32_t from = nodes_[import.file];
      for (const std::uint32_t file : files) {
        const std::uint32_t to = nodes_[file];
        if (to != from &&
            edges_.emplace(std::pair(from, to), Edge{import.file, import.line, import.written.path})
                .second) {
          graph_[from].push_back(to);
        }
      }
    }
    for (std::vector<std::uint32_t>& to : graph_) {
      std::sort(to.begin(), to.end());
    }
    answer.files = resolver_.files().size();
    answer.imports = imports_.size();
    answer.deferred = deferred_;
    answer.unresolved.assign(unresolved.begin(), unresolved.end());
    std::stable_sort(answer.unresolved.begin(), answer.unresolved.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    answer.unresolved.resize(std::min(answer.unresolved.size(), kShownUnresolved));
  }

  Status add_cycle(const std::vector<std::uint32_t>& component, CyclesAnswer& answer) {
    TRY_ASSIGN(const std::vector<std::uint32_t> nodes,
               shortest_cycle(graph_, component, context_.cancel));
    ImportCycle cycle;
    cycle.members = component.size();
    for (std::size_t i = 0; i < component.size() && i < kShownMembers; ++i) {
      cycle.paths.push_back(names_[component[i]]);
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Edge& edge = edges_.at(std::pair(nodes[i], nodes[(i + 1) % nodes.size()]));
      const ImportFile& file = resolver_.files()[edge.file];
      CodePlace place;
      place.source = sources_[file.source].uid;
      place.source_path = sources_[file.source].path;
      place.path = file.path;
      place.text = edge.written;
      TRY(lookup_.look_at_disk(place));
      cycle.steps.push_back(
          {place.source, place.source_path, place.path, edge.line, edge.written, place.stale});
    }
    answer.cycles.push_back(std::move(cycle));
    return {};
  }

  const CodeContext& context_;
  CodeLookup& lookup_;
  ImportResolver resolver_;
  std::vector<store::SourceRow> sources_;
  std::vector<FoundImport> imports_;
  std::uint64_t deferred_ = 0;
  std::vector<std::uint32_t> nodes_;  // by file
  std::vector<std::string> names_;    // by node
  Graph graph_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Edge> edges_;
};

}  // namespace

Result<CyclesAnswer> answer_cycles(const CodeContext& context, const CyclesRequest& request) {
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(restrict_to(lookup, request.scope));
  CycleSearch search(context, lookup);
  CyclesAnswer answer;
  TRY(search.run(request, answer));
  std::vector<std::string> notes;
  const std::uint64_t unresolved = answer.imports - answer.resolved;
  if (unresolved > 0) {
    notes.push_back(
        fmt::format("{} of {} imports are of no file of the library: of other projects, of the "
                    "language, or found by a rule that is not known here",
                    unresolved, answer.imports));
  }
  if (answer.deferred > 0) {
    notes.push_back(fmt::format("{} imports within functions were not followed", answer.deferred));
  }
  TRY(finish_answer(context, lookup, std::move(notes), answer));
  return answer;
}

}  // namespace sonde::library
