#include "kernel/bit_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace sonde::kernel {
namespace {

constexpr unsigned kRounds = 4;
constexpr std::size_t kLargestSum = 63;  // four of them fit a byte
constexpr std::size_t kSumLimit = 65'535;
// Of estimates, this many standard deviations are the error. Chosen so that recall is that of the
// exact scan within 0.0002 on 100,000 vectors of 384 dimensions.
constexpr double kDeviations = 2.0;

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

void flip_signs(float* vector, std::size_t width, unsigned round) {
  for (std::size_t word = 0; word < width / kRotatedStep; ++word) {
    const std::uint64_t signs = mixed(word * kRounds + round);
    for (std::size_t i = 0; i < kRotatedStep; ++i) {
      float& value = vector[word * kRotatedStep + i];
      value = (signs >> i & 1) != 0 ? -value : value;
    }
  }
}

void hadamard(float* vector, std::size_t width) {
  for (std::size_t half = 1; half < width; half *= 2) {
    for (std::size_t at = 0; at < width; at += 2 * half) {
      float* low = vector + at;
      float* high = low + half;
      for (std::size_t i = 0; i < half; ++i) {
        const float sum = low[i] + high[i];
        high[i] = low[i] - high[i];
        low[i] = sum;
      }
    }
  }
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  for (std::size_t i = 0; i < width; ++i) {
    vector[i] *= scale;
  }
}

std::size_t groups_of(std::size_t width) { return width / kSignGroup; }

}  // namespace

void rotate(float* vector, std::size_t width) {
  const std::size_t part = std::bit_floor(width);
  for (unsigned round = 0; round < kRounds; ++round) {
    flip_signs(vector, width, round);
    hadamard(round % 2 == 0 ? vector : vector + (width - part), part);
  }
}

void put_code(std::uint8_t* block, std::size_t width, std::size_t at, const float* residual,
              const float* centre) {
  double length = 0;
  double absolute = 0;
  double with_centre = 0;
  double centre_signs = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const auto value = static_cast<double>(residual[i]);
    const auto middle = static_cast<double>(centre[i]);
    length += value * value;
    absolute += std::fabs(value);
    with_centre += value * middle;
    centre_signs += value < 0 ? -middle : middle;
  }
  const std::size_t shift = at < kTableSums ? 0 : kSignGroup;
  for (std::size_t group = 0; group < groups_of(width); ++group) {
    unsigned signs = 0;
    for (std::size_t i = 0; i < kSignGroup; ++i) {
      signs |= static_cast<unsigned>(!(residual[group * kSignGroup + i] < 0)) << i;
    }
    std::uint8_t& byte = block[group * kTableSums + at % kTableSums];
    byte = static_cast<std::uint8_t>((byte & (0xF0U >> shift)) | signs << shift);
  }
  CodeTerms terms;
  if (absolute > 0) {
    // <r, q> is about |r|^2 / |r|_1 * <signs, q>; what is left of r's direction is across signs.
    const double factor = length / absolute;
    const auto dimensions = static_cast<double>(width);
    const double across = std::max(0.0, factor * factor * dimensions - length);
    terms.factor = static_cast<float>(factor);
    terms.shift = static_cast<float>(with_centre - factor * centre_signs);
    terms.error = static_cast<float>(kDeviations * std::sqrt(across / (dimensions - 1)));
  }
  char* numbers = reinterpret_cast<char*>(block + groups_of(width) * kTableSums);
  std::memcpy(numbers + at * sizeof(float), &terms.shift, sizeof(float));
  std::memcpy(numbers + (kBlockCodes + at) * sizeof(float), &terms.factor, sizeof(float));
  std::memcpy(numbers + (2 * kBlockCodes + at) * sizeof(float), &terms.error, sizeof(float));
}

void fill_table(const float* query, std::size_t width, SumTable& table) {
  const std::size_t groups = groups_of(width);
  table.sums.resize(groups * kTableSums);
  float largest = 0;
  double base = 0;
  for (std::size_t group = 0; group < groups; ++group) {
    const float* q = query + group * kSignGroup;
    const float reach = std::fabs(q[0]) + std::fabs(q[1]) + std::fabs(q[2]) + std::fabs(q[3]);
    largest = std::max(largest, reach);
    base -= static_cast<double>(reach);
  }
  const auto steps = static_cast<float>(std::min(kLargestSum, kSumLimit / groups));
  table.base = static_cast<float>(base);
  table.step = 2 * largest / steps;
  const float inverse = largest > 0 ? steps / (2 * largest) : 0.0F;
  for (std::size_t group = 0; group < groups; ++group) {
    const float* q = query + group * kSignGroup;
    const float reach = std::fabs(q[0]) + std::fabs(q[1]) + std::fabs(q[2]) + std::fabs(q[3]);
    std::uint8_t* sums = table.sums.data() + group * kTableSums;
    for (unsigned signs = 0; signs < kTableSums; ++signs) {
      const float sum = ((signs & 1U) != 0 ? q[0] : -q[0]) + ((signs & 2U) != 0 ? q[1] : -q[1]) +
                        ((signs & 4U) != 0 ? q[2] : -q[2]) + ((signs & 8U) != 0 ? q[3] : -q[3]);
      sums[signs] = static_cast<std::uint8_t>(
          static_cast<std::int32_t>(std::max(0.0F, (sum + reach) * inverse + 0.5F)));
    }
  }
}

ScanBlock scan_block_of(DotSet set) {
#if defined(__x86_64__)
  switch (set) {
    case DotSet::Serial: return scan_block_serial;
    case DotSet::Avx2: return scan_block_avx2;
    case DotSet::Avx512Vnni: return scan_block_avx512;
  }
#else
  static_cast<void>(set);
#endif
  return scan_block_serial;
}

std::uint32_t scan_block_serial(const std::uint8_t* block, std::size_t width, const SumTable& table,
                                const ListTerms& list, float least, Estimates& out) {
  std::array<std::uint32_t, kBlockCodes> sums{};
  for (std::size_t group = 0; group < groups_of(width); ++group) {
    const std::uint8_t* codes = block + group * kTableSums;
    const std::uint8_t* entries = table.sums.data() + group * kTableSums;
    for (std::size_t i = 0; i < kTableSums; ++i) {
      sums[i] += entries[codes[i] & 0x0F];
      sums[i + kTableSums] += entries[codes[i] >> 4];
    }
  }
  const std::uint8_t* numbers = block + groups_of(width) * kTableSums;
  std::uint32_t reached = 0;
  for (std::size_t i = 0; i < kBlockCodes; ++i) {
    CodeTerms terms;
    std::memcpy(&terms.shift, numbers + i * sizeof(float), sizeof(float));
    std::memcpy(&terms.factor, numbers + (kBlockCodes + i) * sizeof(float), sizeof(float));
    std::memcpy(&terms.error, numbers + (2 * kBlockCodes + i) * sizeof(float), sizeof(float));
    const float signs = table.base + table.step * static_cast<float>(sums[i]);
    out.value[i] = (list.product + terms.shift) + terms.factor * signs;
    out.error[i] = list.distance * terms.error;
    reached |= static_cast<std::uint32_t>(out.value[i] + out.error[i] >= least) << i;
  }
  return reached;
}

}  // namespace sonde::kernel
