#include "embed/local_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "embed/prepared_file.h"

namespace sonde::embed {

namespace {

/// Queries that run at the same moment are few; more of them make scratch of their own.
constexpr std::size_t kQueryScratches = 4;
constexpr std::chrono::milliseconds kCancelPoll{20};

Result<LoadedModel> load_files(io::FileSystem& fs, const std::string& folder,
                               const BertConfig& config, const Arithmetic& arithmetic) {
  LoadedModel loaded;
  TRY_ASSIGN(loaded.words, text::WordPiece::from_files(fs, folder));
  TRY_ASSIGN(loaded.model, BertModel::load(fs, folder, config, arithmetic));
  return loaded;
}

/// Errors: InvalidArgument, Unsupported, when the tokenizer does not serve the model.
Status check_tokenizer(const text::WordPiece& words, const std::string& folder,
                       const BertConfig& config, std::uint32_t max_tokens) {
  if (words.vocabulary_size() > config.vocabulary) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: the tokenizer has ids up to {}, the model only {} rows; they do "
                             "not belong together",
                             folder, words.vocabulary_size() - 1, config.vocabulary)};
  }
  if (words.special_tokens() == 0 || words.special_tokens() >= max_tokens) {
    return Error{Code::Unsupported,
                 fmt::format("{}: {} special tokens around a text of at most {} tokens", folder,
                             words.special_tokens(), max_tokens)};
  }
  return {};
}

}  // namespace

std::unique_ptr<BertScratch> ScratchPool::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    return std::make_unique<BertScratch>();
  }
  auto scratch = std::move(free_.back());
  free_.pop_back();
  return scratch;
}

void ScratchPool::give_back(std::unique_ptr<BertScratch> scratch) {
  const std::lock_guard lock(mutex_);
  if (free_.size() < kept_) {
    free_.push_back(std::move(scratch));
  }
}

std::size_t ScratchPool::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& scratch : free_) {
    bytes += scratch->bytes();
  }
  return bytes;
}

Status Lanes::enter(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  while (free_ == 0) {
    room_.wait_for(lock, kCancelPoll);
    TRY(cancel.check());
  }
  --free_;
  return {};
}

void Lanes::leave() {
  {
    const std::lock_guard lock(mutex_);
    ++free_;
  }
  room_.notify_one();
}

/// Each text once, as tokens.
struct LocalEncoder::Documents {
  std::vector<std::uint32_t> ids;                  // all tokens, text after text
  std::vector<std::size_t> begins;                 // [unique + 1] into ids
  std::vector<std::vector<std::uint32_t>> places;  // [unique] the rows of `out` that it fills

  [[nodiscard]] std::size_t length(std::size_t unique) const {
    return begins[unique + 1] - begins[unique];
  }
};

/// Unique texts that go through the model together.
struct LocalEncoder::Batch {
  std::vector<std::uint32_t> uniques;
};

LocalEncoder::LocalEncoder(ModelId id, std::shared_ptr<const BertModel> model,
                           std::shared_ptr<const text::WordPiece> words, ThreadPool& pool,
                           const LocalEncoderOptions& options)
    : id_(std::move(id)),
      model_(std::move(model)),
      words_(std::move(words)),
      pool_(pool),
      batch_tokens_(std::max(options.batch_tokens, 1U)),
      lanes_(pool.size() + 1),
      document_scratch_(pool.size() + 1),
      query_scratch_(kQueryScratches) {}

Result<std::unique_ptr<LocalEncoder>> LocalEncoder::open(io::FileSystem& fs,
                                                         const std::string& folder,
                                                         ThreadPool& pool,
                                                         const LocalEncoderOptions& options) {
  TRY_ASSIGN(const BertConfig config, read_bert_config(fs, folder));
  const std::uint32_t max_tokens = options.max_tokens == 0 ? config.max_tokens : options.max_tokens;
  if (max_tokens > config.positions) {
    return Error{Code::InvalidArgument, fmt::format("{}: the model has {} positions, {} are wanted",
                                                    folder, config.positions, max_tokens)};
  }
  TRY_ASSIGN(ModelId id, identify(fs, folder, config, max_tokens));
  id.precision = name_of(options.precision);
  const Arithmetic arithmetic = Arithmetic::of(options.precision, options.set);
  const PreparedFile prepared(fs, folder, config, id.weights, arithmetic);
  auto loaded = prepared.read();
  const bool was_prepared = loaded.ok();
  if (!was_prepared) {
    loaded = load_files(fs, folder, config, arithmetic);
  }
  if (!loaded.ok()) {
    return std::move(loaded).error();
  }
  TRY(check_tokenizer(*loaded->words, folder, config, max_tokens));
  // Had a file been replaced meanwhile, its vectors would go under the other's name.
  TRY_ASSIGN(const ModelId now, identify(fs, folder, config, max_tokens));
  if (now.weights != id.weights) {
    return Error{Code::Busy, folder + " was changed while it was loaded; try again"};
  }
  if (!was_prepared) {
    // A folder that may only be read, or a full disk: every start is as slow as this one.
    static_cast<void>(prepared.write(*loaded));
  }
  return std::unique_ptr<LocalEncoder>(new LocalEncoder(std::move(id), std::move(loaded->model),
                                                        std::move(loaded->words), pool, options));
}

Result<std::vector<float>> LocalEncoder::embed_query(std::string_view text,
                                                     const CancelToken& cancel) {
  std::vector<std::uint32_t> ids;
  words_->encode(text, id_.max_tokens, ids);
  const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(ids.size())};
  std::vector<float> out(id_.dimensions);
  auto scratch = query_scratch_.take();
  const Status status = model_->embed(ids, offsets, out, *scratch, cancel);
  query_scratch_.give_back(std::move(scratch));
  TRY(status);
  queries_.fetch_add(1, std::memory_order_relaxed);
  tokens_.fetch_add(ids.size(), std::memory_order_relaxed);
  return out;
}

LocalEncoder::Documents LocalEncoder::gather(std::span<const std::string_view> texts) const {
  Documents documents;
  documents.begins.push_back(0);
  std::unordered_map<std::string_view, std::uint32_t> seen;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto next = static_cast<std::uint32_t>(documents.places.size());
    const auto [found, is_new] = seen.try_emplace(texts[i], next);
    if (is_new) {
      words_->encode(texts[i], id_.max_tokens, documents.ids);
      documents.begins.push_back(documents.ids.size());
      documents.places.emplace_back();
    }
    documents.places[found->second].push_back(static_cast<std::uint32_t>(i));
  }
  return documents;
}

std::vector<LocalEncoder::Batch> LocalEncoder::cut(const Documents& documents) const {
  std::vector<std::uint32_t> order(documents.places.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  // The longest first, so that the lanes end together.
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return documents.length(a) > documents.length(b);
  });
  std::vector<Batch> batches;
  std::size_t tokens = 0;
  for (const std::uint32_t unique : order) {
    if (batches.empty() || tokens + documents.length(unique) > batch_tokens_) {
      batches.emplace_back();
      tokens = 0;
    }
    batches.back().uniques.push_back(unique);
    tokens += documents.length(unique);
  }
  return batches;
}

Status LocalEncoder::run(const Documents& documents, const Batch& batch, std::span<float> out,
                         const CancelToken& cancel) {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> offsets = {0};
  for (const std::uint32_t unique : batch.uniques) {
    const auto begin =
        documents.ids.begin() + static_cast<std::ptrdiff_t>(documents.begins[unique]);
    ids.insert(ids.end(), begin, begin + static_cast<std::ptrdiff_t>(documents.length(unique)));
    offsets.push_back(static_cast<std::uint32_t>(ids.size()));
  }
  const std::size_t width = id_.dimensions;
  std::vector<float> rows(batch.uniques.size() * width);
  TRY(lanes_.enter(cancel));
  auto scratch = document_scratch_.take();
  const Status status = model_->embed(ids, offsets, rows, *scratch, cancel);
  document_scratch_.give_back(std::move(scratch));
  lanes_.leave();
  TRY(status);
  for (std::size_t i = 0; i < batch.uniques.size(); ++i) {
    for (const std::uint32_t place : documents.places[batch.uniques[i]]) {
      std::copy_n(&rows[i * width], width, &out[place * width]);
    }
  }
  texts_.fetch_add(batch.uniques.size(), std::memory_order_relaxed);
  tokens_.fetch_add(ids.size(), std::memory_order_relaxed);
  return {};
}

Status LocalEncoder::embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                                     const CancelToken& cancel) {
  if (out.size() != texts.size() * id_.dimensions || texts.size() > UINT32_MAX) {
    return Error{Code::InvalidArgument, fmt::format("{} texts do not fit {} numbers of {} each",
                                                    texts.size(), out.size(), id_.dimensions)};
  }
  TRY(cancel.check());
  const Documents documents = gather(texts);
  const std::vector<Batch> batches = cut(documents);
  std::mutex mutex;
  Status first;  // the first error, guarded by mutex
  std::atomic<bool> failed = false;
  pool_.for_each(batches.size(), [&](std::size_t index) {
    if (failed.load(std::memory_order_relaxed)) {
      return;
    }
    const Status status = run(documents, batches[index], out, cancel);
    if (!status.ok() && !failed.exchange(true)) {
      const std::lock_guard lock(mutex);
      first = status;
    }
  });
  return first;
}

std::size_t LocalEncoder::count_tokens(std::string_view text) const { return words_->count(text); }

EncoderCounters LocalEncoder::counters() const {
  EncoderCounters counters;
  counters.texts = texts_.load(std::memory_order_relaxed);
  counters.tokens = tokens_.load(std::memory_order_relaxed);
  counters.queries = queries_.load(std::memory_order_relaxed);
  return counters;
}

std::size_t LocalEncoder::bytes() const {
  return model_->weight_bytes() + document_scratch_.bytes() + query_scratch_.bytes();
}

}  // namespace sonde::embed
