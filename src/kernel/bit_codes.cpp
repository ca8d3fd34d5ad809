#include "kernel/bit_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace sonde::kernel {
namespace {

constexpr std::size_t kRounds = 4;
constexpr std::size_t kLargestSum = 63;  // four of them fit a byte
constexpr std::size_t kSumLimit = 65'535;

constexpr std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

constexpr std::size_t kSignWords = kRotatedLimit / kRotatedStep;

/// One random bit for each dimension and round.
constexpr std::array<std::array<std::uint64_t, kSignWords>, kRounds> make_signs() {
  std::array<std::array<std::uint64_t, kSignWords>, kRounds> signs{};
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t word = 0; word < kSignWords; ++word) {
      signs[round][word] = mixed(word * kRounds + round);
    }
  }
  return signs;
}
constexpr auto kSigns = make_signs();

/// Four bits as four factors.
constexpr std::array<std::array<float, 4>, 16> make_factors() {
  std::array<std::array<float, 4>, 16> factors{};
  for (std::size_t bits = 0; bits < 16; ++bits) {
    for (std::size_t i = 0; i < 4; ++i) {
      factors[bits][i] = (bits >> i & 1) != 0 ? -1.0F : 1.0F;
    }
  }
  return factors;
}
constexpr auto kFactors = make_factors();

void flip_signs(float* vector, std::size_t width, std::size_t round) {
  constexpr std::size_t kPart = 4;
  for (std::size_t at = 0; at < width; at += kPart) {
    const std::uint64_t word = kSigns[round][at / kRotatedStep];
    const std::array<float, kPart>& factors = kFactors[word >> (at % kRotatedStep) & 0xF];
    for (std::size_t i = 0; i < kPart; ++i) {
      vector[at + i] *= factors[i];
    }
  }
}

/// Butterflies between values that are at least `least` apart.
void butterflies(float* vector, std::size_t width, std::size_t least) {
  for (std::size_t half = least; half < width; half *= 2) {
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
}

/// The Walsh-Hadamard transform of a power of two from 64 on, its values in another order: as rows
/// of a matrix, then as its columns, so that no step is shorter than a register.
void hadamard(float* vector, std::size_t width) {
  const std::size_t columns = std::size_t{1} << (std::bit_width(width) - 1) / 2;
  const std::size_t rows = width / columns;
  alignas(64) std::array<float, kRotatedLimit> turned;
  butterflies(vector, width, columns);
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      turned[column * rows + row] = scale * vector[row * columns + column];
    }
  }
  butterflies(turned.data(), width, rows);
  std::copy_n(turned.data(), width, vector);
}

/// Sums in eight parts, so that they run in registers, in an order that is always the same.
class Sum {
 public:
  static constexpr std::size_t kParts = 8;
  void add(std::size_t part, double value) { parts_[part] += value; }
  [[nodiscard]] double total() const {
    return ((parts_[0] + parts_[1]) + (parts_[2] + parts_[3])) +
           ((parts_[4] + parts_[5]) + (parts_[6] + parts_[7]));
  }

 private:
  std::array<double, kParts> parts_{};
};

std::size_t groups_of(std::size_t width) { return width / kSignGroup; }

}  // namespace

void rotate(float* vector, std::size_t width) {
  const std::size_t part = std::bit_floor(width);
  for (std::size_t round = 0; round < kRounds; ++round) {
    flip_signs(vector, width, round);
    hadamard(round % 2 == 0 ? vector : vector + (width - part), part);
  }
}

void put_code_serial(std::uint8_t* block, std::size_t width, std::size_t at, const float* residual,
                     const float* centre) {
  Sum lengths;
  Sum absolutes;
  Sum with_centres;
  Sum centre_signs;
  for (std::size_t i = 0; i < width; i += Sum::kParts) {
    for (std::size_t part = 0; part < Sum::kParts; ++part) {
      const auto value = static_cast<double>(residual[i + part]);
      const auto middle = static_cast<double>(centre[i + part]);
      lengths.add(part, value * value);
      absolutes.add(part, std::fabs(value));
      with_centres.add(part, value * middle);
      centre_signs.add(part, value < 0 ? -middle : middle);
    }
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
  put_terms(block, width, at,
            {lengths.total(), absolutes.total(), with_centres.total(), centre_signs.total()});
}

void put_terms(std::uint8_t* block, std::size_t width, std::size_t at, const CodeSums& sums) {
  CodeTerms terms;
  if (sums.absolute > 0) {
    // <r, q> is about |r|^2 / |r|_1 * <signs, q>; what is left of r's direction is across signs.
    const double factor = sums.length / sums.absolute;
    const auto dimensions = static_cast<double>(width);
    const double across = std::max(0.0, factor * factor * dimensions - sums.length);
    terms.factor = static_cast<float>(factor);
    terms.shift = static_cast<float>(sums.with_centre - factor * sums.centre_signs);
    terms.error = static_cast<float>(std::sqrt(across / (dimensions - 1)));
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
    const float first[] = {-q[0] - q[1], q[0] - q[1], q[1] - q[0], q[0] + q[1]};
    const float second[] = {-q[2] - q[3], q[2] - q[3], q[3] - q[2], q[2] + q[3]};
    std::int32_t steps_up[kTableSums];
    for (std::size_t high = 0; high < kSignGroup; ++high) {
      for (std::size_t low = 0; low < kSignGroup; ++low) {
        // Not below -0.5: what rounds to 0 may be a little under it.
        steps_up[high * kSignGroup + low] =
            static_cast<std::int32_t>((first[low] + second[high] + reach) * inverse + 0.5F);
      }
    }
    for (std::size_t i = 0; i < kTableSums; ++i) {
      sums[i] = static_cast<std::uint8_t>(steps_up[i]);
    }
  }
}

std::size_t count_not_below(const float* values, std::size_t count, float least) {
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    found += values[i] >= least ? 1U : 0U;
  }
  return found;
}

PutCode put_code_of(DotSet set) {
#if defined(__x86_64__)
  return set == DotSet::Avx512Vnni ? put_code_avx512 : put_code_serial;
#else
  static_cast<void>(set);
  return put_code_serial;
#endif
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
