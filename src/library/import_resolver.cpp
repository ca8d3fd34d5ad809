#include "library/import_resolver.h"

#include <algorithm>
#include <initializer_list>

namespace sonde::library {

namespace {

constexpr std::size_t kParts = 64;  // of one import

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string joined(const std::string& folder, std::string_view rest) {
  return folder.empty() || rest.empty() ? folder + std::string(rest)
                                        : folder + "/" + std::string(rest);
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (parts.size() < kParts) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      break;
    }
    text.remove_prefix(at + separator.size());
  }
  return parts;
}

/// `path` from `folder`, without "." and ".."; false when it leaves the source.
bool resolve_dots(const std::string& folder, std::string_view path, std::string& out) {
  std::vector<std::string> parts;
  if (!folder.empty()) {
    parts = split(folder, "/");
  }
  for (const std::string& part : split(path, "/")) {
    if (part == "..") {
      if (parts.empty()) {
        return false;
      }
      parts.pop_back();
    } else if (part != "." && !part.empty()) {
      parts.push_back(part);
    }
  }
  out.clear();
  for (const std::string& part : parts) {
    out = joined(out, part);
  }
  return true;
}

/// The folder itself, then those around it up to the source.
std::vector<std::string> folders_around(std::string folder) {
  std::vector<std::string> folders{folder};
  while (!folder.empty() && folders.size() < kParts) {
    folder = folder_of(folder);
    folders.push_back(folder);
  }
  return folders;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

std::string replaced(std::string_view text, char from, char to) {
  std::string out(text);
  std::replace(out.begin(), out.end(), from, to);
  return out;
}

bool is_script(std::string_view language) {
  return is_any(language, {"javascript", "jsx", "typescript", "tsx"});
}

}  // namespace

void ImportResolver::add(ImportFile file) {
  const auto number = static_cast<std::uint32_t>(files_.size());
  const std::size_t sources = std::max<std::size_t>(by_path_.size(), file.source + 1);
  by_path_.resize(sources);
  symbols_.resize(sources);
  go_folders_.resize(sources);
  by_path_[file.source].emplace(file.path, number);
  by_name_[std::string(name_of(file.path))].push_back(number);
  if (file.language == "go" && !file.path.ends_with("_test.go")) {
    go_folders_[file.source][folder_of(file.path)].push_back(number);
  }
  files_.push_back(std::move(file));
}

void ImportResolver::add_go_module(std::uint32_t source, std::string folder, std::string name) {
  go_modules_.push_back({source, std::move(folder), std::move(name)});
}

void ImportResolver::add_symbol(std::uint32_t source, const std::string& qualified,
                                std::uint32_t file) {
  symbols_[source].emplace(qualified, file);
}

std::vector<std::uint32_t> ImportResolver::resolve(std::uint32_t from,
                                                   const WrittenImport& import) const {
  Found found;
  const std::string& language = files_[from].language;
  if (is_any(language, {"c", "cpp"})) {
    resolve_c(from, import, found);
  } else if (is_script(language)) {
    resolve_script(from, import, found);
  } else if (language == "python") {
    resolve_python(from, import, found);
  } else if (language == "go") {
    resolve_go(from, import, found);
  } else if (language == "rust") {
    resolve_rust(from, import, found);
  } else if (is_any(language, {"java", "kotlin", "scala", "haskell", "lua"})) {
    resolve_dotted(from, import, found);
  } else if (is_any(language, {"php", "elixir"})) {
    resolve_symbol(from, import, found);
  }
  if (found.empty() && is_any(language, {"ruby", "php", "bash", "dart", "zig", "lua"})) {
    resolve_relative(from, import, found);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool ImportResolver::take(std::uint32_t source, const std::string& path, Found& found) const {
  const auto known = by_path_[source].find(path);
  if (known == by_path_[source].end()) {
    return false;
  }
  found.push_back(known->second);
  return true;
}

bool ImportResolver::take_first(std::uint32_t source, const std::vector<std::string>& paths,
                                Found& found) const {
  return std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& path) { return take(source, path, found); });
}

bool ImportResolver::take_suffix(std::uint32_t from, const std::string& tail, Found& found) const {
  const auto named = by_name_.find(std::string(name_of(tail)));
  if (named == by_name_.end()) {
    return false;
  }
  const ImportFile& importer = files_[from];
  std::size_t nearest = 0;
  bool any = false;
  std::uint32_t best = 0;
  for (const std::uint32_t each : named->second) {
    const ImportFile& file = files_[each];
    const bool ends =
        file.path == tail || (file.path.size() > tail.size() && file.path.ends_with(tail) &&
                              file.path[file.path.size() - tail.size() - 1] == '/');
    const std::size_t near = common_prefix(file.path, importer.path);
    if (file.source == importer.source && ends && (!any || near > nearest)) {
      any = true;
      nearest = near;
      best = each;
    }
  }
  if (any) {
    found.push_back(best);
  }
  return any;
}

/// Beside the file; from a folder around it, or an `include` or `src` of one; else, when it names a
/// folder, the nearest file whose path ends so.
void ImportResolver::resolve_c(std::uint32_t from, const WrittenImport& import,
                               Found& found) const {
  const ImportFile& file = files_[from];
  for (const std::string& folder : folders_around(folder_of(file.path))) {
    for (const std::string_view below : {"", "include", "src"}) {
      std::string path;
      if (resolve_dots(joined(folder, below), import.path, path) &&
          take(file.source, path, found)) {
        return;
      }
    }
  }
  if (import.path.find('/') != std::string::npos && !import.path.starts_with('.')) {
    take_suffix(from, import.path, found);
  }
}

void ImportResolver::resolve_script(std::uint32_t from, const WrittenImport& import,
                                    Found& found) const {
  const ImportFile& file = files_[from];
  std::string path;
  if (!import.path.starts_with('.') || !resolve_dots(folder_of(file.path), import.path, path)) {
    return;
  }
  std::vector<std::string> paths{path};
  for (const std::string_view extension :
       {".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"}) {
    paths.push_back(path + std::string(extension));
  }
  // TypeScript writes the extension of what it will be compiled to.
  for (const auto& [written, meant] :
       std::initializer_list<std::pair<std::string_view, const char*>>{
           {".js", ".ts"}, {".js", ".tsx"}, {".jsx", ".tsx"}, {".mjs", ".mts"}, {".cjs", ".cts"}}) {
    if (path.ends_with(written)) {
      paths.push_back(path.substr(0, path.size() - written.size()) + meant);
    }
  }
  for (const char* index :
       {"index.ts", "index.tsx", "index.js", "index.jsx", "index.mjs", "index.d.ts"}) {
    paths.push_back(joined(path, index));
  }
  take_first(file.source, paths, found);
}

/// A module, and what of its names are modules too. @param base  path without extension
bool ImportResolver::take_python(std::uint32_t source, const std::string& base,
                                 const WrittenImport& import, Found& found) const {
  bool all_modules = !import.names.empty();
  bool any = false;
  for (const std::string& name : import.names) {
    const std::string inner = joined(base, name);
    const bool module =
        take_first(source, {inner + ".py", joined(inner, "__init__.py"), inner + ".pyi"}, found);
    any = any || module;
    all_modules = all_modules && module;
  }
  if (!all_modules) {
    const bool itself = !base.empty() && take_first(source, {base + ".py", base + ".pyi"}, found);
    any = itself || take(source, joined(base, "__init__.py"), found) || any;
  }
  return any;
}

void ImportResolver::resolve_python(std::uint32_t from, const WrittenImport& import,
                                    Found& found) const {
  const ImportFile& file = files_[from];
  std::string folder = folder_of(file.path);
  const std::size_t dots = std::min(import.path.find_first_not_of('.'), import.path.size());
  const std::string rest = replaced(std::string_view(import.path).substr(dots), '.', '/');
  if (dots > 0) {
    for (std::size_t i = 1; i < dots; ++i) {
      folder = folder_of(folder);
    }
    take_python(file.source, joined(folder, rest), import, found);
    return;
  }
  for (const std::string& around : folders_around(folder)) {
    if (by_path_[file.source].contains(joined(around, "__init__.py"))) {
      continue;  // what is inside a package is not imported by its name alone
    }
    for (const std::string_view below : {"", "src", "lib", "python"}) {
      if (take_python(file.source, joined(joined(around, below), rest), import, found)) {
        return;
      }
    }
  }
}

void ImportResolver::resolve_go(std::uint32_t from, const WrittenImport& import,
                                Found& found) const {
  const std::uint32_t source = files_[from].source;
  for (const GoModule& module : go_modules_) {
    const bool inside = import.path == module.name || (import.path.starts_with(module.name) &&
                                                       import.path[module.name.size()] == '/');
    if (module.source != source || !inside) {
      continue;
    }
    const std::string rest =
        import.path.substr(std::min(module.name.size() + 1, import.path.size()));
    const auto folder = go_folders_[source].find(joined(module.folder, rest));
    if (folder != go_folders_[source].end()) {
      found = folder->second;
      return;
    }
  }
}

/// The file of the longest beginning of a path of modules below `folder`.
bool ImportResolver::take_rust(std::uint32_t source, const std::string& folder,
                               std::vector<std::string> parts, Found& found) const {
  while (!parts.empty()) {
    std::string path = folder;
    for (const std::string& part : parts) {
      path = joined(path, part);
    }
    if (take_first(source, {path + ".rs", joined(path, "mod.rs")}, found)) {
      return true;
    }
    parts.pop_back();
  }
  return false;
}

void ImportResolver::resolve_rust(std::uint32_t from, const WrittenImport& import,
                                  Found& found) const {
  const ImportFile& file = files_[from];
  std::vector<std::string> parts = split(import.path, "::");
  const std::string_view name = name_of(file.path);
  const bool owns_folder = is_any(name, {"mod.rs", "lib.rs", "main.rs"});
  // The folder of the file's own modules, and the files of each module around it.
  std::string folder = folder_of(file.path);
  if (!owns_folder) {
    folder = joined(folder, name.substr(0, name.size() - std::min<std::size_t>(3, name.size())));
  }
  if (parts.front() == "crate") {
    std::string root = folder_of(file.path);
    for (const std::string& around : folders_around(root)) {
      if (by_path_[file.source].contains(joined(around, "lib.rs")) ||
          by_path_[file.source].contains(joined(around, "main.rs"))) {
        root = around;
        break;
      }
    }
    parts.erase(parts.begin());
    const auto add_names = [&](std::vector<std::string> base) {
      bool any = false;
      for (const std::string& each : import.names) {
        std::vector<std::string> longer = base;
        for (std::string& part : split(each, "::")) {
          longer.push_back(std::move(part));
        }
        any = take_rust(file.source, root, std::move(longer), found) || any;
      }
      return any;
    };
    if (import.names.empty() ? !take_rust(file.source, root, parts, found) : !add_names(parts)) {
      take_first(file.source, {joined(root, "lib.rs"), joined(root, "main.rs")}, found);
    }
    return;
  }
  std::uint32_t inside = import.modules;  // modules within the file that are left first
  bool relative = false;
  while (!parts.empty() && (parts.front() == "super" || parts.front() == "self")) {
    relative = true;
    if (parts.front() == "super") {
      if (inside > 0) {
        --inside;
      } else {
        folder = folder_of(folder);
      }
    }
    parts.erase(parts.begin());
  }
  if (!relative) {
    return;  // of another crate, or of a name that is in scope already
  }
  if (parts.empty() && !import.names.empty()) {
    parts = split(import.names.front(), "::");
  }
  if (inside == 0 && !take_rust(file.source, folder, parts, found)) {
    take_first(file.source,
               {folder + ".rs", joined(folder, "mod.rs"), joined(folder, "lib.rs"),
                joined(folder, "main.rs")},
               found);
  }
}

/// "a.b.C" is a/b/C.java; behind the class may stand members.
void ImportResolver::resolve_dotted(std::uint32_t from, const WrittenImport& import,
                                    Found& found) const {
  const std::string& language = files_[from].language;
  const auto take_path = [&](const std::string& dotted) {
    const std::string path = replaced(dotted, '.', '/');
    if (language == "haskell") {
      return take_suffix(from, path + ".hs", found);
    }
    if (language == "lua") {
      return take_suffix(from, path + ".lua", found) ||
             take_suffix(from, joined(path, "init.lua"), found);
    }
    return take_suffix(from, path + ".java", found) || take_suffix(from, path + ".kt", found) ||
           take_suffix(from, path + ".scala", found);
  };
  if (!import.names.empty() && language == "scala") {
    for (const std::string& name : import.names) {
      take_path(import.path + "." + name);
    }
    return;
  }
  std::string dotted = import.path;
  const bool exact = language == "haskell" || language == "lua";
  for (int depth = 0; depth < 3 && !take_path(dotted); ++depth) {
    const std::size_t dot = dotted.rfind('.');
    if (exact || dot == std::string::npos || dotted.find('.') == dot) {
      return;
    }
    dotted.resize(dot);
  }
}

void ImportResolver::resolve_symbol(std::uint32_t from, const WrittenImport& import,
                                    Found& found) const {
  std::string name = replaced(import.path, '\\', '.');
  if (name.starts_with('.')) {
    name.erase(0, 1);
  }
  const auto& symbols = symbols_[files_[from].source];
  if (const auto known = symbols.find(name); known != symbols.end()) {
    found.push_back(known->second);
  }
}

/// A file, with or without its extension: beside this one, or in a `lib` around it.
void ImportResolver::resolve_relative(std::uint32_t from, const WrittenImport& import,
                                      Found& found) const {
  const ImportFile& file = files_[from];
  std::string written = import.path;
  if (const std::size_t colon = written.find(':'); colon != std::string::npos) {
    if (file.language != "dart" || !written.starts_with("package:")) {
      return;
    }
    const std::size_t slash = written.find('/');  // package:name/path is name's lib/path
    if (slash != std::string::npos) {
      take_suffix(from, "lib" + written.substr(slash), found);
    }
    return;
  }
  const std::string extension = file.language == "ruby"  ? ".rb"
                                : file.language == "lua" ? ".lua"
                                                         : "";
  for (const std::string& folder : folders_around(folder_of(file.path))) {
    for (const std::string_view below : {"", "lib"}) {
      std::string path;
      if (resolve_dots(joined(folder, below), written, path) &&
          (take(file.source, path + extension, found) || take(file.source, path, found))) {
        return;
      }
    }
    if (written.starts_with('.')) {
      return;
    }
  }
}

}  // namespace sonde::library
