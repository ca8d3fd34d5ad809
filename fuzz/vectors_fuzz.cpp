// Files of vectors: logical bytes whose head checks (the fuzzer cannot guess a checksum) are
// opened, asked everything, and merged: right or an error, whatever they claim.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "index/vectors.h"
#include "index/vectors_walk.h"

namespace {

using sonde::Code;
using sonde::Status;
using sonde::index::VectorHead;

/// Bytes in memory without blocks: what stands behind checked blocks is what is tried here.
class Bytes final : public sonde::io::ByteSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {
    constexpr std::size_t kBlock = sonde::io::kBlockPayloadBytes;
    bytes_.resize((bytes_.size() + kBlock - 1) / kBlock * kBlock, '\0');
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::size_t length, char* buffer) override {
    if (offset > bytes_.size() || length > bytes_.size() - offset) {
      std::abort();  // every range is checked before it is read
    }
    std::memcpy(buffer, bytes_.data() + offset, length);
    return {};
  }
  Status check_all() override { return {}; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  std::string bytes_;
  std::string name_ = "fuzz";
};

class Nowhere final : public sonde::io::BlockSink {
 public:
  Status append(std::string_view) override { return {}; }
};

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool honest(const sonde::Error& error) {
  return error.code == Code::Corruption || error.code == Code::Unsupported;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  sonde::index::vectors_testing::repair_head(bytes);
  auto source = std::make_shared<Bytes>(bytes);
  // The reader asks for the model it knows: that of the file, where there is one.
  bytes.resize(VectorHead::kBytes, '\0');
  const auto head = VectorHead::unpack(bytes, "fuzz", source->size());
  if (!head.ok()) {
    require(honest(head.error()));
    return 0;
  }
  const auto set = sonde::index::VectorSet::open(source, head->model, head->dimensions);
  if (!set.ok()) {
    require(honest(set.error()));
    return 0;
  }
  const auto read = sonde::index::vectors_testing::read_all(**set);
  require(read.ok() || honest(read.error()));
  Nowhere sink;
  const auto merged = sonde::index::write_vectors({*set}, head->model, head->dimensions, {}, sink);
  require(merged.ok() || honest(merged.error()));
  return 0;
}
