#include "index/symbols.h"

#include <algorithm>

#include "text/analyzer.h"

namespace sonde::index {

std::vector<std::string> symbol_forms(std::string_view name, std::string_view scope) {
  std::vector<std::string> forms;
  const auto add = [&forms](std::string_view form) {
    forms.push_back(text::fold_symbol(form));
    forms.push_back(text::squeeze_symbol(form));
  };
  add(name);
  // "M.load" and "Session::get" are also "load" and "get".
  const std::string folded = text::fold_symbol(name);
  if (const std::size_t dot = folded.rfind('.'); dot != std::string::npos) {
    add(std::string_view(folded).substr(dot + 1));
  }
  std::string qualified(name);
  std::string_view rest = scope;
  for (std::size_t depth = 0; depth < kScopeDepthLimit && !rest.empty(); ++depth) {
    const std::size_t dot = rest.rfind('.');
    const std::string_view inner = dot == std::string_view::npos ? rest : rest.substr(dot + 1);
    qualified.insert(0, ".").insert(0, inner);
    add(qualified);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(0, dot);
  }
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  std::erase_if(forms, [](const std::string& form) { return form.empty() || form == "."; });
  return forms;
}

std::string_view without_extension(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t dot = path.rfind('.');
  const bool extension = dot != std::string_view::npos && dot > name && dot + 1 < path.size();
  return extension ? path.substr(0, dot) : path;
}

std::string_view file_stem(std::string_view path) {
  const std::string_view stem = without_extension(path);
  const std::size_t slash = stem.rfind('/');
  return slash == std::string_view::npos ? stem : stem.substr(slash + 1);
}

}  // namespace sonde::index
