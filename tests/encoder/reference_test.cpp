// The encoder gives the vectors that sentence-transformers gives: for 1,000 texts of 1 to 512
// tokens, kept in tests/data by bench/encoder/make_encoder_reference.py.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/codec.h"
#include "embed/local_encoder.h"

namespace sonde::embed {
namespace {

constexpr std::uint64_t kFileLimit = 8U << 20;
constexpr std::uint32_t kMaxTokens = 512;

struct Reference {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> tokens;  // of each text, [CLS] and [SEP] included, after the cut
  std::vector<float> vectors;         // [texts, dimensions]
  std::uint32_t dimensions = 0;
};

float from_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const int fraction = half & 0x3FF;
  const float magnitude = exponent == 0
                              ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

Result<std::string> read_compressed(const std::string& path) {
  TRY_ASSIGN(const std::string packed, io::read_file(io::real_file_system(), path, kFileLimit));
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  std::string raw(size > kFileLimit ? kFileLimit : static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0U) {
    return Error{Code::Corruption, path + ": " + ZSTD_getErrorName(got)};
  }
  raw.resize(got);
  return raw;
}

Result<Reference> read_reference(const std::string& path) {
  TRY_ASSIGN(const std::string raw, read_compressed(path));
  ByteReader reader(raw);
  Reference reference;
  TRY_ASSIGN(const std::string_view magic, reader.raw(8));
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  TRY_ASSIGN(const std::uint32_t count, reader.u32());
  TRY_ASSIGN(reference.dimensions, reader.u32());
  TRY_ASSIGN(const std::uint32_t max_tokens, reader.u32());
  if (magic != "SONDEREF" || version != 1 || max_tokens != kMaxTokens) {
    return Error{Code::Unsupported, path + " is no reference of version 1"};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::uint32_t tokens, reader.u32());
    TRY_ASSIGN(const std::uint32_t bytes, reader.u32());
    TRY_ASSIGN(const std::string_view text, reader.raw(bytes));
    reference.tokens.push_back(tokens);
    reference.texts.emplace_back(text);
  }
  const std::size_t values = std::size_t{count} * reference.dimensions;
  TRY_ASSIGN(const std::string_view low, reader.raw(values));
  TRY_ASSIGN(const std::string_view high, reader.raw(values));
  for (std::size_t i = 0; i < values; ++i) {
    const auto bits = static_cast<std::uint16_t>(static_cast<unsigned char>(low[i]) |
                                                 static_cast<unsigned char>(high[i]) << 8);
    reference.vectors.push_back(from_half(bits));
  }
  return reference;
}

double cosine(const float* a, const float* b, std::size_t width) {
  double product = 0;
  double a_squares = 0;
  double b_squares = 0;
  for (std::size_t d = 0; d < width; ++d) {
    product += static_cast<double>(a[d]) * static_cast<double>(b[d]);
    a_squares += static_cast<double>(a[d]) * static_cast<double>(a[d]);
    b_squares += static_cast<double>(b[d]) * static_cast<double>(b[d]);
  }
  return product / std::sqrt(a_squares * b_squares);
}

struct Wanted {
  Precision precision = Precision::F32;
  double lowest = 0;
  double mean = 0;
};

void expect_near_the_reference(const Wanted& wanted) {
  const auto reference = read_reference(SONDE_ENCODER_REFERENCE);
  ASSERT_TRUE(reference.ok()) << reference.error().message;
  ASSERT_GE(reference->texts.size(), 1'000U);
  ThreadPool pool(std::max(1U, std::thread::hardware_concurrency()), "embed");
  LocalEncoderOptions options;
  options.max_tokens = kMaxTokens;
  options.precision = wanted.precision;
  const char* const named = std::getenv("SONDE_TEST_MODEL");
  const std::string folder = named != nullptr ? named : SONDE_TEST_MODEL;
  const auto encoder = LocalEncoder::open(io::real_file_system(), folder, pool, options);
  ASSERT_TRUE(encoder.ok()) << encoder.error().message
                            << "\nThe model all-MiniLM-L6-v2 has to be in " << folder
                            << ": run scripts/bootstrap, or set SONDE_TEST_MODEL to its folder.";
  const std::size_t width = reference->dimensions;
  ASSERT_EQ((*encoder)->id().dimensions, width);
  const std::vector<std::string_view> texts(reference->texts.begin(), reference->texts.end());
  std::vector<float> out(texts.size() * width);
  const Status status = (*encoder)->embed_documents(texts, out, {});
  ASSERT_TRUE(status.ok()) << status.error().message;
  double lowest = 1.0;
  double sum = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(std::min<std::size_t>((*encoder)->count_tokens(texts[i]), kMaxTokens),
              reference->tokens[i])
        << "text " << i;
    const double similarity = cosine(&out[i * width], &reference->vectors[i * width], width);
    EXPECT_GE(similarity, wanted.lowest) << "text " << i << ": " << texts[i].substr(0, 80);
    lowest = std::min(lowest, similarity);
    sum += similarity;
  }
  const double mean = sum / static_cast<double>(texts.size());
  EXPECT_GE(mean, wanted.mean);
  ::testing::Test::RecordProperty("lowest_cosine", fmt::format("{:.8f}", lowest));
  ::testing::Test::RecordProperty("mean_cosine", fmt::format("{:.8f}", mean));
  EXPECT_EQ(*std::max_element(reference->tokens.begin(), reference->tokens.end()), kMaxTokens);
}

TEST(EncoderReference, every_vector_has_a_cosine_of_at_least_0_9999_with_the_references) {
  expect_near_the_reference({Precision::F32, 0.9999, 0.9999});
}

TEST(EncoderReference, int8_has_a_cosine_of_at_least_0_985_and_0_997_on_average) {
  expect_near_the_reference({Precision::Int8, 0.985, 0.997});
}

}  // namespace
}  // namespace sonde::embed
