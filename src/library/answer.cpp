#include "library/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "index/embed_text.h"
#include "index/search.h"
#include "library/budget.h"
#include "library/changes.h"
#include "library/lookup.h"
#include "library/meaning.h"
#include "library/on_disk.h"
#include "text/chunk.h"
#include "text/decode.h"

namespace sonde::library {

namespace {

/// Files beyond the limit that are asked of the index, so that those that are gone from disk can be
/// left out.
constexpr std::size_t kSpareResults = 10;

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

  Result<SearchAnswer> run(const AskedMeaning& asked, const CancelToken& cancel) {
    TRY(load_sources());
    TRY_ASSIGN(index::Query query, index::parse_query(request_.query));
    TRY(add_filters(query));
    TRY_ASSIGN(const std::optional<store::ModelRow> model, current_model(reader_));
    index::SearchOptions options;
    index::MeaningInput meaning;
    if (model) {
      TRY_ASSIGN(VectorView view, segments_.vectors().load(reader_, *model));
      meaning.sets = std::move(view.sets);
      meaning.places = &segments_.vectors().doc_places();
      options.meaning = &meaning;
    }
    if (model && asked.mode != index::Mode::Words && model->key == asked.model_key) {
      options.mode = asked.mode;
      meaning.query = asked.query;
    }
    TRY_ASSIGN(SearchAnswer answer, search(query, options, "", cancel));
    if (!model && asked.encoder_configured) {
      answer.index.pending_chunks = answer.index.chunks;
      answer.index.complete = answer.index.complete && answer.index.chunks == 0;
    }
    if (options.mode != index::Mode::Words) {
      answer.model = model->key;
    }
    answer.index.notes.insert(answer.index.notes.end(), asked.notes.begin(), asked.notes.end());
    if (request_.budget_tokens > 0) {
      keep_within_budget(request_.budget_tokens, asked.encoder.get(), answer);
    }
    return answer;
  }

  Result<SearchAnswer> run_similar(const SimilarRequest& request, const CancelToken& cancel) {
    TRY(load_sources());
    TRY_ASSIGN(const std::optional<store::ModelRow> model, current_model(reader_));
    if (!model) {
      return Error{Code::NotFound,
                   "the library has no vectors yet; `sonde model` shows how to get a model"};
    }
    index::MeaningInput meaning;
    TRY_ASSIGN(VectorView view, segments_.vectors().load(reader_, *model));
    meaning.sets = std::move(view.sets);
    meaning.places = &segments_.vectors().doc_places();
    TRY_ASSIGN(meaning.query, vector_of_place(request, *model));
    index::Query query;
    TRY(add_filters(query));
    index::SearchOptions options;
    options.mode = index::Mode::Meaning;
    options.meaning = &meaning;
    TRY_ASSIGN(SearchAnswer answer, search(query, options, request.path, cancel));
    answer.model = model->key;
    return answer;
  }

 private:
  Status load_sources() {
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, reader_.sources());
    for (const store::SourceRow& source : sources) {
      sources_.emplace(source.uid, source);
    }
    return {};
  }

  /// @param left_out  absolute path of a file that is no answer
  Result<SearchAnswer> search(const index::Query& query, index::SearchOptions options,
                              const std::string& left_out, const CancelToken& cancel) {
    TRY_ASSIGN(const HolderList holders, segments_.load(reader_));
    options.limit = request_.limit + kSpareResults;
    options.by_chunk = request_.by_chunk;
    options.explain = request_.explain;
    options.min_score = request_.min_score;
    options.nearness = request_.exact ? index::Nearness::Exact : index::Nearness::Auto;
    TRY_ASSIGN(const index::SearchResult found,
               index::search(view_of(holders), query, options, cancel));
    SearchAnswer answer;
    answer.query = request_.query;
    answer.mode = index::mode_name(options.mode);
    std::uint64_t gone = 0;
    for (const index::FileHit& file : found.files) {
      if (answer.results.size() == request_.limit) {
        break;
      }
      TRY_ASSIGN(std::optional<SearchHit> hit, hit_of(file));
      if (hit && io::join_path(hit->source_path, hit->path) == left_out) {
        continue;
      }
      if (hit) {
        answer.results.push_back(std::move(*hit));
      } else {
        ++gone;
      }
    }
    TRY_ASSIGN(answer.index, completeness_of(reader_, check_, found.pending_docs));
    for (const index::Correction& each : found.corrections) {
      answer.index.notes.push_back("\"" + each.written + "\" occurs nowhere; searched for \"" +
                                   each.used + "\"");
    }
    note_staleness(answer, gone);
    return answer;
  }

  /// The vector of a chunk, or the mean of those of a file's chunks.
  Result<index::VectorQuery> vector_of_place(const SimilarRequest& request,
                                             const store::ModelRow& model) {
    const store::SourceRow* source = nullptr;
    std::string path;
    for (const auto& [uid, row] : sources_) {
      if (request.path != row.path && under_any(request.path, {row.path})) {
        source = &row;
        path = request.path.substr(row.path == "/" ? 1 : row.path.size() + 1);
      }
    }
    TRY_ASSIGN(const std::optional<store::FileRow> file, source == nullptr
                                                             ? std::optional<store::FileRow>()
                                                             : reader_.file(source->id, path));
    if (!file) {
      return Error{Code::NotFound, request.path + " is not in the library"};
    }
    TRY_ASSIGN(const std::vector<store::ChunkRecord> chunks, reader_.chunks(file->id));
    std::vector<float> sum(model.dimensions, 0.0F);
    bool any = false;
    bool there = false;
    for (const store::ChunkRecord& chunk : chunks) {
      if (request.line != 0 && (request.line < chunk.start_line || request.line > chunk.end_line)) {
        continue;
      }
      there = true;
      const std::string text =
          index::embed_text(file->language, path, chunk.scope, chunk.symbol, chunk.text);
      TRY_ASSIGN(const std::optional<store::VectorRow> row,
                 reader_.vector(model.id, content_hash(text)));
      if (!row) {
        continue;
      }
      TRY_ASSIGN(const index::VectorCode code, index::unpack_code(row->code, model.dimensions));
      for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += static_cast<float>(code.codes[i]) * code.scale;
      }
      any = true;
    }
    if (!any) {
      return Error{Code::NotFound,
                   there ? request.path + " has no vector yet; `sonde index` makes them"
                         : fmt::format("{} has no text at line {}", request.path, request.line)};
    }
    float length = 0;
    for (const float value : sum) {
      length += value * value;
    }
    for (float& value : sum) {
      value = length > 0 ? value / std::sqrt(length) : 0;
    }
    return index::encode_query(sum);
  }

  Status add_filters(index::Query& query) {
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
    return {};
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
    hit.id = result_id(file.source, file.path, best.ordinal, file.hash);
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
    hit.meaning = best.meaning;
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

void add_check(const TreeCheck& check, Completeness& index) {
  index.checked_at_ms = check.checked_at_ms;
  index.stale_files = std::max(index.stale_files, check.stale_files);
  index.scan_finished = check.finished;
  index.notes.insert(index.notes.begin(), check.notes.begin(), check.notes.end());
  index.complete = index.complete && check.finished && check.stale_files == 0;
}

Result<Completeness> completeness_of(store::Reader& reader, const TreeCheck& check,
                                     std::uint64_t pending) {
  Completeness index;
  TRY_ASSIGN(index.generation, reader.generation());
  TRY_ASSIGN(const store::Counts counts, reader.counts());
  index.files = counts.files;
  index.chunks = counts.chunks;
  index.pending_chunks = pending;
  index.quarantined = counts.quarantined;
  // A quarantined file is split by lines instead of by syntax, but all of it is searched.
  index.complete = index.pending_chunks == 0;
  add_check(check, index);
  return index;
}

Result<std::string> text_to_embed(const std::string& query) {
  TRY_ASSIGN(const index::Query parsed, index::parse_query(query));
  std::string text = parsed.words;
  for (const std::string& phrase : parsed.phrases) {
    text += text.empty() ? "" : " ";
    text += phrase;
  }
  return text;
}

Result<SearchAnswer> answer_search(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                   const SearchRequest& request, const AskedMeaning& meaning,
                                   const TreeCheck& check, const CancelToken& cancel) {
  return Answering(fs, reader, segments, request, check).run(meaning, cancel);
}

Result<SearchAnswer> answer_similar(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                    const SimilarRequest& request, const TreeCheck& check,
                                    const CancelToken& cancel) {
  SearchRequest shown;
  shown.query = request.line == 0 ? request.path : fmt::format("{}:{}", request.path, request.line);
  shown.limit = request.limit;
  shown.languages = request.languages;
  shown.path_globs = request.path_globs;
  shown.kinds = request.kinds;
  shown.within = request.within;
  shown.min_score = request.min_score;
  return Answering(fs, reader, segments, shown, check).run_similar(request, cancel);
}

}  // namespace sonde::library
