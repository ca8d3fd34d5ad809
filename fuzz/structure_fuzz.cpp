// decode_structure: whatever a worker answers or a row holds is refused, or a structure whose
// numbers all name something, and which is the same when it is written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/structure.h"

namespace {

constexpr std::uint32_t kLastLine = 100'000;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_definitions(const sonde::text::Structure& structure) {
  for (std::size_t i = 0; i < structure.definitions.size(); ++i) {
    const sonde::text::Definition& definition = structure.definitions[i];
    require(definition.name > 0 && definition.name < structure.names.size());
    require(definition.scope < structure.names.size());
    require(definition.parent <= i);  // what encloses it stands before it
    require(definition.line >= 1 && definition.line <= definition.end_line);
    require(definition.end_line <= kLastLine);
    require(!structure.qualified(definition).empty());
    require(definition.visibility <= sonde::text::Visibility::Public);
    require((definition.marks & ~(sonde::text::kAnnotated | sonde::text::kOverrides)) == 0);
    require(definition.measured() || definition.measures == sonde::text::Measures{});
  }
}

void check_references(const sonde::text::Structure& structure) {
  for (const sonde::text::Reference& reference : structure.references) {
    require(reference.name > 0 && reference.name < structure.names.size());
    require(reference.within <= structure.definitions.size());
    require(reference.line >= 1 && reference.line <= kLastLine);
    require(!sonde::text::edge_name(reference.kind).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = sonde::text::decode_structure(bytes, kLastLine);
  if (!read.ok()) {
    require(read.error().code == sonde::Code::Corruption);
    return 0;
  }
  check_definitions(*read);
  check_references(*read);
  const std::string written = sonde::text::encode_structure(*read);
  const auto again = sonde::text::decode_structure(written, kLastLine);
  require(again.ok() && sonde::text::encode_structure(*again) == written);
  return 0;
}
