#pragma once
// Shell patterns as git matches them ("wildmatch"): * ? [set] [:class:] \ and, in paths, **.

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::tree {

enum class LetterCase { Exact, Ignored };

/// What '/' is: in Path mode only "**" matches it, in Name mode it is a byte like any other.
enum class WildMode { Name, Path };

/// A compiled pattern. Compiling never fails: a malformed pattern (an open set, an unknown class,
/// a lone backslash at the end) matches nothing, as in git.
/// Threads: safe once made. Cost of matching: in practice linear, at most a million steps; no
/// recursion.
class WildPattern {
 public:
  WildPattern(std::string_view pattern, WildMode mode, LetterCase letter_case);

  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  enum class Op : std::uint8_t {
    Byte,        // exactly this byte
    AnyByte,     // '?'
    Set,         // one byte out of sets_[index]
    Star,        // any bytes but '/' in Path mode
    DoubleStar,  // any bytes
    Folders,     // "**/": nothing, or anything that ends in '/'
  };
  struct Token {
    Op op;
    std::uint8_t byte = 0;
    std::uint32_t index = 0;
  };
  using ByteSet = std::bitset<256>;
  class Compiler;
  struct Cursor;

  [[nodiscard]] bool takes(const Token& token, std::uint8_t byte) const;
  bool back_up(Cursor& cursor, std::string_view text) const;

  std::vector<Token> tokens_;
  std::vector<ByteSet> sets_;
  WildMode mode_;
  LetterCase letter_case_;
  bool malformed_ = false;
};

/// `byte` in lower case when it is an ASCII capital.
constexpr std::uint8_t ascii_lower(std::uint8_t byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte + ('a' - 'A')) : byte;
}

}  // namespace sonde::tree
