// ByteReader: whatever the bytes, every call gives a value or an error, never reads past the end,
// and what it read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/codec.h"

namespace {

constexpr std::size_t kMaxReads = 10'000;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void rewrite_varint(std::uint64_t value) {
  sonde::ByteWriter writer;
  writer.varint(value);
  sonde::ByteReader reader(writer.bytes());
  const auto again = reader.varint();
  require(again.ok() && again.value() == value && reader.at_end());
}

void rewrite_string(std::string_view value) {
  sonde::ByteWriter writer;
  writer.string(value);
  sonde::ByteReader reader(writer.bytes());
  const auto again = reader.string();
  require(again.ok() && again.value() == value && reader.at_end());
}

/// Makes the read that `step` chooses; false when it gave an error.
bool read_one(sonde::ByteReader& reader, std::uint8_t step) {
  switch (step % 8) {
    case 0: return reader.u16().ok();
    case 1: return reader.u32().ok();
    case 2: return reader.u64().ok();
    case 3: return reader.i64().ok();
    case 4: {
      const auto value = reader.varint();
      if (value.ok()) {
        rewrite_varint(value.value());
      }
      return value.ok();
    }
    case 5: {
      const auto value = reader.varint_at_most(step);
      require(!value.ok() || value.value() <= step);
      return value.ok();
    }
    case 6: {
      const auto value = reader.string();
      if (value.ok()) {
        rewrite_string(value.value());
      }
      return value.ok();
    }
    default: {
      const auto value = reader.raw(step);
      require(!value.ok() || value.value().size() == step);
      return value.ok();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sonde::ByteReader reader(bytes);
  for (std::size_t i = 0; i < kMaxReads && !reader.at_end(); ++i) {
    const auto step = reader.u8();
    require(step.ok());
    if (!read_one(reader, step.value())) {
      break;
    }
    require(reader.position() <= size && reader.remaining() == size - reader.position());
  }
  return 0;
}
