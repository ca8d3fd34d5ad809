#include "kernel/dot_i8.h"

namespace sonde::kernel {

bool is_available(DotSet set) {
  switch (set) {
    case DotSet::Serial: return true;
#if defined(__x86_64__)
    case DotSet::Avx2: return __builtin_cpu_supports("avx2") != 0;
    case DotSet::Avx512Vnni:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
#else
    case DotSet::Avx2:
    case DotSet::Avx512Vnni: return false;
#endif
  }
  return false;
}

DotSet best_dot_set() {
  if (is_available(DotSet::Avx512Vnni)) {
    return DotSet::Avx512Vnni;
  }
  return is_available(DotSet::Avx2) ? DotSet::Avx2 : DotSet::Serial;
}

DotI8 dot_i8_of(DotSet set) {
#if defined(__x86_64__)
  switch (set) {
    case DotSet::Serial: return dot_i8_serial;
    case DotSet::Avx2: return dot_i8_avx2;
    case DotSet::Avx512Vnni: return dot_i8_vnni;
  }
#else
  static_cast<void>(set);
#endif
  return dot_i8_serial;
}

DotWide dot_wide_of(DotSet set) {
#if defined(__x86_64__)
  switch (set) {
    case DotSet::Serial: return dot_wide_serial;
    case DotSet::Avx2: return dot_wide_avx2;
    case DotSet::Avx512Vnni: return dot_wide_vnni;
  }
#else
  static_cast<void>(set);
#endif
  return dot_wide_serial;
}

std::int32_t dot_wide_serial(const std::int16_t* a, const std::int8_t* b, std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  }
  return sum;
}

std::int32_t dot_i8_serial(const std::int8_t* a, const std::int8_t* b, std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  }
  return sum;
}

}  // namespace sonde::kernel
