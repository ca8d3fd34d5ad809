#include "index/bitpack.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace sonde::index {
namespace {

static_assert(std::endian::native == std::endian::little, "packed words are little-endian");

using Lanes = std::uint32_t __attribute__((vector_size(16)));
constexpr unsigned kRows = kPackedValues / 4;

inline Lanes load(const char* in, unsigned word) {
  Lanes lanes;
  std::memcpy(&lanes, in + std::size_t{word} * sizeof lanes, sizeof lanes);
  return lanes;
}

template <unsigned Bits, unsigned Row>
inline void unpack_row(const char* in, std::uint32_t* values) {
  constexpr unsigned kWord = Row * Bits / 32;
  constexpr unsigned kShift = Row * Bits % 32;
  Lanes lanes = load(in, kWord) >> kShift;
  if constexpr (kShift + Bits > 32) {
    lanes |= load(in, kWord + 1) << (32 - kShift);
  }
  if constexpr (Bits < 32) {
    lanes &= (std::uint32_t{1} << Bits) - 1;
  }
  std::memcpy(values + std::size_t{Row} * 4, &lanes, sizeof lanes);
}

template <unsigned Bits, unsigned... Rows>
inline void unpack_rows(const char* in, std::uint32_t* values,
                        std::integer_sequence<unsigned, Rows...> /*rows*/) {
  (unpack_row<Bits, Rows>(in, values), ...);
}

template <unsigned Bits>
void unpack(const char* in, std::uint32_t* values) {
  if constexpr (Bits == 0) {
    std::memset(values, 0, kPackedValues * sizeof *values);
  } else {
    unpack_rows<Bits>(in, values, std::make_integer_sequence<unsigned, kRows>{});
  }
}

using Unpack = void (*)(const char*, std::uint32_t*);

template <unsigned... Bits>
constexpr std::array<Unpack, sizeof...(Bits)> table(
    std::integer_sequence<unsigned, Bits...> /*widths*/) {
  return {unpack<Bits>...};
}
constexpr auto kUnpack = table(std::make_integer_sequence<unsigned, 33>{});

}  // namespace

unsigned packed_width(const std::uint32_t* values) {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < kPackedValues; ++i) {
    all |= values[i];
  }
  return static_cast<unsigned>(std::bit_width(all));
}

void pack128(const std::uint32_t* values, unsigned bits, std::string& out) {
  std::array<std::uint32_t, kPackedValues> words{};
  for (unsigned row = 0; bits != 0 && row < kRows; ++row) {
    const unsigned word = row * bits / 32;
    const unsigned shift = row * bits % 32;
    for (unsigned lane = 0; lane < 4; ++lane) {
      const std::uint32_t value = values[row * 4 + lane];
      words[word * 4 + lane] |= value << shift;
      if (shift + bits > 32) {
        words[(word + 1) * 4 + lane] |= value >> (32 - shift);
      }
    }
  }
  out.append(reinterpret_cast<const char*>(words.data()), packed_bytes(bits));
}

void unpack128(const char* in, unsigned bits, std::uint32_t* values) { kUnpack[bits](in, values); }

}  // namespace sonde::index
