#include "index/embed_text.h"

#include "index/symbols.h"

namespace sonde::index {

std::string embed_text(std::string_view language, std::string_view path, std::string_view scope,
                       std::string_view symbol, std::string_view text) {
  const std::string_view stem = file_stem(path);
  std::string fed;
  fed.reserve(language.size() + stem.size() + scope.size() + symbol.size() + text.size() + 4);
  for (const std::string_view part : {language, stem, scope, symbol}) {
    if (!part.empty()) {
      fed += fed.empty() ? "" : " ";
      fed += part;
    }
  }
  fed += '\n';
  fed += text;
  return fed;
}

}  // namespace sonde::index
