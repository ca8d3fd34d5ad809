#include "library/vector_bench.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>

#include "base/thread_pool.h"
#include "index/nearest.h"
#include "io/lease.h"
#include "io/own_process.h"
#include "library/vector_files.h"

namespace sonde::library {

namespace {

constexpr std::string_view kModelKey = "vectors of a benchmark";
constexpr std::size_t kRowsPerTransaction = 65'536;
constexpr std::size_t kInserted = 50;
constexpr double kSecondsEach = 6;  // of one point
constexpr double kGoodRecall = 0.99;
constexpr std::uint64_t kFileLimit = 64ULL << 30;
constexpr double kMega = 1e6;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename T>
Result<std::vector<T>> read_values(const std::string& path) {
  TRY_ASSIGN(const auto file, io::real_file_system().open_read(path));
  TRY_ASSIGN(const io::FileInfo info, file->info());
  if (info.size_bytes > kFileLimit || info.size_bytes % sizeof(T) != 0) {
    return Error{Code::InvalidArgument, path + " has no whole number of values"};
  }
  std::vector<T> values(info.size_bytes / sizeof(T));
  char* to = reinterpret_cast<char*>(values.data());
  for (std::uint64_t done = 0; done < info.size_bytes;) {
    constexpr std::uint64_t kStep = 64ULL << 20;
    const std::uint64_t step = std::min(kStep, info.size_bytes - done);
    TRY_ASSIGN(const std::size_t got, file->read_at(done, to + done, step));
    if (got == 0) {
      return Error{Code::Io, path + " became shorter while it was read"};
    }
    done += got;
  }
  return values;
}

/// Names a row: its number, mixed, so that names are spread as hashes are, and once more.
ContentHash name_of(std::uint64_t row) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = (row + 1) * kOdd;
  mixed = (mixed ^ (mixed >> 32)) * kOdd;
  mixed ^= mixed >> 29;
  ContentHash name;
  std::memcpy(name.bytes.data(), &mixed, sizeof mixed);
  std::memcpy(name.bytes.data() + sizeof mixed, &row, sizeof row);
  return name;
}

std::uint64_t row_of(const ContentHash& name) {
  std::uint64_t row = 0;
  std::memcpy(&row, name.bytes.data() + sizeof row, sizeof row);
  return row;
}

bool is_deleted(std::uint8_t tag) { return tag >= 40 && tag <= 69; }

Result<std::uint64_t> bytes_in(const std::string& directory) {
  io::FileSystem& fs = io::real_file_system();
  std::uint64_t bytes = 0;
  for (const std::string& folder : {directory, io::join_path(directory, "vectors")}) {
    TRY_ASSIGN(const std::vector<io::DirectoryEntry> entries, fs.list(folder));
    for (const io::DirectoryEntry& entry : entries) {
      if (entry.name != "vectors") {
        TRY_ASSIGN(const io::FileInfo info, fs.info(io::join_path(folder, entry.name)));
        bytes += info.size_bytes;
      }
    }
  }
  return bytes;
}

store::StoreOptions store_options(const VectorBench& bench, store::Access access) {
  store::StoreOptions options;
  options.directory = bench.directory;
  options.access = access;
  return options;
}

Result<store::ModelRow> model_in(store::Reader& reader) {
  TRY_ASSIGN(std::vector<store::ModelRow> models, reader.models());
  if (models.size() != 1) {
    return Error{Code::NotFound, "there are no vectors of a benchmark"};
  }
  return std::move(models.front());
}

/// The library, open for searching.
class Searcher {
 public:
  static Result<Searcher> open(const VectorBench& bench) {
    Searcher searcher(bench);
    TRY_ASSIGN(searcher.store_, store::Store::open(store_options(bench, store::Access::Read)));
    searcher.files_ = std::make_unique<VectorFiles>(io::real_file_system(), bench.directory,
                                                    index::VectorSet::kNoLimit);
    TRY_ASSIGN(const auto snapshot, searcher.store_->snapshot());
    TRY_ASSIGN(const store::ModelRow model, model_in(*snapshot));
    TRY_ASSIGN(searcher.view_, searcher.files_->load(*snapshot, model));
    return searcher;
  }

  /// A bit for each vector whose row passes. @param pass  of a row's number
  void filter_by(const std::function<bool(std::uint64_t)>& pass) {
    filters_.clear();
    counts_.clear();
    for (const auto& set : view_.sets) {
      index::PlaceFilter& filter = filters_.emplace_back(set->size());
      for (std::uint32_t place = 0; place < set->size(); ++place) {
        if (pass(row_of(set->hash_at(place)))) {
          filter.allow(place);
        }
      }
      counts_.push_back(filter.count(0, static_cast<std::uint32_t>(set->size())));
    }
  }

  /// Rows, the nearest first.
  Result<std::vector<std::uint64_t>> search(std::span<const float> vector, std::size_t effort) {
    TRY_ASSIGN(index::VectorQuery coded, index::encode_query(vector));
    const index::NearestQuery query(std::move(coded));
    std::vector<std::pair<float, ContentHash>> best;
    for (std::size_t i = 0; i < view_.sets.size(); ++i) {
      index::NearestOptions options;
      options.count = bench_.count;
      options.effort = effort;
      if (!filters_.empty()) {
        options.allowed = &filters_[i];
        options.allowed_count = counts_[i];
      }
      index::NearestCost cost;
      TRY_ASSIGN(const std::vector<index::Near> found,
                 index::nearest(*view_.sets[i], query, options, cost, {}));
      for (const index::Near& near : found) {
        best.emplace_back(-near.similarity, view_.sets[i]->hash_at(near.place));
      }
    }
    if (view_.sets.size() > 1) {
      std::sort(best.begin(), best.end());
      best.resize(std::min(best.size(), bench_.count));
    }
    std::vector<std::uint64_t> rows;
    rows.reserve(best.size());
    for (const auto& [negative, name] : best) {
      rows.push_back(row_of(name));
    }
    return rows;
  }

 private:
  explicit Searcher(const VectorBench& bench) : bench_(bench) {}

  VectorBench bench_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<VectorFiles> files_;
  VectorView view_;
  std::vector<index::PlaceFilter> filters_;
  std::vector<std::size_t> counts_;
};

/// Queries with the rows that are to be found.
struct Asked {
  std::vector<float> queries;
  std::vector<std::int32_t> truth;
  std::size_t count = 0;
  std::size_t truth_width = 0;
};

Result<Asked> read_asked(const VectorBench& bench, const std::string& truth) {
  Asked asked;
  TRY_ASSIGN(asked.queries, read_values<float>(bench.queries));
  TRY_ASSIGN(asked.truth, read_values<std::int32_t>(truth));
  asked.count = asked.queries.size() / bench.dimensions;
  if (asked.count == 0 || asked.queries.size() % bench.dimensions != 0 ||
      asked.truth.size() % asked.count != 0 || asked.truth.size() / asked.count < bench.count) {
    return Error{Code::InvalidArgument, bench.queries + " and " + truth + " do not go together"};
  }
  asked.truth_width = asked.truth.size() / asked.count;
  return asked;
}

std::size_t hits_among(const std::vector<std::uint64_t>& found, const std::int32_t* truth,
                       std::size_t count) {
  return static_cast<std::size_t>(std::count_if(found.begin(), found.end(), [&](std::uint64_t row) {
    return std::find(truth, truth + count, static_cast<std::int32_t>(row)) != truth + count;
  }));
}

Result<SearchPoint> measure(Searcher& searcher, const VectorBench& bench, const Asked& asked,
                            std::size_t effort) {
  std::vector<double> times;
  std::size_t hits = 0;
  const auto ask = [&](std::size_t i) {
    return searcher.search(std::span(asked.queries).subspan(i * bench.dimensions, bench.dimensions),
                           effort);
  };
  constexpr std::size_t kWarm = 100;
  for (std::size_t i = 0; i < std::min(kWarm, asked.count); ++i) {
    TRY_ASSIGN(const auto warmed, ask(i));
    static_cast<void>(warmed);
  }
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < asked.count && seconds_since(start) < kSecondsEach; ++i) {
    const Clock::time_point before = Clock::now();
    TRY_ASSIGN(const std::vector<std::uint64_t> found, ask(i));
    times.push_back(seconds_since(before));
    hits += hits_among(found, asked.truth.data() + i * asked.truth_width, bench.count);
  }
  SearchPoint point;
  point.effort = effort;
  point.queries = times.size();
  point.recall = static_cast<double>(hits) / static_cast<double>(times.size() * bench.count);
  double sum = 0;
  for (const double time : times) {
    sum += time;
  }
  point.queries_per_second = static_cast<double>(times.size()) / sum;
  std::sort(times.begin(), times.end());
  constexpr double kMicro = 1e6;
  point.p50_us = times[times.size() / 2] * kMicro;
  point.p99_us = times[times.size() * 99 / 100] * kMicro;
  return point;
}

Result<std::optional<SearchPoint>> measure_filtered(Searcher& searcher, const VectorBench& bench,
                                                    const std::string& truth,
                                                    const std::vector<std::uint8_t>& tags,
                                                    const std::vector<std::size_t>& efforts,
                                                    const std::function<bool(std::uint8_t)>& pass) {
  if (truth.empty()) {
    return std::optional<SearchPoint>();
  }
  TRY_ASSIGN(const Asked asked, read_asked(bench, truth));
  searcher.filter_by([&](std::uint64_t row) { return row < tags.size() && pass(tags[row]); });
  std::optional<SearchPoint> best;
  for (const std::size_t effort : efforts) {
    TRY_ASSIGN(best, measure(searcher, bench, asked, effort));
    if (best->recall >= kGoodRecall) {
      break;
    }
  }
  return best;
}

/// The library, open for writing.
struct Writing {
  io::Lease lease;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<VectorFiles> files;
};

Result<Writing> open_writing(const VectorBench& bench, bool create) {
  TRY_ASSIGN(io::Lease lease, io::Lease::acquire(io::join_path(bench.directory, "lock")));
  const store::StoreOptions options = store_options(bench, store::Access::Write);
  TRY_ASSIGN(auto opened, create ? store::Store::create(options) : store::Store::open(options));
  auto files = std::make_unique<VectorFiles>(io::real_file_system(), bench.directory,
                                             index::VectorSet::kNoLimit);
  return Writing{std::move(lease), std::move(opened), std::move(files)};
}

/// Every row coded, in the order of their names: the order in which the truth is fastest.
std::vector<store::VectorRow> code_rows(const std::vector<float>& data, std::uint32_t dimensions,
                                        ThreadPool& pool) {
  const std::size_t count = data.size() / dimensions;
  std::vector<store::VectorRow> rows(count);
  constexpr std::size_t kPerTask = 1'024;
  pool.for_each((count + kPerTask - 1) / kPerTask, [&](std::size_t task) {
    for (std::size_t i = task * kPerTask; i < std::min(count, (task + 1) * kPerTask); ++i) {
      const auto code = index::encode_vector(std::span(data).subspan(i * dimensions, dimensions));
      if (code.ok()) {
        rows[i] = {name_of(i), index::pack_code(*code)};
      }
    }
  });
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  return rows;
}

/// One file of all rows of the model, listed in the transaction.
Status write_file(Writing& writing, store::Transaction& transaction, const store::ModelRow& model,
                  const std::vector<std::shared_ptr<const index::VectorSet>>& sets,
                  const std::function<bool(const ContentHash&)>& keep, std::int64_t last_id,
                  ThreadPool& pool) {
  TRY_ASSIGN(const std::uint64_t generation, transaction.generation());
  TRY_ASSIGN(const store::VectorFileRow row,
             writing.files->write(generation, model, sets, keep, last_id, &pool));
  TRY_ASSIGN(const std::int64_t id, transaction.add_vector_file(row));
  static_cast<void>(id);
  return {};
}

Status build(const VectorBench& bench, const std::vector<float>& data) {
  ThreadPool pool(bench.threads, "bench");
  TRY_ASSIGN(Writing writing, open_writing(bench, true));
  const std::vector<store::VectorRow> rows = code_rows(data, bench.dimensions, pool);
  store::ModelRow model;
  for (std::size_t at = 0; at < rows.size(); at += kRowsPerTransaction) {
    TRY_ASSIGN(const auto transaction, writing.store->begin());
    if (at == 0) {
      TRY_ASSIGN(model, transaction->add_model(kModelKey, bench.dimensions));
    }
    const std::size_t count = std::min(kRowsPerTransaction, rows.size() - at);
    TRY_ASSIGN(const std::uint64_t added,
               transaction->add_vectors(model.id, std::span(rows).subspan(at, count)));
    if (added != count) {
      return Error{Code::InvalidArgument, bench.data + " holds a value that is no number"};
    }
    TRY(transaction->commit());
  }
  TRY_ASSIGN(const auto transaction, writing.store->begin());
  TRY_ASSIGN(const std::uint64_t generation, transaction->generation());
  model.vectors = rows.size();
  TRY_ASSIGN(const store::VectorFileRow file,
             writing.files->write_all(*transaction, generation, model, &pool));
  TRY_ASSIGN(const std::int64_t id, transaction->add_vector_file(file));
  static_cast<void>(id);
  TRY(transaction->commit());
  return writing.store->checkpoint();
}

/// Gives the space of what was removed back.
Status compact(const VectorBench& bench, DeleteFigures& figures) {
  constexpr int kTimeoutMs = 10'000;
  const Clock::time_point start = Clock::now();
  {
    TRY_ASSIGN(const Writing writing, open_writing(bench, false));
    TRY_ASSIGN(const bool purged, writing.store->purge({}, kTimeoutMs));
    if (!purged) {
      return Error{Code::Busy, "somebody reads the library of the benchmark"};
    }
  }
  figures.compact_seconds = seconds_since(start);
  TRY_ASSIGN(figures.disk_compacted, bytes_in(bench.directory));
  return {};
}

}  // namespace

Result<BuildFigures> bench_build(const VectorBench& bench) {
  TRY_ASSIGN(const std::vector<float> data, read_values<float>(bench.data));
  if (data.empty() || data.size() % bench.dimensions != 0) {
    return Error{Code::InvalidArgument, bench.data + " holds no whole number of vectors"};
  }
  io::FileSystem& fs = io::real_file_system();
  if (!fs.info(bench.directory).ok()) {
    TRY(fs.make_directory(bench.directory));
  }
  const Clock::time_point start = Clock::now();
  TRY(build(bench, data));
  BuildFigures figures;
  figures.seconds = seconds_since(start);
  TRY_ASSIGN(const io::ResidentMemory memory, io::resident_memory());
  figures.peak_rss_mb = static_cast<double>(memory.peak_bytes) / kMega;
  figures.rows = data.size() / bench.dimensions;
  TRY_ASSIGN(figures.disk_bytes, bytes_in(bench.directory));
  return figures;
}

Result<OpenFigures> bench_open(const VectorBench& bench) {
  TRY(io::stay_on_one_processor());
  TRY_ASSIGN(const Asked asked, read_asked(bench, bench.truth));
  TRY_ASSIGN(const io::ResidentMemory before, io::resident_memory());
  const Clock::time_point start = Clock::now();
  TRY_ASSIGN(Searcher searcher, Searcher::open(bench));
  const auto ask = [&](std::size_t i) {
    return searcher.search(
        std::span(asked.queries).subspan(i % asked.count * bench.dimensions, bench.dimensions),
        bench.effort);
  };
  TRY_ASSIGN(const auto first, ask(0));
  static_cast<void>(first);
  OpenFigures figures;
  constexpr double kMilli = 1e3;
  figures.ms = seconds_since(start) * kMilli;
  for (std::size_t i = 0; seconds_since(start) < 1; ++i) {
    TRY_ASSIGN(const auto found, ask(i));
    static_cast<void>(found);
  }
  TRY_ASSIGN(const io::ResidentMemory after, io::resident_memory());
  figures.rss_mb = static_cast<double>(after.now_bytes) / kMega;
  figures.rss_over_start_mb =
      (static_cast<double>(after.now_bytes) - static_cast<double>(before.now_bytes)) / kMega;
  return figures;
}

Result<SweepFigures> bench_sweep(const VectorBench& bench,
                                 const std::vector<std::size_t>& efforts) {
  TRY(io::stay_on_one_processor());
  TRY_ASSIGN(const Asked asked, read_asked(bench, bench.truth));
  TRY_ASSIGN(Searcher searcher, Searcher::open(bench));
  SweepFigures figures;
  for (const std::size_t effort : efforts) {
    TRY_ASSIGN(const SearchPoint point, measure(searcher, bench, asked, effort));
    figures.points.push_back(point);
  }
  if (bench.tags.empty()) {
    return figures;
  }
  TRY_ASSIGN(const std::vector<std::uint8_t> tags, read_values<std::uint8_t>(bench.tags));
  TRY_ASSIGN(figures.filter_f10, measure_filtered(searcher, bench, bench.truth_f10, tags, efforts,
                                                  [](std::uint8_t tag) { return tag < 10; }));
  TRY_ASSIGN(figures.filter_f01, measure_filtered(searcher, bench, bench.truth_f01, tags, efforts,
                                                  [](std::uint8_t tag) { return tag == 7; }));
  TRY_ASSIGN(figures.deleted_as_filter,
             measure_filtered(searcher, bench, bench.truth_del30, tags, efforts,
                              [](std::uint8_t tag) { return !is_deleted(tag); }));
  return figures;
}

Result<InsertFigures> bench_insert(const VectorBench& bench) {
  TRY_ASSIGN(const std::vector<float> queries, read_values<float>(bench.queries));
  TRY_ASSIGN(Writing writing, open_writing(bench, false));
  std::vector<double> times;
  for (std::size_t i = 0; i < std::min(kInserted, queries.size() / bench.dimensions); ++i) {
    const Clock::time_point start = Clock::now();
    TRY_ASSIGN(const auto transaction, writing.store->begin());
    TRY_ASSIGN(const store::ModelRow model, model_in(*transaction));
    TRY_ASSIGN(const index::VectorCode code, index::encode_vector(std::span(queries).subspan(
                                                 i * bench.dimensions, bench.dimensions)));
    const store::VectorRow row{name_of(model.vectors), index::pack_code(code)};
    TRY_ASSIGN(const std::uint64_t added, transaction->add_vectors(model.id, {&row, 1}));
    static_cast<void>(added);
    TRY(transaction->commit());
    times.push_back(seconds_since(start));
  }
  InsertFigures figures;
  figures.records = times.size();
  if (!times.empty()) {
    constexpr double kMilli = 1e3;
    std::sort(times.begin(), times.end());
    figures.p50_ms = times[times.size() / 2] * kMilli;
    figures.max_ms = times.back() * kMilli;
  }
  return figures;
}

Result<DeleteFigures> bench_delete(const VectorBench& bench) {
  TRY_ASSIGN(const std::vector<std::uint8_t> tags, read_values<std::uint8_t>(bench.tags));
  DeleteFigures figures;
  TRY_ASSIGN(figures.disk_before, bytes_in(bench.directory));
  const Clock::time_point start = Clock::now();
  {
    ThreadPool pool(bench.threads, "bench");
    TRY_ASSIGN(Writing writing, open_writing(bench, false));
    std::vector<ContentHash> gone;
    for (std::size_t row = 0; row < tags.size(); ++row) {
      if (is_deleted(tags[row])) {
        gone.push_back(name_of(row));
      }
    }
    std::sort(gone.begin(), gone.end());
    TRY_ASSIGN(const auto transaction, writing.store->begin());
    TRY_ASSIGN(const store::ModelRow model, model_in(*transaction));
    TRY_ASSIGN(const VectorView view, writing.files->load(*transaction, model));
    TRY_ASSIGN(figures.rows, transaction->remove_vectors(model.id, gone));
    for (const store::VectorFileRow& file : view.files) {
      TRY(transaction->remove_vector_file(file.id));
    }
    const auto stays = [&](const ContentHash& name) {
      const std::uint64_t row = row_of(name);
      return row >= tags.size() || !is_deleted(tags[row]);
    };
    TRY(write_file(writing, *transaction, model, view.sets, stays, view.last_id, pool));
    TRY(transaction->commit());
    TRY_ASSIGN(const auto snapshot, writing.store->snapshot());
    TRY(writing.files->remove_unlisted(*snapshot));
    TRY(writing.store->checkpoint());
  }
  figures.seconds = seconds_since(start);
  TRY_ASSIGN(figures.disk_after, bytes_in(bench.directory));
  TRY(compact(bench, figures));
  if (!bench.truth_del30.empty()) {
    TRY(io::stay_on_one_processor());
    TRY_ASSIGN(const Asked asked, read_asked(bench, bench.truth_del30));
    TRY_ASSIGN(Searcher searcher, Searcher::open(bench));
    // Rows that were added after the benchmark's own are no answers.
    searcher.filter_by([&](std::uint64_t row) { return row < tags.size(); });
    TRY_ASSIGN(figures.search, measure(searcher, bench, asked, bench.effort));
  }
  return figures;
}

Status drop_from_page_cache(const VectorBench& bench) {
  for (const std::string& folder : {bench.directory, io::join_path(bench.directory, "vectors")}) {
    TRY_ASSIGN(const auto entries, io::real_file_system().list(folder));
    for (const io::DirectoryEntry& entry : entries) {
      if (entry.name != "vectors") {
        TRY(io::drop_cached_pages(io::join_path(folder, entry.name)));
      }
    }
  }
  return {};
}

}  // namespace sonde::library
