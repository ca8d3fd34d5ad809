// What damage does: flipped and missing bytes, and content that lies under checksums that check
// [INV-3]. Run under asan as well, these tests are about what must not happen.

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/codec.h"
#include "index/segment.h"
#include "index/segment_format.h"
#include "index/segment_testing.h"
#include "index/segment_walk.h"
#include "io/test_folder.h"

namespace sonde::index {
namespace {

using testing::build;
using testing::Oracle;
using testing::random_files;
using testing::read_all;
using testing::repair_footer;
using testing::StringSink;

Result<std::string> open_and_read(const std::string& physical) {
  TRY_ASSIGN(auto source, io::open_block_bytes(physical, "damaged.seg"));
  TRY_ASSIGN(const auto segment, Segment::open(std::move(source)));
  return read_all(*segment);
}

std::string logical_bytes(const std::string& physical) {
  const auto source = io::open_block_bytes(physical, "x").value();
  std::string bytes(source->size(), '\0');
  EXPECT_TRUE(source->read(0, bytes.size(), bytes.data()).ok());
  return bytes;
}

/// Physical blocks, with checksums that check, of any logical bytes.
std::string with_checksums(const std::string& logical) {
  StringSink sink;
  io::BlockWriter writer(sink);
  EXPECT_TRUE(writer.append(logical).ok());
  EXPECT_TRUE(writer.finish().ok());
  return sink.bytes();
}

bool is_honest(const Error& error) {
  return error.code == Code::Corruption || error.code == Code::Unsupported;
}

std::vector<AnalyzedFile> small_files() {
  return random_files(1, {.files = 4, .docs_per_file = 3, .terms_per_doc = 12, .vocabulary = 60});
}

TEST(SegmentDamage, any_flipped_byte_is_noticed_when_it_is_opened_from_memory) {
  std::string bytes = build(small_files());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    const auto read = open_and_read(bytes);
    ASSERT_FALSE(read.ok()) << i;
    ASSERT_EQ(read.error().code, Code::Corruption);
    ASSERT_NE(read.error().message.find("damaged.seg"), std::string::npos);
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
  }
}

/// A block file on the disk is checked block by block as it is read, unlike one from memory.
Result<std::string> write_and_read(const std::string& path, const std::string& physical) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << physical;
  TRY_ASSIGN(auto source, io::open_block_file(io::real_file_system(), path, nullptr));
  TRY_ASSIGN(const auto segment, Segment::open(std::move(source)));
  const Status checked = segment->check();
  EXPECT_FALSE(checked.ok());
  return read_all(*segment);
}

TEST(SegmentDamage, a_flipped_byte_in_a_file_gives_the_right_answer_or_corruption) {
  const io::TestFolder folder;
  std::string bytes = build(random_files(5, {.files = 60}));
  ASSERT_GT(bytes.size(), io::kBlockBytes);
  const std::string right = open_and_read(bytes).value();
  for (std::size_t i = 0; i < bytes.size(); i += 599) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x04);
    const auto read = write_and_read(folder.path("a.seg"), bytes);
    if (read.ok()) {
      ASSERT_TRUE(*read == right) << i;
    } else {
      ASSERT_EQ(read.error().code, Code::Corruption) << i;
      ASSERT_NE(read.error().message.find("a.seg"), std::string::npos);
    }
    bytes[i] = static_cast<char>(bytes[i] ^ 0x04);
  }
}

TEST(SegmentDamage, a_segment_cut_at_any_block_is_refused) {
  const std::string bytes = build(random_files(2, {.files = 250}));
  ASSERT_GT(bytes.size(), 5 * io::kBlockBytes);
  for (std::size_t size = 0; size < bytes.size(); size += io::kBlockBytes) {
    ASSERT_FALSE(open_and_read(bytes.substr(0, size)).ok()) << size;
    ASSERT_FALSE(open_and_read(bytes.substr(0, size + 1)).ok()) << size;
    // The blocks that are left, with the numbers they had, do not check either.
    ASSERT_FALSE(size > 0 && open_and_read(bytes.substr(size)).ok()) << size;
  }
}

TEST(SegmentDamage, a_version_of_tomorrow_is_unsupported) {
  std::string logical = logical_bytes(build(small_files()));
  logical[logical.size() - format::kTrailerBytes + 4] = 3;
  EXPECT_EQ(open_and_read(with_checksums(logical)).error().code, Code::Unsupported);
}

/// A segment with one more section, of a kind that this build does not know.
std::string with_unknown_section(std::uint32_t flags) {
  std::string logical = logical_bytes(build(small_files()));
  std::uint32_t length = 0;
  std::memcpy(&length, &logical[logical.size() - format::kTrailerBytes], 4);
  const std::size_t start = logical.size() - format::kTrailerBytes - length;
  ByteWriter entry;
  entry.u32(77);
  entry.u32(flags);
  entry.u64(start - format::kSectionEntryBytes);
  entry.u64(0);
  // The zeroes before the footer make room for it.
  std::string footer = logical.substr(start, length);
  footer[20] = static_cast<char>(footer[20] + 1);
  footer += entry.bytes();
  logical.replace(start - entry.size(), footer.size(), footer);
  const auto longer = static_cast<std::uint32_t>(footer.size());
  std::memcpy(&logical[logical.size() - format::kTrailerBytes], &longer, 4);
  repair_footer(logical);
  return with_checksums(logical);
}

TEST(SegmentDamage, an_unknown_section_is_skipped_unless_it_is_required) {
  EXPECT_TRUE(open_and_read(with_unknown_section(0)).ok());
  EXPECT_EQ(open_and_read(with_unknown_section(format::kSectionRequired)).error().code,
            Code::Unsupported);
}

/// Changes some bytes of the used part, mostly small changes, sometimes whole words.
void lie(std::string& logical, std::mt19937_64& random) {
  // Zeroes before the footer are most of a small segment: aim at what is used.
  const std::size_t used = logical.find(std::string(64, '\0'), logical.size() / 4);
  const std::size_t footer = logical.size() - 300;
  for (std::size_t n = 1 + random() % 4; n > 0; --n) {
    const bool in_footer = random() % 5 == 0;
    const std::size_t at =
        in_footer ? footer + random() % 300 : random() % std::min(used, logical.size());
    switch (random() % 5) {
      case 0: logical[at] = static_cast<char>(random()); break;
      case 1: logical[at] = static_cast<char>(logical[at] ^ (1 << random() % 8)); break;
      case 2: logical[at] = '\xFF'; break;
      case 3: logical[at] = static_cast<char>(logical[at] + 1); break;
      default:
        for (std::size_t i = at; i < std::min(at + random() % 9, logical.size()); ++i) {
          logical[i] = static_cast<char>(random() % 2 == 0 ? 0xFF : random());
        }
    }
  }
  repair_footer(logical);
}

void expect_honest_lies(const std::vector<AnalyzedFile>& files, int rounds, std::uint64_t seed) {
  const std::string truth = logical_bytes(build(files));
  const std::string right = open_and_read(with_checksums(truth)).value();
  std::mt19937_64 random(seed);
  int noticed = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string logical = truth;
    lie(logical, random);
    const std::string physical = with_checksums(logical);
    const auto read = open_and_read(physical);
    if (!read.ok()) {
      ASSERT_TRUE(is_honest(read.error())) << read.error().message;
      ++noticed;
    }
    auto source = io::open_block_bytes(physical, "lying.seg");
    const auto segment = Segment::open(std::move(*source));
    if (!segment.ok()) {
      continue;
    }
    const Status checked = (*segment)->check();
    ASSERT_TRUE(checked.ok() || is_honest(checked.error())) << checked.error().message;
    // What cannot be read does not check.
    ASSERT_TRUE(read.ok() || !checked.ok()) << read.error().message;
    StringSink sink;
    const auto merged = merge_segments({{*segment, {}}}, sink, CancelToken());
    ASSERT_TRUE(merged.ok() || is_honest(merged.error())) << merged.error().message;
  }
  EXPECT_GT(noticed, rounds / 20);
}

TEST(SegmentDamage, lies_under_good_checksums_give_an_error_or_an_answer) {
  expect_honest_lies(small_files(), 6000, 1);
  expect_honest_lies(random_files(3, {.files = 30, .vocabulary = 20, .frequency = 30}), 400, 2);
}

}  // namespace
}  // namespace sonde::index
