#pragma once
// Inside the kernel layer: the tables of each instruction set, and the packing they share.

#include "kernel/kernels.h"

namespace sonde::kernel {

const Kernels& serial_kernels();
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();

/// The widest vector of any set, in floats: attention's scratch is laid out for it.
inline constexpr std::size_t kMaxLanes = 16;
/// Rows of queries that attention works on at once.
inline constexpr std::size_t kQueryRows = 8;

}  // namespace sonde::kernel
