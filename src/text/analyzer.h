#pragma once
// The words of a text, for the index and for queries: both go through here, so what is written and
// what is asked meet.
//
// An identifier is split at case changes, digits, underscores and hyphens, and kept whole as well:
// "getUserName" gives get, user, name and getusername. Everything is folded (case, width,
// diacritics) and English stems are taken (Porter2), of parts and wholes alike, so that "username"
// finds user_name. Runs of Han, kana and Hangul give overlapping pairs of characters.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace sonde::text {

inline constexpr std::size_t kTermLimitBytes = 255;  // longer terms are cut and a hash is appended
inline constexpr std::size_t kStemCacheForQuery = 64;
inline constexpr std::size_t kStemCacheForCorpus = 8192;  // half of it misses 3 times as often
inline constexpr std::size_t kPartLimit = 24;             // parts of one identifier; noise has more

enum class WordKind : std::uint8_t {
  Part = 0,     // a word, or a part of an identifier
  Whole = 1,    // all parts of an identifier, joined; at the position of its first part
  Unigram = 2,  // one CJK character, at the position of the pair that begins with it
};

/// A word; its term is Analyzer::term(word).
struct Word {
  std::uint32_t begin = 0;     // in the analyzer's buffer
  std::uint32_t size = 0;      // bytes, 1 to kTermLimitBytes
  std::uint32_t position = 0;  // parts count up from 0; a whole shares that of its first part
  WordKind kind = WordKind::Part;
};

/// Splits texts into words. Keeps buffers and a cache of stems between calls.
/// Threads: owned by one thread.
class Analyzer {
 public:
  /// @param stem_cache  stems kept, 46 bytes each: many for a corpus, few for a query
  explicit Analyzer(std::size_t stem_cache = kStemCacheForQuery);
  ~Analyzer();
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  /// The words of `text` in order. Any bytes are text: ill-formed UTF-8 separates words.
  /// The answer and its terms are valid until the next call.
  /// Cost: about 100 MB/s on ASCII, no ICU call there.
  const std::vector<Word>& analyze(std::string_view text);
  [[nodiscard]] std::string_view term(const Word& word) const {
    return {buffer_.data() + word.begin, word.size};
  }
  /// Positions used by the last analyze(): the length of the text in words.
  [[nodiscard]] std::uint32_t length() const { return position_; }

 private:
  struct CachedStem {
    std::array<char, 22> word{};
    std::array<char, 23> stem{};
    std::uint8_t word_size = 0;
    std::uint8_t stem_size = 0;
  };

  std::size_t ascii_token(std::string_view text, std::size_t begin);
  std::size_t unicode_run(std::string_view text, std::size_t begin);
  void unicode_token(std::u32string_view token);
  void cjk_run(const std::u32string& run);
  bool mark_parts(std::string_view token);
  void emit_parts(std::string_view token);
  void emit(std::string_view folded, WordKind kind, std::uint32_t position);
  void emit_stemmed(std::string_view folded, WordKind kind, std::uint32_t position);
  std::string_view stem(std::string_view word);

  std::vector<Word> words_;
  std::string buffer_;
  std::string lower_;                 // the token folded, separators out
  std::vector<std::uint32_t> parts_;  // where the parts of lower_ end
  std::u32string code_points_;
  std::uint32_t position_ = 0;
  std::unique_ptr<sb_stemmer, void (*)(sb_stemmer*)> stemmer_;
  std::vector<CachedStem> stems_;  // direct-mapped by hash
};

/// `name` folded, whole, as the Symbol field keeps it: case, width and diacritics away, everything
/// else kept ("Session.get" -> "session.get"); cut as terms are.
std::string fold_symbol(std::string_view name);
/// fold_symbol() without '_' and '-': "get_user_name" and "getUserName" -> "getusername".
std::string squeeze_symbol(std::string_view name);

}  // namespace sonde::text
