#include "text/bert_characters.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace sonde::text {
namespace {

// Where the reference's (tokenizers 0.23) properties come from, found by running it over every code
// point and comparing with ICU 72 (Unicode 15):
//   general category   Unicode 8: what is newer is neither mark, punctuation nor control there
//   NFD                Unicode 9: what is newer has no decomposition and combining class 0
//   white space        the same in all versions since
//   lower case         Unicode 17
// Asking for a character's age makes any newer ICU give the same answers.
constexpr int kCategoryVersion = 8;
constexpr int kNormalizationVersion = 9;

// Older characters whose general category changed after Unicode 8: this is what it was.
struct FormerCategory {
  char32_t code_point;
  bool nonspacing_mark;
  bool punctuation;
};
constexpr FormerCategory kFormerCategories[] = {
    {0x166D, false, true},   // CANADIAN SYLLABICS CHI SIGN: Po, So since Unicode 12
    {0x1734, true, false},   // HANUNOO SIGN PAMUDPOD: Mn, Mc since 14
    {0x1885, false, false},  // MONGOLIAN LETTER ALI GALI BALUDA: Lo, Mn since 9
    {0x1886, false, false},  // MONGOLIAN LETTER ALI GALI THREE BALUDA: Lo, Mn since 9
    {0xA9BD, false, false},  // JAVANESE CONSONANT SIGN KERET: Mc, Mn since 11
    {0x111C9, false, true},  // SHARADA SANDHI MARK: Po, Mn since 11
};

// Capital letters that came with Unicode 16 and 17: `count` of them from `first`, each `distance`
// before its small letter.
struct NewCapitals {
  char32_t first;
  char32_t count;
  int distance;
};
constexpr NewCapitals kNewCapitals[] = {
    {0x1C89, 1, 1},       // CYRILLIC CAPITAL LETTER TJE
    {0xA7CB, 1, -42343},  // LATIN CAPITAL LETTER RAMS HORN, small U+0264
    {0xA7CC, 1, 1},       // LATIN CAPITAL LETTER S WITH DIAGONAL STROKE
    {0xA7CE, 1, 1},       // LATIN CAPITAL LETTER PHARYNGEAL VOICED FRICATIVE
    {0xA7D2, 1, 1},       // LATIN CAPITAL LETTER DOUBLE THORN
    {0xA7D4, 1, 1},       // LATIN CAPITAL LETTER DOUBLE WYNN
    {0xA7DA, 1, 1},       // LATIN CAPITAL LETTER LAMBDA
    {0xA7DC, 1, -42561},  // LATIN CAPITAL LETTER LAMBDA WITH STROKE, small U+019B
    {0x10D50, 22, 32},    // Garay
    {0x16EA0, 25, 27},    // Beria Erfe
};

int age(char32_t code_point) {
  UVersionInfo version;
  u_charAge(static_cast<UChar32>(code_point), version);
  return version[0];
}

/// The bit of the general category (U_GC_..._MASK) in Unicode 8; 0 for what was not assigned.
std::uint32_t category(char32_t code_point) {
  const int years = age(code_point);
  return years == 0 || years > kCategoryVersion
             ? 0
             : U_MASK(static_cast<std::uint32_t>(u_charType(static_cast<UChar32>(code_point))));
}

const FormerCategory* former_category(char32_t code_point) {
  const auto* found =
      std::find_if(std::begin(kFormerCategories), std::end(kFormerCategories),
                   [&](const FormerCategory& former) { return former.code_point == code_point; });
  return found == std::end(kFormerCategories) ? nullptr : found;
}

bool is_white_space(char32_t code_point) {
  return u_isUWhiteSpace(static_cast<UChar32>(code_point)) != 0;
}

bool is_nonspacing_mark(char32_t code_point) {
  const FormerCategory* former = former_category(code_point);
  return former != nullptr ? former->nonspacing_mark : (category(code_point) & U_GC_MN_MASK) != 0;
}

bool is_punctuation(char32_t code_point) {
  if (code_point < 0x80) {  // here '$', '+', '^' and their like count too
    return code_point > ' ' && code_point < 0x7F &&
           u_isalnum(static_cast<UChar32>(code_point)) == 0;
  }
  const FormerCategory* former = former_category(code_point);
  return former != nullptr ? former->punctuation : (category(code_point) & U_GC_P_MASK) != 0;
}

/// What clean_text removes: controls, formats, private use, but not what is unassigned.
bool is_removed(char32_t code_point) {
  if (code_point == '\t' || code_point == '\n' || code_point == '\r') {
    return false;
  }
  constexpr std::uint32_t kOther = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK | U_GC_CS_MASK;
  return code_point == 0 || code_point == 0xFFFD || (category(code_point) & kOther) != 0;
}

constexpr char32_t kHangul = 0xAC00;
constexpr char32_t kLeads = 19;
constexpr char32_t kVowels = 21;
constexpr char32_t kTails = 28;  // the first is none

bool is_hangul_syllable(char32_t code_point) {
  return code_point >= kHangul && code_point < kHangul + kLeads * kVowels * kTails;
}

/// Unicode, section 3.12: a syllable's letters follow from its number.
BertParts hangul_parts(char32_t syllable) {
  const char32_t index = syllable - kHangul;
  const auto letter = [](char32_t code_point) {
    return BertPart{{BertKind::Letter, code_point}, 0};
  };
  BertParts parts;
  parts.parts[0] = letter(0x1100 + index / (kVowels * kTails));
  parts.parts[1] = letter(0x1161 + index / kTails % kVowels);
  parts.parts[2] = letter(0x11A7 + index % kTails);
  parts.size = index % kTails == 0 ? 2 : 3;
  return parts;
}

bool is_plain_han(char32_t code_point) {
  return (code_point >= 0x4E00 && code_point <= 0x9FFF) ||
         (code_point >= 0x3400 && code_point <= 0x4DBF);
}

bool is_chinese(char32_t code_point) {
  const auto within = [&](char32_t first, char32_t last) {
    return code_point >= first && code_point <= last;
  };
  return is_plain_han(code_point) || within(0x20000, 0x2A6DF) || within(0x2A700, 0x2B81F) ||
         within(0x2B920, 0x2CEAF) || within(0xF900, 0xFAFF) || within(0x2F800, 0x2FA1F);
}

char32_t to_lower(char32_t code_point) {
  for (const NewCapitals& capitals : kNewCapitals) {
    if (code_point >= capitals.first && code_point - capitals.first < capitals.count) {
      return static_cast<char32_t>(static_cast<int>(code_point) + capitals.distance);
    }
  }
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(code_point)));
}

std::uint8_t combining_class(char32_t code_point) {
  return age(code_point) > kNormalizationVersion
             ? std::uint8_t{0}
             : u_getCombiningClass(static_cast<UChar32>(code_point));
}

/// The full canonical decomposition of one character, itself when it has none.
struct Decomposition {
  std::array<char32_t, kMaxBertParts / 2> code_points{};
  std::size_t size = 0;
};

Decomposition decompose(const UNormalizer2* nfd, char32_t code_point) {
  Decomposition result;
  std::array<UChar, 2 * kMaxBertParts> units{};
  UErrorCode error = U_ZERO_ERROR;
  const std::int32_t length =
      age(code_point) > kNormalizationVersion
          ? -1
          : unorm2_getDecomposition(nfd, static_cast<UChar32>(code_point), units.data(),
                                    static_cast<std::int32_t>(units.size()), &error);
  if (length < 0 || U_FAILURE(error)) {
    result.code_points[result.size++] = code_point;
    return result;
  }
  for (std::int32_t i = 0; i < length && result.size < result.code_points.size();) {
    UChar32 part = 0;
    U16_NEXT(units.data(), i, length, part);
    result.code_points[result.size++] = static_cast<char32_t>(part);
  }
  return result;
}

/// The kind of a character that the normalizer gave.
BertCharacter classify(char32_t code_point) {
  if (is_white_space(code_point)) {
    return {BertKind::Space, code_point};
  }
  return {is_punctuation(code_point) ? BertKind::Punctuation : BertKind::Letter, code_point};
}

Result<const UNormalizer2*> find_nfd() {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* const nfd = unorm2_getNFDInstance(&error);
  if (U_FAILURE(error)) {
    return Error{Code::Internal, std::string("ICU has no NFD: ") + u_errorName(error)};
  }
  return nfd;
}

/// What the table of a running ICU depends on.
std::uint32_t icu_version() {
  UVersionInfo library;
  UVersionInfo unicode;
  u_getVersion(library);
  u_getUnicodeVersion(unicode);
  return static_cast<std::uint32_t>(library[0]) << 24 |
         static_cast<std::uint32_t>(library[1]) << 16 |
         static_cast<std::uint32_t>(unicode[0]) << 8 | unicode[1];
}

constexpr std::uint32_t kLastCodePoint = 0x10FFFF;
constexpr int kKindShift = 24;  // of a saved character: its kind stands over its code point

}  // namespace

Result<BertCharacters> BertCharacters::create(const BertNormalizer& normalizer) {
  TRY_ASSIGN(const UNormalizer2* const nfd, find_nfd());
  BertCharacters characters(normalizer, nfd);
  characters.table_.reserve(kTabled);
  for (char32_t code_point = 0; code_point < kTabled; ++code_point) {
    characters.table_.push_back(characters.compute(code_point));
  }
  return characters;
}

void BertCharacters::save(ByteWriter& to) const {
  to.u32(icu_version());
  for (const bool on : {normalizer_.clean_text, normalizer_.handle_chinese_chars,
                        normalizer_.strip_accents, normalizer_.lowercase}) {
    to.u8(on ? 1 : 0);
  }
  for (const BertCharacter& character : table_) {
    to.u32(static_cast<std::uint32_t>(character.becomes) |
           static_cast<std::uint32_t>(character.kind) << kKindShift);
  }
}

Result<BertCharacters> BertCharacters::load(ByteReader& from) {
  TRY_ASSIGN(const std::uint32_t version, from.u32());
  BertNormalizer normalizer;
  for (bool* const on : {&normalizer.clean_text, &normalizer.handle_chinese_chars,
                         &normalizer.strip_accents, &normalizer.lowercase}) {
    TRY_ASSIGN(const std::uint8_t value, from.u8());
    *on = value != 0;
  }
  TRY_ASSIGN(const std::string_view bytes, from.raw(std::size_t{kTabled} * 4));
  if (version != icu_version()) {
    return create(normalizer);
  }
  TRY_ASSIGN(const UNormalizer2* const nfd, find_nfd());
  BertCharacters characters(normalizer, nfd);
  std::vector<std::uint32_t> values(kTabled);
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  characters.table_.reserve(kTabled);
  for (const std::uint32_t value : values) {
    const std::uint32_t kind = value >> kKindShift;
    const std::uint32_t becomes = value & ((1U << kKindShift) - 1);
    if (kind > static_cast<std::uint32_t>(BertKind::Several) || becomes > kLastCodePoint) {
      return Error{Code::Corruption, "a saved table of characters that holds none"};
    }
    characters.table_.push_back({static_cast<BertKind>(kind), becomes});
  }
  return characters;
}

BertCharacter BertCharacters::compute(char32_t code_point) const {
  // The two large scripts outside the table, without asking ICU: neither has case, and Han not even
  // decompositions.
  if (normalizer_.handle_chinese_chars && is_plain_han(code_point)) {
    return {BertKind::Alone, code_point};
  }
  if (is_hangul_syllable(code_point)) {
    return {normalizer_.strip_accents ? BertKind::Several : BertKind::Letter, code_point};
  }
  if (normalizer_.clean_text && is_removed(code_point)) {
    return {BertKind::Dropped, 0};
  }
  if (normalizer_.clean_text && is_white_space(code_point)) {
    return {BertKind::Space, ' '};
  }
  const BertParts parts = expand(code_point);
  if (parts.size == 0) {
    return {BertKind::Dropped, 0};
  }
  if (normalizer_.handle_chinese_chars && is_chinese(code_point)) {
    return {BertKind::Alone, parts.parts[0].character.becomes};
  }
  const bool one_starter = parts.size == 1 && parts.parts[0].combining_class == 0;
  return one_starter ? parts.parts[0].character : BertCharacter{BertKind::Several, 0};
}

BertParts BertCharacters::expand(char32_t code_point) const {
  BertParts parts;
  if (!normalizer_.strip_accents) {
    add_lowered(parts, code_point, 0);  // without NFD nothing is reordered
    return parts;
  }
  if (is_hangul_syllable(code_point)) {
    return hangul_parts(code_point);
  }
  const Decomposition decomposition = decompose(nfd_, code_point);
  for (std::size_t i = 0; i < decomposition.size; ++i) {
    const char32_t part = decomposition.code_points[i];
    const std::uint8_t order = combining_class(part);
    if (!is_nonspacing_mark(part)) {
      add_lowered(parts, part, order);
    } else if (order == 0) {
      parts.parts[parts.size++] = {{BertKind::Barrier, 0}, 0};
    }
  }
  return parts;
}

void BertCharacters::add_lowered(BertParts& parts, char32_t code_point,
                                 std::uint8_t combining_class) const {
  if (normalizer_.lowercase && code_point == 0x130) {  // 'İ' is 'i' and a dot above
    parts.parts[parts.size++] = {classify('i'), 0};
    parts.parts[parts.size++] = {classify(0x307), 0};
    return;
  }
  const char32_t becomes = normalizer_.lowercase ? to_lower(code_point) : code_point;
  parts.parts[parts.size++] = {classify(becomes), combining_class};
}

}  // namespace sonde::text
