// The chunker: whatever the text, in every language (the first byte picks it), the answer passes
// the checks that the other side of the worker's socket makes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "text/chunk_job.h"
#include "text/syntax/grammars.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto grammars = sonde::text::all_grammars();
  const std::size_t choice = data[0] % (grammars.size() + 2);
  const std::string_view language = choice < grammars.size()    ? grammars[choice].language
                                    : choice == grammars.size() ? "notebook"
                                                                : "perl";
  const std::string text =
      sonde::to_valid_utf8({reinterpret_cast<const char*>(data) + 1, size - 1});
  const auto chunked = sonde::text::chunk_text(language, text);
  if (!chunked.ok()) {
    std::abort();
  }
  const std::string answer = sonde::text::encode_chunk_answer(*chunked);
  if (!sonde::text::decode_chunk_answer(answer, text).ok()) {
    std::abort();
  }
  return 0;
}
