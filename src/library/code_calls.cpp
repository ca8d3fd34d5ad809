#include "library/code_calls.h"

#include <algorithm>
#include <map>

namespace sonde::library {

namespace {

constexpr std::size_t kExpandedNames = 300;  // of a call tree

}  // namespace

Status CallTree::callers(const std::string& name, NameMatch::Case how) {
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

Status CallTree::callees(const std::vector<FoundDefinition>& roots) {
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

bool CallTree::expand(const std::string& name) {
  if (expanded_.size() >= kExpandedNames) {
    cut_ = true;
    return false;
  }
  return expanded_.insert(name).second;
}

Status CallTree::add_callers(const std::string& name, NameMatch::Case how, std::uint32_t depth,
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

Status CallTree::add_callees(const FoundDefinition& caller, std::uint32_t depth,
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
Result<std::vector<FoundDefinition>> CallTree::meanings_of(const std::string& name,
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

}  // namespace sonde::library
