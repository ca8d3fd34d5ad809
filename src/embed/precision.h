#pragma once
// What a model of this machine computes with.

#include <array>
#include <optional>
#include <string_view>

namespace sonde::embed {

/// Of the weights in the matrices, and with it the arithmetic.
enum class Precision { F32, Int8 };

inline constexpr std::array<Precision, 2> kPrecisions = {Precision::F32, Precision::Int8};

/// "f32", "int8": as ModelId::precision has it.
std::string_view name_of(Precision precision);
/// These and "auto", which is int8 where this processor is faster with it and f32 elsewhere;
/// nothing for another word.
std::optional<Precision> precision_of(std::string_view word);

}  // namespace sonde::embed
