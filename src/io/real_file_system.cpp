// The operating system's files. Every descriptor is close-on-exec; every call starts again when a
// signal interrupts it.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "io/file_system.h"
#include "io/os_error.h"
#include "io/unique_fd.h"

namespace sonde::io {

namespace {

constexpr std::size_t kMaxDirectoryEntries = 20'000'000;
constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxTransferBytes = std::size_t{1} << 30;  // Linux cuts at 2 GiB by itself

Error bad_offset(const std::string& path) {
  return Error{Code::InvalidArgument, "an offset in '" + path + "' is beyond what files can have"};
}

FileType type_of_mode(mode_t mode) {
  if (S_ISREG(mode)) {
    return FileType::Regular;
  }
  if (S_ISDIR(mode)) {
    return FileType::Directory;
  }
  return S_ISLNK(mode) ? FileType::Symlink : FileType::Other;
}

FileInfo to_info(const struct stat& status) {
  FileInfo info;
  info.type = type_of_mode(status.st_mode);
  info.size_bytes = static_cast<std::uint64_t>(status.st_size);
  info.mtime_ns =
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + std::int64_t{status.st_mtim.tv_nsec};
  info.device = status.st_dev;
  info.inode = status.st_ino;
  info.mode = status.st_mode & 07777;
  return info;
}

Result<FileInfo> info_of(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return os_error(errno, "look at", path);
  }
  return to_info(status);
}

/// A path with a zero byte would silently name another file.
Status check_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument, "a path is empty or holds a zero byte"};
  }
  return {};
}

Result<UniqueFd> open_path(const std::string& path, int flags, std::uint32_t mode,
                           std::string_view action) {
  TRY(check_path(path));
  const int fd =
      retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); });
  if (fd < 0) {
    return os_error(errno, action, path);
  }
  return UniqueFd(fd);
}

Result<std::size_t> read_fully(int fd, const std::string& path, std::uint64_t offset, char* buffer,
                               std::size_t length) {
  if (offset > kMaxOffset || length > kMaxOffset - offset) {
    return bad_offset(path);
  }
  std::size_t done = 0;
  while (done < length) {
    const std::size_t part = std::min(length - done, kMaxTransferBytes);
    const ssize_t got = retry_interrupted(
        [&] { return ::pread(fd, buffer + done, part, static_cast<off_t>(offset + done)); });
    if (got < 0) {
      return os_error(errno, "read", path);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status write_fully(int fd, const std::string& path, std::uint64_t offset, std::string_view bytes) {
  if (offset > kMaxOffset || bytes.size() > kMaxOffset - offset) {
    return bad_offset(path);
  }
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kMaxTransferBytes);
    const ssize_t written = retry_interrupted(
        [&] { return ::pwrite(fd, bytes.data(), part, static_cast<off_t>(offset)); });
    if (written < 0) {
      return os_error(errno, "write", path);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_data(int fd, const std::string& path) {
  if (retry_interrupted([&] { return ::fdatasync(fd); }) != 0) {
    return os_error(errno, "sync", path);
  }
  return {};
}

class RealReadableFile final : public ReadableFile {
 public:
  RealReadableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
    return read_fully(fd_.get(), path_, offset, buffer, length);
  }
  Result<FileInfo> info() override { return info_of(fd_.get(), path_); }

 private:
  UniqueFd fd_;
  std::string path_;
};

class RealWritableFile final : public WritableFile {
 public:
  RealWritableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status append(std::string_view bytes) override {
    TRY(usable());
    Status status = keep(write_fully(fd_.get(), path_, size_, bytes));
    size_ += bytes.size();
    return status;
  }
  Status sync() override {
    TRY(usable());
    return keep(sync_data(fd_.get(), path_));
  }
  Status close() override {
    TRY(usable());
    failed_ = Error{Code::Internal, "'" + path_ + "' is closed"};
    if (::close(fd_.release()) != 0 && errno != EINTR) {
      return os_error(errno, "close", path_);
    }
    return {};
  }

 private:
  Status usable() const { return failed_ ? Status(*failed_) : Status(); }
  Status keep(Status status) {
    if (!status.ok()) {
      failed_ = status.error();
    }
    return status;
  }
  UniqueFd fd_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::optional<Error> failed_;
};

class RealRandomFile final : public RandomFile {
 public:
  RealRandomFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) override {
    return read_fully(fd_.get(), path_, offset, buffer, length);
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    TRY(usable());
    return write_fully(fd_.get(), path_, offset, bytes);
  }
  Status truncate(std::uint64_t size_bytes) override {
    TRY(usable());
    if (size_bytes > kMaxOffset) {
      return bad_offset(path_);
    }
    const auto size = static_cast<off_t>(size_bytes);
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), size); }) != 0) {
      return os_error(errno, "truncate", path_);
    }
    return {};
  }
  Status sync() override {
    TRY(usable());
    Status status = sync_data(fd_.get(), path_);
    if (!status.ok()) {
      failed_ = status.error();
    }
    return status;
  }
  Result<std::uint64_t> size() override {
    TRY_ASSIGN(const FileInfo info, info_of(fd_.get(), path_));
    return info.size_bytes;
  }

 private:
  Status usable() const { return failed_ ? Status(*failed_) : Status(); }
  UniqueFd fd_;
  std::string path_;
  std::optional<Error> failed_;
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

Result<FileType> type_of_entry(DIR* directory, const dirent& entry, const std::string& path) {
  switch (entry.d_type) {
    case DT_REG: return FileType::Regular;
    case DT_DIR: return FileType::Directory;
    case DT_LNK: return FileType::Symlink;
    case DT_UNKNOWN: break;
    default: return FileType::Other;
  }
  struct stat status {};
  if (::fstatat(::dirfd(directory), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    return type_of_mode(status.st_mode);
  }
  if (errno == ENOENT) {
    return FileType::Other;  // removed since it was listed
  }
  return os_error(errno, "look at", join_path(path, entry.d_name));
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    // Without O_NONBLOCK a pipe would be waited for.
    TRY_ASSIGN(UniqueFd fd, open_path(path, O_RDONLY | O_NONBLOCK, 0, "open"));
    TRY_ASSIGN(const FileInfo info, info_of(fd.get(), path));
    if (info.type != FileType::Regular) {
      return Error{Code::InvalidArgument, "'" + path + "' is not a regular file"};
    }
    return std::unique_ptr<ReadableFile>(std::make_unique<RealReadableFile>(std::move(fd), path));
  }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path,
                                               std::uint32_t mode) override {
    TRY_ASSIGN(UniqueFd fd, open_path(path, O_WRONLY | O_CREAT | O_EXCL, mode, "create"));
    return std::unique_ptr<WritableFile>(std::make_unique<RealWritableFile>(std::move(fd), path));
  }

  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path, OpenMode open,
                                                  std::uint32_t mode) override {
    const int flags = O_RDWR | O_NONBLOCK | (open == OpenMode::CreateIfMissing ? O_CREAT : 0);
    TRY_ASSIGN(UniqueFd fd, open_path(path, flags, mode, "open"));
    TRY_ASSIGN(const FileInfo info, info_of(fd.get(), path));
    if (info.type != FileType::Regular) {
      return Error{Code::InvalidArgument, "'" + path + "' is not a regular file"};
    }
    return std::unique_ptr<RandomFile>(std::make_unique<RealRandomFile>(std::move(fd), path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    TRY(check_path(from));
    TRY(check_path(to));
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return os_error(errno, "rename to '" + to + "' the file", from);
    }
    return {};
  }

  Status remove_file(const std::string& path) override {
    TRY(check_path(path));
    return ::unlink(path.c_str()) == 0 ? Status() : os_error(errno, "remove", path);
  }

  Status make_directory(const std::string& path, std::uint32_t mode) override {
    TRY(check_path(path));
    return ::mkdir(path.c_str(), mode) == 0 ? Status() : os_error(errno, "make the folder", path);
  }

  Status remove_directory(const std::string& path) override {
    TRY(check_path(path));
    return ::rmdir(path.c_str()) == 0 ? Status() : os_error(errno, "remove the folder", path);
  }

  Status sync_directory(const std::string& path) override {
    TRY_ASSIGN(const UniqueFd fd, open_path(path, O_RDONLY | O_DIRECTORY, 0, "open the folder"));
    if (retry_interrupted([&] { return ::fsync(fd.get()); }) != 0) {
      return os_error(errno, "sync the folder", path);
    }
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    TRY_ASSIGN(UniqueFd fd, open_path(path, O_RDONLY | O_DIRECTORY, 0, "open the folder"));
    const DirectoryStream directory(::fdopendir(fd.get()));
    if (!directory) {
      return os_error(errno, "list", path);
    }
    static_cast<void>(fd.release());  // the stream owns it now
    std::vector<DirectoryEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) {
        break;
      }
      std::string name(entry->d_name);
      if (name == "." || name == "..") {
        continue;
      }
      if (entries.size() == kMaxDirectoryEntries) {
        return Error{Code::Limit, "the folder '" + path + "' has more than " +
                                      std::to_string(kMaxDirectoryEntries) + " entries"};
      }
      TRY_ASSIGN(const FileType type, type_of_entry(directory.get(), *entry, path));
      entries.push_back({std::move(name), type});
    }
    if (errno != 0) {
      return os_error(errno, "list", path);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  Result<FileInfo> info(const std::string& path) override {
    TRY(check_path(path));
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      return os_error(errno, "look at", path);
    }
    return to_info(status);
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem file_system;  // has no state: one is as good as many
  return file_system;
}

}  // namespace sonde::io
