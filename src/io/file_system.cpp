#include "io/file_system.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sonde::io {

namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr int kTemporaryTries = 1000;
constexpr std::size_t kMinReadBytes = 4096;
constexpr std::size_t kMaxReadBytes = std::size_t{64} << 20;

Error too_large(const std::string& path, std::uint64_t limit_bytes) {
  return Error{Code::Limit, "'" + path + "' is larger than the limit of " +
                                std::to_string(limit_bytes) + " bytes"};
}

struct Temporary {
  std::string path;
  std::unique_ptr<WritableFile> file;
};

/// Makes a new file beside `path`. The number at the end steps over files that another thread is
/// writing now or that a dead process with our id left.
Result<Temporary> create_beside(FileSystem& fs, const std::string& path, std::uint32_t mode) {
  // 200 bytes of the name leave room for the mark within the usual limit of 255.
  const std::string stem = join_path(parent_path(path), "." + file_name(path).substr(0, 200)) +
                           std::string(kTemporaryMark) + std::to_string(::getpid()) + "-";
  Error last;
  for (int i = 0; i < kTemporaryTries; ++i) {
    std::string candidate = stem + std::to_string(i);
    auto file = fs.create(candidate, mode);
    if (file.ok()) {
      return Temporary{std::move(candidate), std::move(file).value()};
    }
    last = file.error();
    if (last.code != Code::InvalidArgument) {  // anything but "it is there already"
      break;
    }
  }
  return last;
}

Status write_out(WritableFile& file, std::span<const std::string_view> pieces) {
  for (const std::string_view piece : pieces) {
    TRY(file.append(piece));
  }
  TRY(file.sync());
  return file.close();
}

}  // namespace

Result<std::string> read_file(FileSystem& fs, const std::string& path, std::uint64_t limit_bytes) {
  TRY_ASSIGN(const auto file, fs.open_read(path));
  TRY_ASSIGN(const FileInfo info, file->info());
  if (info.size_bytes > limit_bytes) {
    return too_large(path, limit_bytes);
  }
  // The size is only a first guess: the file may grow or shrink while it is read, and files of
  // /proc claim to be empty. One byte more than the guess, so that the usual file needs one read.
  std::string content;
  std::size_t want = static_cast<std::size_t>(info.size_bytes) + 1;
  for (;;) {
    const std::size_t have = content.size();
    want = std::clamp(want, kMinReadBytes, kMaxReadBytes);
    content.resize(have + want);
    TRY_ASSIGN(const std::size_t got, file->read_at(have, content.data() + have, want));
    content.resize(have + got);
    if (content.size() > limit_bytes) {
      return too_large(path, limit_bytes);
    }
    if (got < want) {
      return content;
    }
    const std::uint64_t left =
        info.size_bytes > content.size() ? info.size_bytes - content.size() : 0;
    want = static_cast<std::size_t>(std::max<std::uint64_t>(left + 1, content.size() / 2));
  }
}

Status replace_file(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::uint32_t mode) {
  return replace_file(fs, path, std::span(&bytes, 1), mode);
}

Status replace_file(FileSystem& fs, const std::string& path,
                    std::span<const std::string_view> pieces, std::uint32_t mode) {
  TRY_ASSIGN(Temporary temporary, create_beside(fs, path, mode));
  Status status = write_out(*temporary.file, pieces);
  temporary.file.reset();
  if (status.ok()) {
    status = fs.rename(temporary.path, path);
  }
  if (!status.ok()) {
    // The first error is the one to tell; a file that cannot be removed either is only litter.
    static_cast<void>(fs.remove_file(temporary.path));
    return status;
  }
  return fs.sync_directory(parent_path(path));
}

bool is_temporary_name(std::string_view name) {
  const std::size_t mark = name.rfind(kTemporaryMark);
  if (mark == std::string_view::npos || mark == 0 || name.front() != '.') {
    return false;
  }
  const std::string_view number = name.substr(mark + kTemporaryMark.size());
  return !number.empty() && number.find_first_not_of("0123456789-") == std::string_view::npos;
}

std::string join_path(std::string_view a, std::string_view b) {
  if (a.empty()) {
    return std::string(b);
  }
  std::string path(a);
  if (path.back() != '/') {
    path += '/';
  }
  while (!b.empty() && b.front() == '/') {
    b.remove_prefix(1);
  }
  return path.append(b);
}

std::string parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return ".";
  }
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace sonde::io
