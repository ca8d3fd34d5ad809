#include "kernel/int8.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernel/int8_sets.h"

namespace sonde::kernel {

namespace {

constexpr std::size_t kLine = 64;
constexpr float kGreatest = 127.0F;
constexpr float kTooGreat = 1e30F;

std::size_t up_to(std::size_t count, std::size_t step) { return (count + step - 1) / step * step; }

std::size_t weight_floats(std::size_t outputs, std::size_t inputs) {
  return up_to(outputs, kInt8Panel) * up_to(inputs, kInt8Depth) / sizeof(float);
}

/// Takes rooms of one scratch, each from a line of the cache on.
class Rooms {
 public:
  explicit Rooms(std::byte* scratch) : scratch_(scratch) {}
  template <typename T>
  T* take(std::size_t count) {
    std::byte* const begin = scratch_ == nullptr ? nullptr : scratch_ + used_;
    used_ += up_to(count * sizeof(T), kLine);
    return reinterpret_cast<T*>(begin);
  }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::byte* const scratch_;
  std::size_t used_ = 0;
};

}  // namespace

std::string_view name_of(Int8Set set) {
  switch (set) {
    case Int8Set::Serial: return "serial";
    case Int8Set::Avx2: return "avx2";
    case Int8Set::Avx512Vnni: return "avx512-vnni";
  }
  return "unknown";
}

bool is_available(Int8Set set) {
  switch (set) {
    case Int8Set::Serial: return true;
#if defined(__x86_64__)
    case Int8Set::Avx2: return is_available(InstructionSet::Avx2);
    case Int8Set::Avx512Vnni:
      return is_available(InstructionSet::Avx512) && __builtin_cpu_supports("avx512vnni") != 0;
#else
    case Int8Set::Avx2:
    case Int8Set::Avx512Vnni: return false;
#endif
  }
  return false;
}

Int8Set int8_set_of(InstructionSet set) {
  if (set == InstructionSet::Avx512 && is_available(Int8Set::Avx512Vnni)) {
    return Int8Set::Avx512Vnni;
  }
  return set == InstructionSet::Serial ? Int8Set::Serial : Int8Set::Avx2;
}

bool has_fast_int8(InstructionSet set) { return int8_set_of(set) == Int8Set::Avx512Vnni; }

std::size_t int8_row_bytes(std::size_t width) { return up_to(width, kLine); }

std::size_t packed_int8_floats(std::size_t outputs, std::size_t inputs) {
  return weight_floats(outputs, inputs) + 3 * up_to(outputs, kInt8Panel);
}

PackedInt8 packed_int8(const float* packed, std::size_t outputs, std::size_t inputs) {
  const std::size_t padded = up_to(outputs, kInt8Panel);
  const float* const scales = packed + weight_floats(outputs, inputs);
  return {outputs, inputs,          reinterpret_cast<const std::int8_t*>(packed),
          scales,  scales + padded, scales + 2 * padded};
}

PackedInt8 pack_int8(const float* weights, const float* bias, std::size_t outputs,
                     std::size_t inputs, float* to) {
  std::fill_n(to, packed_int8_floats(outputs, inputs), 0.0F);
  const PackedInt8 packed = packed_int8(to, outputs, inputs);
  float* const scales = to + (packed.scales - to);
  float* const sums = to + (packed.sums - to);
  std::copy_n(bias, outputs, to + (packed.bias - to));
  auto* const values = reinterpret_cast<std::int8_t*>(to);
  for (std::size_t n = 0; n < outputs; ++n) {
    const float* const row = weights + n * inputs;
    float greatest = 0;
    for (std::size_t k = 0; k < inputs; ++k) {
      greatest = std::isfinite(row[k]) ? std::max(greatest, std::fabs(row[k])) : row[k];
    }
    // What is no number, or gives sums that are none, stays so in the product: its end notices.
    const bool usable = greatest > 0 && greatest < kTooGreat;
    scales[n] = usable || greatest == 0 ? greatest / kGreatest : INFINITY;
    std::int8_t* const at =
        values + n / kInt8Panel * packed.panel_bytes() + n % kInt8Panel * kInt8Depth;
    float sum = 0;
    for (std::size_t k = 0; k < inputs; ++k) {
      const float value = usable ? std::nearbyint(row[k] / greatest * kGreatest) : 0.0F;
      at[k / kInt8Depth * kInt8Panel * kInt8Depth + k % kInt8Depth] =
          static_cast<std::int8_t>(std::isfinite(value) ? value : 0.0F);
      sum += value;
    }
    sums[n] = sum;
  }
  return packed;
}

Int8AttentionRoom::Int8AttentionRoom(std::byte* scratch, std::size_t length, std::size_t head_width)
    : padded(up_to(length, kInt8Panel)),
      query_stride(up_to(head_width, kInt8Depth)),
      value_width(up_to(head_width, kInt8Panel)) {
  Rooms rooms(scratch);
  queries = rooms.take<std::uint8_t>(length * query_stride);
  keys = rooms.take<std::int8_t>(padded * query_stride);
  values = rooms.take<std::int8_t>(padded * value_width);
  chances = rooms.take<std::uint8_t>(kInt8QueryRows * padded);
  query_scales = rooms.take<float>(length);
  query_zeros = rooms.take<float>(length);
  key_scales = rooms.take<float>(padded);
  key_sums = rooms.take<float>(padded);
  value_scales = rooms.take<float>(value_width);
  scores = rooms.take<float>(kInt8QueryRows * padded);
  bytes = rooms.used();
}

std::size_t int8_attention_scratch(std::size_t length, std::size_t head_width) {
  return Int8AttentionRoom(nullptr, length, head_width).bytes;
}

const Int8Kernels& int8_kernels_for(Int8Set set) {
#if defined(__x86_64__)
  switch (set) {
    case Int8Set::Serial: return int8_serial_kernels();
    case Int8Set::Avx2: return int8_avx2_kernels();
    case Int8Set::Avx512Vnni: return int8_vnni_kernels();
  }
#else
  static_cast<void>(set);
#endif
  return int8_serial_kernels();
}

}  // namespace sonde::kernel
