#pragma once
// For tests: safetensors files and whole tiny models of random weights, written to a folder.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "embed/bert.h"

namespace sonde::embed {

inline void write_bytes(const std::string& path, std::string_view bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good()) << path;
}

inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  ByteWriter out;
  out.u64(header.size());
  out.raw(header);
  out.raw(data);
  return out.take();
}

inline std::string raw_bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct TestTensor {
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
};

/// A model that can be written, damaged, and computed by hand.
struct TestModel {
  BertConfig config;
  std::map<std::string, TestTensor> tensors;
  std::vector<std::string> vocabulary;

  /// Every tensor that a BERT of `config` has, at random.
  static TestModel random(const BertConfig& config, unsigned seed) {
    TestModel model;
    model.config = config;
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 0.4F);
    const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape) {
      TestTensor tensor{std::move(shape), {}};
      std::uint64_t count = 1;
      for (const std::uint64_t side : tensor.shape) {
        count *= side;
      }
      for (std::uint64_t i = 0; i < count; ++i) {
        tensor.values.push_back(normal(random));
      }
      model.tensors.emplace(name, std::move(tensor));
    };
    const std::uint64_t width = config.width;
    const auto dense = [&](const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
      add(name + ".weight", {outputs, inputs});
      add(name + ".bias", {outputs});
    };
    const auto norm = [&](const std::string& name) {
      add(name + ".LayerNorm.weight", {width});
      add(name + ".LayerNorm.bias", {width});
    };
    add("embeddings.word_embeddings.weight", {config.vocabulary, width});
    add("embeddings.position_embeddings.weight", {config.positions, width});
    add("embeddings.token_type_embeddings.weight", {config.token_types, width});
    norm("embeddings");
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      const std::string at = "encoder.layer." + std::to_string(layer) + ".";
      for (const char* part : {"query", "key", "value"}) {
        dense(at + "attention.self." + part, width, width);
      }
      dense(at + "attention.output.dense", width, width);
      norm(at + "attention.output");
      dense(at + "intermediate.dense", config.inner_width, width);
      dense(at + "output.dense", width, config.inner_width);
      norm(at + "output");
    }
    return model;
  }

  [[nodiscard]] std::string weights(const std::string& prefix = "") const {
    std::string header = "{";
    std::string data;
    for (const auto& [name, tensor] : tensors) {
      header +=
          (header.size() > 1 ? ",\"" : "\"") + prefix + name + R"(":{"dtype":"F32","shape":[)";
      for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        header += (i > 0 ? "," : "") + std::to_string(tensor.shape[i]);
      }
      header += "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
      data += raw_bytes(tensor.values);
      header += std::to_string(data.size()) + "]}";
    }
    return safetensors_bytes(header + "}", data);
  }

  [[nodiscard]] std::map<std::string, std::string> config_fields() const {
    return {{"model_type", "\"bert\""},
            {"hidden_act", "\"gelu\""},
            {"position_embedding_type", "\"absolute\""},
            {"num_hidden_layers", std::to_string(config.layers)},
            {"hidden_size", std::to_string(config.width)},
            {"num_attention_heads", std::to_string(config.heads)},
            {"intermediate_size", std::to_string(config.inner_width)},
            {"vocab_size", std::to_string(config.vocabulary)},
            {"max_position_embeddings", std::to_string(config.positions)},
            {"type_vocab_size", std::to_string(config.token_types)},
            {"layer_norm_eps", "1e-5"}};
  }

  static std::string json_object(const std::map<std::string, std::string>& fields) {
    std::string json;
    for (const auto& [name, value] : fields) {
      json += (json.empty() ? "{\"" : ",\"") + name + "\":" + value;
    }
    return json + "}";
  }

  void write(const std::string& folder, const std::string& prefix = "") const {
    write_bytes(folder + "/config.json", json_object(config_fields()));
    write_bytes(folder + "/1_Pooling/config.json",
                config.pooling == Pooling::Cls
                    ? R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})"
                    : R"({"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true})");
    write_bytes(folder + "/sentence_bert_config.json",
                "{\"max_seq_length\":" + std::to_string(config.max_tokens) + "}");
    write_bytes(folder + "/model.safetensors", weights(prefix));
    std::string lines;
    for (const std::string& token : vocabulary) {
      lines += token + "\n";
    }
    write_bytes(folder + "/vocab.txt", lines);
    write_bytes(folder + "/tokenizer_config.json",
                R"({"tokenizer_class":"BertTokenizer","do_lower_case":true})");
  }
};

inline BertConfig tiny_config() {
  BertConfig config;
  config.layers = 2;
  config.heads = 2;
  config.width = 32;
  config.inner_width = 48;
  config.vocabulary = 60;
  config.positions = 40;
  config.token_types = 2;
  config.norm_epsilon = 1e-5F;
  config.max_tokens = 24;
  return config;
}

/// Its tokenizer knows the small letters alone.
inline TestModel model_of_letters(unsigned seed) {
  TestModel model = TestModel::random(tiny_config(), seed);
  model.vocabulary = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    model.vocabulary.emplace_back(1, letter);
  }
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    model.vocabulary.push_back(std::string("##") + letter);
  }
  return model;
}

inline std::vector<std::string> some_texts(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    for (std::size_t words = random() % 8; words > 0; --words) {
      for (std::size_t letters = 1 + random() % 6; letters > 0; --letters) {
        text += static_cast<char>('a' + random() % 26);
      }
      text += ' ';
    }
  }
  return texts;
}

inline std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

/// Writes a file as a later writer would: with another time, whatever the clock's step.
inline void rewrite(const std::string& path, std::string_view bytes) {
  const auto time = std::filesystem::last_write_time(path) + std::chrono::seconds(1);
  write_bytes(path, bytes);
  std::filesystem::last_write_time(path, time);
}

}  // namespace sonde::embed
