#include "base/codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sonde {
namespace {

TEST(Codec, numbers_are_little_endian) {
  ByteWriter writer;
  writer.u8(0xAB);
  writer.u16(0x0102);
  writer.u32(0x03040506);
  writer.u64(0x0708090A0B0C0D0EULL);
  writer.i64(-2);
  EXPECT_EQ(writer.bytes(), std::string("\xAB\x02\x01\x06\x05\x04\x03\x0E\x0D\x0C\x0B\x0A\x09\x08"
                                        "\x07\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                                        23));
}

TEST(Codec, varints_have_their_known_forms) {
  const std::pair<std::uint64_t, std::string> known[] = {
      {0, std::string(1, '\0')},
      {127, "\x7f"},
      {128, "\x80\x01"},
      {300, "\xac\x02"},
      {std::numeric_limits<std::uint64_t>::max(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
  };
  for (const auto& [value, bytes] : known) {
    ByteWriter writer;
    writer.varint(value);
    EXPECT_EQ(writer.bytes(), bytes);
    EXPECT_EQ(ByteReader(bytes).varint().value(), value);
  }
}

TEST(Codec, varints_longer_than_64_bits_are_refused) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        std::string("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), std::string(100, '\xff')}) {
    EXPECT_EQ(ByteReader(bytes).varint().error().code, Code::Corruption);
  }
}

TEST(Codec, varint_at_most_refuses_what_is_over_its_limit) {
  EXPECT_EQ(ByteReader("\xac\x02").varint_at_most(300).value(), 300U);
  EXPECT_EQ(ByteReader("\xac\x02").varint_at_most(299).error().code, Code::Limit);
}

/// Reads what write_all wrote; the first error, or whether the values were right.
Result<bool> read_all(std::string_view bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(const auto a, reader.u8());
  TRY_ASSIGN(const auto b, reader.u16());
  TRY_ASSIGN(const auto c, reader.u32());
  TRY_ASSIGN(const auto d, reader.u64());
  TRY_ASSIGN(const auto e, reader.i64());
  TRY_ASSIGN(const auto f, reader.varint());
  TRY_ASSIGN(const auto g, reader.string());
  TRY_ASSIGN(const auto h, reader.raw(3));
  return a == 1 && b == 2 && c == 3 && d == 4 && e == -5 && f == 600 && g == "seven" &&
         h == "raw" && reader.at_end() && reader.remaining() == 0;
}

std::string write_all() {
  ByteWriter writer;
  writer.u8(1);
  writer.u16(2);
  writer.u32(3);
  writer.u64(4);
  writer.i64(-5);
  writer.varint(600);
  writer.string("seven");
  writer.raw("raw");
  return writer.take();
}

TEST(Codec, what_was_written_is_read) { EXPECT_TRUE(read_all(write_all()).value()); }

TEST(Codec, every_truncation_is_an_error) {
  const std::string bytes = write_all();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own size: a read beyond it is seen by sanitizers.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto read = read_all({cut.data(), cut.size()});
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().code, Code::Corruption);
  }
}

TEST(Codec, a_length_beyond_the_end_is_refused_also_where_sums_overflow) {
  ByteWriter writer;
  writer.varint(std::numeric_limits<std::uint64_t>::max());
  writer.raw("abc");
  EXPECT_EQ(ByteReader(writer.bytes()).string().error().code, Code::Corruption);
  ByteReader reader("abc");
  EXPECT_FALSE(reader.raw(std::numeric_limits<std::size_t>::max()).ok());
  EXPECT_EQ(reader.raw(3).value(), "abc");
}

TEST(Codec, random_bytes_never_read_outside) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<char> bytes(random() % 40);
    for (char& c : bytes) {
      c = static_cast<char>(random());
    }
    ByteReader reader({bytes.data(), bytes.size()});
    for (int reads = 0; reads < 50; ++reads) {
      if (random() % 2 == 0) {
        static_cast<void>(reader.varint());
      } else {
        static_cast<void>(reader.string());
      }
      ASSERT_LE(reader.position(), bytes.size());
    }
  }
}

TEST(Codec, take_leaves_the_writer_empty) {
  ByteWriter writer;
  writer.u8(1);
  EXPECT_EQ(writer.take().size(), 1U);
  EXPECT_EQ(writer.size(), 0U);
}

}  // namespace
}  // namespace sonde
