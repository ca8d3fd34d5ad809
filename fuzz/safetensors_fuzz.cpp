// Safetensors: whatever the bytes, a file opens or is refused; what opens lies inside the file, and
// what is read of it is finite.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "embed/safetensors.h"

namespace {

using namespace sonde;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// One file in memory; everything else is refused.
class OneFile final : public io::FileSystem {
 public:
  explicit OneFile(std::string_view bytes) : bytes_(bytes) {}

  Result<std::unique_ptr<io::ReadableFile>> open_read(const std::string&) override {
    return std::unique_ptr<io::ReadableFile>(std::make_unique<File>(bytes_));
  }
  Result<std::unique_ptr<io::WritableFile>> create(const std::string&, std::uint32_t) override {
    return refused();
  }
  Result<std::unique_ptr<io::RandomFile>> open_random(const std::string&, io::OpenMode,
                                                      std::uint32_t) override {
    return refused();
  }
  Status rename(const std::string&, const std::string&) override { return refused(); }
  Status remove_file(const std::string&) override { return refused(); }
  Status make_directory(const std::string&, std::uint32_t) override { return refused(); }
  Status remove_directory(const std::string&) override { return refused(); }
  Status sync_directory(const std::string&) override { return refused(); }
  Result<std::vector<io::DirectoryEntry>> list(const std::string&) override { return refused(); }
  Result<io::FileInfo> info(const std::string&) override { return refused(); }

 private:
  class File final : public io::ReadableFile {
   public:
    explicit File(std::string_view bytes) : bytes_(bytes) {}
    Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
      if (offset >= bytes_.size()) {
        return std::size_t{0};
      }
      const std::string_view part = bytes_.substr(static_cast<std::size_t>(offset), length);
      std::copy(part.begin(), part.end(), buffer);
      return part.size();
    }
    Result<io::FileInfo> info() override {
      io::FileInfo info;
      info.type = io::FileType::Regular;
      info.size_bytes = bytes_.size();
      return info;
    }

   private:
    const std::string_view bytes_;
  };

  static Error refused() { return Error{Code::Io, "only one file, and only to be read"}; }

  const std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  OneFile fs(bytes);
  const auto file = embed::Safetensors::open(fs, "model.safetensors");
  if (!file.ok()) {
    require(!file.error().message.empty());
    return 0;
  }
  std::uint64_t total = 0;
  for (const auto& [name, info] : file->tensors()) {
    require(info.begin <= size && info.size_bytes <= size - info.begin);
    total += info.size_bytes;
    const auto values = file->read(name, info.shape);
    require(!values.ok() || std::all_of(values->begin(), values->end(),
                                        [](float value) { return std::isfinite(value); }));
    const auto row = file->read_rows(name, 0, 1);
    require(!row.ok() || row->size() <= size);
  }
  require(total <= size);  // none shares a byte with another
  return 0;
}
