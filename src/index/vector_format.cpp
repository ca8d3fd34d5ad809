#include "index/vector_format.h"

#include "base/codec.h"
#include "index/vector_code.h"

namespace sonde::index {

std::string VectorHead::packed() const {
  ByteWriter head;
  head.raw(kMagic);
  head.u32(kVersion);
  head.u32(dimensions);
  head.u64(count);
  head.u32(lists);
  head.u32(code_blocks);
  head.raw(model.view());
  head.u64(checksum64(head.bytes()));
  return head.take();
}

Result<VectorHead> VectorHead::unpack(std::string_view bytes, const std::string& name,
                                      std::uint64_t size) {
  const auto corrupt = [&](const char* what) {
    return Error{Code::Corruption, name + ": vectors: " + what};
  };
  ByteReader reader(bytes);
  TRY_ASSIGN(const std::string_view magic, reader.raw(kMagic.size()));
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  if (magic != kMagic) {
    return corrupt("it does not begin with its mark");
  }
  if (version != kVersion) {
    return Error{Code::Unsupported, name + ": vectors of version " + std::to_string(version) +
                                        "; this build knows version " + std::to_string(kVersion)};
  }
  VectorHead head;
  TRY_ASSIGN(head.dimensions, reader.u32());
  TRY_ASSIGN(head.count, reader.u64());
  TRY_ASSIGN(head.lists, reader.u32());
  TRY_ASSIGN(head.code_blocks, reader.u32());
  TRY_ASSIGN(const std::string_view model, reader.raw(kHashBytes));
  TRY_ASSIGN(head.model, ContentHash::from_bytes(model));
  const std::size_t checked = reader.position();
  TRY_ASSIGN(const std::uint64_t checksum, reader.u64());
  if (checksum != checksum64(bytes.substr(0, checked))) {
    return corrupt("its head does not check");
  }
  if (head.dimensions == 0 || head.dimensions > kDimensionsLimit) {
    return corrupt("its number of dimensions cannot be");
  }
  if (head.count > kVectorsLimit || head.lists == 0 || head.lists > kListsLimit ||
      head.code_blocks > head.count / kernel::kBlockCodes + head.lists || head.end() != size) {
    return corrupt("its size does not bear out its count");
  }
  return head;
}

}  // namespace sonde::index
