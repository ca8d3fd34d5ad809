#pragma once
// Text to the ids of a BERT model's vocabulary, id for id as Hugging Face tokenizers (0.23) gives
// them: special tokens are found in the raw text; between them BertNormalizer, BertPreTokenizer
// and WordPiece.
//
//   TRY_ASSIGN(auto tokenizer, text::WordPiece::from_files(fs, "models/all-MiniLM-L6-v2"));
//   std::vector<std::uint32_t> ids;
//   tokenizer->encode("fn main() {}", 256, ids);  // [CLS] f ##n main ( ) { } [SEP]

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/result.h"
#include "text/bert_characters.h"
#include "text/token_trie.h"
#include "text/wordpiece_file.h"

namespace sonde::io {
class FileSystem;
}

namespace sonde::text {

/// Source: Wu et al. 2016, section 4.1 (greedy longest match); Devlin et al. 2019.
/// Immutable; threads: safe.
class WordPiece {
  struct Private {};

 public:
  /// Reads `folder`/tokenizer.json or, where there is none, vocab.txt and tokenizer_config.json.
  /// Truncation and padding that tokenizer.json asks for are left to the caller.
  /// Errors: NotFound, Io; Corruption (a file that does not check); Unsupported (another kind of
  /// tokenizer, named); Limit (a file or vocabulary too large). Cost: about 30 ms.
  static Result<std::shared_ptr<const WordPiece>> from_files(io::FileSystem& fs,
                                                             const std::string& folder);
  /// Errors: Corruption, Limit (what the settings say does not fit together); Internal.
  static Result<std::shared_ptr<const WordPiece>> create(WordPieceSettings settings);

  /// Ready to use again, without reading the model's files: what load() takes. The same tokenizer
  /// gives the same bytes.
  void save(ByteWriter& to) const;
  /// Whatever the bytes are, what is returned gives ids below its vocabulary_size() and ends.
  /// Errors: Corruption. Cost: about 1 ms.
  static Result<std::shared_ptr<const WordPiece>> load(std::string_view bytes);

  /// For create() and load() alone.
  WordPiece(Private, BertCharacters characters);

  /// Appends the ids of `text` between the model's special tokens ([CLS] ... [SEP]), at most
  /// `max_tokens` in all: the first ids of the text are kept. A limit that leaves no room for the
  /// special tokens appends nothing. Ill-formed UTF-8 counts as U+FFFD.
  /// Every id is less than vocabulary_size(). Cost: about 50 MB of code a second; stops reading
  /// once `max_tokens` are found; allocates only when `ids` grows.
  void encode(std::string_view text, std::size_t max_tokens, std::vector<std::uint32_t>& ids) const;

  /// The number of ids that encode() would append if there were no limit.
  [[nodiscard]] std::size_t count(std::string_view text) const;

  /// One more than the largest id: the rows that a model's embedding table needs.
  [[nodiscard]] std::size_t vocabulary_size() const { return vocabulary_size_; }
  /// Ids that encode() puts around every text.
  [[nodiscard]] std::size_t special_tokens() const { return before_.size() + after_.size(); }

 private:
  struct Word;
  class Output;
  // A byte of ASCII: its kind, and what it becomes.
  struct Ascii {
    BertKind kind = BertKind::Dropped;
    char becomes = 0;
  };

  void find_starts();
  void tokenize(std::string_view text, Output& output) const;
  void tokenize_plain(std::string_view text, Word& word, Output& output) const;
  void add_ascii(std::string_view text, std::size_t& position, Word& word, Output& output) const;
  void add_character(char32_t code_point, Word& word, Output& output) const;
  void add_part(const BertPart& part, Word& word, Output& output) const;
  void end_word(Word& word, Output& output) const;
  [[nodiscard]] std::size_t next_added(std::string_view text, std::size_t from,
                                       TokenTrie::Match& match) const;

  BertCharacters characters_;
  std::array<Ascii, 128> ascii_{};
  std::string continuing_prefix_;
  TokenTrie vocabulary_;
  TokenTrie::Start word_start_{};      // tokens at the start of a word
  TokenTrie::Start word_remainder_{};  // tokens behind another ("##...")
  TokenTrie added_;
  TokenTrie::Start added_start_{};
  std::vector<std::uint32_t> before_;
  std::vector<std::uint32_t> after_;
  std::size_t max_word_characters_ = 0;
  std::size_t vocabulary_size_ = 0;
  std::uint32_t unknown_ = 0;
};

}  // namespace sonde::text
