#include "faces/http/token_file.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/hash.h"
#include "io/os_error.h"

namespace sonde::faces::http {

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kShortest = 32;
constexpr std::size_t kLongest = 512;
constexpr std::uint32_t kOthers = 077;
// Another server that makes the same file is done with it at once.
constexpr int kLooks = 20;
constexpr std::chrono::milliseconds kLook{50};

Status make_folder(io::FileSystem& files, const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) {
    return io::os_error(error.value(), "make", path);
  }
  const Status made = files.make_directory(path, 0700);
  return made.ok() || std::filesystem::is_directory(path, error) ? Status() : made;
}

Status write_new(io::FileSystem& files, const std::string& path, const std::string& token) {
  TRY_ASSIGN(const auto file, files.create(path, 0600));
  TRY(file->append(token + "\n"));
  TRY(file->sync());
  TRY(file->close());
  return files.sync_directory(io::parent_path(path));
}

}  // namespace

Result<std::string> random_digits(std::size_t bytes) {
  std::string random(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::getrandom(random.data() + done, bytes - done, 0);
    if (got < 0 && errno != EINTR) {
      return io::os_error(errno, "read", "random bytes");
    }
    done += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return to_hex(random);
}

Result<std::string> read_token(io::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const io::FileInfo info, files.info(path));
  if (info.type != io::FileType::Regular || (info.mode & kOthers) != 0) {
    return Error{Code::InvalidArgument,
                 path +
                     " is not a file that you alone can read; remove it, and "
                     "the next start makes a new token, or `chmod 600` it"};
  }
  TRY_ASSIGN(std::string text, io::read_file(files, path, kLongest + 2));
  while (text.ends_with('\n') || text.ends_with('\r')) {
    text.pop_back();
  }
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 32 && c < 127; });
  if (!visible || text.size() < kShortest || text.size() > kLongest) {
    return Error{Code::InvalidArgument,
                 path +
                     " holds no token: one line of 32 to 512 visible characters; remove it, and "
                     "the next start makes a new one"};
  }
  return text;
}

Result<std::string> read_or_make_token(io::FileSystem& files, const std::string& path) {
  Result<std::string> token = read_token(files, path);
  if (token.ok() || token.error().code != Code::NotFound) {
    return token;
  }
  TRY(make_folder(files, io::parent_path(path)));
  TRY_ASSIGN(const std::string made, random_digits(kTokenBytes));
  const Status written = write_new(files, path, made);
  if (!written.ok() && written.error().code != Code::InvalidArgument) {
    return written.error();
  }
  for (int look = 0; look < kLooks; ++look) {
    token = read_token(files, path);
    if (token.ok()) {
      break;
    }
    std::this_thread::sleep_for(kLook);
  }
  return token;
}

}  // namespace sonde::faces::http
