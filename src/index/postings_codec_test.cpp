#include "index/postings_codec.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "index/bitpack.h"

namespace sonde::index {
namespace {

TEST(Bitpack, every_width_comes_back) {
  std::mt19937 random(1);
  for (unsigned bits = 0; bits <= 32; ++bits) {
    std::uint32_t values[kPackedValues];
    const std::uint32_t mask = bits == 32 ? UINT32_MAX : (1U << bits) - 1;
    for (auto& value : values) {
      value = static_cast<std::uint32_t>(random()) & mask;
    }
    values[77] = mask;
    EXPECT_EQ(packed_width(values), bits);
    std::string packed = "x";  // so that it is read unaligned
    pack128(values, bits, packed);
    ASSERT_EQ(packed.size(), 1 + packed_bytes(bits));
    std::uint32_t unpacked[kPackedValues];
    unpack128(packed.data() + 1, bits, unpacked);
    EXPECT_TRUE(std::equal(std::begin(values), std::end(values), unpacked)) << bits;
  }
}

PostingList random_list(std::mt19937& random, std::size_t docs, std::uint32_t gap,
                        std::uint32_t frequency) {
  PostingList list;
  std::uint32_t doc = 0;
  for (std::size_t i = 0; i < docs; ++i) {
    doc += static_cast<std::uint32_t>(random()) % gap;
    list.docs.push_back(doc++);
    list.frequencies.push_back(1 + static_cast<std::uint32_t>(random()) % frequency);
    std::uint32_t position = 0;
    for (std::uint32_t n = 0; n < list.frequencies.back(); ++n) {
      list.positions.push_back(position += static_cast<std::uint32_t>(random()) % 300);
    }
  }
  return list;
}

struct Encoded {
  std::string postings;
  std::string positions;
};

Encoded encode(const PostingList& list) {
  Encoded encoded;
  append_postings(list, Positions::Stored, encoded.postings, encoded.positions);
  return encoded;
}

bool decode(const Encoded& encoded, const EncodedList& what, PostingList& list) {
  std::vector<std::uint32_t> run_bytes;
  return decode_postings(encoded.postings, what, list.docs, list.frequencies, &run_bytes) &&
         decode_positions(encoded.positions, list.frequencies, run_bytes, list.positions);
}

TEST(PostingsCodec, lists_of_every_length_come_back) {
  std::mt19937 random(2);
  for (std::uint32_t docs = 0; docs < 600; docs += 1 + docs / 50) {
    for (const std::uint32_t gap : {1U, 3U, 1000U, 500'000U}) {
      const PostingList list = random_list(random, docs, gap, 1 + docs % 7);
      PostingList back;
      const EncodedList what{docs, 1U << 30U, Positions::Stored};
      ASSERT_TRUE(decode(encode(list), what, back));
      ASSERT_EQ(back.docs, list.docs);
      ASSERT_EQ(back.frequencies, list.frequencies);
      ASSERT_EQ(back.positions, list.positions);
    }
  }
}

TEST(PostingsCodec, a_list_cut_anywhere_or_too_long_is_refused) {
  std::mt19937 random(3);
  const PostingList list = random_list(random, 300, 50, 4);
  const Encoded whole = encode(list);
  const EncodedList what{300, 1U << 30U, Positions::Stored};
  PostingList back;
  for (std::size_t length = 0; length < whole.postings.size(); ++length) {
    ASSERT_FALSE(decode({whole.postings.substr(0, length), whole.positions}, what, back));
  }
  for (std::size_t length = 0; length < whole.positions.size(); ++length) {
    ASSERT_FALSE(decode({whole.postings, whole.positions.substr(0, length)}, what, back));
  }
  EXPECT_FALSE(decode({whole.postings + '\0', whole.positions}, what, back));
  EXPECT_FALSE(decode({whole.postings, whole.positions + '\0'}, what, back));
}

TEST(PostingsCodec, an_id_beyond_the_segment_is_refused) {
  std::mt19937 random(4);
  for (const std::uint32_t docs : {3U, 128U, 300U}) {
    const PostingList list = random_list(random, docs, 50, 4);
    PostingList back;
    EncodedList what{docs, list.docs.back() + 1, Positions::Stored};
    EXPECT_TRUE(decode(encode(list), what, back));
    what.id_limit = list.docs.back();
    EXPECT_FALSE(decode(encode(list), what, back));
  }
}

TEST(PostingsCodec, gaps_that_wrap_around_are_refused) {
  for (const unsigned bits : {23U, 24U, 31U, 32U}) {
    std::uint32_t gaps[kPackedValues];
    std::fill(std::begin(gaps), std::end(gaps), bits == 32 ? UINT32_MAX : (1U << bits) - 1);
    std::string bytes;
    bytes += static_cast<char>(bits);
    bytes += '\0';
    pack128(gaps, bits, bytes);
    std::vector<std::uint32_t> docs;
    std::vector<std::uint32_t> frequencies;
    EXPECT_FALSE(decode_postings(bytes, {128, 1000, Positions::None}, docs, frequencies, nullptr));
  }
}

TEST(PostingsCodec, frequencies_that_promise_more_positions_than_bytes_take_no_memory) {
  std::vector<std::uint32_t> frequencies(1000, 1U << 24U);
  std::vector<std::uint32_t> positions;
  EXPECT_FALSE(decode_positions(std::string(100, '\1'), frequencies, {}, positions));
  EXPECT_EQ(positions.capacity(), 0U);
}

TEST(PostingsCodec, sorting_keeps_frequencies_and_positions_with_their_docs) {
  PostingList list{{5, 1, 9}, {2, 1, 3}, {10, 11, 20, 30, 31, 32}};
  list.sort();
  EXPECT_EQ(list.docs, (std::vector<std::uint32_t>{1, 5, 9}));
  EXPECT_EQ(list.frequencies, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(list.positions, (std::vector<std::uint32_t>{20, 10, 11, 30, 31, 32}));
}

}  // namespace
}  // namespace sonde::index
