// The git index: any bytes give a set of names or an error, and the set answers for its names.
// Input: one byte that picks the hash size, then the index.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tree/git_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t hash_size = (data[0] & 1) != 0 ? 32 : 20;
  const auto shared = [&](const std::string&) { return std::optional<std::string>(bytes); };
  const auto parsed = sonde::tree::TrackedFiles::parse(bytes, hash_size, shared);
  if (!parsed.ok()) {
    return 0;
  }
  for (const auto& name : parsed->names()) {
    const std::size_t slash = name.rfind('/');
    const bool below = slash == std::string_view::npos || slash == 0 ||
                       parsed->contains_below(name.substr(0, slash)) || slash + 1 == name.size();
    if (!parsed->contains(name) || !below) {
      std::abort();
    }
  }
  return 0;
}
