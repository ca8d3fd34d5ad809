#include "text/chunk.h"

#include <gtest/gtest.h>

#include <random>

#include "text/chunk_checks.h"

namespace sonde::text {
namespace {

/// Prose and code-like lines with blank lines here and there, the same for a seed.
std::string some_text(unsigned seed, std::size_t lines) {
  static constexpr std::string_view kWords[] = {"retry", "limit",  "buffer", "session", "query",
                                                "index", "writer", "lease",  "ordinal", "segment"};
  std::mt19937 random(seed);
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    if (random() % 7 == 0) {
      text += '\n';
      continue;
    }
    text.append((random() % 4) * 2, ' ');
    for (std::size_t words = 2 + random() % 9; words > 0; --words) {
      text += kWords[random() % std::size(kWords)];
      text += std::to_string(random() % 90);
      text += ' ';
    }
    text += '\n';
  }
  return text;
}

TEST(Windows, leave_nothing_out_and_keep_the_limits) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string text = some_text(seed, 10 + seed * 40);
    expect_sound(chunk_windows("perl", text), text);
  }
}

TEST(Windows, aim_at_the_target) {
  const std::string text = some_text(1, 4'000);
  const ChunkedText chunked = chunk_windows("perl", text);
  const std::size_t mean = text.size() / chunked.chunks.size();
  EXPECT_GT(mean, kChunkTarget * 8 / 10);
  EXPECT_LT(mean, kChunkTarget * 12 / 10);
}

TEST(Windows, one_inserted_line_changes_at_most_three_chunks) {
  std::mt19937 random(5);
  for (unsigned seed = 0; seed < 30; ++seed) {
    const std::string text = some_text(seed, 400);
    const ChunkedText before = chunk_windows("perl", text);
    ASSERT_GT(before.chunks.size(), 10U);
    for (int edit = 0; edit < 40; ++edit) {
      std::size_t at = edit == 0 ? 0 : edit == 1 ? text.size() : random() % text.size();
      at = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
      std::string edited = text;
      edited.insert(at, random() % 2 == 0 ? "an inserted line\n" : "\n");
      EXPECT_LE(changed_chunks(before, text, chunk_windows("perl", edited), edited), 3)
          << "seed " << seed << " at " << at;
    }
  }
}

TEST(Windows, of_equal_lines_stay_in_bounds) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "same line\n";
  }
  const ChunkedText chunked = chunk_windows("text", text);
  expect_sound(chunked, text);
  EXPECT_GT(chunked.chunks.size(), 100U);
}

TEST(Windows, cut_one_long_line_at_characters) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) {
    text += "日本語のとても長い行";
  }
  const ChunkedText chunked = chunk_windows("text", text);
  expect_sound(chunked, text);
  for (const Chunk& chunk : chunked.chunks) {
    EXPECT_NE(static_cast<unsigned char>(text[chunk.start_byte]) & 0xC0U, 0x80U);
  }
}

TEST(Windows, of_nothing_are_none) {
  EXPECT_TRUE(chunk_windows("text", "").chunks.empty());
  EXPECT_TRUE(chunk_windows("text", " \n\t\r\n \n").chunks.empty());
}

TEST(Windows, are_kept_apart_by_the_kind_of_their_language) {
  EXPECT_EQ(chunk_windows("text", "x").chunks.at(0).kind, ChunkKind::Doc);
  EXPECT_EQ(chunk_windows("xml", "x").chunks.at(0).kind, ChunkKind::Data);
  EXPECT_EQ(chunk_windows("perl", "x").chunks.at(0).kind, ChunkKind::Text);
}

TEST(Kinds, have_names_that_come_back) {
  for (int i = 0; i <= static_cast<int>(ChunkKind::Cell); ++i) {
    const auto kind = static_cast<ChunkKind>(i);
    EXPECT_EQ(kind_from_name(kind_name(kind)).value(), kind);
  }
  EXPECT_EQ(kind_from_name("method").value(), ChunkKind::Function);
  EXPECT_EQ(kind_from_name("trait").value(), ChunkKind::Class);
  const auto unknown = kind_from_name("gizmo");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::InvalidArgument);
  EXPECT_NE(unknown.error().message.find("function"), std::string::npos);
}

}  // namespace
}  // namespace sonde::text
