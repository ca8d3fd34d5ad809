#include "text/chunk_job.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "text/chunk_checks.h"

namespace sonde::text {
namespace {

struct Example {
  std::string text = "def eins():\n  pass\n\n\ndef zwei():\n  return 'ü'\n";
  ChunkedText chunked;

  Example() {
    Chunk first{0, 19, 1, 2, ChunkKind::Function, "eins", "", {"eins"}};
    const auto start = static_cast<std::uint32_t>(text.find("def zwei"));
    Chunk second{start,
                 static_cast<std::uint32_t>(text.size() - 1),
                 5,
                 6,
                 ChunkKind::Function,
                 "zwei",
                 "modul",
                 {"zwei", "drei"}};
    first.end_byte = static_cast<std::uint32_t>(text.find("pass") + 4);
    chunked.chunks = {first, second};
    chunked.reason = "none";
  }
};

TEST(ChunkJob, request_travels) {
  const std::string payload = encode_chunk_request("python", "x = 'ü'\n");
  const auto request = decode_chunk_request(payload);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->language, "python");
  EXPECT_EQ(request->text, "x = 'ü'\n");
  for (std::size_t length = 0; length < payload.size(); ++length) {
    EXPECT_FALSE(decode_chunk_request(payload.substr(0, length)).ok());
  }
}

TEST(ChunkJob, answer_travels) {
  const Example example;
  const auto decoded = decode_chunk_answer(encode_chunk_answer(example.chunked), example.text);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  ASSERT_EQ(decoded->chunks.size(), 2U);
  EXPECT_EQ(decoded->chunks[1].symbol, "zwei");
  EXPECT_EQ(decoded->chunks[1].scope, "modul");
  EXPECT_EQ(decoded->chunks[1].defines, (std::vector<std::string>{"zwei", "drei"}));
  EXPECT_EQ(decoded->reason, "none");
  expect_sound(*decoded, example.text);
}

TEST(ChunkJob, every_truncation_of_an_answer_is_corruption) {
  const Example example;
  const std::string answer = encode_chunk_answer(example.chunked);
  for (std::size_t length = 0; length < answer.size(); ++length) {
    const auto decoded = decode_chunk_answer(answer.substr(0, length), example.text);
    ASSERT_FALSE(decoded.ok()) << length;
    EXPECT_EQ(decoded.error().code, Code::Corruption);
  }
  EXPECT_FALSE(decode_chunk_answer(answer + "x", example.text).ok());
}

TEST(ChunkJob, every_changed_byte_of_an_answer_is_corruption_or_still_sound) {
  const Example example;
  const std::string answer = encode_chunk_answer(example.chunked);
  for (std::size_t i = 0; i < answer.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = answer;
      changed[i] = static_cast<char>(value);
      const auto decoded = decode_chunk_answer(changed, example.text);
      if (decoded.ok()) {
        expect_sound(*decoded, decoded->text.empty() ? example.text : decoded->text);
      } else {
        EXPECT_EQ(decoded.error().code, Code::Corruption);
      }
    }
  }
}

TEST(ChunkJob, lies_about_the_text_are_noticed) {
  const auto refuses = [](auto change) {
    Example example;
    change(example.chunked);
    return !decode_chunk_answer(encode_chunk_answer(example.chunked), example.text).ok();
  };
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[0].end_line = 3; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].start_line = 4; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks.pop_back(); }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks.erase(c.chunks.begin()); }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[0].end_byte -= 2; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].end_byte += 40; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].start_byte = 3; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].symbol = "\xFF"; }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].symbol.assign(10'000, 'x'); }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.chunks[1].defines.assign(10'000, "x"); }));
  EXPECT_TRUE(refuses([](ChunkedText& c) { c.text = "another text"; }));
  EXPECT_FALSE(refuses([](ChunkedText&) {}));
}

TEST(ChunkJob, a_chunk_may_not_cut_a_character) {
  const std::string text = "ü";
  ChunkedText chunked;
  chunked.chunks = {{0, 1, 1, 1, ChunkKind::Text, "", "", {}},
                    {1, 2, 1, 1, ChunkKind::Text, "", "", {}}};
  EXPECT_FALSE(decode_chunk_answer(encode_chunk_answer(chunked), text).ok());
}

TEST(ChunkJob, an_answer_may_bring_its_own_text) {
  ChunkedText chunked;
  chunked.text = "# %%\nx = 1\n";
  chunked.chunks = {{0, 10, 1, 2, ChunkKind::Cell, "", "", {}}};
  const auto decoded = decode_chunk_answer(encode_chunk_answer(chunked), "{}");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->text, chunked.text);
}

}  // namespace
}  // namespace sonde::text
