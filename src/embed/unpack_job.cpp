#include "embed/unpack_job.h"

#include <algorithm>

#include "base/codec.h"
#include "embed/model_files.h"

namespace sonde::embed {

namespace {

constexpr std::uint8_t kAnswerVersion = 1;
constexpr std::size_t kRootLimitBytes = 4096;

Error corrupt(const std::string& what) {
  return Error{Code::Corruption, "a worker's answer to an unpack job does not check: " + what};
}

}  // namespace

std::string encode_unpack_answer(const UnpackedModel& model) {
  ByteWriter writer;
  writer.u8(kAnswerVersion);
  writer.string(model.root.substr(0, kRootLimitBytes));
  writer.varint(model.files.size());
  for (const UnpackedFile& file : model.files) {
    writer.string(file.name);
    writer.string(file.bytes);
  }
  return writer.take();
}

Result<UnpackedModel> decode_unpack_answer(std::string_view answer) {
  ByteReader reader(answer);
  UnpackedModel model;
  TRY_ASSIGN(const std::uint8_t version, reader.u8());
  if (version != kAnswerVersion) {
    return corrupt("an unknown version");
  }
  TRY_ASSIGN(model.root, reader.string());
  TRY_ASSIGN(const std::uint64_t count, reader.varint_at_most(kModelFiles.size()));
  for (std::uint64_t i = 0; i < count; ++i) {
    UnpackedFile file;
    TRY_ASSIGN(file.name, reader.string());
    TRY_ASSIGN(file.bytes, reader.string());
    const ModelFile* known = find_model_file(file.name);
    const bool again =
        std::any_of(model.files.begin(), model.files.end(),
                    [&file](const UnpackedFile& other) { return other.name == file.name; });
    if (known == nullptr || again || file.bytes.size() > known->limit_bytes) {
      return corrupt("a file that nobody asked for, twice, or too long");
    }
    model.files.push_back(file);
  }
  if (!reader.at_end() || model.root.size() > kRootLimitBytes) {
    return corrupt("bytes follow the last file");
  }
  return model;
}

}  // namespace sonde::embed
