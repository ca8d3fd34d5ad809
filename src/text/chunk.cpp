#include "text/chunk.h"

#include <array>
#include <utility>

#include "text/chunk_plan.h"
#include "text/language.h"

namespace sonde::text {

namespace {

constexpr std::array<std::string_view, 9> kKindNames = {
    "text", "function", "class", "module", "type", "constant", "doc", "data", "cell"};

constexpr std::array<std::pair<std::string_view, ChunkKind>, 5> kOtherNames = {{
    {"method", ChunkKind::Function},
    {"struct", ChunkKind::Class},
    {"enum", ChunkKind::Class},
    {"interface", ChunkKind::Class},
    {"trait", ChunkKind::Class},
}};

}  // namespace

std::string_view kind_name(ChunkKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  return index < kKindNames.size() ? kKindNames[index] : kKindNames[0];
}

Result<ChunkKind> kind_from_name(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) {
      return static_cast<ChunkKind>(i);
    }
    known += std::string(i == 0 ? "" : ", ") + std::string(kKindNames[i]);
  }
  for (const auto& [other, kind] : kOtherNames) {
    if (other == name) {
      return kind;
    }
    known += ", " + std::string(other);
  }
  return Error{Code::InvalidArgument,
               "no kind of chunk is called '" + std::string(name) + "'; there are: " + known};
}

ChunkedText chunk_windows(std::string_view language, std::string_view text) {
  Plan plan;
  Owner file;
  file.kind = is_prose(language)  ? ChunkKind::Doc
              : is_data(language) ? ChunkKind::Data
                                  : ChunkKind::Text;
  plan.owners.push_back(std::move(file));
  const Ruler ruler(text);
  fill_with_lines(ruler, plan);
  ChunkedText chunked;
  chunked.chunks = make_chunks(ruler, plan);
  chunked.windowed = true;
  return chunked;
}

}  // namespace sonde::text
