#include "library/encoder_bench.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/thread_pool.h"
#include "embed/local_encoder.h"
#include "embed/model_testing.h"
#include "io/test_folder.h"

namespace sonde::library {
namespace {

class EncoderBenchTest : public ::testing::Test {
 protected:
  EncoderBenchTest() {
    embed::model_of_letters(1).write(folder_.path("letters"));
    auto opened =
        embed::LocalEncoder::open(io::real_file_system(), folder_.path("letters"), pool_, {});
    EXPECT_TRUE(opened.ok());
    encoder_ = std::move(opened).value();
    bench_.texts = folder_.path("texts.jsonl");
  }
  Result<EncoderFigures> run(const std::string& lines) {
    std::ofstream(bench_.texts) << lines;
    return bench_encoder(bench_, *encoder_, {});
  }

  const io::TestFolder folder_;
  ThreadPool pool_{1, "embed"};
  std::unique_ptr<embed::LocalEncoder> encoder_;
  EncoderBench bench_;
};

TEST_F(EncoderBenchTest, counts_the_tokens_of_texts_and_writes_vectors_in_the_order_of_the_lines) {
  bench_.vectors = folder_.path("v.npy");
  const auto figures = run(R"({"kind": "query", "text": "ab"}
{"kind": "text", "tokens": 5, "text": "abc"}
{"kind": "text", "text": "abcdefghijklmnopqrstuvwxyzabc"}
)");
  ASSERT_TRUE(figures.ok()) << figures.error().message;
  EXPECT_EQ(figures->texts, 2U);
  EXPECT_EQ(figures->tokens, 5U + 24U) << "the model takes 24";
  EXPECT_GT(figures->tokens_per_second, 0);
  EXPECT_GT(figures->query_p50_ms, 0);
  EXPECT_GE(figures->query_p99_ms, figures->query_p50_ms);
  EXPECT_GT(figures->peak_rss_mb, 1);
  std::ifstream in(bench_.vectors, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  constexpr std::size_t kFloats = std::size_t{3} * 32;
  ASSERT_EQ(file.size(), 128 + kFloats * sizeof(float));
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_NE(file.find("'shape': (3, 32)"), std::string::npos);
  const std::vector<float> query = *encoder_->embed_query("ab", {});
  const std::vector<float> text = *encoder_->embed_query("abc", {});
  EXPECT_EQ(file.substr(128, 128), embed::raw_bytes(query));
  EXPECT_EQ(file.substr(256, 128), embed::raw_bytes(text));
}

TEST_F(EncoderBenchTest, a_line_that_is_no_text_is_named) {
  const auto figures =
      run("{\"kind\": \"text\", \"text\": \"a\"}\n{\"kind\": \"else\", \"text\": \"a\"}\n");
  ASSERT_FALSE(figures.ok());
  EXPECT_EQ(figures.error().code, Code::InvalidArgument);
  EXPECT_NE(figures.error().message.find("texts.jsonl:2:"), std::string::npos);
  EXPECT_FALSE(run("").ok());
  EXPECT_FALSE(run("{\"kind\": \"query\", \"text\": \"a\"}\n").ok()) << "no text";
}

}  // namespace
}  // namespace sonde::library
