#pragma once
// Vectors by the hash of the text they are of: rows of the truth in memory, or derived files with
// codes of one bit a dimension for the search (docs/formats/vectors.md).

#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "index/vector_code.h"
#include "index/vector_format.h"
#include "index/vector_pages.h"
#include "io/block_file.h"
#include "kernel/panels_i8.h"

namespace sonde::index {

/// A vector in the set that holds it.
struct VectorRow {
  const std::int8_t* codes = nullptr;  // [dimensions]
  float scale = 0;
};

/// A set's vectors in lists of neighbours.
struct VectorLists {
  std::vector<std::uint32_t> starts;  // [lists + 1] place of each list's first vector
  std::vector<std::uint32_t> blocks;  // [lists + 1] its first block of codes
  kernel::Panels centres;
  std::vector<float> scales;   // [panels * 16] of the centres
  std::vector<float> squares;  // [lists] length of the centre, squared

  [[nodiscard]] std::size_t size() const { return squares.size(); }
};

/// Vectors of one model; immutable. A vector's place is its number in the order of lists, by
/// ascending hash within one. Threads: safe.
class VectorSet {
 public:
  /// A row of the truth: hash, packed code.
  using Row = std::pair<ContentHash, std::string>;
  static constexpr std::size_t kNoLimit = ~std::size_t{0};

  /// Without lists. @param rows  in any order; of equal hashes the first stays. Errors: Corruption
  /// (a code of another length).
  static Result<std::shared_ptr<const VectorSet>> from_rows(std::uint32_t dimensions,
                                                            std::vector<Row> rows);
  /// Opens a file of vectors: reads and checks its tables; codes and rows are read when they are
  /// needed. Errors: Corruption, Unsupported (another version), Io.
  /// @param model  content hash of the model's key; another one in the file is Corruption
  /// @param limit  bytes of codes and rows to keep in memory, about
  static Result<std::shared_ptr<const VectorSet>> open(std::shared_ptr<io::ByteSource> source,
                                                       const ContentHash& model,
                                                       std::uint32_t dimensions,
                                                       std::size_t limit = kNoLimit);

  [[nodiscard]] std::uint32_t dimensions() const { return dimensions_; }
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  /// Ascending.
  [[nodiscard]] const std::vector<ContentHash>& hashes() const { return hashes_; }
  /// The place of a vector. Cost: about one step, since hashes are evenly spread.
  [[nodiscard]] std::optional<std::uint32_t> find(const ContentHash& hash) const;
  [[nodiscard]] const ContentHash& hash_at(std::uint32_t place) const {
    return hashes_[rank(place)];
  }
  /// A place's number in the order of hashes.
  [[nodiscard]] std::uint32_t rank(std::uint32_t place) const {
    return ranks_.empty() ? place : ranks_[place];
  }
  /// Null: there are none, and every vector is looked at.
  [[nodiscard]] const VectorLists* lists() const { return lists_.get(); }
  /// Bytes of codes and rows that are in memory.
  [[nodiscard]] std::size_t bytes_in_memory() const;

 private:
  friend class VectorReader;
  VectorSet() = default;
  void index_hashes();
  Status read_tables();
  Status read_lists();
  [[nodiscard]] std::shared_ptr<VectorPages> pages() const;
  [[nodiscard]] std::size_t page_count() const;

  std::uint32_t dimensions_ = 0;
  std::vector<ContentHash> hashes_;
  std::vector<std::uint32_t> starts_;  // [2^bits + 1] first hash with these leading bits
  unsigned bits_ = 0;
  std::vector<std::uint32_t> ranks_;   // [size] by place; empty: places are ranks
  std::vector<std::uint32_t> places_;  // [size] by rank; empty: the same
  std::unique_ptr<const VectorLists> lists_;

  // Rows of the truth.
  std::vector<float> scales_;
  std::vector<std::int8_t> values_;

  // A file: pages are first the codes of each list, then the pages of rows.
  std::shared_ptr<io::ByteSource> source_;
  VectorHead head_;
  std::size_t limit_ = kNoLimit;
  mutable std::mutex mutex_;  // guards pages_; never held during I/O
  mutable std::shared_ptr<VectorPages> pages_;
};

/// Reads vectors and codes of a set, which must outlive it. What it gave stays valid while it
/// lives. Threads: owned by one thread.
class VectorReader {
 public:
  explicit VectorReader(const VectorSet& set);

  /// Errors: Corruption, Io.
  Result<VectorRow> row(std::uint32_t place);
  /// Without a Result for each of a thousand rows: false when it is not in memory, or damaged.
  [[nodiscard]] bool row_in_memory(std::uint32_t place, VectorRow& row) const {
    const char* page = in_memory(place);
    if (page == nullptr) {
      return false;
    }
    const std::uint32_t at = place % per_page_;
    row.codes = reinterpret_cast<const std::int8_t*>(page) + std::size_t{at} * set_.dimensions_;
    row.scale = std::bit_cast<float>(u32_at(page + scale_at(at)));
    return row.scale >= 0 && row.scale <= std::numeric_limits<float>::max();
  }
  /// Asks the processor to fetch a row that is in memory.
  void fetch(std::uint32_t place) const;
  /// The same for the codes of a list.
  void fetch_codes(std::size_t list) const;
  /// The codes of a list, 64-byte aligned. The set must have lists. Errors: as row().
  Result<const std::uint8_t*> codes(std::size_t list);
  enum class Keep { No, WhileThereIsRoom };
  /// Calls visit(place, row) for every vector, in order.
  /// @param keep  whether what it read stays in memory, up to the limit of the set
  /// Errors: as row(), those of visit.
  Status for_each(Keep keep, const std::function<Status(std::uint32_t, VectorRow)>& visit);

 private:
  /// The page of rows that holds a place, when it is in memory; null for rows of the truth too.
  [[nodiscard]] const char* in_memory(std::uint32_t place) const {
    return set_.source_ == nullptr ? nullptr : pages_->find(first_row_page_ + place / per_page_);
  }
  [[nodiscard]] std::size_t scale_at(std::size_t at) const {
    return std::size_t{per_page_} * set_.dimensions_ + at * sizeof(float);
  }
  Result<const char*> load(std::size_t page, std::uint64_t offset, std::size_t length);
  Result<const char*> row_page(std::size_t page);
  [[nodiscard]] Result<VectorRow> row_in(const char* page, std::size_t at) const;

  const VectorSet& set_;
  std::shared_ptr<VectorPages> pages_;
  std::uint32_t per_page_ = 1;
  std::size_t first_row_page_ = 0;
};

struct VectorSummary {
  std::uint64_t vectors = 0;
  std::uint64_t bytes = 0;     // physical
  std::uint64_t checksum = 0;  // XXH3-64 of the physical bytes
};

/// Bytes of vectors that are held at once while a file is written; where there are more, they are
/// read again for each part of the file.
inline constexpr std::size_t kMergeBytes = 64U << 20;

/// Writes one file out of several sets. The bytes are a function of the vectors alone.
/// @param keep        null: all of them
/// @param pool        null: the calling thread alone
/// @param rows_bytes  see kMergeBytes
/// Errors: those of the sets and the sink, InvalidArgument (sets of other dimensions).
/// Memory: rows_bytes, a sample of as many bytes at most, and about 60 bytes a vector.
/// Cost: for 100,000 of 384 dimensions about a core-second; for n beyond rows_bytes the sets are
/// read 2 * (1 + n * dimensions / rows_bytes) times, and lists are compared n^1.5 times.
Result<VectorSummary> write_vectors(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const ContentHash& model, std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep,
                                    io::BlockSink& sink, ThreadPool* pool = nullptr,
                                    std::size_t rows_bytes = kMergeBytes);

}  // namespace sonde::index
