#include "worker/protocol.h"

#include <gtest/gtest.h>

namespace sonde::worker {
namespace {

std::string frame(std::string_view payload) {
  std::string bytes;
  append_frame(bytes, {FrameType::Job, 7, 10, 3}, payload);
  return bytes;
}

TEST(Protocol, frames_come_back_however_the_stream_is_cut) {
  const std::string bytes = frame("first") + frame("") + frame(std::string(3000, 'x'));
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100}, bytes.size()}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.append(std::string_view(bytes).substr(at, step));
      for (;;) {
        auto next = reader.next();
        ASSERT_TRUE(next.ok());
        if (!*next) {
          break;
        }
        frames.push_back(std::move(**next));
      }
    }
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].payload, "first");
    EXPECT_EQ(frames[1].payload, "");
    EXPECT_EQ(frames[2].payload, std::string(3000, 'x'));
    EXPECT_EQ(frames[0].header.id, 7U);
    EXPECT_EQ(frames[0].header.kind, 10);
    EXPECT_EQ(frames[0].header.status, 3);
    EXPECT_EQ(reader.pending(), 0U);
  }
}

TEST(Protocol, no_flipped_bit_goes_unnoticed) {
  const std::string good = frame("some payload");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    FrameReader reader;
    reader.append(bad);
    const auto next = reader.next();
    // A length that grew waits for bytes that do not come; the deadline ends that.
    const bool waits = next.ok() && !next->has_value();
    EXPECT_TRUE(!next.ok() || (waits && bit / 8 >= 20 && bit / 8 < 24)) << bit;
  }
}

TEST(Protocol, every_truncation_asks_for_more) {
  const std::string good = frame("some payload");
  for (std::size_t size = 0; size < good.size(); ++size) {
    FrameReader reader;
    reader.append(std::string_view(good).substr(0, size));
    const auto next = reader.next();
    ASSERT_TRUE(next.ok());
    EXPECT_FALSE(next->has_value());
    EXPECT_EQ(reader.pending(), size);
  }
}

TEST(Protocol, a_length_over_the_limit_is_refused_before_its_bytes_come) {
  std::string bytes = frame("x");
  bytes[23] = static_cast<char>(0xff);
  FrameReader reader;
  reader.append(std::string_view(bytes).substr(0, kFrameHeaderBytes));
  EXPECT_EQ(reader.next().error().code, Code::Limit);
}

TEST(Protocol, another_version_is_unsupported) {
  std::string bytes = frame("x");
  bytes[4] = 2;
  FrameReader reader;
  reader.append(bytes);
  EXPECT_EQ(reader.next().error().code, Code::Unsupported);
}

TEST(Protocol, a_greeting_comes_back_and_nothing_shorter_or_longer) {
  const std::string bytes = encode_hello({123, 456});
  EXPECT_EQ(decode_hello(bytes)->memory_limit_bytes, 123U);
  EXPECT_EQ(decode_hello(bytes)->cpu_limit_s, 456U);
  EXPECT_FALSE(decode_hello(bytes + "x").ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_hello(bytes.substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace sonde::worker
