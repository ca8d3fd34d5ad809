#include "embed/remote_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "embed/server_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using testing::HasSubstr;
using testing::Not;

class RemoteEncoderTest : public testing::Test {
 protected:
  RemoteOptions options(const std::string& mode) const {
    RemoteOptions options;
    options.url = server_.url("/emb/" + mode);
    options.model = "four";
    options.backoff = std::chrono::milliseconds(5);
    return options;
  }
  Result<std::unique_ptr<RemoteEncoder>> open(const RemoteOptions& options) const {
    return RemoteEncoder::open(io::open_http_client().value(), options, {});
  }
  std::unique_ptr<RemoteEncoder> opened(const RemoteOptions& options) const {
    auto encoder = open(options);
    EXPECT_TRUE(encoder.ok()) << (encoder.ok() ? "" : encoder.error().message);
    return encoder.ok() ? std::move(encoder).value() : nullptr;
  }
  /// What is said when the second request goes wrong.
  std::string error_of(const std::string& mode, RemoteOptions changed = {}) const {
    RemoteOptions base = options(mode);
    base.attempts = 2;
    base.whole = changed.whole;
    const auto encoder = opened(base);
    const std::vector<std::string_view> texts = {"a", "bb"};
    std::vector<float> out(8, 7.0F);
    const Status status = encoder->embed_documents(texts, out, {});
    EXPECT_FALSE(status.ok()) << mode;
    EXPECT_EQ(status.ok() ? Code::Io : status.error().code, Code::Io);
    return status.ok() ? "" : status.error().message;
  }

  const io::TestFolder folder_;
  FakeServer server_{folder_.path()};
};

TEST_F(RemoteEncoderTest, vectors_come_in_order_of_unit_length_and_each_text_is_sent_once) {
  for (const char* mode : {"ok", "shuffled"}) {
    RemoteOptions small = options(mode);
    small.batch_texts = 3;
    const auto encoder = opened(small);
    EXPECT_EQ(encoder->id().dimensions, 4U);
    const std::vector<std::string_view> texts = {"a", "bb", "a", "ccc", "dddd", "bb", "eeeee"};
    std::vector<float> out(texts.size() * 4);
    ASSERT_TRUE(encoder->embed_documents(texts, out, {}).ok());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      double squares = 0;
      for (std::size_t j = 0; j < 4; ++j) {
        squares += static_cast<double>(out[i * 4 + j]) * static_cast<double>(out[i * 4 + j]);
      }
      EXPECT_NEAR(squares, 1, 1e-6);
      // The server's first number is the text's length, its third 1.
      EXPECT_NEAR(out[i * 4] / out[i * 4 + 2], static_cast<float>(texts[i].size()), 1e-5F);
    }
    EXPECT_EQ(server_.count(std::string("/emb/") + mode), 3U) << "one to open, 5 texts by threes";
    EXPECT_EQ(encoder->counters().texts, 5U);
    EXPECT_EQ(encoder->embed_query("ccc", {}).value(),
              std::vector<float>(out.begin() + 12, out.begin() + 16));
  }
}

TEST_F(RemoteEncoderTest, a_server_that_is_busy_is_asked_again) {
  EXPECT_TRUE(open(options("flaky")).ok());
  RemoteOptions impatient = options("flaky");
  impatient.attempts = 1;
  EXPECT_THAT(open(impatient).error().message, HasSubstr("503"));
}

TEST_F(RemoteEncoderTest, what_cannot_be_used_is_said) {
  EXPECT_THAT(error_of("dimensions"), HasSubstr("5 dimensions"));
  EXPECT_THAT(error_of("count"), HasSubstr("1 vectors for 2 texts"));
  EXPECT_THAT(error_of("nan"), HasSubstr("no list of embeddings")) << "NaN is no JSON";
  EXPECT_THAT(error_of("text"), HasSubstr("no finite number"));
  EXPECT_THAT(error_of("zero"), HasSubstr("zeroes"));
  EXPECT_THAT(error_of("twice"), HasSubstr("order"));
  EXPECT_THAT(error_of("html"), HasSubstr("no list of embeddings"));
}

TEST_F(RemoteEncoderTest, a_slow_server_and_one_that_is_gone_are_said) {
  RemoteOptions hasty;
  hasty.whole = std::chrono::milliseconds(300);
  EXPECT_THAT(error_of("slow", hasty), HasSubstr(server_.url("/emb/slow/embeddings")));
  const RemoteOptions gone = options("ok");
  server_.stop();
  EXPECT_EQ(open(gone).error().code, Code::Io);
}

TEST_F(RemoteEncoderTest, the_key_is_in_no_message_and_goes_to_no_other_machine_in_the_open) {
  RemoteOptions secret = options("refuse");
  secret.key = "sk-very-secret";
  const auto refused = open(secret);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("wrong key ***"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
  EXPECT_EQ(server_.count("/emb/refuse"), 1U) << "a refusal is final";
  secret.url = "http://elsewhere.example/v1";
  EXPECT_EQ(open(secret).error().code, Code::InvalidArgument);
}

TEST_F(RemoteEncoderTest, it_can_be_cancelled_while_the_server_says_nothing) {
  const auto encoder = opened(options("slow"));
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  const auto answer = encoder->embed_query("x", CancelToken().with_deadline(soon));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::Cancelled);
}

TEST_F(RemoteEncoderTest, another_server_or_model_has_another_id) {
  const auto a = opened(options("ok"));
  RemoteOptions other = options("ok");
  other.model = "five";
  EXPECT_NE(a->id().key(), opened(other)->id().key());
  EXPECT_NE(a->id().key(), opened(options("shuffled"))->id().key());
  other = options("ok");
  other.url += "/embeddings";
  EXPECT_EQ(a->id().key(), opened(other)->id().key());
}

}  // namespace
}  // namespace sonde::embed
