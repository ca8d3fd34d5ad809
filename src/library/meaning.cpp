#include "library/meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "index/embed_text.h"
#include "index/meaning_scores.h"

namespace sonde::library {

namespace {

constexpr std::string_view kModelSetting = "model";
// A batch is one call of the encoder and one transaction.
constexpr std::size_t kBatchBytes = 1U << 20;
// Rows that are in no file are read by each process that searches; beyond these they get one.
constexpr std::uint64_t kTailVectors = 4'096;
constexpr std::uint64_t kTailLeft = kTailVectors / 4;  // at the end of an index
constexpr std::size_t kMaxVectorFiles = 8;
// Taking vectors is a thousand times as fast as making them, so a file would be written too often.
constexpr std::uint64_t kTailTaken = 16 * kTailVectors;
// Vectors that no chunk needs are kept up to this share of the chunks.
constexpr double kMaxUnneededShare = 0.2;
constexpr std::uint64_t kUnneededKept = 256;

/// A live file of a segment with what its chunks' vectors are called.
struct LiveFile {
  std::string source;
  std::string path;
  std::vector<ContentHash> hashes;  // by ordinal
};

/// Visits every live file of every segment; the order is that of the segments.
Status for_each_live_file(const HolderList& holders, const std::function<Status(LiveFile)>& visit) {
  for (const Holder& holder : holders) {
    const index::Segment& segment = *holder.live.segment;
    TRY_ASSIGN(const auto hashes, segment.embedded());
    TRY(segment.for_each_file([&](std::uint32_t ordinal, const index::FileMeta& meta) -> Status {
      const std::vector<std::uint32_t>& dead = holder.live.dead_files;
      if (std::binary_search(dead.begin(), dead.end(), ordinal)) {
        return {};
      }
      const auto first = hashes->begin() + meta.first_doc;
      return visit({meta.source, meta.path, {first, first + meta.doc_count}});
    }));
  }
  return {};
}

Status list_file(store::Store& store, Segments& segments, ThreadPool& pool,
                 const store::ModelRow& model,
                 const std::vector<std::shared_ptr<const index::VectorSet>>& sets,
                 const std::function<bool(const ContentHash&)>& keep,
                 const std::vector<store::VectorFileRow>& replaced, std::int64_t last_id) {
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store.begin());
  TRY_ASSIGN(const std::uint64_t generation, transaction->generation());
  TRY_ASSIGN(const store::VectorFileRow row,
             segments.vectors().write(generation, model, sets, keep, last_id, &pool));
  for (const store::VectorFileRow& old : replaced) {
    TRY(transaction->remove_vector_file(old.id));
  }
  TRY(transaction->add_vector_file(row));
  TRY(transaction->commit());
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
  return segments.vectors().remove_unlisted(*snapshot);
}

/// One pass over what has no vector. Lives for one call.
class Embedding {
 public:
  Embedding(store::Store& store, Segments& segments, ThreadPool& pool, embed::Encoder& encoder,
            const Siblings& siblings, std::size_t batch_chunks, IndexReport& report, Progress state,
            const ProgressSink& progress, const CancelToken& cancel)
      : store_(store),
        segments_(segments),
        pool_(pool),
        encoder_(encoder),
        siblings_(siblings),
        batch_chunks_(std::clamp(batch_chunks, std::size_t{1}, kEmbedBatch)),
        report_(report),
        state_(state),
        progress_(progress),
        cancel_(cancel) {}

  Status run() {
    TRY(choose_model());
    TRY(find_work());
    TRY(take_from_siblings());
    state_.phase = Progress::Phase::Embed;
    state_.embed_total = wanted_.size();
    say();
    for (const LiveFile& file : work_) {
      TRY(cancel_.check());
      TRY(take_file(file));
      if (stopped_) {
        return {};
      }
    }
    TRY(embed_batch());
    return stopped_ ? Status() : finish();
  }

 private:
  void say() const {
    if (progress_) {
      progress_(state_);
    }
  }

  Status choose_model() {
    const std::string key = model_key(encoder_.id());
    TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store_.begin());
    TRY_ASSIGN(std::optional<store::ModelRow> found, find_model(*transaction, key));
    TRY_ASSIGN(const std::optional<store::ModelRow> current, current_model(*transaction));
    takes_over_ = current && current->key != key;
    if (found && current) {
      model_ = std::move(*found);
      return {};
    }
    if (found) {
      model_ = std::move(*found);
    } else {
      TRY_ASSIGN(model_, transaction->add_model(key, encoder_.id().dimensions));
    }
    if (!current) {
      TRY(transaction->set_setting(kModelSetting, key));
    }
    TRY(transaction->commit());
    return {};
  }

  Status find_work() {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_.snapshot());
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, snapshot->sources());
    for (const store::SourceRow& source : sources) {
      sources_.emplace(source.uid, source.id);
    }
    TRY_ASSIGN(const HolderList holders, segments_.load(*snapshot));
    TRY_ASSIGN(const VectorView view, segments_.vectors().load(*snapshot, model_));
    tail_ = view.tail;
    std::unordered_set<ContentHash> missing;
    TRY(for_each_live_file(holders, [&](LiveFile file) -> Status {
      bool lacks = false;
      for (const ContentHash& hash : file.hashes) {
        if (!view.has(hash)) {
          missing.insert(hash);
          lacks = true;
        }
      }
      if (lacks) {
        work_.push_back(std::move(file));
      }
      return {};
    }));
    wanted_ = std::move(missing);
    std::sort(work_.begin(), work_.end(), [](const LiveFile& a, const LiveFile& b) {
      return std::tie(a.source, a.path) < std::tie(b.source, b.path);
    });
    return {};
  }

  Status take_from_siblings() {
    return siblings_.take(
        store_, model_, wanted_, report_,
        [this](std::uint64_t added) -> Status {
          tail_ += added;
          return tail_ >= kTailTaken ? write_tail() : Status();
        },
        cancel_);
  }

  /// Adds a file's chunks that lack a vector to the batch. A snapshot is held for one file only:
  /// the WAL cannot be cut while one is.
  Status take_file(const LiveFile& file) {
    if (std::none_of(file.hashes.begin(), file.hashes.end(),
                     [&](const ContentHash& hash) { return wanted_.contains(hash); })) {
      return {};
    }
    const auto source = sources_.find(file.source);
    if (source == sources_.end()) {
      return Error{Code::Corruption, "a segment names a source that library.db does not have"};
    }
    std::optional<store::FileRow> row;
    std::vector<store::ChunkRecord> chunks;
    {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_.snapshot());
      TRY_ASSIGN(row, snapshot->file(source->second, file.path));
      if (row) {
        TRY_ASSIGN(chunks, snapshot->chunks(row->id));
      }
    }
    if (!row || chunks.size() != file.hashes.size()) {
      return Error{Code::Corruption,
                   "a segment holds another version of " + file.path + " than library.db"};
    }
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (wanted_.erase(file.hashes[i]) == 0) {
        continue;
      }
      const store::ChunkRecord& chunk = chunks[i];
      std::string text =
          index::embed_text(row->language, file.path, chunk.scope, chunk.symbol, chunk.text);
      if (content_hash(text) != file.hashes[i]) {
        return Error{Code::Corruption,
                     "a segment holds another version of " + file.path + " than library.db"};
      }
      batch_bytes_ += text.size();
      texts_.push_back(std::move(text));
      hashes_.push_back(file.hashes[i]);
      if (texts_.size() >= batch_chunks_ || batch_bytes_ >= kBatchBytes) {
        TRY(embed_batch());
      }
    }
    return {};
  }

  Status embed_batch() {
    if (texts_.empty() || stopped_) {
      return {};
    }
    const std::uint32_t dimensions = model_.dimensions;
    const std::vector<std::string_view> views(texts_.begin(), texts_.end());
    std::vector<float> values(texts_.size() * dimensions);
    const Status embedded = encoder_.embed_documents(views, values, cancel_);
    if (!embedded.ok()) {
      return give_up(embedded.error());
    }
    std::vector<store::VectorRow> rows;
    rows.reserve(texts_.size());
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      auto code = index::encode_vector(std::span(values).subspan(i * dimensions, dimensions));
      if (!code.ok()) {
        return give_up(code.error());
      }
      rows.push_back({hashes_[i], index::pack_code(*code)});
    }
    {
      TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store_.begin());
      TRY_ASSIGN(const std::uint64_t added, transaction->add_vectors(model_.id, rows));
      TRY(transaction->commit());
      report_.embedded += added;
      tail_ += added;
    }
    state_.embed_done += texts_.size();
    texts_.clear();
    hashes_.clear();
    batch_bytes_ = 0;
    say();
    return tail_ >= kTailVectors ? write_tail() : Status();
  }

  Status give_up(const Error& error) {
    if (error.code == Code::Cancelled) {
      return error;
    }
    note_embed_trouble(error.message, report_);
    stopped_ = true;
    return {};
  }

  Status write_tail() {
    TRY_ASSIGN(std::unique_ptr<store::Snapshot> snapshot, store_.snapshot());
    TRY_ASSIGN(const VectorView view, segments_.vectors().load(*snapshot, model_));
    snapshot.reset();
    tail_ = 0;
    if (view.files.size() >= kMaxVectorFiles) {
      return list_file(store_, segments_, pool_, model_, view.sets, {}, view.files, view.last_id);
    }
    return view.tail == 0 ? Status()
                          : list_file(store_, segments_, pool_, model_, {view.sets.back()}, {}, {},
                                      view.last_id);
  }

  /// A second model that is complete takes the place of the first, in one commit.
  Status finish() {
    {
      TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store_.begin());
      TRY_ASSIGN(const std::vector<store::ModelRow> models, transaction->models());
      if (models.size() == 1 && !takes_over_) {
        return {};
      }
      for (const store::ModelRow& model : models) {
        if (model.id != model_.id) {
          TRY(transaction->remove_model(model.id));
        }
      }
      TRY(transaction->set_setting(kModelSetting, model_.key));
      TRY(transaction->commit());
    }
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_.snapshot());
    return segments_.vectors().remove_unlisted(*snapshot);
  }

  store::Store& store_;
  Segments& segments_;
  ThreadPool& pool_;
  embed::Encoder& encoder_;
  const Siblings& siblings_;
  const std::size_t batch_chunks_;
  IndexReport& report_;
  Progress state_;
  const ProgressSink& progress_;
  const CancelToken& cancel_;
  store::ModelRow model_;
  bool takes_over_ = false;
  bool stopped_ = false;  // the encoder failed
  std::map<std::string, std::int64_t> sources_;
  std::vector<LiveFile> work_;
  std::unordered_set<ContentHash> wanted_;
  std::uint64_t tail_ = 0;
  std::vector<std::string> texts_;
  std::vector<ContentHash> hashes_;
  std::size_t batch_bytes_ = 0;
};

Result<std::unordered_set<ContentHash>> live_hashes(const HolderList& holders) {
  std::unordered_set<ContentHash> live;
  TRY(for_each_live_file(holders, [&](const LiveFile& file) -> Status {
    live.insert(file.hashes.begin(), file.hashes.end());
    return {};
  }));
  return live;
}

/// Removes what no live chunk needs and writes one file of the rest.
Status remove_unneeded(store::Store& store, Segments& segments, ThreadPool& pool,
                       const store::ModelRow& model) {
  VectorView view;
  std::unordered_set<ContentHash> live;
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
    TRY_ASSIGN(const HolderList holders, segments.load(*snapshot));
    TRY_ASSIGN(live, live_hashes(holders));
    TRY_ASSIGN(view, segments.vectors().load(*snapshot, model));
  }
  std::vector<ContentHash> unneeded;
  for (const auto& set : view.sets) {
    std::copy_if(set->hashes().begin(), set->hashes().end(), std::back_inserter(unneeded),
                 [&](const ContentHash& hash) { return !live.contains(hash); });
  }
  if (unneeded.empty()) {
    return {};
  }
  {
    // The files go at the same commit: rows and files never disagree.
    TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store.begin());
    TRY_ASSIGN(const std::uint64_t generation, transaction->generation());
    TRY_ASSIGN(const std::uint64_t removed, transaction->remove_vectors(model.id, unneeded));
    static_cast<void>(removed);
    for (const store::VectorFileRow& file : view.files) {
      TRY(transaction->remove_vector_file(file.id));
    }
    if (!view.files.empty()) {
      TRY_ASSIGN(
          const store::VectorFileRow row,
          segments.vectors().write(
              generation, model, view.sets,
              [&](const ContentHash& hash) { return live.contains(hash); }, view.last_id, &pool));
      TRY(transaction->add_vector_file(row));
    }
    TRY(transaction->commit());
  }
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
  return segments.vectors().remove_unlisted(*snapshot);
}

/// One file is made of all when the largest no longer holds most of the vectors, or they are many.
Status merge_files(store::Store& store, Segments& segments, ThreadPool& pool,
                   const store::ModelRow& model) {
  TRY_ASSIGN(std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
  TRY_ASSIGN(const VectorView view, segments.vectors().load(*snapshot, model));
  snapshot.reset();
  std::uint64_t largest = 0;
  for (const store::VectorFileRow& file : view.files) {
    largest = std::max(largest, file.vectors);
  }
  const bool scattered = view.files.size() > 1 && largest * 4 < view.size() * 3;
  const bool long_tail = view.tail >= kTailLeft;
  if (scattered || view.files.size() + (long_tail ? 1 : 0) > kMaxVectorFiles) {
    return list_file(store, segments, pool, model, view.sets, {}, view.files, view.last_id);
  }
  return long_tail
             ? list_file(store, segments, pool, model, {view.sets.back()}, {}, {}, view.last_id)
             : Status();
}

}  // namespace

std::string model_key(const embed::ModelId& id) {
  return id.key() + " " + std::string(index::kEmbedTextForm);
}

void note_embed_trouble(const std::string& why, IndexReport& report) {
  report.embed_trouble = why;
  report.notes.push_back("embedding stopped: " + why +
                         "; words are searched, and the next `sonde index` goes on");
}

Result<std::optional<store::ModelRow>> find_model(store::Reader& reader, std::string_view key) {
  TRY_ASSIGN(std::vector<store::ModelRow> models, reader.models());
  for (store::ModelRow& model : models) {
    if (model.key == key) {
      return std::optional(std::move(model));
    }
  }
  return std::optional<store::ModelRow>();
}

Result<std::optional<store::ModelRow>> current_model(store::Reader& reader) {
  TRY_ASSIGN(const std::optional<std::string> key, reader.setting(kModelSetting));
  return key ? find_model(reader, *key) : std::optional<store::ModelRow>();
}

Result<std::uint64_t> pending_chunks(store::Reader& reader, Segments& segments, bool expected) {
  TRY_ASSIGN(const std::optional<store::ModelRow> model, current_model(reader));
  if (!model) {
    TRY_ASSIGN(const store::Counts counts, reader.counts());
    return expected ? counts.chunks : 0;
  }
  TRY_ASSIGN(const HolderList holders, segments.load(reader));
  TRY_ASSIGN(const VectorView view, segments.vectors().load(reader, *model));
  std::uint64_t pending = 0;
  TRY(for_each_live_file(holders, [&](const LiveFile& file) -> Status {
    pending += static_cast<std::uint64_t>(
        std::count_if(file.hashes.begin(), file.hashes.end(),
                      [&](const ContentHash& hash) { return !view.has(hash); }));
    return {};
  }));
  return pending;
}

Status embed_pending(store::Store& store, Segments& segments, ThreadPool& pool,
                     embed::Encoder& encoder, const Siblings& siblings, std::size_t batch_chunks,
                     IndexReport& report, Progress state, const ProgressSink& progress,
                     const CancelToken& cancel) {
  return Embedding(store, segments, pool, encoder, siblings, batch_chunks, report, state, progress,
                   cancel)
      .run();
}

Status tidy_vectors(store::Store& store, Segments& segments, Unneeded unneeded, ThreadPool& pool) {
  std::vector<store::ModelRow> models;
  store::Counts counts;
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
    TRY_ASSIGN(models, snapshot->models());
    TRY_ASSIGN(counts, snapshot->counts());
  }
  const double allowed = static_cast<double>(counts.chunks) * (1 + kMaxUnneededShare) +
                         static_cast<double>(kUnneededKept);
  for (const store::ModelRow& model : models) {
    if (unneeded == Unneeded::RemoveAll || static_cast<double>(model.vectors) > allowed) {
      TRY(remove_unneeded(store, segments, pool, model));
    }
    TRY(merge_files(store, segments, pool, model));
  }
  return {};
}

Status rebuild_vectors(store::Store& store, Segments& segments, ThreadPool& pool) {
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store.begin());
  TRY_ASSIGN(const std::vector<store::VectorFileRow> files, transaction->vector_files());
  for (const store::VectorFileRow& file : files) {
    TRY(segments.vectors().set_aside(file.file_name));
    TRY(transaction->remove_vector_file(file.id));
  }
  TRY_ASSIGN(const std::vector<store::ModelRow> models, transaction->models());
  TRY_ASSIGN(const std::uint64_t generation, transaction->generation());
  for (const store::ModelRow& model : models) {
    if (model.vectors > 0) {
      TRY_ASSIGN(const store::VectorFileRow row,
                 segments.vectors().write_all(*transaction, generation, model, &pool));
      TRY(transaction->add_vector_file(row));
    }
  }
  TRY(transaction->commit());
  return {};
}

}  // namespace sonde::library
