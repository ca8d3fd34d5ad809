// Archives: whatever the bytes, the handler says an error or gives an answer that checks; and
// whatever a worker answers, only files of a model come out of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "embed/model_files.h"
#include "embed/unpack_job.h"

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto answer = sonde::embed::handle_unpack_job(bytes);
  if (answer.ok()) {
    const auto model = sonde::embed::decode_unpack_answer(*answer);
    require(model.ok() && model->files.size() >= 2);
  }
  const auto lie = sonde::embed::decode_unpack_answer(bytes);
  if (lie.ok()) {
    for (const auto& file : lie->files) {
      require(sonde::embed::find_model_file(file.name) != nullptr);
    }
    require(sonde::embed::decode_unpack_answer(sonde::embed::encode_unpack_answer(*lie)).ok());
  }
  return 0;
}
