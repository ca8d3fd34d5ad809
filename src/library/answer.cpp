#include "library/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "index/search.h"
#include "library/changes.h"
#include "text/chunk.h"
#include "text/decode.h"

namespace sonde::library {

namespace {

/// Files beyond the limit that are asked of the index, so that those that are gone from disk can be
/// left out.
constexpr std::size_t kSpareResults = 10;
constexpr std::uint64_t kHashLimitBytes = 64ULL << 20;

enum class OnDisk { Same, Changed, Gone, OutOfReach };

/// Is the file on disk the version that the index holds? Size and time decide where they can, the
/// content where they cannot.
OnDisk compare_with_disk(io::FileSystem& fs, const std::string& path, const store::FileRow& row) {
  const auto info = fs.info(path);
  if (!info.ok() && info.error().code != Code::NotFound) {
    return OnDisk::OutOfReach;
  }
  if (!info.ok() || info->type != io::FileType::Regular) {
    return OnDisk::Gone;
  }
  if (info->size_bytes != row.size_bytes) {
    return OnDisk::Changed;
  }
  if (info->mtime_ns == row.mtime_ns && info->inode == row.inode) {
    return OnDisk::Same;
  }
  const auto bytes = io::read_file(fs, path, kHashLimitBytes);
  return bytes.ok() && content_hash(*bytes) == row.hash ? OnDisk::Same : OnDisk::Changed;
}

/// Lines first..last (from 1, inclusive) of a text.
std::string lines_of(std::string_view text, std::uint32_t first, std::uint32_t last) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < first; ++line) {
    const std::size_t newline = text.find('\n', begin);
    if (newline == std::string_view::npos) {
      return {};
    }
    begin = newline + 1;
  }
  std::size_t end = begin;
  for (std::uint32_t line = first; line <= last; ++line) {
    const std::size_t newline = text.find('\n', end);
    if (newline == std::string_view::npos) {
      return std::string(text.substr(begin));
    }
    end = newline + 1;
  }
  return std::string(text.substr(begin, end - begin));
}

class Answering {
 public:
  Answering(io::FileSystem& fs, store::Reader& reader, Segments& segments,
            const SearchRequest& request, const TreeCheck& check)
      : fs_(fs), reader_(reader), segments_(segments), request_(request), check_(check) {}

  Result<SearchAnswer> run(const CancelToken& cancel) {
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, reader_.sources());
    for (const store::SourceRow& source : sources) {
      sources_.emplace(source.uid, source);
    }
    TRY_ASSIGN(const index::Query query, parse());
    TRY_ASSIGN(const HolderList holders, segments_.load(reader_));
    index::SearchOptions options;
    options.limit = request_.limit + kSpareResults;
    options.by_chunk = request_.by_chunk;
    options.explain = request_.explain;
    options.min_score = request_.min_score;
    TRY_ASSIGN(const index::SearchResult found,
               index::search(view_of(holders), query, options, cancel));
    SearchAnswer answer;
    answer.query = request_.query;
    std::uint64_t gone = 0;
    for (const index::FileHit& file : found.files) {
      if (answer.results.size() == request_.limit) {
        break;
      }
      TRY_ASSIGN(std::optional<SearchHit> hit, hit_of(file));
      if (hit) {
        answer.results.push_back(std::move(*hit));
      } else {
        ++gone;
      }
    }
    TRY_ASSIGN(answer.index, completeness_of(reader_, check_));
    note_staleness(answer, gone);
    return answer;
  }

 private:
  Result<index::Query> parse() {
    TRY_ASSIGN(index::Query query, index::parse_query(request_.query));
    const auto append = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(query.languages, request_.languages);
    append(query.paths, request_.path_globs);
    append(query.symbols, request_.symbols);
    for (const std::string& name : request_.kinds) {
      TRY_ASSIGN(const text::ChunkKind kind, text::kind_from_name(name));
      query.kinds.push_back(kind);
    }
    for (const std::string& path : request_.within) {
      TRY(add_scope(query, path));
    }
    return query;
  }

  Status add_scope(index::Query& query, const std::string& path) {
    bool found = false;
    for (const auto& [uid, source] : sources_) {
      if (under_any(source.path, {path})) {
        query.scopes.push_back({uid, ""});
        found = true;
      } else if (under_any(path, {source.path})) {
        query.scopes.push_back({uid, path.substr(source.path == "/" ? 1 : source.path.size() + 1)});
        found = true;
      }
    }
    if (!found) {
      return Error{
          Code::InvalidArgument,
          fmt::format("{} is in no source of this library (`sonde source list` shows them)", path)};
    }
    return {};
  }

  /// Nothing when the file is gone from disk.
  Result<std::optional<SearchHit>> hit_of(const index::FileHit& file) {
    const auto source = sources_.find(file.source);
    if (source == sources_.end() || file.chunks.empty()) {
      return Error{Code::Corruption, "a segment names a source that library.db does not have"};
    }
    TRY_ASSIGN(const std::optional<store::FileRow> row, reader_.file(source->second.id, file.path));
    if (!row || row->hash != file.hash) {
      return Error{Code::Corruption,
                   "a segment holds another version of " + file.path + " than library.db"};
    }
    const std::string path = io::join_path(source->second.path, file.path);
    OnDisk state = compare_with_disk(fs_, path, *row);
    if (state == OnDisk::Gone && !fs_.info(source->second.path).ok()) {
      state = OnDisk::OutOfReach;  // an unplugged disk: its files are shown as last seen
    }
    if (state == OnDisk::Gone) {
      return std::optional<SearchHit>();
    }
    const index::ChunkHit& best = file.chunks.front();
    TRY_ASSIGN(std::optional<store::ChunkRecord> chunk, reader_.chunk(row->id, best.ordinal));
    if (!chunk) {
      return Error{Code::Corruption,
                   "a segment holds a chunk of " + file.path + " that library.db does not have"};
    }
    SearchHit hit;
    hit.id = fmt::format("{}:{}:{}@{}", file.source, content_hash(file.path).hex().substr(0, 12),
                         best.ordinal, file.hash.hex().substr(0, 12));
    hit.source = file.source;
    hit.source_path = source->second.path;
    hit.path = file.path;
    hit.start_line = best.start_line;
    hit.end_line = best.end_line;
    hit.language = file.language;
    hit.kind = text::kind_name(static_cast<text::ChunkKind>(best.kind));
    hit.symbol = best.symbol;
    hit.scope = best.scope;
    hit.score = file.score;
    hit.words = best.words;
    hit.text = std::move(chunk->text);
    hit.file_hash = file.hash.hex();
    hit.stale = state != OnDisk::Same;
    for (std::size_t i = 1; i < file.chunks.size(); ++i) {
      const index::ChunkHit& more = file.chunks[i];
      hit.more.push_back({more.start_line, more.end_line, more.symbol, more.score});
    }
    for (const index::ScorePart& part : file.parts) {
      hit.boosts.emplace_back(part.name, part.value);
    }
    if (request_.context_lines > 0 && !hit.stale) {
      add_context(hit, path, row->hash);
    }
    return std::optional<SearchHit>(std::move(hit));
  }

  /// Lines around the place, from the disk, when it still holds that version.
  void add_context(SearchHit& hit, const std::string& path, const ContentHash& hash) {
    auto bytes = io::read_file(fs_, path, kHashLimitBytes);
    if (!bytes.ok() || content_hash(*bytes) != hash) {
      return;
    }
    const std::string text = text::decode_text(*bytes).text;
    const std::uint32_t before = std::min(request_.context_lines, hit.start_line - 1);
    hit.context_start_line = hit.start_line - before;
    hit.context = lines_of(text, hit.context_start_line, hit.end_line + request_.context_lines);
  }

  static void note_staleness(SearchAnswer& answer, std::uint64_t gone) {
    std::uint64_t stale = gone;
    for (const SearchHit& hit : answer.results) {
      stale += hit.stale ? 1U : 0U;
    }
    answer.index.stale_files = std::max(answer.index.stale_files, stale);
    if (answer.index.stale_files > 0) {
      answer.index.complete = false;
    }
  }

  io::FileSystem& fs_;
  store::Reader& reader_;
  Segments& segments_;
  const SearchRequest& request_;
  const TreeCheck& check_;
  std::map<std::string, store::SourceRow> sources_;
};

}  // namespace

Result<Completeness> completeness_of(store::Reader& reader, const TreeCheck& check) {
  Completeness index;
  TRY_ASSIGN(index.generation, reader.generation());
  TRY_ASSIGN(const store::Counts counts, reader.counts());
  index.checked_at_ms = check.checked_at_ms;
  index.files = counts.files;
  index.chunks = counts.chunks;
  index.stale_files = check.stale_files;
  index.scan_finished = check.finished;
  index.quarantined = counts.quarantined;
  index.notes = check.notes;
  // A quarantined file is split by lines instead of by syntax, but all of it is searched.
  index.complete = check.finished && check.stale_files == 0 && index.pending_chunks == 0;
  return index;
}

Result<SearchAnswer> answer_search(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                   const SearchRequest& request, const TreeCheck& check,
                                   const CancelToken& cancel) {
  return Answering(fs, reader, segments, request, check).run(cancel);
}

}  // namespace sonde::library
