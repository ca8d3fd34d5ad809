#pragma once
// The files that make a model, by their names in its folder.

#include <array>
#include <cstdint>
#include <string_view>

namespace sonde::embed {

struct ModelFile {
  std::string_view name;
  bool required = false;
  std::uint64_t limit_bytes = 0;
};

inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kWeightsFile = "model.safetensors";

/// All that is kept of a model: what the encoder reads, and what says how texts go in. One of
/// tokenizer.json and vocab.txt has to be there, which the tokenizer says.
inline constexpr std::array<ModelFile, 9> kModelFiles = {{
    {kConfigFile, true, 1ULL << 20},
    {kWeightsFile, true, 16ULL << 30},
    {"tokenizer.json", false, 16ULL << 20},
    {"vocab.txt", false, 16ULL << 20},
    {"tokenizer_config.json", false, 1ULL << 20},
    {"special_tokens_map.json", false, 1ULL << 20},
    {"modules.json", false, 1ULL << 20},
    {"sentence_bert_config.json", false, 1ULL << 20},
    {"1_Pooling/config.json", false, 1ULL << 20},
}};

/// The entry of that name; nullptr when it is none of a model's files.
inline const ModelFile* find_model_file(std::string_view name) {
  for (const ModelFile& file : kModelFiles) {
    if (file.name == name) {
      return &file;
    }
  }
  return nullptr;
}

}  // namespace sonde::embed
