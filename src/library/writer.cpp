#include "library/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "index/analyze.h"
#include "library/meaning.h"
#include "text/structure.h"

namespace sonde::library {

namespace {

// A batch is one transaction. Its size depends on the files alone, so that one thread and many make
// the same generations and the same segments [INV-10].
constexpr std::uint64_t kBatchBytes = 4ULL << 20;
constexpr std::uint64_t kBatchFiles = 1'024;
// Larger batches become a segment file, smaller ones a row.
constexpr std::uint32_t kDeltaDocs = 512;
// Live segments are bounded: a search opens each of them.
constexpr std::size_t kMaxDeltas = 8;
constexpr std::size_t kMaxSegments = 12;
// Dead docs beyond this share of a library are merged away.
constexpr double kMaxDeadShare = 0.25;

}  // namespace

Writer::Writer(io::Lease lease, std::unique_ptr<store::Store> store, Segments& segments,
               ThreadPool& pool)
    : lease_(std::move(lease)), store_(std::move(store)), segments_(segments), pool_(pool) {}

Result<std::unique_ptr<Writer>> Writer::open(const store::StoreOptions& store_options,
                                             io::FileSystem& fs, Segments& segments,
                                             ThreadPool& pool) {
  static_cast<void>(fs);
  TRY_ASSIGN(io::Lease lease, io::Lease::acquire(io::join_path(store_options.directory, "lock")));
  store::StoreOptions options = store_options;
  options.access = store::Access::Write;
  TRY_ASSIGN(std::unique_ptr<store::Store> store, store::Store::open(options));
  std::unique_ptr<Writer> writer(new Writer(std::move(lease), std::move(store), segments, pool));
  TRY(writer->load_or_rebuild());
  return writer;
}

/// Damaged or outdated files of vectors are written again from the truth; nothing is embedded.
Status Writer::load_or_rebuild_vectors() {
  const Status loaded = [&]() -> Status {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    TRY_ASSIGN(const std::vector<store::ModelRow> models, snapshot->models());
    for (const store::ModelRow& model : models) {
      TRY_ASSIGN(const VectorView view, segments_.vectors().load(*snapshot, model));
      static_cast<void>(view);
    }
    return segments_.vectors().remove_unlisted(*snapshot);
  }();
  if (loaded.ok() ||
      (loaded.error().code != Code::Corruption && loaded.error().code != Code::Unsupported)) {
    return loaded;
  }
  notes_.push_back(loaded.error().message + "; written again from library.db");
  return rebuild_vectors(*store_, segments_, pool_);
}

Status Writer::load_or_rebuild() {
  TRY(load_or_rebuild_vectors());
  const Status loaded = reload();
  if (loaded.ok()) {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    return segments_.remove_unlisted(*snapshot);
  }
  if (loaded.error().code != Code::Corruption && loaded.error().code != Code::Unsupported) {
    return loaded;
  }
  notes_.push_back(loaded.error().message + "; rebuilt from library.db");
  return rebuild({}, {});
}

Status Writer::reload() {
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  TRY_ASSIGN(generation_, snapshot->generation());
  TRY_ASSIGN(holders_, segments_.load(*snapshot));
  return {};
}

void Writer::abandon() {
  transaction_.reset();
  builder_.reset();
  batch_bytes_ = 0;
  batch_files_ = 0;
}

Status Writer::begin_if_needed() {
  if (!transaction_) {
    TRY_ASSIGN(transaction_, store_->begin());
    builder_.emplace();
  }
  return {};
}

void Writer::expect_gone(const store::SourceRow& source, std::vector<store::FileState> gone) {
  for (store::FileState& state : gone) {
    gone_[source.id].emplace(state.hash, std::move(state));
  }
}

/// The old version of a file no longer counts in the segment that holds it.
Status Writer::bury(const store::SourceRow& source, const std::string& path) {
  for (Holder& holder : holders_) {
    auto found = holder.live.segment->find_file(source.uid, path);
    if (!found.ok()) {
      if (found.error().code == Code::NotFound) {
        continue;
      }
      return std::move(found).error();
    }
    std::vector<std::uint32_t>& dead = holder.live.dead_files;
    const auto place = std::lower_bound(dead.begin(), dead.end(), *found);
    if (place != dead.end() && *place == *found) {
      continue;  // dead already; a newer version is in another holder
    }
    TRY(transaction_->add_tombstone({holder.is_delta, holder.id, *found}));
    dead.insert(place, *found);
    return {};
  }
  return {};
}

Result<bool> Writer::apply_move(const store::SourceRow& source, Prepared& prepared) {
  auto& gone = gone_[source.id];
  const auto old = gone.find(prepared.record.hash);
  if (old == gone.end() || old->second.chunker_version != prepared.record.chunker_version) {
    return false;
  }
  TRY_ASSIGN(const std::optional<store::FileRow> row,
             transaction_->file(source.id, old->second.path));
  if (!row || row->language != prepared.record.language) {
    return false;
  }
  TRY(bury(source, old->second.path));
  TRY(transaction_->move_file(row->id, prepared.record));
  TRY(transaction_->put_structure(row->id, {text::kStructureVersion, prepared.structure}));
  gone.erase(old);
  ++totals_.moved;
  totals_.chunks_kept += prepared.chunks.size();
  return true;
}

Status Writer::index_file(const store::SourceRow& source, Prepared& prepared) {
  const bool known = prepared.candidate.known.has_value();
  bool moved = false;
  if (known) {
    TRY(bury(source, prepared.record.path));
  } else {
    TRY_ASSIGN(moved, apply_move(source, prepared));
  }
  if (!moved) {
    TRY_ASSIGN(const store::PutCounts counts,
               transaction_->put_file(source.id, prepared.record, prepared.chunks));
    TRY(transaction_->put_structure(counts.file_id,
                                    {text::kStructureVersion, std::move(prepared.structure)}));
    totals_.chunks_written += counts.written;
    totals_.chunks_kept += counts.kept;
    ++(known ? totals_.changed : totals_.added);
  }
  if (prepared.quarantine) {
    TRY(transaction_->put_quarantine(*prepared.quarantine));
  } else if (known && !prepared.record.windowed) {
    TRY(transaction_->remove_quarantine(source.id, prepared.record.path));
  }
  totals_.windowed += prepared.record.windowed ? 1U : 0U;
  totals_.lines += prepared.record.lines;
  totals_.bytes += prepared.record.size_bytes;
  batch_bytes_ += prepared.record.size_bytes;
  return builder_->add(prepared.analyzed);
}

Status Writer::apply(const store::SourceRow& source, Prepared prepared) {
  TRY(begin_if_needed());
  const std::optional<store::FileState>& known = prepared.candidate.known;
  // One that the walk left out before, and now lists, has a row too.
  if (prepared.candidate.skipped_before || !known) {
    TRY(transaction_->remove_skipped(source.id, prepared.candidate.entry.path));
  }
  switch (prepared.kind) {
    case Prepared::Kind::Indexed: TRY(index_file(source, prepared)); break;
    case Prepared::Kind::Touched:
      TRY(transaction_->touch_file(known->id, prepared.candidate.entry.mtime_ns,
                                   prepared.candidate.entry.inode));
      ++totals_.touched;
      break;
    case Prepared::Kind::Structured:
      TRY(transaction_->touch_file(known->id, prepared.candidate.entry.mtime_ns,
                                   prepared.candidate.entry.inode));
      TRY(transaction_->put_structure(known->id,
                                      {text::kStructureVersion, std::move(prepared.structure)}));
      if (prepared.quarantine) {
        TRY(transaction_->put_quarantine(*prepared.quarantine));
      }
      batch_bytes_ += prepared.candidate.entry.size_bytes;
      ++totals_.touched;
      break;
    case Prepared::Kind::Unreadable:
      TRY(transaction_->put_skipped(prepared.skipped));
      ++totals_.skipped;
      break;
    case Prepared::Kind::Skipped:
      TRY(transaction_->put_skipped(prepared.skipped));
      ++totals_.skipped;
      [[fallthrough]];
    case Prepared::Kind::Vanished:
      if (known) {
        TRY(bury(source, known->path));
        TRY(transaction_->remove_file(known->id));
        ++totals_.removed;
      }
      break;
  }
  ++batch_files_;
  if (batch_bytes_ >= kBatchBytes || batch_files_ >= kBatchFiles) {
    return commit();
  }
  return {};
}

Status Writer::finish_source(const store::SourceRow& source,
                             const std::vector<std::string>& skips_over,
                             const std::vector<store::SkippedRow>* walk_skipped) {
  TRY(begin_if_needed());
  for (const auto& [hash, state] : gone_[source.id]) {
    TRY(bury(source, state.path));
    TRY(transaction_->remove_file(state.id));
    TRY(transaction_->remove_quarantine(source.id, state.path));
    ++totals_.removed;
    ++batch_files_;
  }
  gone_.erase(source.id);
  for (const std::string& path : skips_over) {
    TRY(transaction_->remove_skipped(source.id, path));
  }
  if (walk_skipped != nullptr) {
    TRY(transaction_->set_walk_skipped(source.id, *walk_skipped));
  }
  return {};
}

Status Writer::list_built(index::SegmentBuilder& builder, store::Transaction& transaction) {
  const auto write = [&](io::BlockSink& sink) { return builder.write(sink); };
  if (builder.docs() == 0 && builder.files() == 0) {
    return {};
  }
  if (builder.docs() <= kDeltaDocs) {
    TRY_ASSIGN(const store::DeltaRow row, Segments::write_row(generation_, write));
    TRY(transaction.add_delta(row));
  } else {
    TRY_ASSIGN(const store::SegmentRow row, segments_.write_file(generation_, write));
    TRY(transaction.add_segment(row));
  }
  return {};
}

Status Writer::commit() {
  if (!transaction_) {
    return {};
  }
  const Status listed = list_built(*builder_, *transaction_);
  auto committed = listed.ok() ? transaction_->commit() : Result<std::uint64_t>(listed.error());
  abandon();
  if (!committed.ok()) {
    return std::move(committed).error();
  }
  return reload();
}

Status Writer::merge(const std::vector<std::size_t>& which, const CancelToken& cancel) {
  std::vector<index::MergeInput> inputs;
  std::uint64_t docs = 0;
  for (const std::size_t i : which) {
    inputs.push_back({holders_[i].live.segment, holders_[i].live.dead_files});
    docs += holders_[i].live_docs();
  }
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store_->begin());
  for (const std::size_t i : which) {
    TRY(holders_[i].is_delta ? transaction->remove_delta(holders_[i].id)
                             : transaction->remove_segment(holders_[i].id));
  }
  if (docs > 0) {
    const auto write = [&](io::BlockSink& sink) {
      return index::merge_segments(inputs, sink, cancel);
    };
    TRY_ASSIGN(const store::SegmentRow row, segments_.write_file(generation_, write));
    TRY(transaction->add_segment(row));
  }
  TRY(transaction->commit());
  TRY(reload());
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  return segments_.remove_unlisted(*snapshot);
}

Status Writer::maintain(bool compact, const CancelToken& cancel) {
  TRY(commit());
  std::vector<std::size_t> deltas;
  std::vector<std::size_t> all;
  std::uint64_t docs = 0;
  std::uint64_t live = 0;
  std::uint64_t largest = 0;
  bool dead = false;
  for (std::size_t i = 0; i < holders_.size(); ++i) {
    all.push_back(i);
    if (holders_[i].is_delta) {
      deltas.push_back(i);
    }
    docs += holders_[i].live.segment->docs();
    live += holders_[i].live_docs();
    largest = std::max<std::uint64_t>(largest, holders_[i].live.segment->docs());
    dead = dead || !holders_[i].live.dead_files.empty();
  }
  // One segment is made of all when the largest no longer holds most of the library: after a first
  // index, a large change of branch, or many small edits.
  const bool scattered = all.size() > 1 && largest * 4 < docs * 3;
  const bool wasteful =
      static_cast<double>(docs - live) > kMaxDeadShare * static_cast<double>(docs);
  const std::size_t segments = all.size() - deltas.size();
  if (compact ? (all.size() > 1 || dead || deltas.size() == 1)
              : (scattered || wasteful || segments > kMaxSegments)) {
    return merge(all, cancel);
  }
  if (deltas.size() > kMaxDeltas) {
    return merge(deltas, cancel);
  }
  return {};
}

Status Writer::replace_all(const std::vector<store::SegmentRow>& rows) {
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store_->begin());
  TRY_ASSIGN(const std::vector<store::SegmentRow> segments, transaction->segments());
  for (const store::SegmentRow& row : segments) {
    TRY(transaction->remove_segment(row.id));
  }
  TRY_ASSIGN(const std::vector<store::DeltaRow> deltas, transaction->deltas());
  for (const store::DeltaRow& row : deltas) {
    TRY(transaction->remove_delta(row.id));
  }
  for (const store::SegmentRow& row : rows) {
    TRY(transaction->add_segment(row));
  }
  TRY(transaction->commit());
  TRY(reload());
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
  return segments_.remove_unlisted(*snapshot);
}

}  // namespace sonde::library
