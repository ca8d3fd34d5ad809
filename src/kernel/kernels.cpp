#include "kernel/kernels.h"

#include <cstdint>
#include <cstring>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {
constexpr std::size_t kAlignFloats = 16;

std::size_t aligned_start(const std::vector<float>& storage) {
  const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
  const std::size_t over = (address / sizeof(float)) % kAlignFloats;
  return over == 0 ? 0 : kAlignFloats - over;
}
}  // namespace

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::Serial: return "serial";
    case InstructionSet::Avx2: return "avx2";
    case InstructionSet::Avx512: return "avx512";
  }
  return "unknown";
}

bool is_available(InstructionSet set) {
  switch (set) {
    case InstructionSet::Serial: return true;
#if defined(__x86_64__)
    case InstructionSet::Avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::Avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             is_available(InstructionSet::Avx2);
#else
    case InstructionSet::Avx2: return false;
    case InstructionSet::Avx512: return false;
#endif
  }
  return false;
}

InstructionSet best_instruction_set() {
  if (is_available(InstructionSet::Avx512)) {
    return InstructionSet::Avx512;
  }
  return is_available(InstructionSet::Avx2) ? InstructionSet::Avx2 : InstructionSet::Serial;
}

const Kernels& kernels_for(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::Serial: return serial_kernels();
    case InstructionSet::Avx2: return avx2_kernels();
    case InstructionSet::Avx512: return avx512_kernels();
  }
#endif
  return serial_kernels();
}

std::size_t attention_scratch(std::size_t length, std::size_t head_width) {
  const std::size_t padded = (length + kMaxLanes - 1) / kMaxLanes * kMaxLanes;
  // Keys transposed [head_width][padded], values [length][head_width], scores [kQueryRows][padded].
  return padded * head_width + length * head_width + kQueryRows * padded + kMaxLanes;
}

const float* PackedMatrix::panel(std::size_t index) const {
  return storage.data() + aligned_start(storage) + index * inputs * panel_width;
}

PackedMatrix pack_panels(const float* weights, const float* bias, std::size_t outputs,
                         std::size_t inputs, std::size_t panel_width) {
  PackedMatrix packed;
  packed.outputs = outputs;
  packed.inputs = inputs;
  packed.panel_width = panel_width;
  const std::size_t panels = (outputs + panel_width - 1) / panel_width;
  packed.storage.assign(panels * panel_width * inputs + kAlignFloats, 0.0F);
  packed.bias.assign(panels * panel_width, 0.0F);
  std::memcpy(packed.bias.data(), bias, outputs * sizeof(float));
  float* const start = packed.storage.data() + aligned_start(packed.storage);
  for (std::size_t n = 0; n < outputs; ++n) {
    float* panel = start + n / panel_width * inputs * panel_width + n % panel_width;
    for (std::size_t k = 0; k < inputs; ++k) {
      panel[k * panel_width] = weights[n * inputs + k];
    }
  }
  return packed;
}

}  // namespace sonde::kernel
