#pragma once
// The seam to the disk: our own code names files only through a FileSystem. RealFileSystem is the
// operating system's; FaultFileSystem (for tests) forgets, tears and refuses.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::io {

enum class FileType { Regular, Directory, Symlink, Other };

struct FileInfo {
  FileType type = FileType::Other;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;  // since 1970-01-01 UTC
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;  // permission bits
};

struct DirectoryEntry {
  std::string name;  // bytes as the kernel has them, without '/'
  FileType type = FileType::Other;
};

/// An open file that is only read, at explicit offsets. Threads: safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads at most `length` bytes at `offset` into `buffer`; fewer only at the end of the file.
  /// @return bytes read. Errors: Io.
  virtual Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) = 0;
  virtual Result<FileInfo> info() = 0;
};

/// An open file that is written from its start. Threads: owned by one thread.
/// After a failed write or sync every later call fails: the file's state is unknown.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// Errors: Io, NoSpace.
  virtual Status append(std::string_view bytes) = 0;
  /// Data and size are on the disk when this returns (fdatasync). Errors: Io, NoSpace.
  virtual Status sync() = 0;
  /// Errors: Io. The destructor closes without telling of errors.
  virtual Status close() = 0;
};

/// An open file that is read and written at any offset: what a database needs.
/// Threads: read_at and size are safe from several threads, the rest is owned by one at a time.
/// After a failed sync every later write, truncate and sync fails: nobody knows what is on the
/// disk.
class RandomFile {
 public:
  virtual ~RandomFile() = default;
  /// As ReadableFile::read_at.
  virtual Result<std::size_t> read_at(std::uint64_t offset, char* buffer, std::size_t length) = 0;
  /// Writes all of `bytes` at `offset`; a gap behind the end reads as zeroes. Errors: Io, NoSpace.
  virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Cuts or extends (with zeroes) to `size_bytes`. Errors: Io, NoSpace.
  virtual Status truncate(std::uint64_t size_bytes) = 0;
  /// Data and size are on the disk when this returns (fdatasync). Errors: Io, NoSpace.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode {
  Existing,         // NotFound when it is not there
  CreateIfMissing,  // an empty file is made; its entry is durable after sync_directory
};

/// Paths are bytes. Errors of every call: NotFound, Io, NoSpace; InvalidArgument (a path that no
/// file can have, a thing that is there already, a folder where a file is meant or the reverse).
/// Messages name the path. Threads: safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Opens a regular file; links are followed, anything else is InvalidArgument (a pipe is not
  /// waited for).
  virtual Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) = 0;
  /// Creates a new file with `mode`; fails when it is there (O_EXCL).
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                       std::uint32_t mode = 0600) = 0;
  virtual Result<std::unique_ptr<RandomFile>> open_random(const std::string& path, OpenMode open,
                                                          std::uint32_t mode = 0600) = 0;
  /// Replaces `to` in one step when it is there.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove_file(const std::string& path) = 0;
  virtual Status make_directory(const std::string& path, std::uint32_t mode = 0700) = 0;
  virtual Status remove_directory(const std::string& path) = 0;
  /// Makes entries of the folder durable (fsync of the folder).
  virtual Status sync_directory(const std::string& path) = 0;
  /// Entries without "." and "..", sorted by bytes.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  /// Follows no symbolic link at the last component.
  virtual Result<FileInfo> info(const std::string& path) = 0;
};

/// The operating system's files. Threads: safe; lives as long as the program.
FileSystem& real_file_system();

/// The whole content of a regular file. Errors also: Limit (larger than `limit_bytes`; also a file
/// that grows past it while it is read).
Result<std::string> read_file(FileSystem& fs, const std::string& path, std::uint64_t limit_bytes);

/// Makes `path` hold `bytes`, atomically and durably: new file beside it, sync, rename, sync of the
/// folder. On error the old content stands, unless only the last sync failed: then either may.
Status replace_file(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::uint32_t mode = 0600);
/// The same for bytes that lie in several places.
Status replace_file(FileSystem& fs, const std::string& path,
                    std::span<const std::string_view> pieces, std::uint32_t mode = 0600);

/// True for names of the new files that replace_file writes beside its target. One that is left
/// (its process died) may be removed by whoever holds the folder's lease.
bool is_temporary_name(std::string_view name);

/// "a/b" from "a" and "b"; one slash between them.
std::string join_path(std::string_view a, std::string_view b);
/// The part before the last slash ("." when there is none, "/" for the root).
std::string parent_path(std::string_view path);
/// The part after the last slash.
std::string file_name(std::string_view path);

}  // namespace sonde::io
