#pragma once
// Products of int8 vectors. Integers: every instruction set gives the same number, bit for bit.
// Threads: safe.

#include <cstddef>
#include <cstdint>

namespace sonde::kernel {

enum class DotSet { Serial, Avx2, Avx512Vnni };

inline constexpr std::size_t kDotWidthLimit = 65'536;  // beyond it a sum could leave 32 bits

/// Sum of a[i] * b[i]. @param width  at most kDotWidthLimit
using DotI8 = std::int32_t (*)(const std::int8_t* a, const std::int8_t* b, std::size_t width);

/// Sum of a[i] * b[i] where a is finer. @param width  at most kWideDotLimit
using DotWide = std::int32_t (*)(const std::int16_t* a, const std::int8_t* b, std::size_t width);
inline constexpr std::int16_t kLargestWide = 2'047;  // the greatest |a[i]|
inline constexpr std::size_t kWideDotLimit = 8'192;  // beyond it a sum could leave 32 bits

/// True when this machine can run it.
bool is_available(DotSet set);
DotSet best_dot_set();
/// The function of one set. Must be available here.
DotI8 dot_i8_of(DotSet set);
DotWide dot_wide_of(DotSet set);

std::int32_t dot_i8_serial(const std::int8_t* a, const std::int8_t* b, std::size_t width);
std::int32_t dot_i8_avx2(const std::int8_t* a, const std::int8_t* b, std::size_t width);
std::int32_t dot_i8_vnni(const std::int8_t* a, const std::int8_t* b, std::size_t width);
std::int32_t dot_wide_serial(const std::int16_t* a, const std::int8_t* b, std::size_t width);
std::int32_t dot_wide_avx2(const std::int16_t* a, const std::int8_t* b, std::size_t width);
std::int32_t dot_wide_vnni(const std::int16_t* a, const std::int8_t* b, std::size_t width);

}  // namespace sonde::kernel
