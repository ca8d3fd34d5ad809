#pragma once
// The reads of a Reader, on one connection; snapshots and transactions forward to it.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/places.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "store/text_codec.h"
#include "store/vector_block.h"

namespace sonde::store {

/// What the connections of one store share. Threads: safe.
struct Shared {
  TextCodec codec;
  std::mutex mutex;  // guards `dictionaries` and `current`
  /// By Dictionary::name(), so that a name never means two contents.
  std::unordered_map<std::uint64_t, std::shared_ptr<const Dictionary>> dictionaries;
  /// What new texts are compressed with; null before there is one.
  std::shared_ptr<const Dictionary> current;
};

/// A chunk's row without its text.
struct ChunkHead {
  std::int64_t id = 0;
  ContentHash hash;
  std::uint8_t kind = 0;
  std::string symbol;
  std::string scope;
  std::string defines;  // packed
};

/// Where the vectors of one model stand that are in blocks.
struct PackedVectors {
  struct Where {
    ContentHash hash;
    std::int64_t block = 0;
    std::uint32_t place = 0;
  };
  std::int64_t model_id = 0;
  std::uint64_t generation = 0;  // that this is true of
  std::vector<Where> all;        // by hash

  [[nodiscard]] const Where* find(const ContentHash& hash) const;
};

/// A file's row with the places of its chunks.
struct PlacedFile {
  FileRow row;
  std::uint64_t text_bytes = 0;
  std::vector<Place> places;
};

/// Threads: those of the connection.
class Queries {
 public:
  Queries(Connection& connection, Shared& shared) : connection_(connection), shared_(shared) {}

  Result<std::uint64_t> generation();
  Result<Counts> counts();
  Result<std::vector<SourceRow>> sources();
  Result<std::vector<SegmentRow>> segments();
  Result<std::vector<DeltaRow>> deltas();
  Result<std::vector<Tombstone>> tombstones();
  Status for_each_file(std::int64_t source_id,
                       const std::function<Status(const FileState&)>& visit);
  Result<std::optional<FileRow>> file(std::int64_t source_id, std::string_view path);
  Result<std::optional<FileRow>> file_with_content(const ContentHash& hash,
                                                   std::string_view language);
  Result<std::vector<ChunkRecord>> chunks(std::int64_t file_id);
  Result<std::optional<ChunkRecord>> chunk(std::int64_t file_id, std::uint32_t ordinal);
  Result<std::optional<StructureRow>> structure(std::int64_t file_id, std::uint32_t version);
  Result<std::vector<std::int64_t>> files_without_structure(std::uint32_t version);
  Status for_each_skipped(const std::function<Status(const SkippedRow&)>& visit);
  Result<std::vector<QuarantineRow>> quarantine();
  Result<std::vector<std::string>> forgotten(std::int64_t source_id);
  Result<std::optional<std::string>> setting(std::string_view key);
  Result<std::vector<ModelRow>> models();
  Result<std::vector<VectorFileRow>> vector_files();
  Result<std::vector<char>> has_vectors(std::int64_t model_id, std::span<const ContentHash> hashes);
  Result<std::optional<VectorRow>> vector(std::int64_t model_id, const ContentHash& hash);
  Status for_each_vector(std::int64_t model_id, std::int64_t after,
                         const std::function<Status(std::int64_t, const VectorRow&)>& visit);

  // For the transaction and maintenance.
  Result<std::optional<PlacedFile>> placed_file(std::int64_t source_id, std::string_view path);
  Result<std::optional<PlacedFile>> placed_file(std::int64_t file_id);
  Result<ChunkHead> chunk_head(std::int64_t file_id, std::int64_t chunk_id);
  /// The text of the row that `statement` stands on. @param column  of size_bytes, coding, text
  Result<std::string> text_of(const Statement& statement, int column);
  /// Errors: Corruption (also: there is no such chunk).
  Result<std::string> text_of_chunk(std::int64_t chunk_id);
  /// The first column of every row of `sql` (a constant).
  Result<std::vector<std::int64_t>> ids(const char* sql);
  /// The bytes of every dictionary.
  Result<std::vector<std::string>> dictionaries();
  /// The dictionary of a row of `dictionaries`. Errors: Corruption.
  Result<std::shared_ptr<const Dictionary>> dictionary(std::int64_t id);
  /// Errors: Corruption.
  Result<const PackedVectors*> packed_vectors(std::int64_t model_id);
  /// A block whole; nothing when there is no such block. Errors: Corruption.
  Result<std::optional<VectorBlock>> vector_block(std::int64_t id, std::uint32_t dimensions);
  /// After a write to the blocks, or a rollback.
  void forget_blocks() {
    packed_.reset();
    block_ = {};
  }
  /// What is known of the blocks stays true after a commit that did not touch them.
  void keep_blocks(std::uint64_t new_generation) {
    if (packed_) {
      packed_->generation = new_generation;
    }
  }
  /// Forgets which id is which dictionary: after a rollback or when rows were replaced.
  void forget_dictionaries() { dictionaries_.clear(); }

  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] Shared& shared() { return shared_; }

 private:
  Result<ChunkRecord> chunk_at(std::int64_t file_id, const Place& place, std::uint32_t ordinal);
  Error damaged(const std::string& what) const;
  /// False in a library of version 1, which no writer has opened since.
  Result<bool> knows_vectors();
  /// False likewise before version 3.
  Result<bool> knows_structures();
  /// False likewise before version 4.
  Result<bool> knows_blocks();
  Result<std::optional<std::string>> packed_code(std::int64_t model_id, const ContentHash& hash);
  Status for_each_packed(std::int64_t model_id, std::int64_t after,
                         const std::function<Status(std::int64_t, const VectorRow&)>& visit);

  Connection& connection_;
  Shared& shared_;
  std::unordered_map<std::int64_t, std::shared_ptr<const Dictionary>> dictionaries_;
  bool knows_structures_ = false;
  bool knows_blocks_ = false;
  std::optional<PackedVectors> packed_;  // of the model that was asked for last
  struct OpenBlock {
    std::int64_t id = 0;
    std::uint64_t generation = 0;
    std::size_t vectors = 0;
    std::string codes;
  } block_;  // that was read last: texts that stand together were embedded together
};

/// Implements the reads of `Interface` (Snapshot or Transaction) by a Queries.
template <typename Interface>
class Reading : public Interface {
 public:
  Result<std::uint64_t> generation() override { return queries().generation(); }
  Result<Counts> counts() override { return queries().counts(); }
  Result<std::vector<SourceRow>> sources() override { return queries().sources(); }
  Result<std::vector<SegmentRow>> segments() override { return queries().segments(); }
  Result<std::vector<DeltaRow>> deltas() override { return queries().deltas(); }
  Result<std::vector<Tombstone>> tombstones() override { return queries().tombstones(); }
  Status for_each_file(std::int64_t source_id,
                       const std::function<Status(const FileState&)>& visit) override {
    return queries().for_each_file(source_id, visit);
  }
  Result<std::optional<FileRow>> file(std::int64_t source_id, std::string_view path) override {
    return queries().file(source_id, path);
  }
  Result<std::optional<FileRow>> file_with_content(const ContentHash& hash,
                                                   std::string_view language) override {
    return queries().file_with_content(hash, language);
  }
  Result<std::vector<ChunkRecord>> chunks(std::int64_t file_id) override {
    return queries().chunks(file_id);
  }
  Result<std::optional<ChunkRecord>> chunk(std::int64_t file_id, std::uint32_t ordinal) override {
    return queries().chunk(file_id, ordinal);
  }
  Result<std::optional<StructureRow>> structure(std::int64_t file_id,
                                                std::uint32_t version) override {
    return queries().structure(file_id, version);
  }
  Result<std::vector<std::int64_t>> files_without_structure(std::uint32_t version) override {
    return queries().files_without_structure(version);
  }
  Status for_each_skipped(const std::function<Status(const SkippedRow&)>& visit) override {
    return queries().for_each_skipped(visit);
  }
  Result<std::vector<QuarantineRow>> quarantine() override { return queries().quarantine(); }
  Result<std::vector<std::string>> forgotten(std::int64_t source_id) override {
    return queries().forgotten(source_id);
  }
  Result<std::optional<std::string>> setting(std::string_view key) override {
    return queries().setting(key);
  }
  Result<std::vector<ModelRow>> models() override { return queries().models(); }
  Result<std::vector<VectorFileRow>> vector_files() override { return queries().vector_files(); }
  Result<std::vector<char>> has_vectors(std::int64_t model_id,
                                        std::span<const ContentHash> hashes) override {
    return queries().has_vectors(model_id, hashes);
  }
  Result<std::optional<VectorRow>> vector(std::int64_t model_id, const ContentHash& hash) override {
    return queries().vector(model_id, hash);
  }
  Status for_each_vector(
      std::int64_t model_id, std::int64_t after,
      const std::function<Status(std::int64_t, const VectorRow&)>& visit) override {
    return queries().for_each_vector(model_id, after, visit);
  }

 protected:
  virtual Queries& queries() = 0;
};

}  // namespace sonde::store
