#include "index/vectors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/codec.h"

namespace sonde::index {
namespace {

constexpr std::string_view kMagic = "SONDEVEC";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 48;
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kScaleBytes = 4;
constexpr std::uint64_t kVectorsLimit = 1ULL << 28;  // of one file
constexpr float kLargestCode = 127;
constexpr std::size_t kReadBytes = 4U << 20;

std::uint32_t leading(const ContentHash& hash) {
  return static_cast<std::uint32_t>(hash.bytes[0]) << 24 |
         static_cast<std::uint32_t>(hash.bytes[1]) << 16 |
         static_cast<std::uint32_t>(hash.bytes[2]) << 8 | hash.bytes[3];
}

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

Result<float> scale_from(std::uint32_t bits) {
  const float scale = std::bit_cast<float>(bits);
  if (!std::isfinite(scale) || scale < 0) {
    return Error{Code::Corruption, "a vector's scale is no number"};
  }
  return scale;
}

std::uint32_t u32_at(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < sizeof value; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

/// Counts and checksums what goes through it.
class CountingSink final : public io::BlockSink {
 public:
  explicit CountingSink(io::BlockSink& sink) : sink_(sink) {}
  Status append(std::string_view bytes) override {
    bytes_ += bytes.size();
    checksum_.update(bytes);
    return sink_.append(bytes);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t checksum() const { return checksum_.digest(); }

 private:
  io::BlockSink& sink_;
  std::uint64_t bytes_ = 0;
  Checksum64 checksum_;
};

Status read_into(io::ByteSource& source, std::uint64_t offset, std::size_t length, char* to) {
  for (std::size_t done = 0; done < length;) {
    const std::size_t step = std::min(kReadBytes, length - done);
    TRY(source.read(offset + done, step, to + done));
    done += step;
  }
  return {};
}

}  // namespace

Result<VectorCode> encode_vector(std::span<const float> vector) {
  if (vector.empty() || vector.size() > kDimensionsLimit) {
    return Error{Code::InvalidArgument,
                 "a vector of " + std::to_string(vector.size()) + " dimensions"};
  }
  float largest = 0;
  for (const float value : vector) {
    if (!std::isfinite(value)) {
      return Error{Code::InvalidArgument, "a vector with a value that is no number"};
    }
    largest = std::max(largest, std::fabs(value));
  }
  VectorCode code;
  code.scale = largest / kLargestCode;
  code.codes.reserve(vector.size());
  for (const float value : vector) {
    const float rounded = code.scale > 0 ? std::nearbyint(value / code.scale) : 0.0F;
    code.codes.push_back(
        static_cast<std::int8_t>(std::clamp(rounded, -kLargestCode, kLargestCode)));
  }
  return code;
}

std::string pack_code(const VectorCode& code) {
  ByteWriter writer;
  writer.u32(bits_of(code.scale));
  writer.raw({reinterpret_cast<const char*>(code.codes.data()), code.codes.size()});
  return writer.take();
}

Result<VectorCode> unpack_code(std::string_view bytes, std::uint32_t dimensions) {
  if (bytes.size() != kScaleBytes + dimensions) {
    return Error{Code::Corruption, "a vector of another length than its model's"};
  }
  VectorCode code;
  TRY_ASSIGN(code.scale, scale_from(u32_at(bytes.data())));
  code.codes.resize(dimensions);
  std::memcpy(code.codes.data(), bytes.data() + kScaleBytes, dimensions);
  return code;
}

void VectorSet::index_hashes() {
  bits_ = hashes_.size() < 4
              ? 0
              : std::min(24U, static_cast<unsigned>(std::bit_width(hashes_.size() / 4)));
  starts_.assign((std::size_t{1} << bits_) + 1, 0);
  for (const ContentHash& hash : hashes_) {
    const std::size_t bucket = bits_ == 0 ? 0 : leading(hash) >> (32 - bits_);
    ++starts_[bucket + 1];
  }
  for (std::size_t i = 1; i < starts_.size(); ++i) {
    starts_[i] += starts_[i - 1];
  }
}

std::optional<std::uint32_t> VectorSet::find(const ContentHash& hash) const {
  const std::size_t bucket = bits_ == 0 ? 0 : leading(hash) >> (32 - bits_);
  const auto begin = hashes_.begin() + starts_[bucket];
  const auto end = hashes_.begin() + starts_[bucket + 1];
  const auto place = std::lower_bound(begin, end, hash);
  if (place == end || *place != hash) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(place - hashes_.begin());
}

Result<std::shared_ptr<const VectorSet>> VectorSet::from_rows(std::uint32_t dimensions,
                                                              std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.first < b.first; });
  std::shared_ptr<VectorSet> set(new VectorSet);
  auto codes = std::make_shared<Codes>();
  set->dimensions_ = dimensions;
  codes->values.reserve(rows.size() * dimensions);
  for (const auto& [hash, bytes] : rows) {
    if (!set->hashes_.empty() && set->hashes_.back() == hash) {
      continue;
    }
    TRY_ASSIGN(const VectorCode code, unpack_code(bytes, dimensions));
    set->hashes_.push_back(hash);
    codes->scales.push_back(code.scale);
    codes->values.insert(codes->values.end(), code.codes.begin(), code.codes.end());
  }
  set->index_hashes();
  set->codes_.set(std::move(codes));
  return std::shared_ptr<const VectorSet>(std::move(set));
}

Result<std::shared_ptr<const VectorSet>> VectorSet::open(std::shared_ptr<io::ByteSource> source,
                                                         const ContentHash& model,
                                                         std::uint32_t dimensions) {
  const auto corrupt = [&](const char* what) {
    return Error{Code::Corruption, source->name() + ": vectors: " + what};
  };
  if (source->size() < kHeadBytes) {
    return corrupt("the file is too short");
  }
  std::string head(kHeadBytes, '\0');
  TRY(source->read(0, head.size(), head.data()));
  ByteReader reader(head);
  TRY_ASSIGN(const std::string_view magic, reader.raw(kMagic.size()));
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  TRY_ASSIGN(const std::uint32_t its_dimensions, reader.u32());
  TRY_ASSIGN(const std::uint64_t count, reader.u64());
  TRY_ASSIGN(const std::string_view its_model, reader.raw(kHashBytes));
  if (magic != kMagic) {
    return corrupt("it does not begin with its mark");
  }
  if (version != kVersion) {
    return Error{Code::Unsupported, source->name() + ": vectors of version " +
                                        std::to_string(version) + "; this build knows version " +
                                        std::to_string(kVersion)};
  }
  TRY_ASSIGN(const std::uint64_t checksum, reader.u64());
  if (checksum != checksum64(std::string_view(head).substr(0, kHeadBytes - sizeof checksum))) {
    return corrupt("its head does not check");
  }
  if (its_model != model.view() || its_dimensions != dimensions) {
    return corrupt("they are of another model");
  }
  const std::uint64_t needed = kHeadBytes + count * (kHashBytes + kScaleBytes + dimensions);
  if (count > kVectorsLimit || needed > source->size() ||
      source->size() - needed >= io::kBlockPayloadBytes) {
    return corrupt("its size does not bear out its count");
  }
  std::shared_ptr<VectorSet> set(new VectorSet);
  set->dimensions_ = dimensions;
  set->hashes_.resize(count);
  static_assert(sizeof(ContentHash) == kHashBytes);
  TRY(read_into(*source, kHeadBytes, count * kHashBytes,
                reinterpret_cast<char*>(set->hashes_.data())));
  if (std::adjacent_find(set->hashes_.begin(), set->hashes_.end(), std::greater_equal<>()) !=
      set->hashes_.end()) {
    return corrupt("its hashes do not ascend");
  }
  set->index_hashes();
  set->source_ = std::move(source);
  return std::shared_ptr<const VectorSet>(std::move(set));
}

Result<std::shared_ptr<const VectorSet::Codes>> VectorSet::codes() const {
  if (auto kept = codes_.get()) {
    return kept;
  }
  auto codes = std::make_shared<Codes>();
  const std::uint64_t scales_at = kHeadBytes + hashes_.size() * kHashBytes;
  std::string scales(hashes_.size() * kScaleBytes, '\0');
  TRY(read_into(*source_, scales_at, scales.size(), scales.data()));
  codes->scales.reserve(hashes_.size());
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    auto scale = scale_from(u32_at(scales.data() + i * kScaleBytes));
    if (!scale.ok()) {
      return std::move(scale).error().with_context(source_->name());
    }
    codes->scales.push_back(*scale);
  }
  codes->values.resize(hashes_.size() * dimensions_);
  TRY(read_into(*source_, scales_at + scales.size(), codes->values.size(),
                reinterpret_cast<char*>(codes->values.data())));
  codes_.set(codes);
  return std::shared_ptr<const Codes>(std::move(codes));
}

Result<VectorSummary> write_vectors(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const ContentHash& model, std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep,
                                    io::BlockSink& sink) {
  struct Place {
    ContentHash hash;
    std::uint32_t set = 0;
    std::uint32_t at = 0;
  };
  std::vector<Place> places;
  std::vector<std::shared_ptr<const VectorSet::Codes>> codes;
  for (std::uint32_t s = 0; s < sets.size(); ++s) {
    if (sets[s]->dimensions() != dimensions) {
      return Error{Code::InvalidArgument, "vectors of other dimensions cannot be merged"};
    }
    TRY_ASSIGN(std::shared_ptr<const VectorSet::Codes> loaded, sets[s]->codes());
    codes.push_back(std::move(loaded));
    for (std::uint32_t i = 0; i < sets[s]->size(); ++i) {
      const ContentHash& hash = sets[s]->hashes()[i];
      if (!keep || keep(hash)) {
        places.push_back({hash, s, i});
      }
    }
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.hash < b.hash; });
  places.erase(std::unique(places.begin(), places.end(),
                           [](const Place& a, const Place& b) { return a.hash == b.hash; }),
               places.end());
  CountingSink counting(sink);
  io::BlockWriter writer(counting);
  ByteWriter head;
  head.raw(kMagic);
  head.u32(kVersion);
  head.u32(dimensions);
  head.u64(places.size());
  head.raw(model.view());
  head.u64(checksum64(head.bytes()));
  TRY(writer.append(head.bytes()));
  for (const Place& place : places) {
    TRY(writer.append(place.hash.view()));
  }
  ByteWriter scales;
  for (const Place& place : places) {
    scales.u32(bits_of(codes[place.set]->scales[place.at]));
  }
  TRY(writer.append(scales.bytes()));
  for (const Place& place : places) {
    const std::int8_t* row = codes[place.set]->values.data() + std::size_t{place.at} * dimensions;
    TRY(writer.append({reinterpret_cast<const char*>(row), dimensions}));
  }
  TRY(writer.finish());
  return VectorSummary{places.size(), counting.bytes(), counting.checksum()};
}

}  // namespace sonde::index
