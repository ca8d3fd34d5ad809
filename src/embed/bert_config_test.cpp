#include <gtest/gtest.h>

#include <map>
#include <string>

#include "embed/bert.h"
#include "embed/model_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

class BertConfigTest : public ::testing::Test {
 protected:
  BertConfigTest() { model_.write(folder_.path()); }

  Result<BertConfig> read() const {
    return read_bert_config(io::real_file_system(), folder_.path());
  }
  Result<BertConfig> read_with(const std::string& field, const std::string& value) {
    auto fields = model_.config_fields();
    fields[field] = value;
    write_bytes(folder_.path("config.json"), TestModel::json_object(fields));
    return read();
  }
  static void expect_error(const Result<BertConfig>& config, Code code, const std::string& file,
                           const std::string& part) {
    ASSERT_FALSE(config.ok()) << part;
    EXPECT_EQ(config.error().code, code) << config.error().message;
    EXPECT_NE(config.error().message.find(file), std::string::npos) << config.error().message;
    EXPECT_NE(config.error().message.find(part), std::string::npos) << config.error().message;
  }
  void remove(const std::string& name) const { std::filesystem::remove(folder_.path(name)); }

  const io::TestFolder folder_;
  const TestModel model_ = TestModel::random(tiny_config(), 1);
};

TEST_F(BertConfigTest, what_the_files_say_is_read) {
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->layers, 2U);
  EXPECT_EQ(config->heads, 2U);
  EXPECT_EQ(config->width, 32U);
  EXPECT_EQ(config->inner_width, 48U);
  EXPECT_EQ(config->vocabulary, 60U);
  EXPECT_EQ(config->positions, 40U);
  EXPECT_EQ(config->token_types, 2U);
  EXPECT_EQ(config->norm_epsilon, 1e-5F);
  EXPECT_EQ(config->pooling, Pooling::Mean);
  EXPECT_EQ(config->max_tokens, 24U);
}

TEST_F(BertConfigTest, files_that_may_be_missing_have_defaults) {
  remove("1_Pooling/config.json");
  remove("sentence_bert_config.json");
  const auto config = read();
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->pooling, Pooling::Mean);
  EXPECT_EQ(config->max_tokens, 40U);  // all its positions, as they are fewer than 256
  remove("config.json");
  EXPECT_EQ(read().error().code, Code::NotFound);
}

TEST_F(BertConfigTest, every_number_out_of_its_range_is_named) {
  for (const char* field :
       {"num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size",
        "vocab_size", "max_position_embeddings", "type_vocab_size"}) {
    for (const char* value : {"0", "-1", "1.5", "\"32\"", "null", "[]", "99999999",
                              "18446744073709551615", "4294967328", "1e400"}) {
      const auto config = read_with(field, value);
      if (std::string(value) == "1e400") {  // no JSON number at all
        EXPECT_FALSE(config.ok());
        continue;
      }
      expect_error(config, Code::InvalidArgument, "config.json", field);
    }
    auto fields = model_.config_fields();
    fields.erase(field);
    write_bytes(folder_.path("config.json"), TestModel::json_object(fields));
    expect_error(read(), Code::InvalidArgument, "config.json", field);
  }
  expect_error(read_with("num_attention_heads", "3"), Code::InvalidArgument, "config.json",
               "3 heads");
}

TEST_F(BertConfigTest, an_epsilon_that_is_none_is_named) {
  for (const char* value : {"0", "-1e-5", "0.2", "\"1e-5\"", "null", "1e-300", "1e300"}) {
    expect_error(read_with("layer_norm_eps", value), Code::InvalidArgument, "config.json",
                 "layer_norm_eps");
  }
}

TEST_F(BertConfigTest, another_architecture_is_unsupported_by_name) {
  expect_error(read_with("model_type", "\"roberta\""), Code::Unsupported, "config.json", "roberta");
  expect_error(read_with("model_type", "7"), Code::Unsupported, "config.json", "model_type");
  expect_error(read_with("hidden_act", "\"gelu_new\""), Code::Unsupported, "config.json",
               "gelu_new");
  expect_error(read_with("position_embedding_type", "\"relative_key\""), Code::Unsupported,
               "config.json", "relative_key");
}

TEST_F(BertConfigTest, another_pooling_is_unsupported_by_name) {
  const auto pooling = [&](const std::string& json) {
    write_bytes(folder_.path("1_Pooling/config.json"), json);
    return read();
  };
  const std::string file = "1_Pooling/config.json";
  EXPECT_EQ(pooling(R"({"pooling_mode_cls_token":true})")->pooling, Pooling::Cls);
  expect_error(pooling("{}"), Code::Unsupported, file, "mean and cls");
  expect_error(pooling(R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true})"),
               Code::Unsupported, file, "mean and cls");
  for (const std::string other : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                                  "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    expect_error(pooling(R"({"pooling_mode_mean_tokens":true,")" + other + "\":true}"),
                 Code::Unsupported, file, other);
  }
  expect_error(pooling(R"({"pooling_mode_mean_tokens":"yes"})"), Code::InvalidArgument, file,
               "pooling_mode_mean_tokens");
  expect_error(pooling("[]"), Code::InvalidArgument, file, "JSON");
}

TEST_F(BertConfigTest, a_further_module_is_unsupported_by_name) {
  const auto modules = [&](const std::string& json) {
    write_bytes(folder_.path("modules.json"), json);
    return read();
  };
  const std::string known =
      R"([{"type":"sentence_transformers.models.Transformer"},)"
      R"({"type":"sentence_transformers.models.Pooling"},{"type":"Normalize"})";
  EXPECT_TRUE(modules(known + "]").ok());
  expect_error(modules(known + R"(,{"type":"sentence_transformers.models.Dense"}])"),
               Code::Unsupported, "modules.json", "models.Dense");
  expect_error(modules("{}"), Code::InvalidArgument, "modules.json", "array");
  expect_error(modules("[1]"), Code::InvalidArgument, "modules.json", "type");
  expect_error(modules("[{\"type\":1}]"), Code::InvalidArgument, "modules.json", "type");
}

TEST_F(BertConfigTest, a_length_over_the_positions_is_refused) {
  const auto length = [&](const std::string& value) {
    write_bytes(folder_.path("sentence_bert_config.json"), "{\"max_seq_length\":" + value + "}");
    return read();
  };
  EXPECT_EQ(length("40")->max_tokens, 40U);
  for (const char* value : {"41", "2", "0", "-5", "null", "\"24\""}) {
    expect_error(length(value), Code::InvalidArgument, "sentence_bert_config.json",
                 "max_seq_length");
  }
}

TEST_F(BertConfigTest, every_truncation_of_config_json_is_an_error) {
  const std::string json = TestModel::json_object(model_.config_fields());
  for (std::size_t length = 0; length < json.size(); ++length) {
    write_bytes(folder_.path("config.json"), json.substr(0, length));
    expect_error(read(), Code::InvalidArgument, "config.json", "JSON");
  }
  write_bytes(folder_.path("config.json"), json + std::string(1 << 20, ' '));
  EXPECT_EQ(read().error().code, Code::Limit);
}

}  // namespace
}  // namespace sonde::embed
