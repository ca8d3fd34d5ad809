#pragma once
// Unicode folding for search: NFKC, case, diacritics. What folds alike is the same word.

#include <string>
#include <string_view>

namespace sonde::text {

/// Case, compatibility forms and diacritics folded away: "Zürich" -> "zurich", "ＨＴＴＰ" ->
/// "http", "İ" and "ı" -> "i", "ß" -> "ss", "Łódź" -> "lodz". Marks that make another letter
/// (dakuten, Indic vowels) stay. Threads: safe. Cost: about 5 MB/s.
std::string fold(std::u32string_view text);

enum class CharClass {
  Separator,
  Lower,  // letters without case too
  Upper,
  Digit,
  Mark,    // belongs to the letter before it
  Cjk,     // Han, kana, Hangul: no spaces between words
  Symbol,  // emoji and the like: a word by itself
};
CharClass char_class(char32_t code_point);

}  // namespace sonde::text
