#include "embed/lazy_encoder.h"

#include <gtest/gtest.h>

namespace sonde::embed {
namespace {

class OneVector : public Encoder {
 public:
  explicit OneVector(ModelId id) : id_(std::move(id)) {}
  const ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view, const CancelToken&) override {
    return std::vector<float>{1.0F};
  }
  Status embed_documents(std::span<const std::string_view>, std::span<float>,
                         const CancelToken&) override {
    return {};
  }
  std::size_t count_tokens(std::string_view text) const override { return text.size(); }
  EncoderCounters counters() const override { return {1, 2, 3}; }

 private:
  ModelId id_;
};

TEST(LazyEncoder, opens_at_the_first_text_and_only_once) {
  int opened = 0;
  ModelId id;
  id.name = "one";
  LazyEncoder encoder(id, [&](const CancelToken&) -> Result<std::shared_ptr<Encoder>> {
    ++opened;
    return std::shared_ptr<Encoder>(std::make_shared<OneVector>(id));
  });
  EXPECT_EQ(encoder.id().name, "one");
  EXPECT_EQ(encoder.count_tokens("abc"), 0U);
  EXPECT_EQ(opened, 0);
  ASSERT_TRUE(encoder.embed_query("a", {}).ok());
  ASSERT_TRUE(encoder.embed_query("b", {}).ok());
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(encoder.count_tokens("abc"), 3U);
  EXPECT_EQ(encoder.counters().queries, 3U);
}

TEST(LazyEncoder, tells_why_it_could_not_be_opened_and_tries_again) {
  int tries = 0;
  LazyEncoder encoder({}, [&](const CancelToken&) -> Result<std::shared_ptr<Encoder>> {
    if (++tries == 1) {
      return Error{Code::Busy, "not now"};
    }
    return std::shared_ptr<Encoder>(std::make_shared<OneVector>(ModelId{}));
  });
  const auto first = encoder.embed_query("a", {});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, Code::Busy);
  EXPECT_TRUE(encoder.embed_query("a", {}).ok());
}

TEST(LazyEncoder, another_model_than_promised_is_not_used) {
  ModelId promised;
  promised.weights = "aa";
  LazyEncoder encoder(promised, [](const CancelToken&) -> Result<std::shared_ptr<Encoder>> {
    return std::shared_ptr<Encoder>(std::make_shared<OneVector>(ModelId{}));
  });
  const auto answer = encoder.embed_query("a", {});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::Corruption);
}

}  // namespace
}  // namespace sonde::embed
