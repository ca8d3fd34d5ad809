#pragma once
// Vectors by the hash of the text they are of: int8 codes with a scale, in memory, as rows of the
// truth, and in derived files (docs/formats/vectors.md).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/snapshot_cell.h"
#include "io/block_file.h"

namespace sonde::index {

inline constexpr std::uint32_t kDimensionsLimit = 8'192;

/// Value i of the vector is about codes[i] * scale; codes are in -127..127.
struct VectorCode {
  float scale = 0;
  std::vector<std::int8_t> codes;
};

/// Rounds to nearest, so that the same vector gives the same code everywhere. Errors:
/// InvalidArgument (a value that is no number; none, or more than kDimensionsLimit).
Result<VectorCode> encode_vector(std::span<const float> vector);
/// The bytes of a row of the truth: scale (f32, little-endian), codes.
std::string pack_code(const VectorCode& code);
/// Errors: Corruption (another length, a scale that is no number).
Result<VectorCode> unpack_code(std::string_view bytes, std::uint32_t dimensions);

/// Vectors of one model, by ascending hash; immutable. Threads: safe.
class VectorSet {
 public:
  /// A row of the truth: hash, packed code.
  using Row = std::pair<ContentHash, std::string>;
  struct Codes {
    std::vector<float> scales;        // [size]
    std::vector<std::int8_t> values;  // [size, dimensions], row-major
  };

  /// @param rows  in any order; of equal hashes the first stays. Errors: Corruption (a code of
  /// another length).
  static Result<std::shared_ptr<const VectorSet>> from_rows(std::uint32_t dimensions,
                                                            std::vector<Row> rows);
  /// Opens a file of vectors: reads and checks its head and hashes; codes are read when they are
  /// asked for. Errors: Corruption, Unsupported (another version), Io.
  /// @param model  content hash of the model's key; another one in the file is Corruption
  static Result<std::shared_ptr<const VectorSet>> open(std::shared_ptr<io::ByteSource> source,
                                                       const ContentHash& model,
                                                       std::uint32_t dimensions);

  [[nodiscard]] std::uint32_t dimensions() const { return dimensions_; }
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  [[nodiscard]] const std::vector<ContentHash>& hashes() const { return hashes_; }
  /// The place of a vector. Cost: about one step, since hashes are evenly spread.
  [[nodiscard]] std::optional<std::uint32_t> find(const ContentHash& hash) const;
  /// Read once and kept. Errors: Corruption, Io.
  [[nodiscard]] Result<std::shared_ptr<const Codes>> codes() const;

 private:
  VectorSet() = default;
  void index_hashes();

  std::uint32_t dimensions_ = 0;
  std::vector<ContentHash> hashes_;
  std::vector<std::uint32_t> starts_;  // [2^bits + 1] first hash with these leading bits
  unsigned bits_ = 0;
  std::shared_ptr<io::ByteSource> source_;  // null: the codes are there from the start
  mutable SnapshotCell<Codes> codes_;
};

struct VectorSummary {
  std::uint64_t vectors = 0;
  std::uint64_t bytes = 0;     // physical
  std::uint64_t checksum = 0;  // XXH3-64 of the physical bytes
};

/// Writes one file out of several sets. The bytes are a function of the vectors alone.
/// @param keep  null: all of them
/// Errors: those of the sets and the sink, InvalidArgument (sets of other dimensions).
Result<VectorSummary> write_vectors(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const ContentHash& model, std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep,
                                    io::BlockSink& sink);

}  // namespace sonde::index
