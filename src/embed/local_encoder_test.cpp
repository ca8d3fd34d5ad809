#include "embed/local_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "embed/model_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

class LocalEncoderTest : public ::testing::Test {
 protected:
  LocalEncoderTest() { model_of_letters(1).write(model_); }

  Result<std::unique_ptr<LocalEncoder>> open(const LocalEncoderOptions& options = {}) {
    return LocalEncoder::open(io::real_file_system(), model_, pool_, options);
  }

  ThreadPool pool_{3, "embed"};
  const io::TestFolder folder_;
  const std::string model_ = folder_.path("tiny-letters");
};

TEST_F(LocalEncoderTest, documents_and_queries_give_the_same_vectors_in_the_order_of_the_texts) {
  for (const std::uint32_t budget : {1U, 30U, 512U}) {
    LocalEncoderOptions options;
    options.batch_tokens = budget;
    const auto encoder = open(options);
    ASSERT_TRUE(encoder.ok()) << encoder.error().message;
    const std::vector<std::string> texts = some_texts(60, budget);
    std::vector<float> out(texts.size() * 32);
    ASSERT_TRUE((*encoder)->embed_documents(views(texts), out, {}).ok());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto alone = (*encoder)->embed_query(texts[i], {});
      ASSERT_TRUE(alone.ok());
      ASSERT_TRUE(std::equal(alone->begin(), alone->end(), &out[i * 32])) << "text " << i;
    }
  }
}

TEST_F(LocalEncoderTest, identical_texts_are_embedded_once) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  const std::vector<std::string> texts = {"ab", "cd", "ab", "ab", "cd", "e"};
  std::vector<float> out(texts.size() * 32);
  ASSERT_TRUE((*encoder)->embed_documents(views(texts), out, {}).ok());
  EXPECT_EQ((*encoder)->counters().texts, 3U);
  EXPECT_EQ((*encoder)->counters().tokens, 4U + 4U + 3U);
  EXPECT_EQ((*encoder)->counters().queries, 0U);
  EXPECT_TRUE(std::equal(&out[0], &out[32], &out[2 * 32]));
  EXPECT_TRUE(std::equal(&out[0], &out[32], &out[3 * 32]));
  EXPECT_TRUE(std::equal(&out[32], &out[2 * 32], &out[4 * 32]));
  EXPECT_FALSE(std::equal(&out[0], &out[32], &out[32]));
}

TEST_F(LocalEncoderTest, texts_are_cut_at_the_models_limit_and_counted_whole) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  const std::string longest(22, 'a');  // 24 tokens with [CLS] and [SEP]
  EXPECT_EQ((*encoder)->count_tokens(longest), 24U);
  EXPECT_EQ((*encoder)->count_tokens(longest + "bcd"), 27U);
  EXPECT_EQ((*encoder)->count_tokens(""), 2U);
  EXPECT_EQ(*(*encoder)->embed_query(longest, {}), *(*encoder)->embed_query(longest + "bcd", {}));
  LocalEncoderOptions wider;
  wider.max_tokens = 40;
  const auto other = open(wider);
  ASSERT_TRUE(other.ok());
  EXPECT_NE(*(*other)->embed_query(longest, {}), *(*other)->embed_query(longest + "bcd", {}));
  EXPECT_NE((*other)->id(), (*encoder)->id());
}

TEST_F(LocalEncoderTest, no_texts_and_texts_that_do_not_fit_the_output) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  EXPECT_TRUE((*encoder)->embed_documents({}, {}, {}).ok());
  const std::vector<std::string_view> texts = {"a", "b"};
  std::vector<float> out(32);
  EXPECT_EQ((*encoder)->embed_documents(texts, out, {}).error().code, Code::InvalidArgument);
}

TEST_F(LocalEncoderTest, a_caller_computes_beside_every_thread_of_the_pool) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  EXPECT_EQ((*encoder)->lanes(), pool_.size() + 1);
}

TEST_F(LocalEncoderTest, what_is_cancelled_says_so) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  CancelSource source;
  source.cancel();
  const std::vector<std::string> texts = some_texts(50, 1);
  std::vector<float> out(texts.size() * 32);
  EXPECT_EQ((*encoder)->embed_documents(views(texts), out, source.token()).error().code,
            Code::Cancelled);
  EXPECT_EQ((*encoder)->embed_query("a", source.token()).error().code, Code::Cancelled);
  EXPECT_EQ((*encoder)->counters().texts, 0U);
  EXPECT_TRUE((*encoder)->embed_documents(views(texts), out, {}).ok());  // and goes on afterwards
}

TEST_F(LocalEncoderTest, sixty_four_threads_get_what_one_thread_gets) {
  const auto opened = open();
  ASSERT_TRUE(opened.ok());
  LocalEncoder& encoder = **opened;
  const std::vector<std::string> texts = some_texts(24, 2);
  std::vector<float> wanted(texts.size() * 32);
  ASSERT_TRUE(encoder.embed_documents(views(texts), wanted, {}).ok());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 64; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t round = 0; round < 3; ++round) {
        if (thread % 2 == 0) {
          std::vector<float> out(wanted.size());
          const bool same = encoder.embed_documents(views(texts), out, {}).ok() && out == wanted;
          wrong += same ? 0 : 1;
        } else {
          const std::size_t i = (thread + round) % texts.size();
          const auto vector = encoder.embed_query(texts[i], {});
          const bool same =
              vector.ok() && std::equal(vector->begin(), vector->end(), &wanted[i * 32]);
          wrong += same ? 0 : 1;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(encoder.counters().queries, 96U);
}

TEST_F(LocalEncoderTest, the_id_tells_the_model) {
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  const ModelId id = (*encoder)->id();
  EXPECT_EQ(id.name, "tiny-letters");
  EXPECT_EQ(id.weights.size(), 32U);
  EXPECT_EQ(id.precision, "f32");
  EXPECT_EQ(id.pooling, "mean");
  EXPECT_EQ(id.dimensions, 32U);
  EXPECT_EQ(id.max_tokens, 24U);
  EXPECT_EQ(id.key(), id.weights + ":f32:mean:32:24:tiny-letters");
}

TEST_F(LocalEncoderTest, what_was_computed_with_another_precision_is_of_another_model) {
  LocalEncoderOptions options;
  options.precision = Precision::Int8;
  const auto int8 = open(options);
  const auto f32 = open();
  ASSERT_TRUE(int8.ok() && f32.ok());
  EXPECT_EQ((*int8)->id().precision, "int8");
  EXPECT_NE((*int8)->id().key(), (*f32)->id().key());
  EXPECT_EQ((*int8)->id().weights, (*f32)->id().weights);
  const std::vector<float> a = *(*int8)->embed_query("where are locks", {});
  const std::vector<float> b = *(*f32)->embed_query("where are locks", {});
  EXPECT_NE(a, b);
  double cosine = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    cosine += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  }
  EXPECT_GT(cosine, 0.99);
}

TEST(Precision, words_for_it_are_known_and_auto_is_one_of_them) {
  EXPECT_EQ(precision_of("f32"), Precision::F32);
  EXPECT_EQ(precision_of("int8"), Precision::Int8);
  EXPECT_TRUE(precision_of("auto"));
  EXPECT_FALSE(precision_of("fp16"));
  EXPECT_FALSE(precision_of(""));
}

TEST_F(LocalEncoderTest, the_hash_is_kept_beside_the_model_and_taken_anew_when_a_file_changes) {
  auto& fs = io::real_file_system();
  const BertConfig config = tiny_config();
  const auto first = identify(fs, model_, config, 24);
  ASSERT_TRUE(first.ok()) << first.error().message;
  const std::string kept = io::join_path(model_, kHashFile);
  const auto text = io::read_file(fs, kept, 4096);
  ASSERT_TRUE(text.ok());
  // While nothing changed it is believed: the proof is that a false one is.
  std::string false_hash = *text;
  const std::size_t at = false_hash.find(first->weights);
  ASSERT_NE(at, std::string::npos);
  false_hash.replace(at, 32, std::string(32, '0'));
  write_bytes(kept, false_hash);
  EXPECT_EQ(identify(fs, model_ + "/", config, 24)->weights, std::string(32, '0'));
  EXPECT_EQ(identify(fs, model_ + "/", config, 24)->name, "tiny-letters");
  // Other weights, another tokenizer, a kept hash that is none.
  rewrite(model_ + "/model.safetensors", model_of_letters(2).weights());
  const auto second = identify(fs, model_, config, 24);
  EXPECT_NE(second->weights, first->weights);
  EXPECT_NE(second->weights, std::string(32, '0'));
  rewrite(model_ + "/vocab.txt", "[UNK]\n[CLS]\n[SEP]\n");
  const auto third = identify(fs, model_, config, 24);
  EXPECT_NE(third->weights, second->weights);
  for (const char* bad : {"", "{", "[]", "{}", "{\"hash\":1}"}) {
    write_bytes(kept, bad);
    EXPECT_EQ(identify(fs, model_, config, 24)->weights, third->weights) << bad;
  }
}

TEST_F(LocalEncoderTest, the_hash_depends_on_bytes_alone) {
  const std::string copy = folder_.path("copy");
  model_of_letters(1).write(copy);
  auto& fs = io::real_file_system();
  EXPECT_EQ(identify(fs, model_, tiny_config(), 24)->weights,
            identify(fs, copy, tiny_config(), 24)->weights);
}

TEST_F(LocalEncoderTest, files_that_do_not_belong_together_are_refused) {
  TestModel small = model_of_letters(1);
  small.config.vocabulary = 50;
  small.tensors["embeddings.word_embeddings.weight"].shape[0] = 50;
  small.tensors["embeddings.word_embeddings.weight"].values.resize(std::size_t{50} * 32);
  small.write(model_);
  const auto encoder = open();
  ASSERT_FALSE(encoder.ok());
  EXPECT_EQ(encoder.error().code, Code::InvalidArgument);
  EXPECT_NE(encoder.error().message.find("belong"), std::string::npos) << encoder.error().message;
  model_of_letters(1).write(model_);
  LocalEncoderOptions options;
  options.max_tokens = 41;
  EXPECT_EQ(open(options).error().code, Code::InvalidArgument);
  options.max_tokens = 2;
  EXPECT_EQ(open(options).error().code, Code::Unsupported);
  for (const char* name : {"vocab.txt", "model.safetensors", "config.json"}) {
    model_of_letters(1).write(model_);
    std::filesystem::remove(model_ + "/" + name);
    const auto missing = open();
    ASSERT_FALSE(missing.ok()) << name;
    EXPECT_EQ(missing.error().code, Code::NotFound) << missing.error().message;
    EXPECT_NE(missing.error().message.find(model_), std::string::npos) << missing.error().message;
  }
}

TEST(ScratchPool, scratch_is_kept_for_the_next_call_and_bounded) {
  ScratchPool pool(2);
  std::vector<std::unique_ptr<BertScratch>> taken;
  for (int i = 0; i < 10; ++i) {
    taken.push_back(pool.take());
    taken.back()->room(0, 1000);
  }
  const std::size_t one = taken[0]->bytes();
  const BertScratch* const first = taken[0].get();
  EXPECT_GE(one, 1000 * sizeof(float));
  EXPECT_EQ(pool.bytes(), 0U);
  for (auto& scratch : taken) {
    pool.give_back(std::move(scratch));
  }
  EXPECT_EQ(pool.bytes(), 2 * one);
  const auto a = pool.take();
  const auto b = pool.take();
  EXPECT_TRUE(a.get() == first || b.get() == first);
  EXPECT_EQ(pool.take()->bytes(), 0U);
}

TEST(Lanes, whoever_waits_for_a_lane_can_be_cancelled) {
  Lanes lanes(1);
  ASSERT_TRUE(lanes.enter({}).ok());
  CancelSource source;
  source.cancel();
  EXPECT_EQ(lanes.enter(source.token()).error().code, Code::Cancelled);
  lanes.leave();
  EXPECT_TRUE(lanes.enter({}).ok());
}

}  // namespace
}  // namespace sonde::embed
