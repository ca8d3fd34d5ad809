// Segment: logical bytes whose footer checks (the fuzzer cannot guess a checksum) are opened, asked
// everything, checked and merged: right or an error, whatever they claim.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "index/segment.h"
#include "index/segment_walk.h"

namespace {

using sonde::Code;
using sonde::Status;

/// Bytes in memory without blocks: what stands behind checked blocks is what is tried here.
class Bytes final : public sonde::io::ByteSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
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
  sonde::index::testing::repair_footer(bytes);
  const auto segment = sonde::index::Segment::open(std::make_shared<Bytes>(std::move(bytes)));
  if (!segment.ok()) {
    require(honest(segment.error()));
    return 0;
  }
  const auto read = sonde::index::testing::read_all(**segment);
  require(read.ok() || honest(read.error()));
  const Status checked = (*segment)->check();
  require(checked.ok() ? read.ok() : honest(checked.error()));
  Nowhere sink;
  const auto merged = sonde::index::merge_segments({{*segment, {}}}, sink, sonde::CancelToken());
  require(checked.ok() ? merged.ok() : merged.ok() || honest(merged.error()));
  return 0;
}
