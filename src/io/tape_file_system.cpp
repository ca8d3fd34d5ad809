#include "io/tape_file_system.h"

#include <utility>

namespace sonde::io {

namespace {

class TapedStream final : public WritableFile {
 public:
  TapedStream(std::unique_ptr<WritableFile> file, std::string path,
              const TapeFileSystem::Before& before)
      : file_(std::move(file)), path_(std::move(path)), before_(before) {}
  Status append(std::string_view bytes) override {
    before_("write", path_);
    return file_->append(bytes);
  }
  Status sync() override {
    before_("sync", path_);
    return file_->sync();
  }
  Status close() override { return file_->close(); }

 private:
  std::unique_ptr<WritableFile> file_;
  const std::string path_;
  const TapeFileSystem::Before& before_;
};

class TapedRandom final : public RandomFile {
 public:
  TapedRandom(std::unique_ptr<RandomFile> file, std::string path,
              const TapeFileSystem::Before& before)
      : file_(std::move(file)), path_(std::move(path)), before_(before) {}
  Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
    return file_->read_at(offset, buffer, length);
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    before_("write", path_);
    return file_->write_at(offset, bytes);
  }
  Status truncate(std::uint64_t size_bytes) override {
    before_("truncate", path_);
    return file_->truncate(size_bytes);
  }
  Status sync() override {
    before_("sync", path_);
    return file_->sync();
  }
  Result<std::uint64_t> size() override { return file_->size(); }

 private:
  std::unique_ptr<RandomFile> file_;
  const std::string path_;
  const TapeFileSystem::Before& before_;
};

}  // namespace

Result<std::unique_ptr<ReadableFile>> TapeFileSystem::open_read(const std::string& path) {
  return fs_.open_read(path);
}

Result<std::unique_ptr<WritableFile>> TapeFileSystem::create(const std::string& path,
                                                             std::uint32_t mode) {
  before_("create", path);
  TRY_ASSIGN(std::unique_ptr<WritableFile> file, fs_.create(path, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<TapedStream>(std::move(file), path, before_));
}

Result<std::unique_ptr<RandomFile>> TapeFileSystem::open_random(const std::string& path,
                                                                OpenMode open, std::uint32_t mode) {
  before_("open", path);
  TRY_ASSIGN(std::unique_ptr<RandomFile> file, fs_.open_random(path, open, mode));
  return std::unique_ptr<RandomFile>(std::make_unique<TapedRandom>(std::move(file), path, before_));
}

Status TapeFileSystem::rename(const std::string& from, const std::string& to) {
  before_("rename", to);
  return fs_.rename(from, to);
}

Status TapeFileSystem::remove_file(const std::string& path) {
  before_("remove", path);
  return fs_.remove_file(path);
}

Status TapeFileSystem::make_directory(const std::string& path, std::uint32_t mode) {
  before_("make", path);
  return fs_.make_directory(path, mode);
}

Status TapeFileSystem::remove_directory(const std::string& path) {
  before_("remove", path);
  return fs_.remove_directory(path);
}

Status TapeFileSystem::sync_directory(const std::string& path) {
  before_("sync", path);
  return fs_.sync_directory(path);
}

Result<std::vector<DirectoryEntry>> TapeFileSystem::list(const std::string& path) {
  return fs_.list(path);
}

Result<FileInfo> TapeFileSystem::info(const std::string& path) { return fs_.info(path); }

}  // namespace sonde::io
