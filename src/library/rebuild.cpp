// Rebuilding every segment from the truth, and removing files without a trace.

#include <algorithm>
#include <array>
#include <utility>

#include "library/writer.h"

namespace sonde::library {

namespace {

constexpr std::size_t kRebuildBytes = 96ULL
                                      << 20;  // a segment is written when a builder holds this
constexpr std::size_t kRebuildGroup = 64;     // files analyzed side by side

struct StoredFile {
  store::FileRow row;
  std::vector<store::ChunkRecord> chunks;
  index::AnalyzedFile analyzed;
};

}  // namespace

Status Writer::rebuild(const ProgressSink& progress, const CancelToken& cancel) {
  abandon();
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  TRY_ASSIGN(generation_, snapshot->generation());
  TRY(segments_.set_damaged_aside());
  TRY_ASSIGN(const store::Counts counts, snapshot->counts());
  Progress state;
  state.phase = Progress::Phase::Rebuild;
  state.files_total = counts.files;

  std::vector<store::SegmentRow> rows;
  index::SegmentBuilder builder;
  const auto write = [&](io::BlockSink& sink) { return builder.write(sink); };
  TRY_ASSIGN(const std::vector<store::SourceRow> sources, snapshot->sources());
  for (const store::SourceRow& source : sources) {
    std::vector<std::string> paths;
    TRY(snapshot->for_each_file(source.id, [&](const store::FileState& file) -> Status {
      paths.push_back(file.path);
      return {};
    }));
    for (std::size_t begin = 0; begin < paths.size(); begin += kRebuildGroup) {
      TRY(cancel.check());
      const std::size_t end = std::min(paths.size(), begin + kRebuildGroup);
      std::vector<StoredFile> group(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        TRY_ASSIGN(std::optional<store::FileRow> row, snapshot->file(source.id, paths[i]));
        if (!row) {
          return Error{Code::Corruption, "library.db lists a file that it then does not have"};
        }
        TRY_ASSIGN(group[i - begin].chunks, snapshot->chunks(row->id));
        group[i - begin].row = std::move(*row);
      }
      pool_.for_each(group.size(), [&](std::size_t i) {
        group[i].analyzed = analyze_stored(source.uid, group[i].row, group[i].chunks);
      });
      for (const StoredFile& file : group) {
        TRY(builder.add(file.analyzed));
        state.chunks += file.chunks.size();
      }
      if (builder.memory_bytes() >= kRebuildBytes) {
        TRY_ASSIGN(const store::SegmentRow row, segments_.write_file(generation_, write));
        rows.push_back(row);
      }
      state.files_done += group.size();
      if (progress) {
        progress(state);
      }
    }
  }
  if (builder.files() > 0) {
    TRY_ASSIGN(const store::SegmentRow row, segments_.write_file(generation_, write));
    rows.push_back(row);
  }
  TRY(replace_all(rows));
  return maintain(true, cancel);
}

Result<std::vector<std::string>> Writer::forget(const store::SourceRow& source,
                                                const std::vector<std::string>& prefixes,
                                                ForgetReport& report, const CancelToken& cancel) {
  TRY(commit());
  std::vector<std::string> texts;
  std::vector<store::FileState> files;
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  TRY(snapshot->for_each_file(source.id, [&](const store::FileState& file) -> Status {
    if (under_any(file.path, prefixes)) {
      files.push_back(file);
    }
    return {};
  }));
  TRY(begin_if_needed());
  for (const store::FileState& file : files) {
    TRY_ASSIGN(const std::vector<store::ChunkRecord> chunks, snapshot->chunks(file.id));
    for (const store::ChunkRecord& chunk : chunks) {
      texts.push_back(chunk.text);
    }
    report.chunks += chunks.size();
    ++report.files;
    TRY(bury(source, file.path));
    TRY(transaction_->remove_file(file.id));
    TRY(transaction_->remove_quarantine(source.id, file.path));
  }
  for (const std::string& prefix : prefixes) {
    TRY(transaction_->add_forgotten(source.id, prefix));
    report.paths.push_back(prefix);
  }
  TRY(commit());
  // The words of the forgotten files are still in the segments, as dead files: write these anew.
  std::vector<std::size_t> holding;
  for (std::size_t i = 0; i < holders_.size(); ++i) {
    if (!holders_[i].live.dead_files.empty()) {
      holding.push_back(i);
    }
  }
  if (!holding.empty()) {
    TRY(merge(holding, cancel));
  }
  return texts;
}

Status Writer::remove_source(const store::SourceRow& source, const CancelToken& cancel) {
  TRY(commit());
  std::vector<std::string> paths;
  TRY_ASSIGN(std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  TRY(snapshot->for_each_file(source.id, [&](const store::FileState& file) -> Status {
    paths.push_back(file.path);
    return {};
  }));
  snapshot.reset();
  TRY(begin_if_needed());
  for (const std::string& path : paths) {
    TRY(bury(source, path));
  }
  TRY(transaction_->remove_source(source.id));
  TRY(commit());
  return maintain(false, cancel);
}

}  // namespace sonde::library
