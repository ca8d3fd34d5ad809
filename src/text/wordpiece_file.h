#pragma once
// What a WordPiece tokenizer is made of, and reading it from a model's files. Nothing in the files
// is believed unchecked.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "text/bert_characters.h"

namespace sonde::text {

inline constexpr std::size_t kMaxTokenizerFileBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxVocabulary = 1'000'000;  // also a bound of every id
inline constexpr std::size_t kMaxWordCharacters = 1'000;  // of max_input_chars_per_word
inline constexpr std::size_t kMaxAddedTokens = 10'000;
inline constexpr std::size_t kMaxTemplateTokens = 16;  // on each side of the text

using TokenIds = std::vector<std::pair<std::string, std::uint32_t>>;

struct WordPieceSettings {
  TokenIds vocabulary;  // each token once
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t max_word_characters = 100;
  BertNormalizer normalizer;
  TokenIds added;                     // found in the raw text before anything else
  std::vector<std::uint32_t> before;  // ids around the text
  std::vector<std::uint32_t> after;
};

/// Reads the bytes of a tokenizer.json.
/// Errors: Corruption (with the field's name), Unsupported (a type or option, named), Limit.
Result<WordPieceSettings> parse_tokenizer_json(std::string_view bytes);

/// Reads vocab.txt (a token a line, its id the line's number from 0) and tokenizer_config.json.
/// Errors: as parse_tokenizer_json.
Result<WordPieceSettings> parse_vocabulary(std::string_view vocab_txt,
                                           std::string_view tokenizer_config_json);

}  // namespace sonde::text
