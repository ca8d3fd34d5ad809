#include "embed/encoder.h"

#include <fmt/format.h>

namespace sonde::embed {

std::string ModelId::key() const {
  return fmt::format("{}:{}:{}:{}:{}:{}", weights, precision, pooling, dimensions, max_tokens,
                     name);  // the name last: it alone may hold a colon
}

}  // namespace sonde::embed
