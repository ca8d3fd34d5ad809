#pragma once
// The safetensors format, read with distrust: the header's every claim is checked against the
// file's size before a byte of a tensor is believed. Source: huggingface/safetensors, "Format" in
// its README: u64 little-endian header length, JSON header, data; offsets count from the end of the
// header.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::embed {

enum class TensorType { F32, F16, Bf16, I64, Other };

struct TensorInfo {
  TensorType type = TensorType::Other;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  // in the file
  std::uint64_t size_bytes = 0;
};

/// An open file of tensors. Nothing is mapped; a tensor, or some rows of it, are read when asked
/// for. Threads: safe.
class Safetensors {
 public:
  /// Errors: NotFound, Io, Corruption (a header that is cut, is no JSON, overlaps, or points
  /// outside the file), Limit (header over 32 MiB, more than 65,536 tensors).
  static Result<Safetensors> open(io::FileSystem& fs, const std::string& path);

  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Errors: NotFound, Unsupported, InvalidArgument, as read().
  Status check(const std::string& name, const std::vector<std::uint64_t>& shape) const;
  /// The tensor as f32, row-major. Errors: NotFound, Unsupported (another type), InvalidArgument
  /// (its shape is not `shape`), Corruption (not a finite number), Io. Every message names file and
  /// tensor.
  Result<std::vector<float>> read(const std::string& name,
                                  const std::vector<std::uint64_t>& shape) const;
  /// Rows [first, first + count) of a matrix, as f32. Errors as read().
  Result<std::vector<float>> read_rows(const std::string& name, std::uint64_t first,
                                       std::uint64_t count) const;

 private:
  Result<const TensorInfo*> find(const std::string& name) const;
  Result<std::vector<float>> read_range(const std::string& name, const TensorInfo& info,
                                        std::uint64_t first, std::uint64_t count) const;

  std::string path_;
  std::shared_ptr<io::ReadableFile> file_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace sonde::embed
