#include "kernel/kernels.h"

#include "kernel/sets.h"

namespace sonde::kernel {

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

std::size_t padded_outputs(std::size_t outputs, std::size_t panel_width) {
  return (outputs + panel_width - 1) / panel_width * panel_width;
}

PackedMatrix pack(const float* weights, const float* bias, std::size_t outputs, std::size_t inputs,
                  std::size_t panel_width, float* to_weights, float* to_bias) {
  const std::size_t padded = padded_outputs(outputs, panel_width);
  for (std::size_t n = 0; n < padded; ++n) {
    float* const panel = to_weights + n / panel_width * inputs * panel_width + n % panel_width;
    for (std::size_t k = 0; k < inputs; ++k) {
      panel[k * panel_width] = n < outputs ? weights[n * inputs + k] : 0.0F;
    }
    to_bias[n] = n < outputs ? bias[n] : 0.0F;
  }
  return {outputs, inputs, panel_width, to_weights, to_bias};
}

}  // namespace sonde::kernel
