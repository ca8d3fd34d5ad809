#pragma once
// A BERT model of a folder as an Encoder: tokens, batches, threads.
//
//   ThreadPool pool(2, "embed");
//   TRY_ASSIGN(auto encoder, LocalEncoder::open(fs, "models/all-MiniLM-L6-v2", pool, {}));
//   TRY_ASSIGN(auto vector, encoder->embed_query("how are locks taken", cancel));

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "embed/bert.h"
#include "embed/encoder.h"
#include "embed/model_id.h"
#include "io/file_system.h"
#include "text/wordpiece.h"

namespace sonde::embed {

/// Scratch for one call at a time each. Threads: safe.
class ScratchPool {
 public:
  /// @param kept  scratches that are kept for the next call
  explicit ScratchPool(std::size_t kept) : kept_(kept) {}

  /// One of those that are kept, or a new one; never waits.
  std::unique_ptr<BertScratch> take();
  void give_back(std::unique_ptr<BertScratch> scratch);
  [[nodiscard]] std::size_t bytes() const;

 private:
  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<BertScratch>> free_;
};

/// Lets a bounded number in. Threads: safe.
class Lanes {
 public:
  explicit Lanes(std::size_t count) : count_(count), free_(count) {}
  /// Waits for a lane. Errors: Cancelled.
  Status enter(const CancelToken& cancel);
  void leave();
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t free_;
};

struct LocalEncoderOptions {
  std::uint32_t max_tokens = 0;  // where texts are cut; 0: where the model's files say
  /// Of documents that go through the model together. 512, 1024 and 2048 are equally fast (within
  /// 2 %); the least of them waits least for a cancellation and takes 3.6 MB of scratch a lane.
  std::uint32_t batch_tokens = 512;
  Precision precision = Precision::F32;
  kernel::InstructionSet set = kernel::best_instruction_set();
};

/// Documents go through as many lanes as `pool` has threads and one for a caller, one thread and
/// one batch each, however many call; a query runs at once on its caller's thread.
class LocalEncoder final : public Encoder {
 public:
  /// Loads the model of `folder`: from its PreparedFile, or else from the model's files, which
  /// writes one for the next time where the folder lets us. `pool` outlives the encoder.
  /// Errors: those of read_bert_config, BertModel and WordPiece; InvalidArgument (a tokenizer of a
  /// larger vocabulary than the model has, max_tokens over its positions); Busy (the files were
  /// replaced meanwhile).
  static Result<std::unique_ptr<LocalEncoder>> open(io::FileSystem& fs, const std::string& folder,
                                                    ThreadPool& pool,
                                                    const LocalEncoderOptions& options);

  [[nodiscard]] const ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view text, const CancelToken& cancel) override;
  /// Not to be called from a task of the pool.
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken& cancel) override;
  [[nodiscard]] std::size_t count_tokens(std::string_view text) const override;
  [[nodiscard]] EncoderCounters counters() const override;

  /// Batches of documents that are computed at the same time, at most.
  [[nodiscard]] std::size_t lanes() const { return lanes_.count(); }
  /// Bytes of weights and of scratch that is kept.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Documents;
  struct Batch;

  LocalEncoder(ModelId id, std::shared_ptr<const BertModel> model,
               std::shared_ptr<const text::WordPiece> words, ThreadPool& pool,
               const LocalEncoderOptions& options);
  [[nodiscard]] Documents gather(std::span<const std::string_view> texts) const;
  [[nodiscard]] std::vector<Batch> cut(const Documents& documents) const;
  Status run(const Documents& documents, const Batch& batch, std::span<float> out,
             const CancelToken& cancel);

  const ModelId id_;
  const std::shared_ptr<const BertModel> model_;
  const std::shared_ptr<const text::WordPiece> words_;
  ThreadPool& pool_;
  const std::uint32_t batch_tokens_;
  Lanes lanes_;
  ScratchPool document_scratch_;
  ScratchPool query_scratch_;
  std::atomic<std::uint64_t> texts_ = 0;
  std::atomic<std::uint64_t> tokens_ = 0;
  std::atomic<std::uint64_t> queries_ = 0;
};

}  // namespace sonde::embed
