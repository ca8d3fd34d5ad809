#include "io/block_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "io/test_folder.h"

namespace sonde::io {
namespace {

class StringSink final : public BlockSink {
 public:
  Status append(std::string_view bytes) override {
    content += bytes;
    return {};
  }
  std::string content;
};

std::string random_bytes(std::size_t length, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(length, '\0');
  for (char& c : bytes) {
    c = static_cast<char>(random());
  }
  return bytes;
}

std::string physical(std::string_view logical) {
  StringSink sink;
  BlockWriter writer(sink);
  EXPECT_TRUE(writer.append(logical).ok());
  EXPECT_TRUE(writer.finish().ok());
  return sink.content;
}

void write_file(const std::string& path, std::string_view bytes) {
  ASSERT_TRUE(replace_file(real_file_system(), path, bytes).ok());
}

std::string read_all(ByteSource& source, std::size_t length) {
  std::string bytes(length, '\0');
  const Status status = source.read(0, length, bytes.data());
  EXPECT_TRUE(status.ok()) << status.error().message;
  return bytes;
}

TEST(BlockWriter, sizes_around_the_block_come_back_and_are_padded_with_zeroes) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kBlockPayloadBytes - 1, kBlockPayloadBytes,
        kBlockPayloadBytes + 1, 3 * kBlockPayloadBytes, 3 * kBlockPayloadBytes + 7}) {
    const std::string logical = random_bytes(size, 1);
    auto source = open_block_bytes(physical(logical), "row 1");
    ASSERT_TRUE(source.ok());
    const std::size_t blocks =
        std::max<std::size_t>(1, (size + kBlockPayloadBytes - 1) / kBlockPayloadBytes);
    ASSERT_EQ((*source)->size(), blocks * kBlockPayloadBytes);
    std::string expected = logical;
    expected.resize(blocks * kBlockPayloadBytes, '\0');
    EXPECT_EQ(read_all(**source, expected.size()), expected) << size;
  }
}

TEST(BlockWriter, nothing_may_follow_finish) {
  StringSink sink;
  BlockWriter writer(sink);
  ASSERT_TRUE(writer.finish().ok());
  EXPECT_EQ(writer.append("x").error().code, Code::Internal);
  EXPECT_EQ(writer.finish().error().code, Code::Internal);
}

TEST(BlockFile, random_ranges_are_right_with_and_without_cache) {
  const TestFolder folder;
  const std::string logical = random_bytes(70 * kBlockPayloadBytes + 99, 2);
  write_file(folder.path("f"), physical(logical));
  BlockCache small(5 * kBlockBytes);
  BlockCache none(0);
  for (BlockCache* cache : {static_cast<BlockCache*>(nullptr), &small, &none}) {
    auto source = open_block_file(real_file_system(), folder.path("f"), cache);
    ASSERT_TRUE(source.ok());
    EXPECT_TRUE((*source)->check_all().ok());
    std::mt19937 random(3);
    std::string buffer(logical.size(), '\0');
    for (int i = 0; i < 300; ++i) {
      const std::size_t offset = random() % logical.size();
      const std::size_t length = random() % (logical.size() - offset + 1);
      ASSERT_TRUE((*source)->read(offset, length, buffer.data()).ok());
      ASSERT_EQ(std::string_view(buffer).substr(0, length),
                std::string_view(logical).substr(offset, length));
    }
  }
  EXPECT_LE(small.counters().bytes, 5 * kBlockBytes);
  EXPECT_EQ(none.counters().bytes, 0U);
}

TEST(BlockFile, a_second_read_comes_from_the_cache) {
  const TestFolder folder;
  write_file(folder.path("f"), physical(random_bytes(4 * kBlockPayloadBytes, 4)));
  BlockCache cache(1 << 20);
  auto source = open_block_file(real_file_system(), folder.path("f"), &cache);
  ASSERT_TRUE(source.ok());
  const std::string first = read_all(**source, 4 * kBlockPayloadBytes);
  EXPECT_EQ(cache.counters().hits, 0U);
  EXPECT_EQ(read_all(**source, 4 * kBlockPayloadBytes), first);
  EXPECT_EQ(cache.counters().hits, 4U);
  EXPECT_EQ(cache.counters().bytes, 4 * kBlockBytes);
}

TEST(BlockFile, ranges_outside_are_refused_also_where_sums_overflow) {
  const auto source = open_block_bytes(physical("abc"), "row 7").value();
  char buffer[8];
  EXPECT_TRUE(source->read(kBlockPayloadBytes, 0, buffer).ok());
  EXPECT_EQ(source->read(kBlockPayloadBytes, 1, buffer).error().code, Code::Corruption);
  EXPECT_EQ(source->read(~std::uint64_t{0}, 2, buffer).error().code, Code::Corruption);
  EXPECT_EQ(source->read(1, ~std::size_t{0}, buffer).error().code, Code::Corruption);
}

TEST(BlockFile, any_flipped_byte_is_found_and_named) {  // [INV-3]
  const TestFolder folder;
  const std::string good = physical(random_bytes(3 * kBlockPayloadBytes, 5));
  std::mt19937 random(6);
  for (int i = 0; i < 60; ++i) {
    const std::size_t at =
        i < 3 ? static_cast<std::size_t>(i + 1) * kBlockBytes - 1 : random() % good.size();
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
    EXPECT_EQ(open_block_bytes(bad, "row 1").error().code, Code::Corruption);
    write_file(folder.path("f"), bad);
    BlockCache cache(1 << 20);
    auto source = open_block_file(real_file_system(), folder.path("f"), &cache);
    ASSERT_TRUE(source.ok());
    char byte = 0;
    const std::uint64_t block = at / kBlockBytes;
    const Status status = (*source)->read(block * kBlockPayloadBytes, 1, &byte);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::Corruption);
    EXPECT_NE(status.error().message.find(folder.path("f")), std::string::npos);
    EXPECT_NE(status.error().message.find("block " + std::to_string(block) + " "),
              std::string::npos);
    EXPECT_EQ((*source)->check_all().error().code, Code::Corruption);
    EXPECT_TRUE((*source)->read((block + 1) % 3 * kBlockPayloadBytes, 1, &byte).ok());
  }
}

TEST(BlockFile, blocks_that_changed_places_are_found) {
  const std::string good = physical(random_bytes(2 * kBlockPayloadBytes, 7));
  const std::string swapped = good.substr(kBlockBytes) + good.substr(0, kBlockBytes);
  EXPECT_EQ(open_block_bytes(swapped, "row 1").error().code, Code::Corruption);
}

TEST(BlockFile, a_file_that_was_cut_is_found_at_open_or_at_read) {
  const TestFolder folder;
  const std::string good = physical(random_bytes(3 * kBlockPayloadBytes, 8));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kBlockBytes - 1, kBlockBytes + 1, good.size() - 1}) {
    write_file(folder.path("f"), good.substr(0, size));
    EXPECT_EQ(open_block_file(real_file_system(), folder.path("f"), nullptr).error().code,
              Code::Corruption);
  }
  write_file(folder.path("f"), good);
  const auto source = open_block_file(real_file_system(), folder.path("f"), nullptr).value();
  std::filesystem::resize_file(folder.path("f"), 2 * kBlockBytes);
  char byte = 0;
  EXPECT_TRUE(source->read(0, 1, &byte).ok());
  EXPECT_EQ(source->read(2 * kBlockPayloadBytes, 1, &byte).error().code, Code::Corruption);
  EXPECT_EQ(source->check_all().error().code, Code::Corruption);
}

TEST(BlockFile, an_unlinked_file_is_read_to_its_end) {
  const TestFolder folder;
  write_file(folder.path("f"), physical("abc"));
  const auto source = open_block_file(real_file_system(), folder.path("f"), nullptr).value();
  std::filesystem::remove(folder.path("f"));
  EXPECT_EQ(read_all(*source, 3), "abc");
}

TEST(BlockCache, many_threads_over_many_files_read_right_bytes_within_the_limit) {
  const TestFolder folder;
  BlockCache cache(200 * kBlockBytes);
  std::vector<std::string> logical;
  std::vector<std::shared_ptr<ByteSource>> sources;
  for (unsigned i = 0; i < 4; ++i) {
    logical.push_back(random_bytes(100 * kBlockPayloadBytes, i));
    const std::string path = folder.path(std::to_string(i));
    write_file(path, physical(logical.back()));
    sources.push_back(open_block_file(real_file_system(), path, &cache).value());
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      std::string buffer(3 * kBlockPayloadBytes, '\0');
      for (int i = 0; i < 2000; ++i) {
        const std::size_t f = random() % sources.size();
        const std::size_t length = random() % buffer.size();
        const std::size_t offset = random() % (logical[f].size() - length);
        const bool ok = sources[f]->read(offset, length, buffer.data()).ok();
        wrong += ok && logical[f].compare(offset, length, buffer, 0, length) == 0 ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_LE(cache.counters().bytes, 200 * kBlockBytes);
  EXPECT_GT(cache.counters().hits, 0U);
}

}  // namespace
}  // namespace sonde::io
