#pragma once
// Codes of one bit a dimension (RaBitQ: Gao & Long, SIGMOD 2024) and their scan. A vector x of a
// list with centre c is kept as the signs of the rotated x - c, and three numbers that turn the
// product of signs and query into an estimate of <query, x> and a bound on its error. Four signs
// are looked up at once in a table of the query's sixteen possible sums, 32 codes side by side
// (André, Kermarrec & Le Scouarnec, VLDB 2015). Every instruction set gives the same numbers, bit
// for bit.
//
// Threads: safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/dot_i8.h"

namespace sonde::kernel {

inline constexpr std::size_t kBlockCodes = 32;  // codes that lie side by side
inline constexpr std::size_t kSignGroup = 4;    // dimensions of one look-up
inline constexpr std::size_t kTableSums = 16;   // sums of one group
inline constexpr std::size_t kRotatedStep = 64;
inline constexpr std::size_t kRotatedLimit = 8'192;  // dimensions

/// Dimensions after rotation: a multiple of kRotatedStep.
constexpr std::size_t rotated_width(std::size_t dimensions) {
  return (dimensions + kRotatedStep - 1) / kRotatedStep * kRotatedStep;
}

/// Turns a vector by a fixed orthogonal map that spreads every direction over all dimensions: signs
/// and Walsh-Hadamard transforms of overlapping parts, four rounds.
/// @param vector  [rotated_width]; behind its dimensions zeroes; changed in place
void rotate(float* vector, std::size_t width);

/// Bytes of a block: 32 codes of `width` signs, then f32 shift[32], factor[32], error[32].
constexpr std::size_t block_bytes(std::size_t width) {
  return width / kSignGroup * kTableSums + 3 * kBlockCodes * sizeof(float);
}

/// A code's numbers: <query, x> is about <query, c> + shift + factor * <rotated query, signs>, with
/// a standard deviation of |query - c| * error.
struct CodeTerms {
  float shift = 0;
  float factor = 0;
  float error = 0;
};

/// Writes code `at` of a block.
/// @param residual  [width] the rotated x - c, a centre's rotated values in `centre`
using PutCode = void (*)(std::uint8_t* block, std::size_t width, std::size_t at,
                         const float* residual, const float* centre);

PutCode put_code_of(DotSet set);
void put_code_serial(std::uint8_t* block, std::size_t width, std::size_t at, const float* residual,
                     const float* centre);
void put_code_avx512(std::uint8_t* block, std::size_t width, std::size_t at, const float* residual,
                     const float* centre);
/// Sums over the dimensions of a residual, from which every instruction set makes the same numbers.
struct CodeSums {
  double length = 0;        // of squares
  double absolute = 0;      // of absolute values
  double with_centre = 0;   // of products with the centre
  double centre_signs = 0;  // of the centre's values with the residual's signs
};
/// Writes the three numbers of code `at`.
void put_terms(std::uint8_t* block, std::size_t width, std::size_t at, const CodeSums& sums);

/// The query's sums, in steps of `step` above `base`.
struct SumTable {
  std::vector<std::uint8_t> sums;  // [width / 4][16]
  float base = 0;
  float step = 0;
};
/// @param query  [width] rotated
void fill_table(const float* query, std::size_t width, SumTable& table);

/// How many of `count` values are not below `least`.
std::size_t count_not_below(const float* values, std::size_t count, float least);

/// What one list adds to a query.
struct ListTerms {
  float product = 0;   // <query, c>
  float distance = 0;  // |query - c| times the standard deviations that are allowed for
};

struct Estimates {
  alignas(64) std::array<float, kBlockCodes> value;
  alignas(64) std::array<float, kBlockCodes> error;
};

/// Estimates the products of a block's 32 codes; bit i of the answer is set where value + error is
/// not below `least`.
/// @param block  block_bytes(width), 64-byte aligned
using ScanBlock = std::uint32_t (*)(const std::uint8_t* block, std::size_t width,
                                    const SumTable& table, const ListTerms& list, float least,
                                    Estimates& out);

ScanBlock scan_block_of(DotSet set);
std::uint32_t scan_block_serial(const std::uint8_t* block, std::size_t width, const SumTable& table,
                                const ListTerms& list, float least, Estimates& out);
std::uint32_t scan_block_avx2(const std::uint8_t* block, std::size_t width, const SumTable& table,
                              const ListTerms& list, float least, Estimates& out);
std::uint32_t scan_block_avx512(const std::uint8_t* block, std::size_t width, const SumTable& table,
                                const ListTerms& list, float least, Estimates& out);

}  // namespace sonde::kernel
