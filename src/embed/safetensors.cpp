#include "embed/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/codec.h"

namespace sonde::embed {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kHeaderLimit = 32ULL << 20;
constexpr std::size_t kTensorLimit = 65'536;
constexpr std::size_t kDimensionLimit = 8;

std::uint64_t width_of(TensorType type) {
  switch (type) {
    case TensorType::F32: return 4;
    case TensorType::F16: return 2;
    case TensorType::Bf16: return 2;
    case TensorType::I64: return 8;
    case TensorType::Other: return 0;
  }
  return 0;
}

TensorType type_of(const std::string& name) {
  return name == "F32"    ? TensorType::F32
         : name == "F16"  ? TensorType::F16
         : name == "BF16" ? TensorType::Bf16
         : name == "I64"  ? TensorType::I64
                          : TensorType::Other;
}

Error damaged(const std::string& path, const std::string& what) {
  return Error{Code::Corruption, fmt::format("{} is no usable model file: {}", path, what)};
}

float from_bits(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// IEEE 754 half to single.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
  return from_bits(sign | (wide << 23) | (fraction << 13));
}

/// Widens the 16-bit values that lie in the first half of `values`' own bytes, in place.
void widen(std::vector<float>& values, TensorType type) {
  const auto* const bytes = reinterpret_cast<const char*>(values.data());
  for (std::size_t i = values.size(); i-- > 0;) {
    std::uint16_t raw = 0;
    std::memcpy(&raw, bytes + 2 * i, sizeof raw);
    values[i] =
        type == TensorType::F16 ? from_half(raw) : from_bits(static_cast<std::uint32_t>(raw) << 16);
  }
}

/// The number of elements, or nothing when the product does not fit.
bool count_elements(const std::vector<std::uint64_t>& shape, std::uint64_t& count) {
  count = 1;
  for (const std::uint64_t side : shape) {
    if (__builtin_mul_overflow(count, side, &count)) {
      return false;
    }
  }
  return true;
}

Result<TensorInfo> read_info(const std::string& path, const std::string& name, const Json& entry,
                             std::uint64_t data_begin, std::uint64_t data_bytes) {
  const auto bad = [&](const std::string& what) {
    return damaged(path, fmt::format("tensor \"{}\" {}", name, what));
  };
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !entry["shape"].is_array() ||
      entry["shape"].size() > kDimensionLimit || !entry.contains("data_offsets") ||
      !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2) {
    return bad("has no type, shape or place");
  }
  TensorInfo info;
  info.type = type_of(entry["dtype"].get<std::string>());
  for (const Json& side : entry["shape"]) {
    if (!side.is_number_unsigned()) {
      return bad("has a side that is no number");
    }
    info.shape.push_back(side.get<std::uint64_t>());
  }
  const Json& offsets = entry["data_offsets"];
  if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
    return bad("has a place that is no number");
  }
  const auto begin = offsets[0].get<std::uint64_t>();
  const auto end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data_bytes) {
    return bad(
        fmt::format("lies at {} to {} of {} bytes (is the file cut?)", begin, end, data_bytes));
  }
  std::uint64_t count = 0;
  const std::uint64_t width = width_of(info.type);
  if (!count_elements(info.shape, count) ||
      (width != 0 && (count > data_bytes / width || count * width != end - begin))) {
    return bad("has a shape that does not fit its bytes");
  }
  info.begin = data_begin + begin;
  info.size_bytes = end - begin;
  return info;
}

/// Errors: Corruption, when two tensors share bytes.
Status check_overlaps(const std::string& path, const std::map<std::string, TensorInfo>& tensors) {
  using Named = std::map<std::string, TensorInfo>::value_type;
  std::vector<const Named*> order;
  for (const Named& named : tensors) {
    if (named.second.size_bytes > 0) {
      order.push_back(&named);
    }
  }
  std::sort(order.begin(), order.end(),
            [](const Named* a, const Named* b) { return a->second.begin < b->second.begin; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const TensorInfo& before = order[i - 1]->second;
    if (before.begin + before.size_bytes > order[i]->second.begin) {
      return damaged(path, fmt::format("tensors \"{}\" and \"{}\" overlap", order[i - 1]->first,
                                       order[i]->first));
    }
  }
  return {};
}

}  // namespace

Result<Safetensors> Safetensors::open(io::FileSystem& fs, const std::string& path) {
  Safetensors result;
  result.path_ = path;
  TRY_ASSIGN(std::unique_ptr<io::ReadableFile> file, fs.open_read(path));
  TRY_ASSIGN(const io::FileInfo info, file->info());
  char prefix[8] = {};
  TRY_ASSIGN(const std::size_t got, file->read_at(0, prefix, sizeof prefix));
  if (got != sizeof prefix || info.size_bytes < sizeof prefix) {
    return damaged(path, fmt::format("{} bytes are too few", info.size_bytes));
  }
  TRY_ASSIGN(const std::uint64_t length, ByteReader(std::string_view(prefix, 8)).u64());
  if (length > kHeaderLimit) {
    return Error{Code::Limit, fmt::format("{}: a header of {} bytes is over the limit of {}", path,
                                          length, kHeaderLimit)};
  }
  if (length > info.size_bytes - 8) {
    return damaged(path, "its header is longer than the file");
  }
  std::string header(static_cast<std::size_t>(length), '\0');
  TRY_ASSIGN(const std::size_t read, file->read_at(8, header.data(), header.size()));
  if (read != header.size()) {
    return damaged(path, "its header is cut");
  }
  const Json json = Json::parse(header, nullptr, false);
  if (!json.is_object()) {
    return damaged(path, "its header is no JSON object");
  }
  if (json.size() > kTensorLimit) {
    return Error{Code::Limit, fmt::format("{}: more than {} tensors", path, kTensorLimit)};
  }
  const std::uint64_t data_begin = 8 + length;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") {
      continue;
    }
    TRY_ASSIGN(TensorInfo tensor,
               read_info(path, name, entry, data_begin, info.size_bytes - data_begin));
    result.tensors_.emplace(name, std::move(tensor));
  }
  TRY(check_overlaps(path, result.tensors_));
  result.file_ = std::move(file);
  return result;
}

Result<const TensorInfo*> Safetensors::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    return Error{Code::NotFound, fmt::format("{} has no tensor \"{}\"", path_, name)};
  }
  if (found->second.type != TensorType::F32 && found->second.type != TensorType::F16 &&
      found->second.type != TensorType::Bf16) {
    return Error{Code::Unsupported,
                 fmt::format("{}: tensor \"{}\" is not f32, f16 or bf16", path_, name)};
  }
  return &found->second;
}

Result<std::vector<float>> Safetensors::read_range(const std::string& name, const TensorInfo& info,
                                                   std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t width = width_of(info.type);
  std::vector<float> values(static_cast<std::size_t>(count));  // read into as it is: no second copy
  const auto wanted = static_cast<std::size_t>(count * width);
  TRY_ASSIGN(const std::size_t got, file_->read_at(info.begin + first * width,
                                                   reinterpret_cast<char*>(values.data()), wanted));
  if (got != wanted) {
    return damaged(path_, fmt::format("tensor \"{}\" is cut", name));
  }
  if (info.type != TensorType::F32) {
    widen(values, info.type);
  }
  if (!std::all_of(values.begin(), values.end(),
                   [](float value) { return std::isfinite(value); })) {
    return damaged(path_,
                   fmt::format("tensor \"{}\" holds something that is no finite number", name));
  }
  return values;
}

Status Safetensors::check(const std::string& name, const std::vector<std::uint64_t>& shape) const {
  TRY_ASSIGN(const TensorInfo* const info, find(name));
  if (info->shape != shape) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: tensor \"{}\" is [{}], the model's configuration says [{}]",
                             path_, name, fmt::join(info->shape, ", "), fmt::join(shape, ", "))};
  }
  return {};
}

Result<std::vector<float>> Safetensors::read(const std::string& name,
                                             const std::vector<std::uint64_t>& shape) const {
  TRY(check(name, shape));
  TRY_ASSIGN(const TensorInfo* const info, find(name));
  std::uint64_t count = 1;
  count_elements(shape, count);
  return read_range(name, *info, 0, count);
}

Result<std::vector<float>> Safetensors::read_rows(const std::string& name, std::uint64_t first,
                                                  std::uint64_t count) const {
  TRY_ASSIGN(const TensorInfo* const info, find(name));
  if (info->shape.size() != 2 || first > info->shape[0] || count > info->shape[0] - first) {
    return Error{Code::InvalidArgument, fmt::format("{}: tensor \"{}\" has no rows {} to {}", path_,
                                                    name, first, first + count)};
  }
  const std::uint64_t columns = info->shape[1];
  return read_range(name, *info, first * columns, count * columns);
}

}  // namespace sonde::embed
