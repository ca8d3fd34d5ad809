// decode_chunk_answer: whatever a worker answers, it is refused or a sound list of chunks, which
// can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/chunk_job.h"

namespace {

constexpr std::string_view kText = "def one():\n    return 'ü'\n\n\ndef two():\n    return 2\n";

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  const auto chunked = sonde::text::decode_chunk_answer(answer, kText);
  if (!chunked.ok()) {
    require(chunked.error().code == sonde::Code::Corruption);
    return 0;
  }
  std::size_t end = 0;
  const std::size_t limit = chunked->text.empty() ? kText.size() : chunked->text.size();
  for (const sonde::text::Chunk& chunk : chunked->chunks) {
    require(chunk.start_byte >= end && chunk.end_byte > chunk.start_byte);
    require(chunk.end_byte <= limit && chunk.start_line <= chunk.end_line);
    end = chunk.end_byte;
  }
  const std::string again = sonde::text::encode_chunk_answer(*chunked);
  require(sonde::text::decode_chunk_answer(again, kText).ok());
  return 0;
}
