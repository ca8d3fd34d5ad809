#pragma once
// Checked block files, the ground of every derived format. A block file is a sequence of physical
// blocks of 16 KiB: 16,376 bytes of payload and the XXH3-64 of that payload (seeded with the
// block's number, so that two blocks cannot change places). The last block is padded with zeroes.
// Callers see one logical stream of payload bytes. Nothing is mapped into memory: blocks are read,
// checked, and kept in a bounded cache that many files share.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::io {

inline constexpr std::size_t kBlockBytes = 16 * 1024;
inline constexpr std::size_t kBlockPayloadBytes = kBlockBytes - 8;

/// Keeps checked blocks in memory up to a limit, least recently used out first. Threads: safe.
class BlockCache {
 public:
  explicit BlockCache(std::size_t capacity_bytes);
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  struct Counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t bytes = 0;  // held now
  };
  [[nodiscard]] Counters counters() const;

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Where checked bytes come from: a block file on disk or a string in memory (a small segment that
/// is a row of the truth). Threads: safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Logical bytes.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Copies `length` logical bytes at `offset`. Errors: Corruption (a block does not check, the
  /// range is outside; the message names the file and the block), Io.
  virtual Status read(std::uint64_t offset, std::size_t length, char* buffer) = 0;
  /// Reads and checks every block. Errors: Corruption, Io.
  virtual Status check_all() = 0;
  /// What to call it in messages: the file's name or "row ...".
  [[nodiscard]] virtual const std::string& name() const = 0;
};

/// Opens a block file; the file stays open for the life of the source, so it may be unlinked.
/// @param cache  shared, outlives the source; null: every read goes to the file
/// Errors: NotFound, Io, Corruption (size is not a multiple of the block, or zero).
Result<std::shared_ptr<ByteSource>> open_block_file(FileSystem& fs, const std::string& path,
                                                    BlockCache* cache);

/// The same bytes (physical blocks, as written by BlockWriter) held in memory; every block is
/// checked here, at once. Errors: Corruption.
Result<std::shared_ptr<ByteSource>> open_block_bytes(std::string bytes, std::string name);

/// Where a BlockWriter puts physical blocks.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual Status append(std::string_view bytes) = 0;
};

/// Turns a stream of logical bytes into physical blocks. Threads: owned by one thread.
class BlockWriter {
 public:
  explicit BlockWriter(BlockSink& sink);
  /// Errors: those of the sink.
  Status append(std::string_view bytes);
  /// Pads and writes the last block. Nothing may be appended afterwards.
  Status finish();
  /// Logical bytes appended so far.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  Status flush_block();
  BlockSink& sink_;
  std::string block_;
  std::uint64_t block_number_ = 0;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace sonde::io
