#pragma once
// What a disk may hold after the power went: the model under FaultFileSystem, for tests.
//
// Every file has two contents, what programs see now and what is surely on the disk, and so has
// every folder. A change goes into the first at once and into a list of pending changes; a sync
// moves the pending ones of its file (or folder) to the disk. When the power goes, any of the
// pending changes may have reached the disk, in any order, writes also in part: crash() makes such
// a disk. The sync of a file does not make its name durable, that of its folder does. A rename is
// one change. This is more than a usual ext4 does to us and no more than POSIX allows.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::io {

inline constexpr std::size_t kSectorBytes = 512;

/// Bytes in pages that copies share until one is written. Threads: owned by one thread, copies
/// included.
class PagedBytes {
 public:
  [[nodiscard]] std::uint64_t size() const { return size_; }
  std::size_t read(std::uint64_t offset, char* buffer, std::size_t length) const;
  void write(std::uint64_t offset, std::string_view bytes);
  void resize(std::uint64_t size_bytes);
  [[nodiscard]] std::uint64_t digest() const;

 private:
  static constexpr std::size_t kPageBytes = 4096;
  using Page = std::array<char, kPageBytes>;
  Page& page_for_write(std::size_t index);
  std::uint64_t size_ = 0;
  std::vector<std::shared_ptr<Page>> pages_;  // null: zeroes
};

/// Which of the pending changes reached the disk.
struct Survival {
  enum class Kind {
    Nothing,    // none
    All,        // every one
    AllButOne,  // all but the one with this number
    Prefix,     // the first `number`
    TornLast,   // all, but of the last write only its first `number` sectors
    Random,     // a subset drawn with this seed; writes also in part, or as zeroes
  };
  Kind kind = Kind::Nothing;
  std::uint64_t number = 0;

  /// "the first 3 pending changes", for messages of tests.
  [[nodiscard]] std::string describe() const;
};

/// A disk and what is pending above it. Copies are cheap (pages are shared) and independent.
/// Threads: owned by one thread.
class DiskModel {
 public:
  using Id = std::uint64_t;  // of a file or folder, as an inode

  /// An empty disk with a root folder.
  DiskModel();

  // Errors of the calls with paths are those that the operating system would give; ".." is not
  // understood (InvalidArgument). A relative path begins at the root.
  [[nodiscard]] Result<Id> find(const std::string& path) const;
  Result<Id> make(const std::string& path, FileType type, std::uint32_t mode);
  Status rename(const std::string& from, const std::string& to);
  Status remove(const std::string& path, FileType type);
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) const;

  [[nodiscard]] FileInfo info(Id id) const;
  [[nodiscard]] const PagedBytes& bytes(Id file) const { return nodes_.at(file).now; }
  void write(Id file, std::uint64_t offset, std::string_view bytes);
  void resize(Id file, std::uint64_t size_bytes);
  /// Makes the data of a file, or the entries of a folder, durable.
  void sync(Id id);
  /// A sync that failed: the kernel marks the pages clean, so they reach the disk by no later sync.
  void lose_unsynced_data(Id file);

  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  /// The disk as it is found after the power went; nothing is pending on it.
  [[nodiscard]] DiskModel crash(const Survival& survival) const;
  /// Of all names and bytes that would be left if nothing pending survived: two disks of the same
  /// digest need to be looked at once.
  [[nodiscard]] std::uint64_t digest() const;
  /// Nothing, All, each single loss, every prefix, every tear of the last write, and `random`
  /// seeded subsets. Of each of these kinds at most `limit`, evenly spread.
  [[nodiscard]] std::vector<Survival> survivals(std::size_t limit, std::size_t random,
                                                std::uint64_t seed) const;

 private:
  struct Node {
    FileType type = FileType::Regular;
    std::uint32_t mode = 0;
    std::int64_t changed = 0;
    PagedBytes now;
    PagedBytes durable;
    std::map<std::string, Id> entries_now;
    std::map<std::string, Id> entries_durable;
  };
  struct Change {
    enum class Kind { Write, Resize, Link, Unlink, Move };
    Kind kind = Kind::Write;
    Id node = 0;  // whose sync makes it durable: the file, or the folder of the (new) name
    std::uint64_t offset = 0;  // Write; Resize: the size
    std::shared_ptr<const std::string> bytes = nullptr;
    std::string name = {};
    Id file = 0;         // what the name means
    Id from_folder = 0;  // Move
    std::string from_name = {};
  };
  struct Place {
    Id folder = 0;
    std::string name;
  };

  [[nodiscard]] Result<Place> locate(const std::string& path) const;
  [[nodiscard]] const Id* entry(const Place& place) const;
  void apply(const Change& change);
  void apply_write(const Change& change, std::uint64_t first_sector, std::uint64_t sectors);
  void apply_random(const Change& change, std::uint64_t draw);
  void settle();
  [[nodiscard]] std::size_t last_write() const;

  std::map<Id, Node> nodes_;
  std::vector<Change> pending_;
  Id next_id_ = 2;
  std::int64_t clock_ = 0;  // counts changes; the files' modification time
};

}  // namespace sonde::io
