#include "library/library.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/priority.h"
#include "base/thread_pool.h"
#include "embed/model_store.h"
#include "embed/precision.h"
#include "io/lease.h"
#include "library/answer.h"
#include "library/code_analysis.h"
#include "library/code_answer.h"
#include "library/disk.h"
#include "library/histories.h"
#include "library/indexer.h"
#include "library/lookup.h"
#include "library/machine.h"
#include "library/meaning.h"
#include "library/segments.h"
#include "library/writer.h"
#include "store/store.h"

namespace sonde::library {

namespace {

using Clock = std::chrono::steady_clock;

// A refresh before a search is started only when it is sure to be short.
constexpr std::uint64_t kRefreshFiles = 24;
constexpr std::uint64_t kRefreshBytes = 256 * 1024;
constexpr std::chrono::milliseconds kLeasePoll{20};
constexpr int kPurgeTimeoutMs = 5'000;
constexpr std::uint64_t kHashedForStatus = 2'000;  // files with another time and the same size

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A library that was never committed to is one whose creation was interrupted before this.
Status add_first_source(store::Store& store, const std::string& root) {
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
    TRY_ASSIGN(const std::uint64_t generation, snapshot->generation());
    if (generation > 0) {
      return {};
    }
  }
  TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, store.begin());
  TRY(transaction->add_source("folder", root));
  TRY(transaction->commit());
  return {};
}

Status write_ignore_file(io::FileSystem& fs, const std::string& directory) {
  const std::string path = io::join_path(directory, ".gitignore");
  return fs.info(path).ok() ? Status{} : io::replace_file(fs, path, "*\n", 0600);
}

class LibraryImpl : public Library {
 public:
  LibraryImpl(const LibraryOptions& options, std::unique_ptr<store::Store> store)
      : options_(options),
        limits_(limits_for(options.config)),
        fs_(file_system(options)),
        store_(std::move(store)),
        segments_(fs_, options.location.directory, limits_),
        histories_(fs_, options.location.directory, git_program(options.environment), limits_) {}

  /// On a thread of its own, which gives way to queries with all that it starts.
  Result<IndexReport> index(const IndexRequest& request, const ProgressSink& progress,
                            const CancelToken& cancel) override {
    std::optional<Result<IndexReport>> report;
    std::thread thread([&] {
      pthread_setname_np(pthread_self(), "sonde-index");
      give_way();
      report = index_here(request, progress, cancel);
    });
    thread.join();
    return std::move(*report);
  }

  Result<SearchAnswer> search(const SearchRequest& request, const CancelToken& cancel) override {
    const auto start = Clock::now();
    CancelSource too_early;
    auto asked = begin_to_ask_meaning(request, cancel);
    auto looking = begin_to_look(request.refresh, too_early, cancel);
    const auto embedded = asked.get();
    const auto answer_on = [&](store::Reader& reader, const TreeCheck& seen) {
      return answer_search(fs_, reader, segments_, request, *embedded, seen,
                           cancel.or_when(too_early.token()));
    };
    // While the tree is looked at: nearly always it is as the library has it.
    std::optional<Result<SearchAnswer>> early;
    if (embedded.ok() && looking.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      early = answer_once({}, answer_on);
    }
    auto looked = looking.get();  // also when the query failed: it uses what is this call's
    TRY_ASSIGN(Look look, std::move(looked));
    if (!embedded.ok()) {
      return embedded.error();
    }
    const bool holds = early && early->ok() && (!look.all || files_of(*look.all) == 0) &&
                       (!look.all || (*early)->index.generation == look.generation);
    TRY_ASSIGN(const TreeCheck check, settle(std::move(look), cancel));
    auto answer = [&]() -> Result<SearchAnswer> {
      if (holds) {
        add_check(check, (*early)->index);
        return std::move(*early);
      }
      const auto answer_now = [&](store::Reader& reader, const TreeCheck& seen) {
        return answer_search(fs_, reader, segments_, request, *embedded, seen, cancel);
      };
      return answer_and_mend(check, answer_now, cancel);
    }();
    if (answer.ok()) {
      answer->root = options_.location.root;
      answer->took_ms = seconds_since(start) * 1000;
    }
    return answer;
  }

  Result<SearchAnswer> similar(const SimilarRequest& request, const CancelToken& cancel) override {
    const auto start = Clock::now();
    TRY_ASSIGN(const TreeCheck check, check_tree(true, cancel));
    const auto answer_on = [&](store::Reader& reader, const TreeCheck& seen) {
      return answer_similar(fs_, reader, segments_, request, seen, cancel);
    };
    auto answer = answer_and_mend(check, answer_on, cancel);
    if (answer.ok()) {
      answer->root = options_.location.root;
      answer->took_ms = seconds_since(start) * 1000;
    }
    return answer;
  }

  Result<SymbolAnswer> definition(const SymbolRequest& request,
                                  const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_symbol(context, request, SymbolQuestion::Definition);
    });
  }
  Result<SymbolAnswer> references(const SymbolRequest& request,
                                  const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_symbol(context, request, SymbolQuestion::References);
    });
  }
  Result<CallsAnswer> callers(const SymbolRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_calls(context, request, CallQuestion::Callers);
    });
  }
  Result<CallsAnswer> callees(const SymbolRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_calls(context, request, CallQuestion::Callees);
    });
  }
  Result<OutlineAnswer> outline(const OutlineRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_outline(context, request);
    });
  }

  Result<UnusedAnswer> unused(const UnusedRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel,
                       [&](const CodeContext& context) { return answer_unused(context, request); });
  }
  Result<CyclesAnswer> cycles(const CyclesRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel,
                       [&](const CodeContext& context) { return answer_cycles(context, request); });
  }
  Result<AnalyzeAnswer> analyze(const AnalyzeRequest& request, const CancelToken& cancel) override {
    return answer_code(request.refresh, cancel, [&](const CodeContext& context) {
      return answer_analyze(context, request);
    });
  }

  Result<SearchHit> result(const std::string& id) override {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    return result_of(fs_, *snapshot, id);
  }

  Result<StatusReport> status(const StatusRequest& request, const CancelToken& cancel) override {
    TRY_ASSIGN(const TreeCheck check, check_tree_fully(cancel));
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    StatusReport report;
    report.directory = options_.location.directory;
    report.root = options_.location.root;
    report.note = options_.location.note;
    report.uid = store_->uid();
    const auto pending = pending_chunks(*snapshot, segments_, expects_meaning());
    TRY_ASSIGN(report.index, completeness_of(*snapshot, check, pending.ok() ? *pending : 0));
    if (!pending.ok()) {
      report.index.complete = false;
      report.index.notes.push_back(pending.error().message);
    }
    TRY_ASSIGN(const std::optional<store::ModelRow> model, current_model(*snapshot));
    report.vectors = model ? model->vectors : 0;
    report.model = model ? model->key : "";
    TRY_ASSIGN(const store::Counts counts, snapshot->counts());
    report.skipped = counts.skipped;
    report.windowed = counts.windowed;
    report.lines = counts.lines;
    report.chunks_written_total = counts.chunks_written_total;
    report.embedded_total = counts.embedded_total;
    report.bytes_source = counts.source_bytes;
    report.bytes_truth = truth_bytes();
    report.bytes_derived = segments_.bytes_on_disk() + segments_.vectors().bytes_on_disk() +
                           histories_.bytes_on_disk();
    TRY_ASSIGN(const std::vector<store::SegmentRow> rows, snapshot->segments());
    TRY_ASSIGN(const std::vector<store::DeltaRow> deltas, snapshot->deltas());
    report.segments = static_cast<std::uint32_t>(rows.size());
    report.deltas = static_cast<std::uint32_t>(deltas.size());
    report.writer_pid = io::Lease::holder(lock_path()).value_or(0);
    TRY_ASSIGN(report.sources, source_infos(*snapshot));
    TRY(fill_lists(*snapshot, request, report));
    return report;
  }

  Result<std::vector<SourceInfo>> sources() override {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    return source_infos(*snapshot);
  }

  TreeWatch& tree_watch() override { return tree_watch_; }
  Result<SourceInfo> add_source(const std::string& path) override {
    TRY_ASSIGN(const io::FileInfo info, fs_.info(path));
    if (info.type != io::FileType::Directory) {
      return Error{Code::InvalidArgument, path + " is not a folder"};
    }
    TRY_ASSIGN(const std::unique_ptr<Writer> writer, wait_for_writer(foreground_, {}));
    TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, writer->store().begin());
    TRY_ASSIGN(const std::vector<store::SourceRow> rows, transaction->sources());
    for (const store::SourceRow& row : rows) {
      if (under_any(path, {row.path}) || under_any(row.path, {path})) {
        return Error{Code::InvalidArgument,
                     fmt::format("{} and the source {} overlap; a file belongs to one source", path,
                                 row.path)};
      }
    }
    TRY_ASSIGN(const store::SourceRow row, transaction->add_source("folder", path));
    TRY(transaction->commit());
    return SourceInfo{row.uid, row.kind, row.path, 0, true};
  }

  Result<SourceInfo> remove_source(const std::string& uid_or_path) override {
    TRY_ASSIGN(const std::unique_ptr<Writer> writer, wait_for_writer(foreground_, {}));
    store::SourceRow found;
    SourceInfo info;
    {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, writer->store().snapshot());
      TRY_ASSIGN(const std::vector<store::SourceRow> rows, snapshot->sources());
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const store::SourceRow& source) {
        return source.uid == uid_or_path || source.path == uid_or_path;
      });
      if (row == rows.end()) {
        return Error{
            Code::NotFound,
            fmt::format("no source {} here (`sonde source list` shows them)", uid_or_path)};
      }
      found = *row;
      TRY_ASSIGN(const std::vector<SourceInfo> infos, source_infos(*snapshot));
      for (const SourceInfo& candidate : infos) {
        if (candidate.uid == found.uid) {
          info = candidate;
        }
      }
    }
    TRY(writer->remove_source(found, {}));
    TRY(histories_.remove(found.uid));
    return info;
  }

  Result<ForgetReport> forget(const std::vector<std::string>& paths,
                              const CancelToken& cancel) override {
    TRY_ASSIGN(const std::unique_ptr<Writer> writer, wait_for_writer(foreground_, cancel));
    std::vector<store::SourceRow> rows;
    {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, writer->store().snapshot());
      TRY_ASSIGN(rows, snapshot->sources());
    }
    // All are looked at before the first is removed: a run that stops half way purges nothing.
    std::vector<std::pair<store::SourceRow, std::string>> parts;
    for (const std::string& path : paths) {
      const auto source = std::find_if(rows.begin(), rows.end(), [&](const store::SourceRow& row) {
        return under_any(path, {row.path});
      });
      if (source == rows.end() || path == source->path) {
        return Error{
            Code::InvalidArgument,
            fmt::format("{} is not inside a source of this library{}", path,
                        source == rows.end() ? " (`sonde source list` shows them)"
                                             : "; `sonde source remove` removes a whole source")};
      }
      parts.emplace_back(*source, path.substr(source->path == "/" ? 1 : source->path.size() + 1));
    }
    ForgetReport report;
    std::vector<std::string> texts;
    for (const auto& [source, prefix] : parts) {
      TRY_ASSIGN(std::vector<std::string> removed,
                 writer->forget(source, {prefix}, report, cancel));
      std::move(removed.begin(), removed.end(), std::back_inserter(texts));
    }
    TRY(tidy_vectors(writer->store(), segments_, Unneeded::RemoveAll, thread_pool(foreground_)));
    TRY(remove_set_aside(report));
    // Old lines of the files stand there; the next question reads the commits without them.
    for (const store::SourceRow& row : rows) {
      if (!histories_.remove(row.uid).ok()) {
        report.retained.push_back(io::join_path(options_.location.directory, "history"));
      }
    }
    TRY_ASSIGN(const bool purged, writer->store().purge(texts, kPurgeTimeoutMs));
    report.pending = !purged;
    return report;
  }

 private:
  Result<IndexReport> index_here(const IndexRequest& request, const ProgressSink& progress,
                                 const CancelToken& cancel) {
    const auto start = Clock::now();
    TRY_ASSIGN(const std::unique_ptr<Writer> writer, wait_for_writer(background_, cancel));
    TRY(add_first_source(writer->store(), options_.location.root));
    TRY(welcome_back(*writer, request.paths));
    TRY_ASSIGN(worker::Pool* const workers, worker_pool(background_));
    IndexReport report;
    report.notes = writer->notes();
    const IndexContext context{fs_, *writer, *workers, thread_pool(background_), options_.config};
    if (request.words) {
      TRY(index_sources(context, request, report, progress, cancel));
    }
    TRY(embed(*writer, request, report, progress, cancel));
    TRY(make_small(writer->store(), request, report, progress, cancel));
    TRY(writer->store().checkpoint());
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    TRY_ASSIGN(const store::Counts counts, snapshot->counts());
    report.quarantined = counts.quarantined;
    report.skipped = counts.skipped;
    TRY_ASSIGN(report.pending_chunks, pending_chunks(*snapshot, segments_, expects_meaning()));
    report.seconds = seconds_since(start);
    return report;
  }

  /// On request; and of itself after embedding, beside which the time it takes is little, once most
  /// of the library has not been through it.
  static Status make_small(store::Store& store, const IndexRequest& request,
                           const IndexReport& report, const ProgressSink& progress,
                           const CancelToken& cancel) {
    bool wanted = request.compact;
    if (!wanted && report.embedded > 0 && report.embed_trouble.empty()) {
      TRY_ASSIGN(wanted, store.wants_compaction());
    }
    if (!wanted) {
      return {};
    }
    if (progress) {
      Progress state;
      state.phase = Progress::Phase::Merge;
      progress(state);
    }
    return store.compact(cancel);
  }

  /// What works on many files. Made when it is first needed.
  struct Hands {
    std::unique_ptr<ThreadPool> pool;
    std::unique_ptr<worker::Pool> workers;
  };

  [[nodiscard]] std::string lock_path() const {
    return io::join_path(options_.location.directory, "lock");
  }

  /// Whether a chunk without a vector is one that waits for it.
  [[nodiscard]] bool expects_meaning() const {
    return options_.encoder != nullptr || !options_.encoder_trouble.empty();
  }

  Result<std::unique_ptr<Writer>> open_writer(Hands& hands) {
    return Writer::open(store_options(options_, store::Access::Write), fs_, segments_,
                        thread_pool(hands));
  }
  Result<std::unique_ptr<Writer>> open_writer() { return open_writer(foreground_); }

  /// A search that reads in a few changed files, and a watcher, hold the lease for a moment: no
  /// reason to fail.
  Result<std::unique_ptr<Writer>> wait_for_writer(Hands& hands, const CancelToken& cancel) {
    const auto end = Clock::now() + options_.lease_wait;
    for (;;) {
      auto writer = open_writer(hands);
      if (writer.ok() || writer.error().code != Code::Busy || Clock::now() >= end) {
        return writer;
      }
      TRY(cancel.check());
      std::this_thread::sleep_for(kLeasePoll);
    }
  }

  ThreadPool& thread_pool(Hands& hands) {
    const std::lock_guard lock(mutex_);
    if (!hands.pool) {
      hands.pool = std::make_unique<ThreadPool>(limits_.threads, "sonde");
    }
    return *hands.pool;
  }

  Result<worker::Pool*> worker_pool(Hands& hands) {
    const std::lock_guard lock(mutex_);
    if (!hands.workers) {
      worker::PoolOptions options;
      options.program = options_.environment.worker_program;
      options.workers = limits_.threads;
      options.memory_limit_bytes = limits_.worker_bytes;
      TRY_ASSIGN(hands.workers, worker::Pool::create(options));
    }
    return hands.workers.get();
  }

  static bool can_be_rebuilt(const Error& error) {
    return error.code == Code::Corruption || error.code == Code::Unsupported;
  }

  /// The meaning pass after the words pass. Chunks can be searched by words meanwhile.
  Status embed(Writer& writer, const IndexRequest& request, IndexReport& report,
               const ProgressSink& progress, const CancelToken& cancel) {
    const auto start = Clock::now();
    if (request.embed && options_.encoder != nullptr) {
      const Siblings siblings(options_.environment, options_.location.directory);
      TRY_ASSIGN(const std::shared_ptr<embed::Encoder> encoder, encoder_of_documents());
      TRY(embed_pending(writer.store(), segments_, thread_pool(background_), *encoder, siblings,
                        request.embed_batch, report, {}, progress, cancel));
    } else if (request.embed && !options_.encoder_trouble.empty()) {
      note_embed_trouble(options_.encoder_trouble, report);
    }
    TRY(tidy_vectors(writer.store(), segments_, Unneeded::KeepSome, thread_pool(background_)));
    report.embed_seconds = seconds_since(start);
    return {};
  }

  /// ask_meaning() on another thread: a model is opened and the query embedded in about the time
  /// that a large tree takes to be looked at. `request` and `cancel` outlive the future's value.
  std::future<Result<AskedMeaning>> begin_to_ask_meaning(const SearchRequest& request,
                                                         const CancelToken& cancel) {
    const auto promise = std::make_shared<std::promise<Result<AskedMeaning>>>();
    std::future<Result<AskedMeaning>> asked = promise->get_future();
    const auto ask = [this, promise, &request, &cancel] {
      promise->set_value(ask_meaning(request, cancel));
    };
    if (request.mode == SearchMode::Words || options_.encoder == nullptr) {
      ask();  // no vector to wait for
    } else {
      thread_pool(foreground_).submit(ask);
    }
    return asked;
  }

  /// The mode that a request comes to, and the vector of its query.
  Result<AskedMeaning> ask_meaning(const SearchRequest& request, const CancelToken& cancel) {
    AskedMeaning asked;
    asked.encoder_configured = expects_meaning();
    TRY_ASSIGN(const std::string text, text_to_embed(request.query));
    if (request.mode == SearchMode::Words || text.empty()) {
      return asked;
    }
    std::optional<store::ModelRow> model;
    {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
      TRY_ASSIGN(model, current_model(*snapshot));
    }
    const std::shared_ptr<embed::Encoder> encoder = model ? encoder_of(model->key) : nullptr;
    std::string lacking;
    if (encoder == nullptr && !options_.encoder_trouble.empty()) {
      lacking = options_.encoder_trouble;
    } else if (!model || model->vectors == 0) {
      lacking = expects_meaning() ? "there are no vectors yet; `sonde index` makes them"
                                  : std::string("there is no model; ") + embed::kHowToGetAModel +
                                        ", and `sonde index` makes the vectors";
    } else if (encoder == nullptr) {
      lacking = "the model that the vectors are of is not here (" + model->key + ")";
    } else {
      auto vector = encoder->embed_query(text, cancel);
      if (vector.ok()) {
        TRY_ASSIGN(asked.query, index::encode_query(*vector));
        asked.model_key = model->key;
        asked.encoder = encoder;
        asked.mode =
            request.mode == SearchMode::Meaning ? index::Mode::Meaning : index::Mode::Hybrid;
        return asked;
      }
      if (vector.error().code == Code::Cancelled) {
        return std::move(vector).error();
      }
      lacking = "the query could not be embedded: " + vector.error().message;
    }
    if (request.mode == SearchMode::Meaning) {
      return Error{Code::NotFound, "no search by meaning: " + lacking};
    }
    // Where there are no vectors yet, what is pending says it.
    const bool has_vectors = model && model->vectors > 0;
    if (request.mode == SearchMode::Hybrid || (has_vectors && expects_meaning()) ||
        !options_.encoder_trouble.empty()) {
      asked.notes.push_back("searched by words alone: " + lacking);
    }
    return asked;
  }

  Result<std::shared_ptr<embed::Encoder>> encoder_of_documents() const {
    if (!options_.keeps_precision) {
      return options_.encoder;
    }
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    TRY_ASSIGN(const auto model, current_model(*snapshot));
    for (const embed::Precision precision : embed::kPrecisions) {
      embed::ModelId id = options_.encoder->id();
      id.precision = embed::name_of(precision);
      if (model && model->key == model_key(id)) {
        const std::shared_ptr<embed::Encoder> kept = encoder_of(model->key);
        return kept ? kept : options_.encoder;
      }
    }
    return options_.encoder;
  }

  /// Null when nobody has it.
  std::shared_ptr<embed::Encoder> encoder_of(const std::string& key) const {
    if (options_.encoder != nullptr && model_key(options_.encoder->id()) == key) {
      return options_.encoder;
    }
    return options_.encoder_of ? options_.encoder_of(key) : nullptr;
  }

  /// @param answer  (const CodeContext&) -> Result of one of the answers about code
  template <typename AnswerTo>
  auto answer_code(bool refresh, const CancelToken& cancel, const AnswerTo& answer_to)
      -> decltype(answer_to(std::declval<const CodeContext&>())) {
    const auto start = Clock::now();
    TRY_ASSIGN(const TreeCheck check, check_tree(refresh, cancel));
    const auto answer_on = [&](store::Reader& reader, const TreeCheck& seen) {
      return answer_to(CodeContext{fs_, reader, segments_, seen, cancel});
    };
    auto answer = answer_and_mend(check, answer_on, cancel);
    if (answer.ok()) {
      answer->root = options_.location.root;
      answer->took_ms = seconds_since(start) * 1000;
    }
    return answer;
  }

  /// Derived files cost a rebuild, never a wrong or an empty answer [INV-3].
  /// @param answer_on  (store::Reader&, const TreeCheck&) -> Result of some answer
  template <typename AnswerOn>
  auto answer_and_mend(const TreeCheck& check, const AnswerOn& answer_on, const CancelToken& cancel)
      -> decltype(answer_on(std::declval<store::Reader&>(), check)) {
    auto answer = answer_once(check, answer_on);
    if (answer.ok() || !can_be_rebuilt(answer.error())) {
      return answer;
    }
    const std::string reason = answer.error().message;
    auto writer = open_writer();
    if (!writer.ok()) {
      return answer.error().with_context("it cannot be mended now (" + writer.error().message +
                                         ")");
    }
    if (reason.find(".vec") != std::string::npos) {
      TRY(rebuild_vectors((*writer)->store(), segments_, thread_pool(foreground_)));
    } else {
      TRY((*writer)->rebuild({}, cancel));
    }
    TreeCheck mended = check;
    mended.notes.push_back(reason + "; rebuilt from library.db");
    return answer_once(mended, answer_on);
  }

  template <typename AnswerOn>
  auto answer_once(const TreeCheck& check, const AnswerOn& answer_on)
      -> decltype(answer_on(std::declval<store::Reader&>(), check)) {
    // A segment may be merged away between the snapshot and its opening; then a newer snapshot does
    // not list it.
    constexpr int kAttempts = 3;
    for (int attempt = 1;; ++attempt) {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
      TRY_ASSIGN(const std::uint64_t before, snapshot->generation());
      auto answer = answer_on(*snapshot, check);
      if (answer.ok() || answer.error().code != Code::Corruption || attempt == kAttempts) {
        return answer;
      }
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> newer, store_->snapshot());
      TRY_ASSIGN(const std::uint64_t after, newer->generation());
      if (after == before) {
        return answer;
      }
    }
  }

  /// Paths that were forgotten and are named again by the user come back.
  static Status welcome_back(Writer& writer, const std::vector<std::string>& paths) {
    if (paths.empty()) {
      return {};
    }
    TRY_ASSIGN(const std::unique_ptr<store::Transaction> transaction, writer.store().begin());
    TRY_ASSIGN(const std::vector<store::SourceRow> rows, transaction->sources());
    bool changed = false;
    for (const store::SourceRow& row : rows) {
      TRY_ASSIGN(const std::vector<std::string> forgotten, transaction->forgotten(row.id));
      for (const std::string& path : forgotten) {
        const std::string full = io::join_path(row.path, path);
        if (std::find(paths.begin(), paths.end(), full) != paths.end()) {
          TRY(transaction->remove_forgotten(row.id, path));
          changed = true;
        }
      }
    }
    if (changed) {
      TRY(transaction->commit());
    }
    return {};
  }

  struct SourceChanges {
    store::SourceRow source;
    ChangeSet changes;
  };

  /// @param generation  set to the state that the disk was compared with
  Result<std::vector<SourceChanges>> find_all_changes(std::uint64_t& generation,
                                                      const CancelToken& cancel) {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    TRY_ASSIGN(generation, snapshot->generation());
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, snapshot->sources());
    std::vector<SourceChanges> all;
    for (const store::SourceRow& source : sources) {
      TRY_ASSIGN(ChangeSet changes,
                 find_changes(*snapshot, source, options_.config, {}, false, {}, cancel));
      all.push_back({source, std::move(changes)});
    }
    return all;
  }

  /// What the look at the tree before a search saw. Nothing is written by it.
  struct Look {
    enum class Kind { NotWanted, Watched, CutOff, Whole } kind = Kind::NotWanted;
    std::int64_t at_ms = 0;
    Clock::time_point deadline;
    bool in_time = false;                           // at its end
    std::uint64_t generation = 0;                   // that the disk was compared with
    std::optional<std::vector<SourceChanges>> all;  // Kind::Whole
  };

  static std::uint64_t files_of(const std::vector<SourceChanges>& all) {
    std::uint64_t files = 0;
    for (const SourceChanges& item : all) {
      files += item.changes.size();
    }
    return files;
  }

  /// Within the refresh budget.
  Result<Look> look_at_tree(bool refresh, const CancelToken& cancel) {
    Look look;
    look.deadline = Clock::now() + std::chrono::milliseconds(options_.config.refresh_budget_ms);
    if (!refresh || !options_.config.refresh) {
      return look;
    }
    TRY_ASSIGN(const bool watched, is_watched());
    if (watched) {
      look.kind = Look::Kind::Watched;
      look.at_ms = now_ms();
      return look;
    }
    auto all = find_all_changes(look.generation, cancel.with_deadline(look.deadline));
    TRY(cancel.check());
    if (!all.ok() && all.error().code != Code::Cancelled) {
      return std::move(all).error();
    }
    look.kind = all.ok() ? Look::Kind::Whole : Look::Kind::CutOff;
    look.at_ms = now_ms();
    look.in_time = Clock::now() < look.deadline;
    if (all.ok()) {
      look.all = std::move(*all);
    }
    return look;
  }

  /// look_at_tree() on another thread. Cancels `too_early` when an answer on what the library holds
  /// now will not do. The arguments outlive the future's value.
  std::future<Result<Look>> begin_to_look(bool refresh, CancelSource& too_early,
                                          const CancelToken& cancel) {
    const auto promise = std::make_shared<std::promise<Result<Look>>>();
    std::future<Result<Look>> looking = promise->get_future();
    const auto look = [this, promise, refresh, &too_early, &cancel] {
      auto looked = look_at_tree(refresh, cancel);
      if (!looked.ok() || (looked->all && files_of(*looked->all) > 0)) {
        too_early.cancel();
      }
      promise->set_value(std::move(looked));
    };
    if (refresh && options_.config.refresh) {
      thread_pool(foreground_).submit(look);
    } else {
      look();
    }
    return looking;
  }

  /// Mends what is cheap of what a look saw.
  Result<TreeCheck> settle(Look look, const CancelToken& cancel) {
    TreeCheck check;
    check.finished = look.kind == Look::Kind::Watched || look.kind == Look::Kind::Whole;
    if (check.finished) {
      check.checked_at_ms = look.at_ms;
    }
    if (look.kind == Look::Kind::CutOff) {
      check.notes.push_back(fmt::format(
          "the folder is too large to compare within {} ms; `sonde index` brings it up to date",
          options_.config.refresh_budget_ms));
    }
    if (!look.all) {
      return check;
    }
    std::uint64_t bytes = 0;
    for (const SourceChanges& item : *look.all) {
      note_absence(item.changes, check);
      bytes += item.changes.changed_bytes();
    }
    const std::uint64_t files = files_of(*look.all);
    check.stale_files = files;
    if (files > 0 && files <= kRefreshFiles && bytes <= kRefreshBytes && look.in_time) {
      refresh_now(std::move(*look.all), look.generation, check, cancel);
    } else if (files > 0) {
      check.stale_files = count_stale(*look.all, cancel.with_deadline(look.deadline));
    }
    return check;
  }

  Result<TreeCheck> check_tree(bool refresh, const CancelToken& cancel) {
    TRY_ASSIGN(Look look, look_at_tree(refresh, cancel));
    return settle(std::move(look), cancel);
  }

  /// True when who watches the tree says that it is as the library has it.
  Result<bool> is_watched() {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store_->snapshot());
    TRY_ASSIGN(const std::vector<store::SourceRow> sources, snapshot->sources());
    std::vector<std::string> paths;
    for (const store::SourceRow& source : sources) {
      paths.push_back(source.path);
    }
    return tree_watch_.is_current(paths);
  }

  static void note_absence(const ChangeSet& changes, TreeCheck& check) {
    if (!changes.source_present()) {
      check.notes.push_back(changes.absence + "; its files are as last seen");
      check.finished = false;
    } else if (changes.out_of_reach > 0) {
      check.notes.push_back(fmt::format("{} files cannot be looked at now and are as last seen",
                                        changes.out_of_reach));
      check.finished = false;
    }
  }

  /// Applies a few changes when nobody else writes; what cannot be done stays counted as stale and
  /// never costs the answer.
  void refresh_now(std::vector<SourceChanges> all, std::uint64_t generation, TreeCheck& check,
                   const CancelToken& cancel) {
    auto writer = open_writer();
    if (!writer.ok()) {  // busy, read-only or full: the answer says how many files changed
      check.stale_files = count_stale(all, cancel);
      return;
    }
    const Status done = apply_changes(**writer, std::move(all), generation, cancel);
    if (done.ok()) {
      check.stale_files = 0;
    } else if (done.error().code != Code::Busy) {
      check.notes.push_back("changed files could not be read in: " + done.error().message);
    }
  }

  /// Files that differ from the library. Those with another time and the same size are hashed, up
  /// to a limit: a time says little about a file that was written while it was read.
  std::uint64_t count_stale(const std::vector<SourceChanges>& all, const CancelToken& cancel) {
    std::uint64_t stale = 0;
    std::uint64_t hashed = 0;
    for (const SourceChanges& item : all) {
      stale += item.changes.gone.size();
      for (const Candidate& candidate : item.changes.candidates) {
        const bool maybe_same = candidate.known &&
                                candidate.known->size_bytes == candidate.entry.size_bytes &&
                                hashed++ < kHashedForStatus && cancel.check().ok();
        if (maybe_same) {
          const auto bytes =
              io::read_file(fs_, io::join_path(item.source.path, candidate.entry.path),
                            candidate.entry.size_bytes);
          if (bytes.ok() && content_hash(*bytes) == candidate.known->hash) {
            continue;
          }
        }
        ++stale;
      }
    }
    return stale;
  }

  Status apply_changes(Writer& writer, std::vector<SourceChanges> all, std::uint64_t generation,
                       const CancelToken& cancel) {
    {
      TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, writer.store().snapshot());
      TRY_ASSIGN(const std::uint64_t now, snapshot->generation());
      if (now != generation) {
        // Whoever wrote since may have seen a newer disk than these changes do.
        TRY_ASSIGN(all, find_all_changes(generation, cancel));
        std::size_t files = 0;
        for (const SourceChanges& item : all) {
          files += item.changes.size();
        }
        if (files > kRefreshFiles) {
          return Error{Code::Busy, "many changed just now"};
        }
      }
    }
    TRY_ASSIGN(worker::Pool* const workers, worker_pool(foreground_));
    const IndexContext context{fs_, writer, *workers, thread_pool(foreground_), options_.config};
    IndexReport report;
    Progress state;
    for (SourceChanges& item : all) {
      if (item.changes.source_present()) {
        TRY(index_changes(context, item.source, std::move(item.changes), true, false, report, state,
                          {}, cancel));
      }
    }
    return writer.maintain(false, cancel);
  }

  /// The whole look for `status`: no budget; files with another time and the same size are hashed.
  Result<TreeCheck> check_tree_fully(const CancelToken& cancel) {
    TreeCheck check;
    std::uint64_t generation = 0;
    TRY_ASSIGN(const std::vector<SourceChanges> all, find_all_changes(generation, cancel));
    check.checked_at_ms = now_ms();
    for (const SourceChanges& item : all) {
      note_absence(item.changes, check);
    }
    check.stale_files = count_stale(all, cancel);
    TRY(cancel.check());
    return check;
  }

  Result<std::vector<SourceInfo>> source_infos(store::Reader& reader) {
    TRY_ASSIGN(const std::vector<store::SourceRow> rows, reader.sources());
    std::vector<SourceInfo> infos;
    for (const store::SourceRow& row : rows) {
      SourceInfo info{row.uid, row.kind, row.path, 0, fs_.info(row.path).ok()};
      TRY(reader.for_each_file(row.id, [&](const store::FileState&) -> Status {
        ++info.files;
        return {};
      }));
      infos.push_back(std::move(info));
    }
    return infos;
  }

  static Status fill_lists(store::Reader& reader, const StatusRequest& request,
                           StatusReport& report) {
    const auto path_of = [&](std::int64_t id, const std::vector<store::SourceRow>& rows) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const store::SourceRow& source) {
        return source.id == id;
      });
      return row == rows.end() ? std::string() : row->path;
    };
    TRY_ASSIGN(const std::vector<store::SourceRow> rows, reader.sources());
    if (request.list_skipped) {
      TRY(reader.for_each_skipped([&](const store::SkippedRow& row) -> Status {
        report.skipped_list.push_back(
            {path_of(row.source_id, rows), row.path, row.reason, row.detail});
        return {};
      }));
    }
    if (request.list_quarantine) {
      TRY_ASSIGN(const std::vector<store::QuarantineRow> quarantine, reader.quarantine());
      for (const store::QuarantineRow& row : quarantine) {
        report.quarantine_list.push_back(
            {path_of(row.source_id, rows), row.path, row.reason, row.at_ms});
      }
    }
    return {};
  }

  [[nodiscard]] std::uint64_t truth_bytes() const {
    std::uint64_t bytes = 0;
    for (const char* name : {"library.db", "library.db-wal"}) {
      const auto info = fs_.info(io::join_path(options_.location.directory, name));
      bytes += info.ok() ? info->size_bytes : 0;
    }
    return bytes;
  }

  /// Set-aside files may hold what is to be forgotten; they are derived or backed-up bytes.
  Status remove_set_aside(ForgetReport& report) const {
    return remove_tree(fs_, io::join_path(options_.location.directory, "damaged"), report.retained);
  }

  static Status remove_tree(io::FileSystem& fs, const std::string& path,
                            std::vector<std::string>& retained) {
    const auto entries = fs.list(path);
    if (!entries.ok()) {
      return entries.error().code == Code::NotFound ? Status{} : Status(entries.error());
    }
    for (const io::DirectoryEntry& entry : *entries) {
      const std::string child = io::join_path(path, entry.name);
      if (entry.type == io::FileType::Directory) {
        TRY(remove_tree(fs, child, retained));
      } else if (!fs.remove_file(child).ok()) {
        retained.push_back(child);
      }
    }
    static_cast<void>(fs.remove_directory(path));  // stays when something in it was retained
    return {};
  }

  const LibraryOptions options_;
  const Limits limits_;
  io::FileSystem& fs_;
  std::unique_ptr<store::Store> store_;
  TreeWatch tree_watch_;
  Segments segments_;
  Histories histories_;
  std::mutex mutex_;  // guards the pools' making
  Hands foreground_;  // of what somebody waits for: the refresh before a search, forgetting
  Hands background_;  // of index(): started by its thread, they give way as it does
};

}  // namespace

namespace {

Status make_folders(io::FileSystem& fs, const std::string& path) {
  const auto info = fs.info(path);
  if (info.ok() || info.error().code != Code::NotFound || path.empty()) {
    return {};  // when it is no folder, making the next one says so
  }
  TRY(make_folders(fs, io::parent_path(path)));
  const Status made = fs.make_directory(path, 0700);
  return made.ok() || fs.info(path).ok() ? Status{} : made;
}

}  // namespace

Result<std::unique_ptr<Library>> Library::create(const LibraryOptions& options) {
  io::FileSystem& fs = file_system(options);
  const std::string& directory = options.location.directory;
  TRY(make_folders(fs, directory));
  {
    TRY_ASSIGN(const io::Lease lease, io::Lease::acquire(io::join_path(directory, "lock")));
    TRY(write_ignore_file(fs, directory));
    TRY(record_root(options.location));
    TRY_ASSIGN(const std::unique_ptr<store::Store> store,
               store::Store::create(store_options(options, store::Access::Write)));
    TRY(add_first_source(*store, options.location.root));
    TRY(store->checkpoint());
  }
  TRY(record_root(options.location));
  return open(options);
}

Result<std::unique_ptr<Library>> Library::open(const LibraryOptions& options) {
  TRY_ASSIGN(std::unique_ptr<store::Store> store,
             store::Store::open(store_options(options, store::Access::Read)));
  return std::unique_ptr<Library>(std::make_unique<LibraryImpl>(options, std::move(store)));
}

}  // namespace sonde::library
