#include "text/fold.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <array>
#include <utility>

#include "base/utf8.h"

namespace sonde::text {
namespace {

// Marks that are spelling, not letters: European accents, Hebrew points, Arabic vowels.
bool is_diacritic(char32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x0591 && c <= 0x05C7) ||
         (c >= 0x064B && c <= 0x065F) || c == 0x0670 || (c >= 0x1AB0 && c <= 0x1AFF) ||
         (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF);
}

// Letters whose stroke or ligature Unicode does not decompose.
std::string_view plain_letter(char32_t c) {
  switch (c) {
    case U'ı': return "i";
    case U'ø': return "o";
    case U'ł': return "l";
    case U'đ': return "d";
    case U'ð': return "d";
    case U'ħ': return "h";
    case U'æ': return "ae";
    case U'œ': return "oe";
    case U'þ': return "th";
    default: return {};
  }
}

bool is_cjk(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 12> kRanges{{{0x1100, 0x11FF},
                                                                   {0x3005, 0x3007},
                                                                   {0x3041, 0x3096},
                                                                   {0x309D, 0x309F},
                                                                   {0x30A1, 0x30FA},
                                                                   {0x30FC, 0x30FF},
                                                                   {0x31F0, 0x31FF},
                                                                   {0x3400, 0x4DBF},
                                                                   {0x4E00, 0x9FFF},
                                                                   {0xAC00, 0xD7A3},
                                                                   {0xF900, 0xFAFF},
                                                                   {0xFF66, 0xFFDC}}};
  if (c >= 0x20000 && c <= 0x3FFFD) {
    return true;
  }
  for (const auto& [first, last] : kRanges) {
    if (c >= first && c <= last) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string fold(std::u32string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  const auto* decompose = icu::Normalizer2::getNFDInstance(status);
  const auto* compose = icu::Normalizer2::getNFCInstance(status);
  std::string plain;
  if (U_FAILURE(status) != 0) {  // only a damaged ICU installation
    for (const char32_t c : text) {
      append_utf8(plain, c);
    }
    return plain;
  }
  const auto source = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                                    static_cast<std::int32_t>(text.size()));
  const auto folded = decompose->normalize(casefold->normalize(source, status), status);
  icu::UnicodeString kept;
  for (std::int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    const auto c = static_cast<char32_t>(folded.char32At(i));
    if (is_diacritic(c)) {
      continue;
    }
    const std::string_view letters = plain_letter(c);
    if (letters.empty()) {
      kept.append(static_cast<UChar32>(c));
    } else {
      kept.append(icu::UnicodeString::fromUTF8(
          icu::StringPiece(letters.data(), static_cast<std::int32_t>(letters.size()))));
    }
  }
  compose->normalize(kept, status).toUTF8String(plain);
  return plain;
}

CharClass char_class(char32_t code_point) {
  if (is_cjk(code_point)) {
    return CharClass::Cjk;
  }
  const auto c = static_cast<UChar32>(code_point);
  const auto mask = U_GET_GC_MASK(c);
  if ((mask & (U_GC_LU_MASK | U_GC_LT_MASK)) != 0) {
    return CharClass::Upper;
  }
  if ((mask & U_GC_L_MASK) != 0) {
    return CharClass::Lower;
  }
  if ((mask & U_GC_N_MASK) != 0) {
    return CharClass::Digit;
  }
  if ((mask & U_GC_M_MASK) != 0) {
    return CharClass::Mark;
  }
  // U+FFFD is what ill-formed bytes become.
  if ((mask & U_GC_SO_MASK) != 0 && code_point != 0xFFFD) {
    return CharClass::Symbol;
  }
  return CharClass::Separator;
}

}  // namespace sonde::text
