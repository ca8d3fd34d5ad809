#include "io/block_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/hash.h"

namespace sonde::io {

namespace {

constexpr std::size_t kMaxRunBlocks = 32;    // blocks read from the file at once
constexpr std::size_t kMaxShards = 16;       // parts of the cache, each with its own lock
constexpr std::size_t kMinShardBlocks = 64;  // a smaller cache has fewer shards

using Block = std::shared_ptr<const char[]>;  // kBlockPayloadBytes checked bytes

struct BlockKey {
  std::uint64_t file = 0;
  std::uint64_t block = 0;
  bool operator==(const BlockKey&) const = default;
};

struct BlockKeyHash {
  std::size_t operator()(const BlockKey& key) const noexcept {
    return static_cast<std::size_t>((key.file * 0x9E3779B97F4A7C15ULL) ^
                                    (key.block * 0xC2B2AE3D27D4EB4FULL));
  }
};

/// One least-recently-used list and its index.
class Shard {
 public:
  Block find(const BlockKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void insert(const BlockKey& key, Block block, std::size_t capacity_blocks) {
    std::list<Entry> evicted;  // freed after the lock
    const std::lock_guard lock(mutex_);
    if (capacity_blocks == 0 || index_.count(key) != 0) {
      return;
    }
    order_.emplace_front(key, std::move(block));
    index_.emplace(key, order_.begin());
    while (order_.size() > capacity_blocks) {
      index_.erase(order_.back().first);
      evicted.splice(evicted.begin(), order_, std::prev(order_.end()));
    }
  }

  void add_to(BlockCache::Counters& counters) const {
    const std::lock_guard lock(mutex_);
    counters.hits += hits_;
    counters.misses += misses_;
    counters.bytes += order_.size() * kBlockBytes;
  }

 private:
  using Entry = std::pair<BlockKey, Block>;
  mutable std::mutex mutex_;
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<BlockKey, std::list<Entry>::iterator, BlockKeyHash> index_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace

struct BlockCache::Impl {
  explicit Impl(std::size_t capacity_bytes)
      : shards(
            std::clamp<std::size_t>(capacity_bytes / kBlockBytes / kMinShardBlocks, 1, kMaxShards)),
        shard_blocks(capacity_bytes / kBlockBytes / shards.size()) {}

  Shard& shard(const BlockKey& key) { return shards[(BlockKeyHash{}(key) >> 32) % shards.size()]; }

  std::vector<Shard> shards;
  std::size_t shard_blocks;
  std::atomic<std::uint64_t> next_file{0};  // names each opened file; a path may be used again
};

BlockCache::BlockCache(std::size_t capacity_bytes)
    : impl_(std::make_unique<Impl>(capacity_bytes)) {}

BlockCache::~BlockCache() = default;

BlockCache::Counters BlockCache::counters() const {
  Counters counters;
  for (const Shard& shard : impl_->shards) {
    shard.add_to(counters);
  }
  return counters;
}

namespace {

Error bad_block(const std::string& name, std::uint64_t block, std::string_view what) {
  return Error{Code::Corruption, "'" + name + "': block " + std::to_string(block) + " (byte " +
                                     std::to_string(block * kBlockBytes) + ") " +
                                     std::string(what)};
}

Status check_block(const std::string& name, std::uint64_t block, std::string_view physical) {
  const std::string_view payload = physical.substr(0, kBlockPayloadBytes);
  ByteReader reader(physical.substr(kBlockPayloadBytes));
  TRY_ASSIGN(const std::uint64_t stored, reader.u64());
  if (stored != checksum64(payload, block)) {
    return bad_block(name, block, "does not match its checksum: it is damaged");
  }
  return {};
}

Status check_size(const std::string& name, std::uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes % kBlockBytes != 0) {
    return Error{Code::Corruption, "'" + name + "' has " + std::to_string(size_bytes) +
                                       " bytes, not a whole number of blocks of " +
                                       std::to_string(kBlockBytes) + ": it was cut"};
  }
  return {};
}

Status check_range(const ByteSource& source, std::uint64_t offset, std::size_t length) {
  if (offset > source.size() || length > source.size() - offset) {
    return Error{Code::Corruption, "'" + source.name() + "' has " + std::to_string(source.size()) +
                                       " bytes; " + std::to_string(length) + " at " +
                                       std::to_string(offset) + " are outside"};
  }
  return {};
}

/// The part of [offset, offset + length) that lies in `block`.
struct Slice {
  std::size_t start = 0;   // within the block's payload
  std::size_t length = 0;  // bytes
};

Slice slice_of(std::uint64_t offset, std::size_t length) {
  const auto start = static_cast<std::size_t>(offset % kBlockPayloadBytes);
  return {start, std::min(length, kBlockPayloadBytes - start)};
}

class BlockFile final : public ByteSource {
 public:
  BlockFile(std::unique_ptr<ReadableFile> file, std::string path, std::uint64_t blocks,
            BlockCache* cache)
      : file_(std::move(file)), name_(std::move(path)), blocks_(blocks), cache_(cache) {
    if (cache_ != nullptr) {
      id_ = cache_->impl().next_file.fetch_add(1, std::memory_order_relaxed);
    }
  }

  std::uint64_t size() const override { return blocks_ * kBlockPayloadBytes; }
  const std::string& name() const override { return name_; }

  Status read(std::uint64_t offset, std::size_t length, char* buffer) override {
    TRY(check_range(*this, offset, length));
    while (length > 0) {
      if (const Block cached = find(offset / kBlockPayloadBytes)) {
        const Slice slice = slice_of(offset, length);
        std::memcpy(buffer, cached.get() + slice.start, slice.length);
        offset += slice.length;
        buffer += slice.length;
        length -= slice.length;
        continue;
      }
      TRY_ASSIGN(const std::size_t copied, read_run(offset, length, buffer));
      offset += copied;
      buffer += copied;
      length -= copied;
    }
    return {};
  }

  Status check_all() override {
    // Past the cache on purpose: what is on the disk is asked for, and hot blocks stay in.
    const auto physical = std::make_unique_for_overwrite<char[]>(kMaxRunBlocks * kBlockBytes);
    for (std::uint64_t block = 0; block < blocks_; block += kMaxRunBlocks) {
      const std::size_t run =
          static_cast<std::size_t>(std::min<std::uint64_t>(kMaxRunBlocks, blocks_ - block));
      TRY(read_physical(block, run, physical.get()));
    }
    return {};
  }

 private:
  Block find(std::uint64_t block) {
    if (cache_ == nullptr) {
      return nullptr;
    }
    const BlockKey key{id_, block};
    return cache_->impl().shard(key).find(key);
  }

  void keep(std::uint64_t block, const char* payload) {
    if (cache_ == nullptr || cache_->impl().shard_blocks == 0) {
      return;
    }
    const auto copy = std::make_shared_for_overwrite<char[]>(kBlockPayloadBytes);
    std::memcpy(copy.get(), payload, kBlockPayloadBytes);
    const BlockKey key{id_, block};
    cache_->impl().shard(key).insert(key, copy, cache_->impl().shard_blocks);
  }

  /// Reads and checks `count` blocks.
  Status read_physical(std::uint64_t block, std::size_t count, char* physical) {
    const std::size_t want = count * kBlockBytes;
    TRY_ASSIGN(const std::size_t got, file_->read_at(block * kBlockBytes, physical, want));
    if (got < want) {
      return bad_block(name_, block + got / kBlockBytes, "is missing: the file was cut");
    }
    for (std::size_t i = 0; i < count; ++i) {
      TRY(check_block(name_, block + i, {physical + i * kBlockBytes, kBlockBytes}));
    }
    return {};
  }

  /// Reads the blocks of the range, as many as one read may bring; returns the bytes copied.
  Result<std::size_t> read_run(std::uint64_t offset, std::size_t length, char* buffer) {
    const std::uint64_t first = offset / kBlockPayloadBytes;
    const std::uint64_t last = (offset + length - 1) / kBlockPayloadBytes;
    const auto run =
        static_cast<std::size_t>(std::min<std::uint64_t>(last - first + 1, kMaxRunBlocks));
    const auto physical = std::make_unique_for_overwrite<char[]>(run * kBlockBytes);
    TRY(read_physical(first, run, physical.get()));
    std::size_t copied = 0;
    for (std::size_t i = 0; i < run; ++i) {
      const char* payload = physical.get() + i * kBlockBytes;
      keep(first + i, payload);
      const Slice slice = slice_of(offset + copied, length - copied);
      std::memcpy(buffer + copied, payload + slice.start, slice.length);
      copied += slice.length;
    }
    return copied;
  }

  const std::unique_ptr<ReadableFile> file_;
  const std::string name_;
  const std::uint64_t blocks_;
  BlockCache* const cache_;
  std::uint64_t id_ = 0;
};

/// Blocks in memory that were checked when it was made.
class BlockBytes final : public ByteSource {
 public:
  BlockBytes(std::string bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  std::uint64_t size() const override { return bytes_.size() / kBlockBytes * kBlockPayloadBytes; }
  const std::string& name() const override { return name_; }

  Status read(std::uint64_t offset, std::size_t length, char* buffer) override {
    TRY(check_range(*this, offset, length));
    while (length > 0) {
      const Slice slice = slice_of(offset, length);
      const auto block = static_cast<std::size_t>(offset / kBlockPayloadBytes);
      std::memcpy(buffer, bytes_.data() + block * kBlockBytes + slice.start, slice.length);
      offset += slice.length;
      buffer += slice.length;
      length -= slice.length;
    }
    return {};
  }

  Status check_all() override {
    for (std::size_t block = 0; block < bytes_.size() / kBlockBytes; ++block) {
      TRY(check_block(name_, block,
                      std::string_view(bytes_).substr(block * kBlockBytes, kBlockBytes)));
    }
    return {};
  }

 private:
  const std::string bytes_;
  const std::string name_;
};

}  // namespace

Result<std::shared_ptr<ByteSource>> open_block_file(FileSystem& fs, const std::string& path,
                                                    BlockCache* cache) {
  TRY_ASSIGN(auto file, fs.open_read(path));
  TRY_ASSIGN(const FileInfo info, file->info());
  TRY(check_size(path, info.size_bytes));
  return std::shared_ptr<ByteSource>(
      std::make_shared<BlockFile>(std::move(file), path, info.size_bytes / kBlockBytes, cache));
}

Result<std::shared_ptr<ByteSource>> open_block_bytes(std::string bytes, std::string name) {
  TRY(check_size(name, bytes.size()));
  auto source = std::make_shared<BlockBytes>(std::move(bytes), std::move(name));
  TRY(source->check_all());
  return std::shared_ptr<ByteSource>(std::move(source));
}

BlockWriter::BlockWriter(BlockSink& sink) : sink_(sink) { block_.reserve(kBlockBytes); }

Status BlockWriter::append(std::string_view bytes) {
  if (finished_) {
    return Error{Code::Internal, "bytes were appended to a finished block file"};
  }
  size_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kBlockPayloadBytes - block_.size());
    block_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (block_.size() == kBlockPayloadBytes) {
      TRY(flush_block());
    }
  }
  return {};
}

Status BlockWriter::finish() {
  if (finished_) {
    return Error{Code::Internal, "a block file was finished twice"};
  }
  finished_ = true;
  if (block_.empty() && block_number_ > 0) {
    return {};
  }
  block_.resize(kBlockPayloadBytes, '\0');
  return flush_block();
}

Status BlockWriter::flush_block() {
  ByteWriter trailer;
  trailer.u64(checksum64(block_, block_number_));
  block_ += trailer.bytes();
  ++block_number_;
  Status status = sink_.append(block_);
  block_.clear();
  finished_ = finished_ || !status.ok();  // a hole in the stream must not be written on
  return status;
}

}  // namespace sonde::io
