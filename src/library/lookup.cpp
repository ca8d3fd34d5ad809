#include "library/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "library/on_disk.h"
#include "text/chunk.h"

namespace sonde::library {

namespace {

constexpr std::size_t kShortHash = 12;  // hex digits

struct ResultId {
  std::string source;
  std::string path;  // hash, shortened
  std::uint32_t ordinal = 0;
  std::string version;  // hash of the file, shortened
};

std::optional<ResultId> parse_id(const std::string& id) {
  const std::size_t first = id.find(':');
  const std::size_t second = id.find(':', std::min(first, id.size() - 1) + 1);
  const std::size_t at = id.find('@');
  if (first == std::string::npos || second == std::string::npos || at == std::string::npos ||
      at < second) {
    return std::nullopt;
  }
  ResultId parsed{id.substr(0, first), id.substr(first + 1, second - first - 1), 0,
                  id.substr(at + 1)};
  const char* const end = id.data() + at;
  const auto [stop, error] = std::from_chars(id.data() + second + 1, end, parsed.ordinal);
  if (error != std::errc() || stop != end || parsed.path.size() != kShortHash ||
      parsed.version.size() != kShortHash) {
    return std::nullopt;
  }
  return parsed;
}

std::string short_hash(const ContentHash& hash) { return hash.hex().substr(0, kShortHash); }

}  // namespace

std::string result_id(const std::string& source, std::string_view path, std::uint32_t ordinal,
                      const ContentHash& file_hash) {
  return fmt::format("{}:{}:{}@{}", source, short_hash(content_hash(path)), ordinal,
                     short_hash(file_hash));
}

Result<SearchHit> result_of(io::FileSystem& fs, store::Reader& reader, const std::string& id) {
  const std::optional<ResultId> parsed = parse_id(id);
  if (!parsed) {
    return Error{Code::InvalidArgument, "this is no id of a result: " + id};
  }
  const Error gone{Code::NotFound, "the file of this result changed or is gone; search again"};
  TRY_ASSIGN(const std::vector<store::SourceRow> sources, reader.sources());
  const auto source = std::find_if(sources.begin(), sources.end(),
                                   [&](const auto& row) { return row.uid == parsed->source; });
  if (source == sources.end()) {
    return gone;
  }
  std::string path;
  bool found = false;
  TRY(reader.for_each_file(source->id, [&](const store::FileState& file) -> Status {
    if (!found && short_hash(file.hash) == parsed->version &&
        short_hash(content_hash(file.path)) == parsed->path) {
      path = file.path;
      found = true;
    }
    return {};
  }));
  TRY_ASSIGN(const std::optional<store::FileRow> row,
             found ? reader.file(source->id, path) : std::optional<store::FileRow>());
  if (!row) {
    return gone;
  }
  TRY_ASSIGN(std::optional<store::ChunkRecord> chunk, reader.chunk(row->id, parsed->ordinal));
  if (!chunk) {
    return gone;
  }
  SearchHit hit;
  hit.id = id;
  hit.source = source->uid;
  hit.source_path = source->path;
  hit.path = path;
  hit.start_line = chunk->start_line;
  hit.end_line = chunk->end_line;
  hit.language = row->language;
  hit.kind = text::kind_name(static_cast<text::ChunkKind>(chunk->kind));
  hit.symbol = chunk->symbol;
  hit.scope = chunk->scope;
  hit.text = std::move(chunk->text);
  hit.file_hash = row->hash.hex();
  hit.stale = compare_with_disk(fs, io::join_path(source->path, path), *row) != OnDisk::Same;
  return hit;
}

}  // namespace sonde::library
