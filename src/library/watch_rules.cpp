#include "library/watch_rules.h"

#include <algorithm>
#include <optional>

#include "io/file_system.h"
#include "library/changes.h"

namespace sonde::library {

namespace {

bool any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// These say what belongs to a source: a change of one can change all below it.
bool is_rules_file(std::string_view name) { return any_of(name, {".gitignore", ".sondeignore"}); }

/// Vim writes its swap file while somebody types, Emacs a link beside the file.
bool is_of_an_editor(std::string_view name) {
  return name.starts_with(".#") ||
         (name.starts_with('.') &&
          (name.ends_with(".swp") || name.ends_with(".swo") || name.ends_with(".swx")));
}

}  // namespace

WatchRules::WatchRules(std::vector<WatchedSource> sources, std::string library_folder,
                       const std::vector<std::string>& parts,
                       const std::vector<LeftOutFolder>& left_out)
    : sources_(std::move(sources)), library_folder_(std::move(library_folder)) {
  for (const WatchedSource& source : sources_) {
    for (const std::string& part : parts) {
      if (under_any(part, {source.path})) {
        parts_.push_back(resolved(source.path, std::string_view(part).substr(source.path.size())));
      }
    }
  }
  for (const LeftOutFolder& folder : left_out) {
    left_out_.insert(resolved(folder.source_path, "/" + folder.path));
  }
}

std::string WatchRules::resolved(const std::string& source_path, std::string_view below) const {
  const auto source =
      std::find_if(sources_.begin(), sources_.end(),
                   [&](const WatchedSource& known) { return known.path == source_path; });
  return (source == sources_.end() ? source_path : source->root) + std::string(below);
}

bool WatchRules::left_out(std::string_view folder) const {
  while (folder.size() > 1) {
    if (left_out_.contains(std::string(folder))) {
      return true;
    }
    folder = folder.substr(0, folder.rfind('/'));
  }
  return false;
}

std::optional<std::string_view> WatchRules::inside_git(std::string_view path) const {
  for (const WatchedSource& source : sources_) {
    if (!source.git.empty() && path != source.git && under_any(path, {source.git})) {
      return path.substr(source.git.size() + 1);
    }
  }
  constexpr std::string_view kFolder = "/.git/";
  const std::size_t at = path.find(kFolder);
  if (at != std::string_view::npos) {
    return path.substr(at + kFolder.size());
  }
  return std::nullopt;
}

bool WatchRules::watches(std::string_view folder) const {
  if (under_any(folder, {library_folder_})) {
    return false;
  }
  if (const auto below = inside_git(folder)) {
    return *below == "info";
  }
  if (io::file_name(folder) == ".git") {
    return !left_out(io::parent_path(folder));
  }
  return !left_out(folder);
}

bool WatchRules::matters(const io::WatchEvent& event) const {
  const std::string& path = event.path;
  if (under_any(path, {library_folder_})) {
    return false;
  }
  const std::string name = io::file_name(path);
  if (const auto below = inside_git(path)) {
    return any_of(*below, {"HEAD", "index", "config", "config.worktree", "info/exclude"});
  }
  if (left_out(io::parent_path(path))) {
    return false;
  }
  if (is_rules_file(name) || name == ".git") {
    return true;
  }
  if (is_of_an_editor(name) || (event.folder && left_out(path))) {
    return false;
  }
  return parts_.empty() || under_any(path, parts_) ||
         std::any_of(parts_.begin(), parts_.end(),
                     [&](const std::string& part) { return under_any(part, {path}); });
}

bool WatchRules::watch_more_than(const WatchRules& earlier) const {
  return std::any_of(earlier.left_out_.begin(), earlier.left_out_.end(),
                     [&](const std::string& folder) {
                       return !left_out_.contains(folder) && watches(folder) &&
                              io::real_file_system().info(folder).ok();
                     });
}

}  // namespace sonde::library
