// What a model folder's JSON files say, checked.

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "embed/bert.h"

namespace sonde::embed {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kJsonLimit = 1ULL << 20;

Result<Json> read_json(io::FileSystem& fs, const std::string& path) {
  TRY_ASSIGN(const std::string text, io::read_file(fs, path, kJsonLimit));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return Error{Code::InvalidArgument, path + " is no JSON object"};
  }
  return json;
}

/// Reads fields of one file and says what is wrong by file and field.
class Fields {
 public:
  Fields(std::string path, Json json) : path_(std::move(path)), json_(std::move(json)) {}

  Result<std::uint32_t> number(const char* name, std::uint32_t low, std::uint32_t high) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() < low ||
        found->get<std::uint64_t>() > high) {
      return Error{Code::InvalidArgument, fmt::format("{}: \"{}\" has to be a number from {} to {}",
                                                      path_, name, low, high)};
    }
    return found->get<std::uint32_t>();
  }

  /// Errors: Unsupported, when the field is there and is not `wanted`.
  Status expect(const char* name, const char* wanted) const {
    const auto found = json_.find(name);
    if (found != json_.end() && !found->is_null() && *found != wanted) {
      return Error{Code::Unsupported, fmt::format("{}: \"{}\" is {}; only \"{}\" is known here",
                                                  path_, name, found->dump(), wanted)};
    }
    return {};
  }

  /// False when it is not there.
  Result<bool> flag(const char* name) const {
    const auto found = json_.find(name);
    if (found != json_.end() && !found->is_boolean()) {
      return Error{Code::InvalidArgument,
                   fmt::format("{}: \"{}\" has to be true or false", path_, name)};
    }
    return found != json_.end() && found->get<bool>();
  }

  /// `otherwise` when it is not there; over 0, so that it is so as a float too, and at most `high`.
  Result<double> positive(const char* name, double otherwise, double high) const {
    const auto found = json_.find(name);
    if (found == json_.end()) {
      return otherwise;
    }
    const double value = found->is_number() ? found->get<double>() : 0.0;
    if (!(value >= 1e-20) || value > high) {
      return Error{Code::InvalidArgument,
                   fmt::format("{}: \"{}\" has to be over 0 and at most {}", path_, name, high)};
    }
    return value;
  }

 private:
  std::string path_;
  Json json_;
};

Result<Fields> open_fields(io::FileSystem& fs, const std::string& path) {
  TRY_ASSIGN(Json json, read_json(fs, path));
  return Fields(path, std::move(json));
}

Result<Pooling> read_pooling(io::FileSystem& fs, const std::string& folder) {
  const std::string path = io::join_path(folder, "1_Pooling/config.json");
  auto fields = open_fields(fs, path);
  if (!fields.ok()) {
    if (fields.error().code == Code::NotFound) {
      return Pooling::Mean;
    }
    return std::move(fields).error();
  }
  for (const char* other : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                            "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    TRY_ASSIGN(const bool set, fields->flag(other));
    if (set) {
      return Error{Code::Unsupported, fmt::format("{}: \"{}\" is not known here", path, other)};
    }
  }
  TRY_ASSIGN(const bool cls, fields->flag("pooling_mode_cls_token"));
  TRY_ASSIGN(const bool mean, fields->flag("pooling_mode_mean_tokens"));
  if (cls == mean) {
    return Error{Code::Unsupported, path + ": exactly one of mean and cls pooling is known here"};
  }
  return cls ? Pooling::Cls : Pooling::Mean;
}

/// A further module (a dense layer, say) would change every vector, so an unknown one is refused.
Status check_modules(io::FileSystem& fs, const std::string& folder) {
  const std::string path = io::join_path(folder, "modules.json");
  const auto text = io::read_file(fs, path, kJsonLimit);
  if (!text.ok()) {
    return text.error().code == Code::NotFound ? Status{} : Status{text.error()};
  }
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_array()) {
    return Error{Code::InvalidArgument, path + " is no JSON array"};
  }
  for (const Json& module : json) {
    if (!module.is_object() || !module.contains("type") || !module["type"].is_string()) {
      return Error{Code::InvalidArgument, path + ": a module has no \"type\""};
    }
    const auto type = module["type"].get<std::string>();
    const std::string name = type.substr(type.rfind('.') + 1);
    if (name != "Transformer" && name != "Pooling" && name != "Normalize") {
      return Error{Code::Unsupported,
                   fmt::format("{}: a module of type \"{}\" is not known here", path, type)};
    }
  }
  return {};
}

}  // namespace

Result<BertConfig> read_bert_config(io::FileSystem& fs, const std::string& folder) {
  TRY_ASSIGN(const Fields fields, open_fields(fs, io::join_path(folder, "config.json")));
  TRY(fields.expect("model_type", "bert"));
  TRY(fields.expect("hidden_act", "gelu"));
  TRY(fields.expect("position_embedding_type", "absolute"));
  BertConfig config;
  TRY_ASSIGN(config.layers, fields.number("num_hidden_layers", 1, 48));
  TRY_ASSIGN(config.width, fields.number("hidden_size", 16, 4096));
  TRY_ASSIGN(config.heads, fields.number("num_attention_heads", 1, 256));
  TRY_ASSIGN(config.inner_width, fields.number("intermediate_size", 16, 16'384));
  TRY_ASSIGN(config.vocabulary, fields.number("vocab_size", 1, 1'000'000));
  TRY_ASSIGN(config.positions, fields.number("max_position_embeddings", 1, 8'192));
  TRY_ASSIGN(config.token_types, fields.number("type_vocab_size", 1, 16));
  if (config.width % config.heads != 0) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}/config.json: {} heads do not divide a width of {}", folder,
                             config.heads, config.width)};
  }
  TRY_ASSIGN(const double epsilon, fields.positive("layer_norm_eps", 1e-12, 0.1));
  config.norm_epsilon = static_cast<float>(epsilon);
  TRY(check_modules(fs, folder));
  TRY_ASSIGN(config.pooling, read_pooling(fs, folder));
  config.max_tokens = std::min<std::uint32_t>(config.positions, 256);
  auto sentence = open_fields(fs, io::join_path(folder, "sentence_bert_config.json"));
  if (sentence.ok()) {
    TRY_ASSIGN(config.max_tokens, sentence->number("max_seq_length", 3, config.positions));
  } else if (sentence.error().code != Code::NotFound) {
    return std::move(sentence).error();
  }
  return config;
}

}  // namespace sonde::embed
