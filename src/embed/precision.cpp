#include "embed/precision.h"

#include "kernel/int8.h"

namespace sonde::embed {

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::F32: return "f32";
    case Precision::Int8: return "int8";
  }
  return "unknown";
}

std::optional<Precision> precision_of(std::string_view word) {
  if (word == "auto") {
    return kernel::has_fast_int8(kernel::best_instruction_set()) ? Precision::Int8 : Precision::F32;
  }
  for (const Precision precision : kPrecisions) {
    if (word == name_of(precision)) {
      return precision;
    }
  }
  return std::nullopt;
}

}  // namespace sonde::embed
