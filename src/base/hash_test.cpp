#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

namespace sonde {
namespace {

TEST(ContentHash, is_the_front_of_sha256) {  // FIPS 180-2, appendix B
  EXPECT_EQ(content_hash("").hex(), "e3b0c44298fc1c149afbf4c8996fb924");
  EXPECT_EQ(content_hash("abc").hex(), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(content_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039");
  EXPECT_EQ(content_hash(std::string(1'000'000, 'a')).hex(), "cdc76e5c9914fb9281a1c7e284d73e67");
}

TEST(ContentHash, comes_back_from_its_bytes_and_from_no_other_length) {
  const ContentHash hash = content_hash("abc");
  EXPECT_EQ(ContentHash::from_bytes(hash.view()).value(), hash);
  EXPECT_EQ(ContentHash::from_bytes(hash.view().substr(1)).error().code, Code::InvalidArgument);
  EXPECT_EQ(ContentHash::from_bytes("").error().code, Code::InvalidArgument);
}

TEST(ContentHash, orders_by_bytes_and_serves_as_a_key) {
  std::set<ContentHash> ordered;
  std::unordered_set<ContentHash> hashed;
  for (int i = 0; i < 1000; ++i) {
    ordered.insert(content_hash(std::to_string(i)));
    hashed.insert(content_hash(std::to_string(i)));
  }
  EXPECT_EQ(ordered.size(), 1000U);
  EXPECT_EQ(hashed.size(), 1000U);
  EXPECT_LT(ordered.begin()->hex(), ordered.rbegin()->hex());
}

TEST(Checksum, is_xxh3_and_depends_on_every_bit_and_the_seed) {
  EXPECT_EQ(checksum64(""), 0x2D06800538D394C2ULL);  // xxHash's specification of XXH3
  std::set<std::uint64_t> seen{checksum64(std::string(32, '\0')),
                               checksum64(std::string(32, '\0'), 1)};
  for (int bit = 0; bit < 256; ++bit) {
    std::string bytes(32, '\0');
    bytes[static_cast<std::size_t>(bit / 8)] = static_cast<char>(1 << (bit % 8));
    seen.insert(checksum64(bytes));
  }
  EXPECT_EQ(seen.size(), 258U);
}

TEST(Hex, has_two_lower_case_digits_a_byte) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xa0\xff", 4)), "000fa0ff");
  EXPECT_EQ(to_hex(""), "");
}

TEST(Sha256, pieces_give_the_published_value_of_the_whole) {
  Sha256 hash;
  hash.update("abcdbcdecdefdefgefghfghighij");
  hash.update("");
  hash.update("hijkijkljklmklmnlmnomnopnopq");
  // FIPS 180-4's example of 448 bits.
  EXPECT_EQ(hash.finish(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace sonde
