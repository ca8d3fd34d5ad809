#pragma once
// The write transaction.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/queries.h"

namespace sonde::store {

/// Threads: owned by one.
class WriteTransaction final : public Reading<Transaction> {
 public:
  /// Called once: after a COMMIT (true), or after a rollback.
  using Ended = std::function<void(bool committed)>;

  /// @param queries  on the writer's connection; outlives the transaction
  /// Errors: Busy, Corruption, Io.
  static Result<std::unique_ptr<WriteTransaction>> begin(Queries& queries, Ended ended);
  ~WriteTransaction() override;

  Result<Counts> counts() override { return counts_; }

  Result<SourceRow> add_source(std::string_view kind, std::string_view path) override;
  Status remove_source(std::int64_t source_id) override;
  Result<PutCounts> put_file(std::int64_t source_id, const FileRecord& file,
                             std::span<const ChunkRecord> chunks) override;
  Status put_structure(std::int64_t file_id, const StructureRow& row) override;
  Status touch_file(std::int64_t file_id, std::int64_t mtime_ns, std::uint64_t inode) override;
  Status move_file(std::int64_t file_id, const FileRecord& file) override;
  Status remove_file(std::int64_t file_id) override;
  Result<std::int64_t> add_segment(const SegmentRow& segment) override;
  Status remove_segment(std::int64_t id) override;
  Result<std::int64_t> add_delta(const DeltaRow& delta) override;
  Status remove_delta(std::int64_t id) override;
  Status add_tombstone(const Tombstone& tombstone) override;
  Status set_walk_skipped(std::int64_t source_id, std::span<const SkippedRow> rows) override;
  Status put_skipped(const SkippedRow& row) override;
  Status remove_skipped(std::int64_t source_id, std::string_view path) override;
  Status put_quarantine(const QuarantineRow& row) override;
  Status remove_quarantine(std::int64_t source_id, std::string_view path) override;
  Status add_forgotten(std::int64_t source_id, std::string_view path) override;
  Status remove_forgotten(std::int64_t source_id, std::string_view path) override;
  Status set_setting(std::string_view key, std::string_view value) override;
  Result<ModelRow> add_model(std::string_view key, std::uint32_t dimensions) override;
  Status remove_model(std::int64_t id) override;
  Result<std::uint64_t> add_vectors(std::int64_t model_id,
                                    std::span<const VectorRow> vectors) override;
  Result<std::uint64_t> take_vectors(std::int64_t model_id,
                                     std::span<const VectorRow> vectors) override;
  Result<std::uint64_t> remove_vectors(std::int64_t model_id,
                                       std::span<const ContentHash> hashes) override;
  Result<std::int64_t> add_vector_file(const VectorFileRow& file) override;
  Status remove_vector_file(std::int64_t id) override;
  Result<std::uint64_t> pack_vectors(std::uint64_t limit) override;
  Result<std::uint64_t> commit() override;

  /// Trains a dictionary from the texts that are there now, codes every text with it, and removes
  /// the old ones. Cost: decompresses and compresses every text.
  /// @param effort  Small: all texts become small; Quick: those that are, stay so
  Status replace_dictionaries(Effort effort, const CancelToken& cancel);
  /// Codes the texts that are not small yet with the dictionary that is there.
  Status make_texts_small(const CancelToken& cancel);

 protected:
  Queries& queries() override { return queries_; }

 private:
  WriteTransaction(Queries& queries, Ended ended);
  Status load();
  /// Refuses work after a failure; remembers a failure that spoils the transaction.
  Status usable() const;
  Status keep(Status status);

  Status check_source(std::int64_t source_id);
  Result<PutCounts> replace_file(std::int64_t source_id, const FileRecord& file,
                                 std::span<const ChunkRecord> chunks);
  Status match_chunks(const PlacedFile& old, std::span<const ChunkRecord> chunks,
                      std::span<const ContentHash> hashes, std::vector<Place>& places,
                      PutCounts& counts);
  Result<std::int64_t> insert_chunk(std::int64_t file_id, const ChunkRecord& chunk,
                                    const ContentHash& hash);
  Status write_file_row(std::int64_t file_id, std::int64_t source_id, const FileRecord& file,
                        std::span<const Place> places, std::uint64_t text_bytes);
  Status delete_file(const PlacedFile& file);
  void count_file(const FileRecord& file, std::uint64_t chunks, std::uint64_t text_bytes, int sign);
  Status forget_walk_digest(std::int64_t source_id);

  Status train_dictionary();
  Status adopt_dictionary(std::string bytes);
  Status recode(std::int64_t chunk_id, Effort effort);
  Result<std::uint64_t> remove_from_block(std::int64_t model_id, std::int64_t block_id,
                                          std::vector<std::uint32_t> gone);
  Status put_block(std::int64_t model_id, std::uint32_t dimensions, std::int64_t block_id,
                   const VectorBlock& block);
  Result<std::uint64_t> pack_oldest(const ModelRow& model);
  Status give_space_back();
  Status write_meta();

  Connection& connection_;
  Queries& queries_;
  Ended ended_;
  bool over_ = false;
  std::optional<Error> failure_;
  std::uint64_t generation_ = 0;
  Counts counts_;
  std::int64_t next_file_id_ = 1;
  std::int64_t dictionary_id_ = 0;  // 0: none yet
  std::shared_ptr<const Dictionary> dictionary_;
  std::optional<DictionaryTrainer> trainer_;  // while there is no dictionary
  std::vector<std::int64_t> untrained_;       // chunks written while there was none
};

/// `text` hashed and compressed with `dictionary` (may be null).
Result<PackedText> pack_text(TextCodec& codec, std::string_view text, const Dictionary* dictionary);

}  // namespace sonde::store
