#include "embed/word_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace sonde::embed {

namespace {

constexpr std::uint64_t kRowsAtOnce = 1024;

std::uint64_t checksum_of(const float* row, std::uint64_t width, std::uint64_t id) {
  return checksum64({reinterpret_cast<const char*>(row), width * sizeof(float)}, id);
}

}  // namespace

WordRows::WordRows(Safetensors file, std::string tensor, std::uint64_t width,
                   std::vector<std::uint64_t> checksums)
    : file_(std::move(file)),
      tensor_(std::move(tensor)),
      width_(width),
      checksums_(std::move(checksums)),
      rows_(checksums_.size()) {}

WordRows::~WordRows() {
  for (const std::atomic<const float*>& row : rows_) {
    const std::unique_ptr<const float[]> owned(row.load(std::memory_order_relaxed));
  }
}

Result<std::unique_ptr<const WordRows>> WordRows::create(Safetensors file,
                                                         const std::string& tensor,
                                                         std::uint64_t rows, std::uint64_t width) {
  TRY(file.check(tensor, {rows, width}));
  std::vector<std::uint64_t> checksums;
  checksums.reserve(static_cast<std::size_t>(rows));
  for (std::uint64_t first = 0; first < rows; first += kRowsAtOnce) {
    const std::uint64_t count = std::min(kRowsAtOnce, rows - first);
    TRY_ASSIGN(const std::vector<float> values, file.read_rows(tensor, first, count));
    for (std::uint64_t i = 0; i < count; ++i) {
      checksums.push_back(checksum_of(&values[i * width], width, first + i));
    }
  }
  return std::unique_ptr<const WordRows>(
      new WordRows(std::move(file), tensor, width, std::move(checksums)));
}

Result<std::unique_ptr<const WordRows>> WordRows::open(Safetensors file, const std::string& tensor,
                                                       std::uint64_t width,
                                                       std::vector<std::uint64_t> checksums) {
  TRY(file.check(tensor, {checksums.size(), width}));
  return std::unique_ptr<const WordRows>(
      new WordRows(std::move(file), tensor, width, std::move(checksums)));
}

Result<const float*> WordRows::row(std::uint32_t id) const {
  const float* const kept = rows_[id].load(std::memory_order_acquire);
  return kept != nullptr ? Result<const float*>(kept) : read(id);
}

Result<const float*> WordRows::read(std::uint32_t id) const {
  TRY_ASSIGN(const std::vector<float> values, file_.read_rows(tensor_, id, 1));
  auto row = std::make_unique_for_overwrite<float[]>(width_);
  std::copy_n(values.data(), width_, row.get());
  if (checksum_of(row.get(), width_, id) != checksums_[id]) {
    return Error{Code::Corruption,
                 fmt::format("{}: word {} is not what it was; the file was changed while it was in "
                             "use, or is damaged",
                             file_.path(), id)};
  }
  const float* none = nullptr;
  if (!rows_[id].compare_exchange_strong(none, row.get(), std::memory_order_acq_rel,
                                         std::memory_order_acquire)) {
    return none;  // another thread was faster
  }
  kept_.fetch_add(1, std::memory_order_relaxed);
  return row.release();
}

std::size_t WordRows::bytes() const {
  return kept_.load(std::memory_order_relaxed) * width_ * sizeof(float) +
         rows_.size() * (sizeof(rows_[0]) + sizeof(checksums_[0]));
}

}  // namespace sonde::embed
