#pragma once
// Characters as the reference tokenizer's BertNormalizer and BertPreTokenizer see them. That
// reference carries tables of three Unicode versions at once, so we ask ICU and take back what is
// newer; the few characters that Unicode changed since are listed in bert_characters.cpp.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/codec.h"
#include "base/result.h"

struct UNormalizer2;

namespace sonde::text {

/// The switches of a BertNormalizer.
struct BertNormalizer {
  bool clean_text = true;            // drop control characters, make every space ' '
  bool handle_chinese_chars = true;  // a Chinese character is a word by itself
  bool strip_accents = true;         // decompose (NFD) and drop nonspacing marks
  bool lowercase = true;
};

/// What one character of the text does to the words.
enum class BertKind : std::uint8_t {
  Dropped,      // nothing
  Barrier,      // nothing, but marks are not reordered across it
  Space,        // ends a word
  Punctuation,  // ends a word and is one
  Alone,        // the same, for a Chinese character
  Letter,       // belongs to the word
  Several,      // becomes several characters or a mark that may be reordered: see expand()
};

struct BertCharacter {
  BertKind kind = BertKind::Dropped;
  char32_t becomes = 0;  // for Punctuation, Alone and Letter
};

/// One of the characters that a character of kind Several becomes.
struct BertPart {
  BertCharacter character;
  std::uint8_t combining_class = 0;
};

/// NFD gives at most 4 characters for one; lower case makes two of one of them ('İ').
inline constexpr std::size_t kMaxBertParts = 8;

struct BertParts {
  std::array<BertPart, kMaxBertParts> parts;
  std::size_t size = 0;
};

/// The mapping for one set of switches. Immutable; threads: safe.
class BertCharacters {
 public:
  /// Cost: about 1 ms. Errors: Internal (ICU without its data).
  static Result<BertCharacters> create(const BertNormalizer& normalizer);

  /// Writes what load() reads.
  void save(ByteWriter& to) const;
  /// As create(), but with the table as it was saved; made anew when it was saved with another ICU.
  /// Errors: Corruption, Internal. Cost: about 0.1 ms.
  static Result<BertCharacters> load(ByteReader& from);

  [[nodiscard]] BertCharacter at(char32_t code_point) const {
    return code_point < kTabled ? table_[code_point] : compute(code_point);
  }
  /// The parts of a character of kind Several, in order.
  [[nodiscard]] BertParts expand(char32_t code_point) const;

 private:
  // Up to the end of kana: every alphabet in common use. Hangul and rarer ones are computed.
  static constexpr char32_t kTabled = 0x3400;

  BertCharacters(const BertNormalizer& normalizer, const UNormalizer2* nfd)
      : normalizer_(normalizer), nfd_(nfd) {}
  [[nodiscard]] BertCharacter compute(char32_t code_point) const;
  void add_lowered(BertParts& parts, char32_t code_point, std::uint8_t combining_class) const;

  BertNormalizer normalizer_;
  const UNormalizer2* nfd_;  // ICU's own, never freed
  std::vector<BertCharacter> table_;
};

}  // namespace sonde::text
