#pragma once
// The word embeddings of a model: half of its bytes, of which a text needs one row a word.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "embed/safetensors.h"

namespace sonde::embed {

/// A row is read from the model's file when a text first needs it, held against its checksum, and
/// kept; the file stays open, so it may be unlinked. Threads: safe.
class WordRows {
 public:
  /// Reads every row once, for the checksums. Cost: 30 ms for 47 MB.
  /// Errors: those of Safetensors::read.
  static Result<std::unique_ptr<const WordRows>> create(Safetensors file, const std::string& tensor,
                                                        std::uint64_t rows, std::uint64_t width);
  /// @param checksums  [rows] as create() took them from this file
  /// Errors: as create(), for what the file's header says.
  static Result<std::unique_ptr<const WordRows>> open(Safetensors file, const std::string& tensor,
                                                      std::uint64_t width,
                                                      std::vector<std::uint64_t> checksums);
  ~WordRows();
  WordRows(const WordRows&) = delete;
  WordRows& operator=(const WordRows&) = delete;

  /// @param id  below the number of rows
  /// @return [width] floats, valid as long as this object
  /// Errors: Corruption (the file is not the one that the checksums were taken from), Io.
  Result<const float*> row(std::uint32_t id) const;

  /// [rows], XXH3-64 of each row as f32, seeded by its number.
  [[nodiscard]] std::span<const std::uint64_t> checksums() const { return checksums_; }
  /// Bytes of rows in memory and of what finds them.
  [[nodiscard]] std::size_t bytes() const;

 private:
  WordRows(Safetensors file, std::string tensor, std::uint64_t width,
           std::vector<std::uint64_t> checksums);
  Result<const float*> read(std::uint32_t id) const;

  const Safetensors file_;
  const std::string tensor_;
  const std::uint64_t width_;
  const std::vector<std::uint64_t> checksums_;
  // [rows] null until it is read; then it stays. Of two that read the same row one is thrown away.
  mutable std::vector<std::atomic<const float*>> rows_;
  mutable std::atomic<std::size_t> kept_ = 0;
};

}  // namespace sonde::embed
