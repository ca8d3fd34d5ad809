#include "text/wordpiece_file.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.h"

namespace sonde::text {
namespace {

using nlohmann::json;

// tokenizer.json is at most added_tokens / entry / value deep: a limit against bombs.
constexpr int kMaxDepth = 12;
constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kConfigJson = "tokenizer_config.json";

/// A value and where it stands, for messages.
struct Field {
  const json* value;
  std::string name;
};

Error wrong(const Field& field, const std::string& expected) {
  return {Code::Corruption, field.name + " should be " + expected + ", it is " +
                                (field.value == nullptr ? "missing" : field.value->type_name())};
}

Error unsupported(const Field& field, const std::string& found, const std::string& supported) {
  return {Code::Unsupported, field.name + " is " + found + "; this build knows only " + supported};
}

/// True when brackets outside strings are nested deeper than `limit`. (A parser callback could tell
/// too, but makes parsing twice as slow.)
bool deeper_than(std::string_view bytes, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < bytes.size() && depth <= limit; ++i) {
    const char byte = bytes[i];
    if (byte == '"') {
      in_string = !in_string;
    } else if (in_string) {
      i += byte == '\\' ? 1 : 0;
    } else if (byte == '{' || byte == '[') {
      ++depth;
    } else if (byte == '}' || byte == ']') {
      --depth;
    }
  }
  return depth > limit;
}

Result<json> parse(std::string_view bytes, const std::string& name) {
  if (bytes.size() > kMaxTokenizerFileBytes) {
    return Error{Code::Limit,
                 name + " is larger than " + std::to_string(kMaxTokenizerFileBytes) + " bytes"};
  }
  if (deeper_than(bytes, kMaxDepth)) {
    return Error{Code::Corruption, name + " is nested deeper than any tokenizer's"};
  }
  json value = json::parse(bytes, nullptr, false);
  if (!value.is_object()) {
    return Error{Code::Corruption, name + " is not a whole JSON object"};
  }
  return value;
}

/// The field `key` of an object; its value is null when it is not there.
Result<Field> field(const Field& object, const std::string& key) {
  if (object.value == nullptr || !object.value->is_object()) {
    return wrong(object, "an object");
  }
  const auto found = object.value->find(key);
  return Field{found == object.value->end() ? nullptr : &*found, object.name + ": " + key};
}

bool absent(const Field& field) { return field.value == nullptr || field.value->is_null(); }

Result<std::string> as_string(const Field& field) {
  if (field.value == nullptr || !field.value->is_string()) {
    return wrong(field, "a string");
  }
  return field.value->get<std::string>();
}

Result<bool> as_bool(const Field& field) {
  if (field.value == nullptr || !field.value->is_boolean()) {
    return wrong(field, "true or false");
  }
  return field.value->get<bool>();
}

Result<std::size_t> as_number(const Field& field, std::size_t limit) {
  if (field.value == nullptr || !field.value->is_number_unsigned()) {
    return wrong(field, "a number without sign or fraction");
  }
  const auto number = field.value->get<std::uint64_t>();
  if (number > limit) {
    return Error{Code::Limit, field.name + " is " + std::to_string(number) +
                                  ", the largest that is read is " + std::to_string(limit)};
  }
  return static_cast<std::size_t>(number);
}

Result<std::uint32_t> as_id(const Field& field) {
  TRY_ASSIGN(const std::size_t number, as_number(field, kMaxVocabulary - 1));
  return static_cast<std::uint32_t>(number);
}

Result<std::string> string_in(const Field& object, const std::string& key) {
  TRY_ASSIGN(const Field found, field(object, key));
  return as_string(found);
}

Result<bool> bool_in(const Field& object, const std::string& key) {
  TRY_ASSIGN(const Field found, field(object, key));
  return as_bool(found);
}

Result<bool> bool_in(const Field& object, const std::string& key, bool otherwise) {
  TRY_ASSIGN(const Field found, field(object, key));
  return absent(found) ? Result<bool>(otherwise) : as_bool(found);
}

/// An array, element by element.
template <typename Use>
Status for_each(const Field& array, std::size_t limit, const Use& use) {
  if (array.value == nullptr || !array.value->is_array()) {
    return wrong(array, "an array");
  }
  if (array.value->size() > limit) {
    return Error{Code::Limit, array.name + " has more than " + std::to_string(limit) + " entries"};
  }
  std::size_t index = 0;
  for (const json& element : *array.value) {
    TRY(use(Field{&element, array.name + "[" + std::to_string(index++) + "]"}));
  }
  return {};
}

/// The part `key` of the tokenizer, which must be of this type.
Result<Field> part(const Field& tokenizer, const std::string& key, const std::string& type) {
  TRY_ASSIGN(Field found, field(tokenizer, key));
  if (absent(found)) {
    return unsupported(found, "none", type);
  }
  TRY_ASSIGN(const std::string actual, string_in(found, "type"));
  if (actual != type) {
    return unsupported(found, actual, type);
  }
  return found;
}

Status read_model(const Field& model, WordPieceSettings& settings) {
  TRY_ASSIGN(settings.unknown_token, string_in(model, "unk_token"));
  TRY_ASSIGN(settings.continuing_prefix, string_in(model, "continuing_subword_prefix"));
  TRY_ASSIGN(const Field longest, field(model, "max_input_chars_per_word"));
  TRY_ASSIGN(settings.max_word_characters, as_number(longest, kMaxWordCharacters));
  TRY_ASSIGN(const Field vocabulary, field(model, "vocab"));
  if (vocabulary.value == nullptr || !vocabulary.value->is_object()) {
    return wrong(vocabulary, "an object");
  }
  if (vocabulary.value->size() > kMaxVocabulary) {
    return Error{Code::Limit,
                 vocabulary.name + " has more than " + std::to_string(kMaxVocabulary) + " tokens"};
  }
  settings.vocabulary.reserve(vocabulary.value->size());
  for (const auto& [token, id] : vocabulary.value->items()) {
    if (!id.is_number_unsigned()) {
      return wrong({&id, vocabulary.name + ": '" + token + "'"}, "a token's id");
    }
    if (id.get<std::uint64_t>() >= kMaxVocabulary) {
      return Error{Code::Limit, vocabulary.name + ": the id of '" + token + "' is too large"};
    }
    settings.vocabulary.emplace_back(token, id.get<std::uint32_t>());
  }
  return {};
}

Status read_normalizer(const Field& normalizer, BertNormalizer& result) {
  TRY_ASSIGN(result.clean_text, bool_in(normalizer, "clean_text"));
  TRY_ASSIGN(result.handle_chinese_chars, bool_in(normalizer, "handle_chinese_chars"));
  TRY_ASSIGN(result.lowercase, bool_in(normalizer, "lowercase"));
  TRY_ASSIGN(result.strip_accents, bool_in(normalizer, "strip_accents", result.lowercase));
  return {};
}

/// Options of an added token that change where it is found. @param otherwise  for `normalized`
Status check_added_options(const Field& token, bool normalized_otherwise) {
  for (const char* option : {"single_word", "lstrip", "rstrip", "normalized"}) {
    const bool otherwise = option == std::string_view("normalized") && normalized_otherwise;
    TRY_ASSIGN(const bool set, bool_in(token, option, otherwise));
    if (set) {
      return unsupported({nullptr, token.name + ": " + option}, "true", "false");
    }
  }
  return {};
}

Status read_added_tokens(const Field& tokens, WordPieceSettings& settings) {
  return for_each(tokens, kMaxAddedTokens, [&](const Field& token) -> Status {
    TRY_ASSIGN(std::string content, string_in(token, "content"));
    TRY_ASSIGN(const Field id, field(token, "id"));
    TRY_ASSIGN(const std::uint32_t number, as_id(id));
    TRY_ASSIGN([[maybe_unused]] const bool special, bool_in(token, "special"));
    TRY(check_added_options(token, true));
    settings.added.emplace_back(std::move(content), number);
    return {};
  });
}

// A template's tokens by the name that its pieces use.
using TemplateTokens = std::map<std::string, std::vector<std::uint32_t>>;

Status read_template_tokens(const Field& tokens, TemplateTokens& result) {
  if (tokens.value == nullptr || !tokens.value->is_object()) {
    return wrong(tokens, "an object");
  }
  if (tokens.value->size() > kMaxAddedTokens) {
    return Error{Code::Limit, tokens.name + " has too many entries"};
  }
  for (const auto& [name, value] : tokens.value->items()) {
    const Field token{&value, tokens.name + ": '" + name + "'"};
    std::vector<std::uint32_t>& ids = result[name];
    TRY_ASSIGN(const Field array, field(token, "ids"));
    const auto read_one = [&ids](const Field& element) -> Status {
      TRY_ASSIGN(const std::uint32_t id, as_id(element));
      ids.push_back(id);
      return {};
    };
    TRY(for_each(array, kMaxTemplateTokens, read_one));
    TRY_ASSIGN([[maybe_unused]] const std::string id, string_in(token, "id"));
  }
  return {};
}

/// A piece of a template: the ids of a special token, or (nothing) the sequence that `sequence` is
/// set to.
Status read_piece(const Field& piece, const TemplateTokens& tokens,
                  std::optional<std::vector<std::uint32_t>>& ids, std::string& sequence) {
  TRY_ASSIGN(const Field token, field(piece, "SpecialToken"));
  TRY_ASSIGN(const Field text, field(piece, "Sequence"));
  if ((token.value == nullptr) == (text.value == nullptr)) {
    return wrong(piece, "either a SpecialToken or a Sequence");
  }
  const Field& chosen = token.value == nullptr ? text : token;
  TRY_ASSIGN(const std::string id, string_in(chosen, "id"));
  TRY_ASSIGN(const Field type_id, field(chosen, "type_id"));
  TRY(as_number(type_id, kMaxVocabulary));
  if (token.value == nullptr) {
    sequence = id;
    return {};
  }
  const auto known = tokens.find(id);
  if (known == tokens.end()) {
    return Error{Code::Corruption,
                 token.name + ": '" + id + "' is not among the template's special tokens"};
  }
  ids = known->second;
  return {};
}

Status read_template(const Field& processor, WordPieceSettings& settings) {
  TRY_ASSIGN(const Field special, field(processor, "special_tokens"));
  TemplateTokens tokens;
  TRY(read_template_tokens(special, tokens));
  TRY_ASSIGN(const Field single, field(processor, "single"));
  bool text_seen = false;
  const auto read_one = [&](const Field& piece) -> Status {
    std::optional<std::vector<std::uint32_t>> ids;
    std::string sequence;
    TRY(read_piece(piece, tokens, ids, sequence));
    if (ids) {
      auto& side = text_seen ? settings.after : settings.before;
      side.insert(side.end(), ids->begin(), ids->end());
    } else if (sequence != "A" || text_seen) {
      return unsupported(piece, "sequence " + sequence, "one sequence A");
    }
    text_seen = text_seen || !ids;
    return {};
  };
  TRY(for_each(single, 2 * kMaxTemplateTokens, read_one));
  if (!text_seen) {
    return Error{Code::Corruption, single.name + " has no place for the text"};
  }
  return {};
}

/// The content of a token that is given as a string or as an object.
Result<std::string> token_name(const Field& object, const std::string& key,
                               const std::string& otherwise) {
  TRY_ASSIGN(const Field token, field(object, key));
  if (absent(token)) {
    return otherwise;
  }
  if (token.value->is_object()) {
    TRY(check_added_options(token, false));
    return string_in(token, "content");
  }
  return as_string(token);
}

/// Tokens by line. Of two equal lines the later counts, as in the reference.
Result<std::map<std::string, std::uint32_t>> read_lines(std::string_view vocab_txt) {
  if (!is_valid_utf8(vocab_txt)) {
    return Error{Code::Corruption, "vocab.txt is not UTF-8"};
  }
  std::map<std::string, std::uint32_t> tokens;
  std::uint32_t line = 0;
  while (!vocab_txt.empty()) {
    if (line == kMaxVocabulary) {
      return Error{Code::Limit,
                   "vocab.txt has more than " + std::to_string(kMaxVocabulary) + " lines"};
    }
    const std::size_t end = std::min(vocab_txt.find('\n'), vocab_txt.size());
    std::string_view token = vocab_txt.substr(0, end);
    vocab_txt.remove_prefix(std::min(end + 1, vocab_txt.size()));
    if (!token.empty() && token.back() == '\r') {
      token.remove_suffix(1);
    }
    if (!token.empty()) {
      tokens[std::string(token)] = line;
    }
    ++line;
  }
  return tokens;
}

Status check_config(const Field& config) {
  TRY_ASSIGN(const Field type, field(config, "tokenizer_class"));
  if (!absent(type)) {
    TRY_ASSIGN(const std::string name, as_string(type));
    if (name != "BertTokenizer" && name != "BertTokenizerFast") {
      return unsupported(type, name, "BertTokenizer");
    }
  }
  TRY_ASSIGN(const bool basic, bool_in(config, "do_basic_tokenize", true));
  if (!basic) {
    return unsupported({nullptr, config.name + ": do_basic_tokenize"}, "false", "true");
  }
  for (const char* key : {"never_split", "additional_special_tokens", "extra_special_tokens"}) {
    TRY_ASSIGN(const Field more, field(config, key));
    if (!absent(more) && !more.value->empty()) {
      return unsupported(more, "set", "null");
    }
  }
  return {};
}

/// Newer files repeat the special tokens, and may add more, by id.
Status read_added_decoder(const Field& config,
                          const std::map<std::string, std::uint32_t>& vocabulary,
                          std::map<std::string, std::uint32_t>& added) {
  TRY_ASSIGN(const Field tokens, field(config, "added_tokens_decoder"));
  if (absent(tokens)) {
    return {};
  }
  if (!tokens.value->is_object()) {
    return wrong(tokens, "an object");
  }
  for (const auto& [id, value] : tokens.value->items()) {
    const Field token{&value, tokens.name + ": '" + id + "'"};
    TRY_ASSIGN(const std::string content, string_in(token, "content"));
    TRY(check_added_options(token, false));
    const auto found = vocabulary.find(content);
    if (found == vocabulary.end() || std::to_string(found->second) != id) {
      return Error{Code::Corruption,
                   token.name + " is not the token '" + content + "' of vocab.txt"};
    }
    added.insert(*found);
  }
  return {};
}

Status read_special_tokens(const Field& config,
                           const std::map<std::string, std::uint32_t>& vocabulary,
                           WordPieceSettings& settings) {
  struct Special {
    const char* key;
    const char* otherwise;
    std::vector<std::uint32_t>* around;
  };
  const Special specials[] = {{"unk_token", "[UNK]", nullptr},
                              {"pad_token", "[PAD]", nullptr},
                              {"mask_token", "[MASK]", nullptr},
                              {"cls_token", "[CLS]", &settings.before},
                              {"sep_token", "[SEP]", &settings.after}};
  std::map<std::string, std::uint32_t> added;
  for (const Special& special : specials) {
    TRY_ASSIGN(const std::string name, token_name(config, special.key, special.otherwise));
    const auto found = vocabulary.find(name);
    if (found == vocabulary.end()) {
      return Error{Code::Corruption,
                   "vocab.txt lacks the " + std::string(special.key) + " '" + name + "'"};
    }
    if (special.around != nullptr) {
      special.around->push_back(found->second);
    }
    added.insert(*found);
  }
  TRY(read_added_decoder(config, vocabulary, added));
  TRY_ASSIGN(settings.unknown_token, token_name(config, "unk_token", "[UNK]"));
  settings.added.assign(added.begin(), added.end());
  return {};
}

}  // namespace

Result<WordPieceSettings> parse_tokenizer_json(std::string_view bytes) {
  TRY_ASSIGN(const json whole, parse(bytes, kTokenizerJson));
  const Field tokenizer{&whole, kTokenizerJson};
  TRY_ASSIGN(const std::string version, string_in(tokenizer, "version"));
  if (version != "1.0") {
    return unsupported({nullptr, tokenizer.name + ": version"}, version, "1.0");
  }
  WordPieceSettings settings;
  TRY_ASSIGN(const Field model, part(tokenizer, "model", "WordPiece"));
  TRY_ASSIGN(const Field normalizer, part(tokenizer, "normalizer", "BertNormalizer"));
  TRY(part(tokenizer, "pre_tokenizer", "BertPreTokenizer"));
  TRY_ASSIGN(const Field processor, part(tokenizer, "post_processor", "TemplateProcessing"));
  TRY_ASSIGN(const Field added, field(tokenizer, "added_tokens"));
  TRY(read_model(model, settings));
  TRY(read_normalizer(normalizer, settings.normalizer));
  TRY(read_added_tokens(added, settings));
  TRY(read_template(processor, settings));
  return settings;
}

Result<WordPieceSettings> parse_vocabulary(std::string_view vocab_txt,
                                           std::string_view tokenizer_config_json) {
  TRY_ASSIGN(const json whole, parse(tokenizer_config_json, kConfigJson));
  const Field config{&whole, kConfigJson};
  TRY(check_config(config));
  TRY_ASSIGN(const auto vocabulary, read_lines(vocab_txt));
  WordPieceSettings settings;
  BertNormalizer& normalizer = settings.normalizer;
  TRY_ASSIGN(normalizer.lowercase, bool_in(config, "do_lower_case", true));
  TRY_ASSIGN(normalizer.strip_accents, bool_in(config, "strip_accents", normalizer.lowercase));
  TRY_ASSIGN(normalizer.handle_chinese_chars, bool_in(config, "tokenize_chinese_chars", true));
  TRY(read_special_tokens(config, vocabulary, settings));
  settings.vocabulary.assign(vocabulary.begin(), vocabulary.end());
  return settings;
}

}  // namespace sonde::text
