#pragma once
// The derived files of vectors: writes them, opens those that the truth lists, keeps open ones.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "index/meaning_scores.h"
#include "index/vectors.h"
#include "io/file_system.h"
#include "store/store.h"

namespace sonde::library {

/// The vectors of one model in one state of the truth: those of its files, and the rows that are in
/// no file yet.
struct VectorView {
  std::vector<std::shared_ptr<const index::VectorSet>> sets;
  std::vector<store::VectorFileRow> files;  // of sets[0..files.size())
  std::uint64_t tail = 0;                   // rows that are in no file: sets.back(), when not 0
  std::int64_t last_id = 0;                 // of all rows

  [[nodiscard]] bool has(const ContentHash& hash) const;
  [[nodiscard]] std::uint64_t size() const;
};

/// Threads: safe.
class VectorFiles {
 public:
  /// @param cache_bytes  codes and rows of one file that stay in memory, about
  VectorFiles(io::FileSystem& fs, std::string directory, std::size_t cache_bytes)
      : fs_(fs), directory_(std::move(directory)), cache_bytes_(cache_bytes) {}

  /// Errors: Corruption (a listed file is missing, damaged, or not the one that was listed; the
  /// message names it), Unsupported (another version of the format), Io.
  Result<VectorView> load(store::Reader& reader, const store::ModelRow& model);
  /// Writes a file durably; the caller then lists it in a transaction.
  /// @param generation  the last committed one
  /// @param pool        null: the calling thread alone
  Result<store::VectorFileRow> write(
      std::uint64_t generation, const store::ModelRow& model,
      const std::vector<std::shared_ptr<const index::VectorSet>>& sets,
      const std::function<bool(const ContentHash&)>& keep, std::int64_t last_vector_id,
      ThreadPool* pool, std::size_t rows_bytes = index::kMergeBytes);
  /// The same with all rows of the model that the reader sees. Where they take more than
  /// `rows_bytes`, they go through files of parts, which nothing ever lists.
  Result<store::VectorFileRow> write_all(store::Reader& reader, std::uint64_t generation,
                                         const store::ModelRow& model, ThreadPool* pool,
                                         std::size_t rows_bytes = index::kMergeBytes);
  /// Removes files that the reader's state does not list. Only the lease holder may call it.
  Status remove_unlisted(store::Reader& reader);
  /// Moves a file into damaged/ (nothing when it is gone already).
  Status set_aside(const std::string& file_name);
  [[nodiscard]] std::uint64_t bytes_on_disk() const;
  /// What searches remember of the files that are open.
  [[nodiscard]] index::DocPlaces& doc_places() { return doc_places_; }

 private:
  Result<std::shared_ptr<const index::VectorSet>> open(const store::VectorFileRow& row,
                                                       const store::ModelRow& model);
  /// Rows of the truth that are in no file, as a set; null: none.
  struct Tail {
    std::int64_t model_id = 0;
    std::int64_t first_id = 0;  // rows after this one
    std::int64_t last_id = 0;
    std::uint64_t generation = 0;
    std::uint64_t vectors = 0;  // of the model, in files or not
    std::shared_ptr<const index::VectorSet> set;
  };
  Result<Tail> tail(store::Reader& reader, const store::ModelRow& model, std::int64_t first_id);
  /// Rows of the truth after one, as a set without lists. @param most  rows; none left: null
  struct Part {
    std::shared_ptr<const index::VectorSet> set;
    std::int64_t last_id = 0;
  };
  static Result<Part> read_part(store::Reader& reader, const store::ModelRow& model,
                                std::int64_t after, std::size_t most);
  [[nodiscard]] std::string folder() const { return io::join_path(directory_, "vectors"); }
  [[nodiscard]] Result<std::vector<std::string>> file_names() const;

  io::FileSystem& fs_;
  const std::string directory_;
  const std::size_t cache_bytes_;
  index::DocPlaces doc_places_;
  std::mutex mutex_;  // guards what follows; never held during I/O
  std::map<std::string, std::shared_ptr<const index::VectorSet>> open_;
  Tail tail_;  // the last one read
};

}  // namespace sonde::library
