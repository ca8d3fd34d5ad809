#include "library/code_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "index/query.h"
#include "library/changes.h"
#include "library/on_disk.h"
#include "text/analyzer.h"

namespace sonde::library {

namespace {

constexpr std::size_t kKeptFiles = 4'096;  // structures in memory
constexpr std::size_t kKeptTexts = 64;     // files whose chunks are

/// The words that each chunk with `name` must have.
std::vector<std::string> words_of(std::string_view name) {
  text::Analyzer analyzer;
  std::vector<std::string> words;
  for (const text::Word& word : analyzer.analyze(name)) {
    // A whole is not there where the name stands behind a hyphen; its parts always are.
    if (word.kind == text::WordKind::Part) {
      words.emplace_back(analyzer.term(word));
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Result<std::vector<std::uint32_t>> docs_with_all(const index::Segment& segment,
                                                 const std::vector<std::string>& words) {
  std::vector<std::uint32_t> docs;
  bool first = true;
  for (const std::string& word : words) {
    TRY_ASSIGN(const index::Postings postings, segment.postings(index::Field::Body, word));
    if (first) {
      docs = postings.docs;
      first = false;
      continue;
    }
    std::vector<std::uint32_t> both;
    std::set_intersection(docs.begin(), docs.end(), postings.docs.begin(), postings.docs.end(),
                          std::back_inserter(both));
    docs = std::move(both);
  }
  return docs;
}

/// Code of the project itself first.
std::uint32_t rank_of(std::uint32_t traits) {
  const std::uint32_t other = index::kTest | index::kExample | index::kStub | index::kCompat;
  const std::uint32_t foreign = index::kGenerated | index::kVendored;
  return ((traits & foreign) != 0 ? 2U : 0U) + ((traits & other) != 0 ? 1U : 0U);
}

void put_in_order(std::vector<NamedFile>& files) {
  std::sort(files.begin(), files.end(), [](const NamedFile& a, const NamedFile& b) {
    const std::uint32_t rank_a = rank_of(a.traits);
    const std::uint32_t rank_b = rank_of(b.traits);
    return std::tie(rank_a, a.source, a.path) < std::tie(rank_b, b.source, b.path);
  });
}

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r\f\v"), line.size());
  line.remove_prefix(begin);
  return line.substr(0, line.find_last_not_of(" \t\r\f\v") + 1);
}

}  // namespace

Result<CodeLookup> CodeLookup::create(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                      const CancelToken& cancel) {
  CodeLookup lookup(fs, reader, cancel);
  TRY_ASSIGN(lookup.holders_, segments.load(reader));
  TRY_ASSIGN(const std::vector<store::SourceRow> sources, reader.sources());
  for (const store::SourceRow& source : sources) {
    lookup.sources_.emplace(source.uid, source);
  }
  return lookup;
}

Status CodeLookup::restrict_to(const std::vector<std::string>& languages,
                               const std::vector<std::string>& within) {
  languages_ = languages;
  for (const std::string& path : within) {
    const std::size_t before = scopes_.size();
    for (const auto& [uid, source] : sources_) {
      if (under_any(source.path, {path})) {
        scopes_.push_back({uid, ""});
      } else if (under_any(path, {source.path})) {
        scopes_.push_back({uid, path.substr(source.path == "/" ? 1 : source.path.size() + 1)});
      }
    }
    if (scopes_.size() == before) {
      return Error{Code::InvalidArgument,
                   path + " is in no source of this library (`sonde source list` shows them)"};
    }
  }
  return {};
}

bool CodeLookup::path_in_scope(std::string_view source, std::string_view path) const {
  const bool within =
      scopes_.empty() || std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) {
        return scope.source == source && under_any(path, {scope.prefix});
      });
  return within &&
         (globs_.empty() || std::any_of(globs_.begin(), globs_.end(), [&](const std::string& glob) {
            return index::path_matches(glob, path);
          }));
}

bool CodeLookup::in_scope(std::string_view source, std::string_view path,
                          std::string_view language) const {
  return (languages_.empty() ||
          std::find(languages_.begin(), languages_.end(), language) != languages_.end()) &&
         path_in_scope(source, path);
}

bool CodeLookup::in_scope(const CodeFile& file) const {
  return in_scope(file.source->uid, file.row.path, file.row.language);
}

Status CodeLookup::collect(const Holder& holder, const std::vector<std::uint32_t>& docs,
                           std::vector<NamedFile>& files) const {
  if (docs.empty()) {
    return {};
  }
  const index::Segment& segment = *holder.live.segment;
  TRY_ASSIGN(const auto firsts, segment.first_docs());
  const std::vector<std::uint32_t>& dead = holder.live.dead_files;
  for (std::size_t i = 0; i < docs.size();) {
    const auto after = std::upper_bound(firsts->begin(), firsts->end(), docs[i]);
    const auto ordinal = static_cast<std::uint32_t>(after - firsts->begin() - 1);
    const std::uint32_t first = (*firsts)[ordinal];
    const std::uint32_t end = after == firsts->end() ? segment.docs() : *after;
    NamedFile file;
    for (; i < docs.size() && docs[i] < end; ++i) {
      file.chunks.push_back(docs[i] - first);
    }
    if (std::binary_search(dead.begin(), dead.end(), ordinal)) {
      continue;
    }
    TRY_ASSIGN(index::FileMeta meta, segment.file(ordinal));
    if (in_scope(meta.source, meta.path, meta.language)) {
      file.source = std::move(meta.source);
      file.path = std::move(meta.path);
      file.traits = meta.traits;
      files.push_back(std::move(file));
    }
  }
  return {};
}

Result<std::vector<NamedFile>> CodeLookup::files_with(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  if (words.empty()) {
    return Error{Code::InvalidArgument,
                 fmt::format("\"{}\" holds no word that could be a symbol's name", name)};
  }
  std::vector<NamedFile> files;
  for (const Holder& holder : holders_) {
    TRY(cancel_->check());
    TRY_ASSIGN(const std::vector<std::uint32_t> docs, docs_with_all(*holder.live.segment, words));
    TRY(collect(holder, docs, files));
  }
  put_in_order(files);
  return files;
}

Result<std::vector<NamedFile>> CodeLookup::files_defining(std::string_view name) {
  const std::string folded = text::fold_symbol(name);
  std::vector<NamedFile> files;
  for (const Holder& holder : holders_) {
    TRY(cancel_->check());
    TRY_ASSIGN(const index::Postings postings,
               holder.live.segment->postings(index::Field::Symbol, folded));
    TRY(collect(holder, postings.docs, files));
  }
  put_in_order(files);
  return files;
}

Result<CodeFilePtr> CodeLookup::read(const std::string& source_uid, const std::string& path,
                                     const std::string* sought) {
  const std::string key = source_uid + '\n' + path;
  if (const auto kept = kept_.find(key); kept != kept_.end()) {
    return kept->second;
  }
  TRY(cancel_->check());
  const auto source = sources_.find(source_uid);
  if (source == sources_.end()) {
    return Error{Code::Corruption, "a segment names a source that library.db does not have"};
  }
  TRY_ASSIGN(std::optional<store::FileRow> row, reader_->file(source->second.id, path));
  if (!row) {
    return Error{Code::Corruption, "a segment holds a file that library.db does not have: " + path};
  }
  TRY_ASSIGN(const std::optional<store::StructureRow> stored,
             reader_->structure(row->id, text::kStructureVersion));
  if (stored && sought != nullptr && stored->bytes.find(*sought) == std::string::npos) {
    return CodeFilePtr();
  }
  auto file = std::make_shared<CodeFile>();
  file->source = &source->second;
  file->row = std::move(*row);
  file->known = stored.has_value();
  TRY_ASSIGN(file->structure, text::decode_structure(stored ? stored->bytes : std::string_view()));
  if (kept_.size() >= kKeptFiles) {
    kept_.clear();
  }
  kept_.emplace(key, file);
  return CodeFilePtr(std::move(file));
}

Status CodeLookup::for_each_file(Which which, const std::function<Status(const CodeFile&)>& visit) {
  for (const auto& each : sources_) {
    const std::string& uid = each.first;
    const store::SourceRow& source = each.second;
    std::vector<std::string> paths;
    TRY(reader_->for_each_file(source.id, [&](const store::FileState& state) -> Status {
      if (which == Which::All || path_in_scope(uid, state.path)) {
        paths.push_back(state.path);
      }
      return cancel_->check();
    }));
    for (const std::string& path : paths) {
      TRY(cancel_->check());
      TRY_ASSIGN(std::optional<store::FileRow> row, reader_->file(source.id, path));
      if (!row) {
        return Error{Code::Corruption, "library.db lists a file that it does not have: " + path};
      }
      if (which == Which::InScope && !in_scope(uid, path, row->language)) {
        continue;
      }
      CodeFile file;
      TRY_ASSIGN(const std::optional<store::StructureRow> stored,
                 reader_->structure(row->id, text::kStructureVersion));
      file.source = &source;
      file.row = std::move(*row);
      file.known = stored.has_value();
      TRY_ASSIGN(file.structure,
                 text::decode_structure(stored ? stored->bytes : std::string_view()));
      TRY(visit(file));
    }
  }
  return {};
}

Status CodeLookup::look_at_disk(CodePlace& place) {
  TRY_ASSIGN(const CodeFilePtr file, read(place.source, place.path, nullptr));
  const std::string path = io::join_path(place.source_path, place.path);
  place.stale = compare_with_disk(*fs_, path, file->row) != OnDisk::Same;
  if (place.text.empty()) {
    TRY_ASSIGN(place.text, line_text(*file, place.line));
  }
  return {};
}

Result<std::string> CodeLookup::line_text(const CodeFile& file, std::uint32_t line) {
  auto texts = texts_.find(file.row.id);
  if (texts == texts_.end()) {
    if (texts_.size() >= kKeptTexts) {
      texts_.clear();
    }
    TRY_ASSIGN(std::vector<store::ChunkRecord> chunks, reader_->chunks(file.row.id));
    texts = texts_.emplace(file.row.id, std::move(chunks)).first;
  }
  for (const store::ChunkRecord& chunk : texts->second) {
    if (line < chunk.start_line || line > chunk.end_line) {
      continue;
    }
    std::string_view rest = chunk.text;
    for (std::uint32_t at = chunk.start_line; at < line; ++at) {
      rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    }
    return std::string(trimmed(rest.substr(0, rest.find('\n'))));
  }
  return std::string();
}

Result<std::optional<CodePlace>> CodeLookup::place(const CodeFile& file, std::uint32_t line,
                                                   std::uint32_t end_line) {
  const std::string path = io::join_path(file.source->path, file.row.path);
  OnDisk state = compare_with_disk(*fs_, path, file.row);
  if (state == OnDisk::Gone && !fs_->info(file.source->path).ok()) {
    state = OnDisk::OutOfReach;  // an unplugged disk: its files are shown as last seen
  }
  if (state == OnDisk::Gone) {
    return std::optional<CodePlace>();
  }
  CodePlace place;
  place.source = file.source->uid;
  place.source_path = file.source->path;
  place.path = file.row.path;
  place.language = file.row.language;
  place.line = line;
  place.end_line = end_line;
  place.file_hash = file.row.hash.hex();
  place.stale = state != OnDisk::Same;
  TRY_ASSIGN(place.text, line_text(file, line));
  return std::optional<CodePlace>(std::move(place));
}

Result<StructureState> CodeLookup::state() {
  StructureState state;
  TRY_ASSIGN(const std::vector<std::int64_t> unknown,
             reader_->files_without_structure(text::kStructureVersion));
  TRY_ASSIGN(const store::Counts counts, reader_->counts());
  state.unknown_files = unknown.size();
  state.windowed = counts.windowed;
  return state;
}

const store::SourceRow* CodeLookup::source_of(const std::string& absolute_path) const {
  for (const auto& [uid, source] : sources_) {
    if (under_any(absolute_path, {source.path})) {
      return &source;
    }
  }
  return nullptr;
}

}  // namespace sonde::library
